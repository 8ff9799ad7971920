"""Evidence: what is taken, who may read it, and what stays with a submission."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.core.test_marking import made
from tests.core.test_scanning import EVIL, clamd
from tests.usecases.conftest import BEST, PDF, World, settings
from vendorrisk import evidence as files
from vendorrisk.access import Actor
from vendorrisk.usecases import audit, evidence, submitting
from vendorrisk.usecases.errors import Invalid, NotFound, Refusal


@pytest.fixture
def world(invited: World) -> World:
    return invited


@pytest.fixture
def opened(world: World) -> tuple[str, Actor]:
    return world.assessment_id, world.vera


def test_a_file_is_attached_with_kind_date_scope_and_questions(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.attach(
        vera,
        for_questions=["storage", "published"],
        kind="soc2_type2",
        period_end=date(2026, 6, 30),
        product="Photos",
        note="Page 12.",
    )
    (file,) = evidence.evidence_list(world.app, vera, assessment_id)
    assert (file.file_name, file.media_type, file.size) == (
        "policy.pdf",
        "application/pdf",
        len(PDF),
    )
    assert (file.kind_title, file.scope_product) == ("SOC 2 Type II report", "Photos")
    assert set(file.for_questions) == {"storage", "published"}
    world.confirm(vera)
    assert evidence.open_evidence(world.app, vera, file.id).content == PDF


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"dated": date(2026, 11, 3)}, "dated"),
        ({"period_end": date(2027, 1, 1)}, "period_end"),
        ({"period_start": date(2026, 9, 1), "period_end": date(2026, 8, 1)}, "period_end"),
        ({"content": b""}, "file"),
        ({"content": b"MZ\x90\x00", "file_name": "setup.exe"}, "file"),
        ({"content": b"x" * (20 * 1024 * 1024 + 1), "file_name": "big.txt"}, "file"),
        ({"file_name": "../../etc/passwd.pdf"}, "file"),
        ({"file_name": "C:\\policy.pdf"}, "file"),
        ({"kind": "selfie"}, "kind"),
        ({"kind": "scan"}, "kind"),
        ({"for_questions": []}, "for_questions"),
        ({"for_questions": ["deletion"]}, "for_questions"),
        ({"for_questions": ["nonsense"]}, "for_questions"),
        ({"note": "x" * 100_000}, "note"),
    ],
)
def test_what_cannot_be_evidence_is_refused_and_nothing_is_kept(
    world: World, opened: tuple[str, Actor], wrong: dict[str, object], field: str
) -> None:
    assessment_id, vera = opened
    with pytest.raises(Invalid) as invalid:
        world.attach(vera, **wrong)  # type: ignore[arg-type]
    assert list(invalid.value.problems) == [field]
    assert invalid.value.sentence
    assert evidence.evidence_list(world.app, vera, assessment_id) == ()


def test_all_problems_of_an_upload_are_told_together(
    world: World, opened: tuple[str, Actor]
) -> None:
    _, vera = opened
    with pytest.raises(Invalid) as invalid:
        world.attach(vera, content=b"", kind="selfie", dated=date(2030, 1, 1))
    assert set(invalid.value.problems) == {"file", "kind", "dated"}


def test_staff_read_a_file_once_it_was_submitted_and_each_reading_is_told(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    file_id = world.attach(vera)
    assert evidence.evidence_list(world.app, world.reviewer, assessment_id) == ()
    with pytest.raises(NotFound):
        evidence.open_evidence(world.app, world.reviewer, file_id)
    world.submit(vera)
    (file,) = evidence.evidence_list(world.app, world.reviewer, assessment_id)
    assert file.in_submission
    assert evidence.open_evidence(world.app, world.reviewer, file_id).file_name == "policy.pdf"
    latest = audit.trail(world.app, world.officer, assessment_id)[0]
    assert (latest.action, latest.who) == ("open_evidence", "Reviewer")


def test_a_withdrawn_file_is_gone_for_the_next_submission_and_stays_with_the_last(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    world.answer(vera, **BEST)
    never, once = world.attach(vera), world.attach(vera)
    evidence.withdraw_evidence(world.app, vera, never)
    evidence.withdraw_evidence(world.app, vera, never)
    world.submit(vera)
    with pytest.raises(Refusal) as locked:
        evidence.withdraw_evidence(world.app, vera, once)
    assert locked.value.code == "submitted_refuses_answer"
    submitting.return_to_vendor(world.app, world.officer, assessment_id, "The policy is old.")
    evidence.withdraw_evidence(world.app, vera, once)
    second = world.submit(vera, number=2)
    assert second.evidence == 0
    listed = evidence.evidence_list(world.app, world.reviewer, assessment_id)
    assert [(file.id, file.withdrawn) for file in listed] == [(once, True)]
    assert evidence.open_evidence(world.app, world.reviewer, once).content == PDF


def test_another_vendors_file_is_not_found(world: World, opened: tuple[str, Actor]) -> None:
    _, vera = opened
    file_id = world.attach(vera)
    other = world.invited(world.opened("Pinfold Systems"))
    for verb in (evidence.open_evidence, evidence.withdraw_evidence):
        with pytest.raises(NotFound):
            verb(world.app, other, file_id)


def test_a_demo_takes_no_files(world: World, opened: tuple[str, Actor], tmp_path: Path) -> None:
    _, vera = opened
    world.app = replace(world.app, settings=settings(tmp_path, demo=True))
    with pytest.raises(Refusal) as refused:
        world.attach(vera)
    assert refused.value.code == "demo_takes_no_uploads"


def test_a_pdf_names_whoever_reads_it(world: World, opened: tuple[str, Actor]) -> None:
    assessment_id, vera = opened
    whole = made()
    world.answer(vera, **BEST)
    file_id = world.attach(vera, content=whole)
    broken = world.attach(vera)
    world.submit(vera)
    world.confirm(vera)
    for reader in (world.reviewer, vera):
        read = evidence.open_evidence(world.app, reader, file_id)
        assert reader.name in PdfReader(io.BytesIO(read.content)).pages[0].extract_text()
        assert read.unmarked_because is None
    assert evidence.open_evidence(world.app, vera, broken).unmarked_because == "damaged"
    events = audit.trail(world.app, world.officer, assessment_id)
    assert events[0].details["unmarked_because"] == "damaged"
    kept = world.app.files.read(world.app.keys, assessment_id, files.examine("a.pdf", whole).sha256)
    assert kept == whole, "the file itself stays as it was attached"


def test_a_file_that_the_scanner_refuses_is_not_kept_and_that_is_told(
    world: World, opened: tuple[str, Actor], tmp_path: Path
) -> None:
    assessment_id, vera = opened
    with clamd() as (address, seen):
        world.app = replace(world.app, settings=replace(settings(tmp_path), clamd=address))
        world.attach(vera, content=b"clean", file_name="clean.txt")
        with pytest.raises(Invalid) as invalid:
            world.attach(vera, content=EVIL, file_name="evil.txt")
        assert "was not kept" in invalid.value.problems["file"]
        with pytest.raises(Invalid):
            world.attach(vera, content=b"MZ", file_name="evil.exe")
    assert seen == [b"clean", EVIL], "what is refused anyway is not scanned"
    with pytest.raises(Invalid, match="does not answer"):
        world.attach(vera, content=b"clean", file_name="again.txt")
    (file,) = evidence.evidence_list(world.app, vera, assessment_id)
    assert file.file_name == "clean.txt"
    told = [
        e for e in audit.trail(world.app, world.officer, assessment_id) if "malware" in e.details
    ]
    assert [event.details["malware"] for event in told] == ["Stand-In.Malware"]


def test_the_room_of_an_assessment_counts_withdrawn_files_too(
    world: World, opened: tuple[str, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, vera = opened
    monkeypatch.setattr(files, "MOST_FILES", 2)
    evidence.withdraw_evidence(world.app, vera, world.attach(vera))
    world.attach(vera)
    with pytest.raises(Invalid, match="already has 2 files"):
        world.attach(vera)


def test_a_file_can_speak_for_another_answer_later(world: World, opened: tuple[str, Actor]) -> None:
    assessment_id, vera = opened
    file_id = world.attach(vera, for_questions=["storage"], kind="soc2_type2")
    evidence.link_evidence(world.app, vera, file_id, ["published", "storage"])
    evidence.link_evidence(world.app, vera, file_id, ["published"])
    (file,) = evidence.evidence_list(world.app, vera, assessment_id)
    assert set(file.for_questions) == {"storage", "published"}
    told = [
        event.details["questions"]
        for event in audit.trail(world.app, world.officer, assessment_id)
        if event.action == "link_evidence"
    ]
    assert told == [["published"]]


def test_a_file_speaks_only_for_what_is_asked_and_takes_its_kind(
    world: World, opened: tuple[str, Actor]
) -> None:
    assessment_id, vera = opened
    file_id = world.attach(vera)
    for questions, field in (
        ([], "for_questions"),
        (["nonsense"], "for_questions"),
        (["published"], "kind"),
    ):
        with pytest.raises(Invalid) as invalid:
            evidence.link_evidence(world.app, vera, file_id, questions)
        assert list(invalid.value.problems) == [field]
    evidence.withdraw_evidence(world.app, vera, file_id)
    with pytest.raises(NotFound):
        evidence.link_evidence(world.app, vera, file_id, ["storage"])
    other = world.attach(vera)
    world.answer(vera, **BEST)
    world.submit(vera)
    with pytest.raises(Refusal, match="submitted"):
        evidence.link_evidence(world.app, vera, other, ["storage"])
    (file, *_) = evidence.evidence_list(world.app, vera, assessment_id)
    assert file.for_questions == ("storage",)
