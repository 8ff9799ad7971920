"""A demo that was just made: who can sign in, what nobody can find out, and what is refused."""

import re
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.demo.conftest import FEW, NOW, Serve
from vendorrisk.access import EVERYTHING, STAFF_ROLES, Role
from vendorrisk.cli import main
from vendorrisk.demo import command
from vendorrisk.demo.documents import NOTICE, document
from vendorrisk.demo.journeys import PLANS, Stage
from vendorrisk.demo.making import Made, make, outdated
from vendorrisk.demo.portfolio import vendors
from vendorrisk.evidence import examine
from vendorrisk.identity import hash_token
from vendorrisk.store import migrate
from vendorrisk.store.tables import Evidence
from vendorrisk.usecases import evidence, invitations, people
from vendorrisk.usecases.errors import Refusal

pytestmark = pytest.mark.slow

Prepare = Callable[..., str]


@pytest.fixture
def prepare(questionnaires: Path) -> Prepare:
    """Do what the command does before it serves; gives everything it said."""

    def prepared(folder: Path, *, new: bool = False) -> str:
        said: list[str] = []
        command.prepare(
            folder,
            questionnaires,
            "http://localhost:8501",
            days=30,
            new=new,
            say=said.append,
            now=NOW,
        )
        return "\n".join(said)

    return prepared


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_each_role_signs_in_with_the_password_that_was_told(folder, made: Made, serve: Serve):
    app = serve(folder)
    roles = [one.role for one in made.credentials]
    assert list(dict.fromkeys(roles)) == list(STAFF_ROLES)
    assert roles.count(Role.REVIEWER) == len(roles) - len(STAFF_ROLES) + 1 == 2
    for one in made.credentials:
        actor = people.actor_of(app, hash_token(people.sign_in(app, one.email, one.password)))
        assert actor is not None
        assert actor.roles == {one.role}


def test_vendors_enter_by_the_links_that_were_told(folder, made: Made, serve: Serve):
    app = serve(folder)
    assert [guest.vendor for guest in made.guests] == ["Halloway Hosting"]
    actor = people.actor_of(app, hash_token(invitations.exchange(app, made.guests[0].code)))
    assert actor is not None
    assert actor.name == made.guests[0].contact
    told = made.told("http://localhost:8501")
    secrets = [one.password for one in made.credentials] + [guest.code for guest in made.guests]
    assert all(told.count(secret) == 1 for secret in secrets)
    assert "10 December 2026" in told


def test_no_password_and_no_code_is_stored_in_clear_or_shows_in_a_trace(folder, made: Made):
    secrets = [one.password for one in made.credentials] + [guest.code for guest in made.guests]
    assert not [
        s for s in secrets for content in everything_in(folder).values() if s.encode() in content
    ]
    assert not [secret for secret in secrets if secret in repr(made)]


def test_two_demos_share_no_password_and_no_code(made: Made, tmp_path, questionnaires):
    other = make(tmp_path / "other", questionnaires, now=NOW, portfolio=())
    mine, theirs = ({one.password for one in demo.credentials} for demo in (made, other))
    assert len(mine) == len(theirs) == len(STAFF_ROLES) + 1
    assert not mine & theirs
    assert all(re.fullmatch(r"([a-z]{5}-){3}[a-z]{5}", password) for password in mine | theirs)


@pytest.mark.parametrize("guess", ["", "demo", "admin", "password", "vendorrisk", "changeme"])
def test_nobody_signs_in_with_what_one_would_try_first(guess, folder, made: Made, serve: Serve):
    app = serve(folder)
    for name in (made.credentials[0].email, "admin", "demo@example.org"):
        with pytest.raises(Refusal) as refused:
            people.sign_in(app, name, guess)
        assert refused.value.code == "sign_in_failed"


def test_a_served_demo_takes_no_files(folder, made: Made, serve: Serve):
    app = serve(folder)
    contact = people.actor_of(app, hash_token(invitations.exchange(app, made.guests[0].code)))
    assert contact is not None
    before = everything_in(folder / "evidence") if (folder / "evidence").exists() else {}
    with pytest.raises(Refusal) as refused:
        evidence.attach(
            app,
            contact,
            str(contact.assessment_id),
            file_name="policy.pdf",
            content=b"%PDF-1.7",
            kind="policy",
            dated=NOW.date(),
            for_questions=["retention_schedule"],
        )
    assert refused.value.code == "demo_takes_no_uploads"
    assert refused.value.fix
    after = everything_in(folder / "evidence") if (folder / "evidence").exists() else {}
    assert after == before


def test_it_stays_for_the_days_asked_for(made: Made):
    assert made.until == NOW + timedelta(days=20)


@pytest.mark.parametrize("days", [-1, 0, 91, 10_000])
def test_no_demo_stays_longer_than_ninety_days(days, tmp_path, questionnaires):
    with pytest.raises(Refusal) as refused:
        make(tmp_path / "demo", questionnaires, days=days, portfolio=FEW)
    assert refused.value.code == "demo_too_long"
    assert not list(tmp_path.iterdir())


def test_a_folder_with_a_real_database_is_left_alone(tmp_path, prepare: Prepare):
    """Not even a migration or a new file happens to it."""
    migrate(f"sqlite:///{tmp_path / 'vendorrisk.db'}")
    before = everything_in(tmp_path)
    for new in (False, True):
        with pytest.raises(Refusal) as refused:
            prepare(tmp_path, new=new)
        assert refused.value.code == "not_a_demo"
    assert everything_in(tmp_path) == before


def test_a_real_database_beside_a_copied_note_is_left_alone(folder, tmp_path, prepare: Prepare):
    real = tmp_path / "real"
    real.mkdir()
    migrate(f"sqlite:///{real / 'vendorrisk.db'}")
    shutil.copy(folder / "demo.txt", real)
    before = everything_in(real)
    with pytest.raises(Refusal):
        prepare(real, new=True)
    assert everything_in(real) == before


def test_a_folder_with_anything_else_is_left_alone(tmp_path, prepare: Prepare):
    (tmp_path / "thesis.odt").write_text("years of work")
    with pytest.raises(Refusal) as refused:
        prepare(tmp_path, new=True)
    assert refused.value.code == "not_a_demo"
    assert everything_in(tmp_path) == {"thesis.odt": b"years of work"}


def test_a_demo_that_could_not_be_finished_leaves_nothing(tmp_path, questionnaires):
    def interrupted(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "demo", questionnaires, portfolio=FEW[1:], say=interrupted)
    assert not list(tmp_path.iterdir())


def test_the_second_time_the_same_demo_is_served_and_nothing_secret_is_told(
    folder, made: Made, prepare: Prepare
):
    before = everything_in(folder)
    said = prepare(folder)
    assert "still there" in said
    assert "--new" in said
    assert not [one for one in made.credentials if one.password in said]
    assert everything_in(folder) == before


def test_a_changed_questionnaire_makes_the_demo_anew(folder, questionnaires, tmp_path):
    """Its pages could no longer show what was answered."""
    changed = shutil.copytree(questionnaires, tmp_path / "changed")
    path = changed / "core" / "v1" / "questionnaire.yaml"
    path.write_text(path.read_text().replace("title: Core", "title: New core", 1))
    assert not outdated(folder, questionnaires)
    assert outdated(folder, changed)


def test_a_demo_of_another_version_of_the_product_is_named_as_such(folder, prepare: Prepare):
    with sqlite3.connect(folder / "vendorrisk.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from the future'")
    connection.close()
    with pytest.raises(Refusal) as refused:
        prepare(folder)
    assert refused.value.code == "demo_outdated"
    assert (folder / "vendorrisk.db").exists()


def test_a_demo_is_bound_to_this_machine_and_to_its_own_data(tmp_path):
    words = command.server(9000)
    assert "--server.address=localhost" in words
    assert "--server.port=9000" in words
    given = {
        "VENDORRISK_DATA": "/real",
        "VENDORRISK_DATABASE_URL": "postgresql://real",
        "VENDORRISK_BASE_URL": "https://vendors.example.org",
        "VENDORRISK_ORGANISATION": "Real Council",
        "LANG": "C.UTF-8",
    }
    environment = command.environment(tmp_path, given)
    assert environment["VENDORRISK_DATA"] == str(tmp_path)
    assert environment["VENDORRISK_DEMO"] == "1"
    assert environment["LANG"] == "C.UTF-8"
    assert not {"VENDORRISK_DATABASE_URL", "VENDORRISK_BASE_URL"} & set(environment)
    assert "Real Council" not in environment.values()


def test_the_command_refuses_on_one_line_without_a_trace(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VENDORRISK_DATA", str(tmp_path))
    (tmp_path / "note.txt").write_text("mine")
    assert main(["demo", "--no-serve", "--folder", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "not-a-demo" in said


def test_every_vendor_of_the_portfolio_has_a_plan_and_every_stage_is_shown():
    assert set(PLANS) == {vendor.id for vendor in vendors()}
    assert {plan.stage for plan in PLANS.values()} == set(Stage)
    outcomes = {plan.outcome for plan in PLANS.values() if plan.stage is Stage.DECIDED}
    assert outcomes == {"approve", "conditional", "escalate", "reject"}


def test_what_happened_is_told_in_the_order_of_time_and_nothing_lies_ahead(folder, serve: Serve):
    app = serve(folder)
    with app.store.read(EVERYTHING) as work:
        events = work.events()
    assert not app.store.breaks()
    chains: dict[str, list] = {}
    for event in events:
        chains.setdefault(event.chain, []).append(event.at)
    assert len(chains) == 1 + sum(2 + len(told.addenda) for told in FEW)
    assert all(times == sorted(times) for times in chains.values())
    assert max(event.at for event in events) < NOW
    assert not [event for event in events if event.at.weekday() > 4]
    assert len({event.at.date() for event in events}) > 8


def test_what_a_vendor_attached_says_that_it_is_made_up(folder, serve: Serve):
    app = serve(folder)
    with app.store.read(EVERYTHING) as work:
        kept = work.all(Evidence)
    assert kept
    for row in kept:
        assert NOTICE.encode() in app.files.read(app.keys, row.assessment_id, row.sha256)


@pytest.mark.parametrize("text", ["plain", "a (b) c \\ d", ")(", "Zażółć gęślą jaźń", "…" * 300])
def test_a_stand_in_file_is_a_whole_pdf_whatever_it_says(text):
    made = document("Policy", text, [text, "", text])
    assert examine("policy.pdf", made).media_type == "application/pdf"
    index = int(made.rsplit(b"startxref\n", 1)[1].split()[0])
    assert made[index:].startswith(b"xref")
    entries = [line for line in made[index:].split(b"\n") if line.endswith(b" n ")]
    for number, entry in enumerate(entries, 1):
        assert made[int(entry[:10]) :].startswith(b"%d 0 obj" % number)


def test_stopping_the_command_shows_no_trace(tmp_path, monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "prepare", interrupted)
    assert main(["demo", "--no-serve", "--folder", str(tmp_path / "demo")]) == 130
    assert capsys.readouterr().err == "Stopped.\n"
