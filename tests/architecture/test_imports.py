"""The import directions of docs/architecture.md hold, and every module has its place in them."""

import tomllib
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]


def test_imports_run_one_way(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)

    outcome = lint_imports(config_filename="pyproject.toml", cache_dir=None)

    assert outcome == 0, capsys.readouterr().out


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
