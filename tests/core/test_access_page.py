"""docs/access.md is the policy table as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from vendorrisk.access import POLICY, RELATION_SAYS, ROLE_SAYS
from vendorrisk.cli import main
from vendorrisk.reports.access_page import COMMAND, access_page

PAGE = Path(__file__).parents[2] / "docs" / "access.md"


def test_the_page_is_current() -> None:
    stands = PAGE.read_text(encoding="utf-8")
    assert stands == access_page(), f"docs/access.md is out of date: run `{COMMAND}`"


def test_the_command_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access"]) == 0
    assert capsys.readouterr().out == access_page()


def test_the_page_says_every_grant_and_every_relation() -> None:
    page = access_page()
    cells = sum(line.count("| yes ") for line in page.splitlines())
    assert cells == sum(len(roles) for roles in POLICY.values())
    assert all(words in page for words in (*ROLE_SAYS.values(), *RELATION_SAYS.values()))
