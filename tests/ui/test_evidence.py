"""Files that show an answer: attached in place or for many answers at once, and taken back."""

from datetime import date

import pytest

from tests.ui.cards import cards
from tests.ui.conftest import said
from tests.ui.town import PDF
from vendorrisk.ui.words import plain
from vendorrisk.usecases import evidence

QUESTION = "retention_schedule"
FORM = f"attaching_{QUESTION}_0"


def files(pages, who="brightholm"):
    vendor = pages.actor(who)
    return evidence.evidence_list(pages.app, vendor, vendor.assessment_id)


def press(at, label):
    next(button for button in at.button if button.label == label).click()
    return at.run()


@pytest.fixture
def attaching(pages):
    """The questionnaire with the form for a file open below one answer."""
    at = pages.open("brightholm", "questionnaire")
    at.session_state["attaching"] = QUESTION  # its button is in the card, which a browser draws
    return at.run()


def fill(at, form=FORM, name="policy.pdf", content=PDF, kind="retention_schedule", day=None):
    at.file_uploader(key=f"{form}_file").upload(name, content, "application/pdf")
    at.selectbox(key=f"{form}_kind").set_value(kind)
    at.date_input(key=f"{form}_dated").set_value(day or date(2026, 2, 1))
    return at


def test_a_file_is_attached_in_place_with_its_kind_date_and_scope(pages, attaching):
    fill(attaching)
    attaching.text_input(key=f"{FORM}_environment").set_value("production")
    attaching.text_input(key=f"{FORM}_note").set_value("Page 3")

    at = press(attaching, "Attach")

    (file,) = files(pages)
    assert (file.file_name, file.kind, file.dated) == (
        "policy.pdf",
        "retention_schedule",
        date(2026, 2, 1),
    )
    assert (file.scope_environment, file.note, file.for_questions) == (
        "production",
        "Page 3",
        (QUESTION,),
    )
    text = said(at)
    assert f"[policy.pdf](/evidence/{file.id})" in text
    assert "dated 1 February 2026" in text
    assert FORM not in str([uploader.key for uploader in at.file_uploader])


def test_only_kinds_that_would_show_the_answer_are_offered(pages, attaching):
    offered = attaching.selectbox(key=f"{FORM}_kind").options

    assert "Retention schedule" in offered
    assert "Penetration test report" not in offered


def test_everything_that_is_missing_is_said_at_once(pages, attaching):
    text = said(press(attaching, "Attach"))

    assert "Choose a file first" in text
    assert "Choose what kind of evidence this is" in text
    assert "Give the date that stands on the document" in text
    assert files(pages) == ()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("policy.pdf", b"", "is empty"),
        ("tool.exe", b"MZ\x90\x00\x03", "is of a kind that is not taken"),
        ("../policy.pdf", PDF, "has a folder in it"),
        ("..\\policy.pdf", PDF, "has a folder in it"),
        ("policy.docx", PDF, "its name does not say so"),
    ],
)
def test_a_file_that_is_not_taken_is_refused_and_the_rest_stays_typed(
    pages, attaching, name, content, says
):
    fill(attaching, name=name, content=content)
    attaching.text_input(key=f"{FORM}_note").set_value("Page 3")

    at = press(attaching, "Attach")

    assert says in said(at)
    assert at.text_input(key=f"{FORM}_note").value == "Page 3"
    assert files(pages) == ()


def test_a_date_in_the_future_is_refused(pages, attaching):
    fill(attaching, day=date(2026, 11, 3))

    assert "in the future" in said(press(attaching, "Attach"))
    assert files(pages) == ()


def test_sending_the_same_form_twice_attaches_once(pages, attaching):
    fill(attaching)
    press(attaching, "Attach")

    attaching.run()

    assert len(files(pages)) == 1
    assert cards(attaching)[QUESTION]["attach"] == "Attach another file"


def test_a_name_is_shown_as_it_was_typed(pages, attaching):
    name = "a *b* [c](d) :smile:.pdf"
    fill(attaching, name=name)

    text = said(press(attaching, "Attach"))

    assert f"[{plain(name)}](/evidence/" in text
    assert name not in text


def test_a_file_can_be_taken_back_before_submitting(pages, attaching):
    at = press(fill(attaching), "Attach")

    press(at, "Remove")

    assert files(pages) == ()


def test_one_file_is_attached_for_many_answers_at_once(pages):
    at = pages.open("brightholm", "evidence")
    assert "Nothing is attached yet" in said(at)
    at.selectbox(key="evidence_kind").set_value("soc2_type2").run()
    fitting = at.multiselect(key="evidence_for_soc2_type2")
    assert len(fitting.options) > 1
    fitting.set_value(["retention_schedule", "retention_enforcement"])
    at.run()

    form = "attaching_soc2_type2_0"
    fill(at, form, "soc2.pdf", kind="soc2_type2")
    at.date_input(key=f"{form}_period_end").set_value(date(2026, 1, 31))
    at = press(at, "Attach")

    (file,) = files(pages)
    assert set(file.for_questions) == {"retention_schedule", "retention_enforcement"}
    assert file.period_end == date(2026, 1, 31)
    assert "for RT1, RT2" in said(at)
    assert "1 file" in said(at)


def test_once_submitted_files_are_listed_and_stay(pages):
    at = pages.open("quillstone", "evidence")

    assert f"{len(files(pages, 'quillstone'))} files" in said(at)
    assert not [b for b in at.button if b.label == "Remove"]
    assert not at.file_uploader


def test_an_attached_file_is_used_for_another_answer(pages):
    at = pages.open("brightholm", "evidence")
    assert "Use a file for another answer" not in said(at)
    at.selectbox(key="evidence_kind").set_value("soc2_type2").run()
    at.multiselect(key="evidence_for_soc2_type2").set_value(["retention_schedule"]).run()
    fill(at, "attaching_soc2_type2_0", "soc2.pdf", kind="soc2_type2")
    at = press(at, "Attach")
    (file,) = files(pages)

    at.selectbox(key="link_file").set_value(file.id).run()
    at.multiselect(key=f"link_for_{file.id}").set_value(["retention_enforcement"]).run()
    at = press(at, "Use it for these")

    (file,) = files(pages)
    assert set(file.for_questions) == {"retention_schedule", "retention_enforcement"}
    assert "for RT1, RT2" in said(at)
