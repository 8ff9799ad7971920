# Every command of the project. `make run` serves the app, `make test` proves it; each sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help run demo test check types fast-tests audit bench lock chromium clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
FAST := not browser and not postgres and not slow

help: ## show the commands
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: $(VENV)/.app ## set up and serve the app at http://localhost:8501
	@$(BIN)/vendorrisk migrate
	@exec $(BIN)/streamlit run app.py

demo: $(VENV)/.app ## the same with a made-up portfolio, in a database of its own
	@exec $(BIN)/vendorrisk demo

# The folder with the browser comes early: its files, of few tests each, must not be the last.
test: $(VENV)/.dev chromium ## run every test, those in Chromium and on PostgreSQL too
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev ## lint, types, import directions and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory -j 2 types fast-tests

types:
	$(BIN)/mypy
	$(BIN)/lint-imports

fast-tests:
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "$(FAST)"

audit: $(VENV)/.dev ## look for known weaknesses of what is pinned, and for secrets among the files
	$(BIN)/python .ci/audit.py

bench: $(VENV)/.dev chromium ## measure what docs/performance.md reports
	$(BIN)/python -m benchmarks

LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --generate-hashes --no-header --no-emit-index-url --no-emit-find-links

lock: $(VENV)/.dev ## take newer versions of everything pinned
	$(LOCK) --output-file requirements.txt requirements.in
	$(LOCK) --output-file requirements-dev.txt requirements-dev.in

clean: ## remove what setting up left behind; your data stays
	rm -rf $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# The stamps say which lock file the environment was made from.
$(VENV)/.app: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the app needs …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.app
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(BIN)/python:
	@for python in python3 python3.13 python3.12 python3.11; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$python" -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "$$python could not make a virtual environment; on Debian: apt-get install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "This needs Python 3.11 or newer; none was found on your PATH." >&2; exit 1

chromium:
	@for browser in "$$CHROMIUM" chromium chromium-browser google-chrome google-chrome-stable; do \
	  if [ -n "$$browser" ] && command -v "$$browser" >/dev/null; then exit 0; fi; \
	done; \
	as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
	  echo "Installing Chromium …"; \
	  $$as_root apt-get update -qq && \
	  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
	  echo "The browser tests need Chromium: install it, or set CHROMIUM to its path." >&2; exit 1; \
	fi
