"""The import directions of docs/architecture.md hold, and every module has its place in them."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_run_one_way():
    # In a process of its own, because it sets up logging anew and silences the loggers it finds.
    check = "from importlinter.cli import lint_imports_command; lint_imports_command()"

    told = subprocess.run(
        [sys.executable, "-c", check, "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )

    assert told.returncode == 0, told.stdout + told.stderr


def test_every_module_has_its_place_in_the_layers():
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ][0]["layers"]
    placed = {
        name.strip(" ()").removeprefix("vendorrisk.")
        for layer in layers
        for name in layer.split("|")
    }
    package = ROOT / "vendorrisk"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in package.glob("*/__init__.py")}

    assert modules | packages == placed
