"""Settings: sensible without any, every bad one a sentence, every one documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from vendorrisk import settings as module
from vendorrisk.access import SECOND_FACTOR_ROLES, STAFF_ROLES, Role
from vendorrisk.agreement import TWO_REVIEWERS_TIERS
from vendorrisk.settings import NAMES, InvalidSettings, Settings

ROOT = Path(module.__file__).resolve().parent.parent


def problems(**environment: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as found:
        Settings.from_environment(environment)
    assert found.value.fix
    return found.value.problems


def test_without_settings_everything_lies_beside_the_checkout() -> None:
    settings = Settings.from_environment({"PATH": "/bin", "VENDORRISK_DATA": " "})
    assert settings.data == ROOT / "data"
    assert settings.database_url == f"sqlite:///{ROOT / 'data' / 'vendorrisk.db'}"
    assert settings.evidence_folder == ROOT / "data" / "evidence"
    assert settings.questionnaires == ROOT / "questionnaires"
    assert settings.public_url is None
    assert not settings.demo


def test_what_is_set_holds(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "VENDORRISK_DATA": str(tmp_path / "kept"),
            "VENDORRISK_DATABASE_URL": "postgresql://app:pw@db.example/vendors",
            "VENDORRISK_BASE_URL": "https://vendors.example.org/",
            "VENDORRISK_QUESTIONNAIRES": str(tmp_path),
            "VENDORRISK_ORGANISATION": " Buyer plc ",
            "VENDORRISK_DEMO": "1",
        }
    )
    assert settings.evidence_folder == tmp_path / "kept" / "evidence"
    assert settings.database_url == "postgresql://app:pw@db.example/vendors"
    assert settings.public_url == "https://vendors.example.org"
    assert settings.questionnaires == tmp_path
    assert settings.organisation == "Buyer plc"
    assert settings.demo


def test_administrators_and_reviewers_always_need_a_second_factor_but_in_a_demo() -> None:
    def asked(**environment: str) -> frozenset[Role]:
        return Settings.from_environment(environment).second_factor_for

    assert asked() == SECOND_FACTOR_ROLES >= {Role.ADMINISTRATOR, Role.REVIEWER}
    assert asked(VENDORRISK_SECOND_FACTOR="required") == SECOND_FACTOR_ROLES
    assert asked(VENDORRISK_SECOND_FACTOR="everyone") == set(STAFF_ROLES)
    assert asked(VENDORRISK_DEMO="1") == frozenset()


def test_two_reviewers_judge_in_the_tiers_that_are_named() -> None:
    def named(**environment: str) -> frozenset[str]:
        return Settings.from_environment(environment).two_reviewers_for

    assert named() == named(VENDORRISK_DEMO="1") == TWO_REVIEWERS_TIERS == {"1", "2"}
    assert named(VENDORRISK_TWO_REVIEWERS="1, 2,3") == {"1", "2", "3"}
    assert named(VENDORRISK_TWO_REVIEWERS="none") == frozenset()


def test_a_folder_in_the_environment_moves_the_sqlite_file(tmp_path: Path) -> None:
    settings = Settings.from_environment({"VENDORRISK_DATA": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/vendorrisk.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VENDORRISK_DATA", __file__),
        ("VENDORRISK_SECOND_FACTOR", "nobody"),
        ("VENDORRISK_TWO_REVIEWERS", "1,none"),
        ("VENDORRISK_PROVIDERS", "/nowhere/at/all.yaml"),
        ("VENDORRISK_DATABASE_URL", "mysql://app:hunter2hunter2@db/vendors"),
        ("VENDORRISK_DATABASE_URL", "hunter2hunter2"),
        ("VENDORRISK_BASE_URL", "vendors.example.org"),
        ("VENDORRISK_BASE_URL", "ftp://vendors.example.org"),
        ("VENDORRISK_BASE_URL", "https://vendors.example.org/app"),
        ("VENDORRISK_BASE_URL", "https://vendors.example.org:notaport"),
        ("VENDORRISK_BASE_URL", "https://user:pw@vendors.example.org"),
        ("VENDORRISK_BASE_URL", "https://[broken"),
        ("VENDORRISK_QUESTIONNAIRES", "/nowhere/at/all"),
        ("VENDORRISK_ORGANISATION", "two\nlines"),
        ("VENDORRISK_ORGANISATION", "x" * 101),
        ("VENDORRISK_DEMO", "yes"),
    ],
)
def test_a_bad_value_is_a_sentence_that_names_the_setting(name: str, value: str) -> None:
    [problem] = problems(**{name: value})
    assert name in problem
    assert problem.endswith(".")
    assert "hunter2" not in problem


def test_a_misspelt_setting_is_noticed_with_a_hint() -> None:
    [problem] = problems(VENDORRISK_DATABSE_URL="postgresql://db/vendors")
    assert problem == (
        "VENDORRISK_DATABSE_URL is not a setting; did you mean VENDORRISK_DATABASE_URL?"
    )


def test_all_problems_are_said_at_once() -> None:
    found = problems(VENDORRISK_DEMO="maybe", VENDORRISK_BASE_URL="x", VENDORRISK_NONSENSE="1")
    assert len(found) == 3


def test_a_password_in_a_url_is_not_shown_with_the_settings() -> None:
    settings = Settings.from_environment(
        {"VENDORRISK_DATABASE_URL": "postgresql://app:hunter2hunter2@db/vendors"}
    )
    assert "hunter2" not in repr(settings)


def test_every_setting_is_documented_and_no_other() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    documented = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `VEND")]
    assert tuple(documented) == NAMES


def test_the_data_folder_is_never_committed() -> None:
    assert "/data/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
