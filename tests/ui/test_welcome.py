"""A vendor's first page: who asks and why, how long it takes and for whom, and the one way on."""

import pytest

from tests.ui.conftest import said
from vendorrisk.usecases import answering, invitations, submitting


def test_it_says_who_asks_whom_and_what_for(pages):
    text = said(pages.open("brightholm"))

    view = invitations.invited_view(pages.app, pages.actor("brightholm"))
    for word in ("Example Council", "Brightholm Cloud", view.engagement_title, view.service):
        assert word in text
    assert "Otto Berg invited you" in text
    assert "Your link works until 16 November 2026" in text
    assert "Due in 18 days" in text


def test_it_says_how_long_it_takes_and_for_whom(pages):
    at = pages.open("brightholm")
    view = invitations.invited_view(pages.app, pages.actor("brightholm"))

    assert f"{view.questions} questions, about {view.minutes} minutes" in said(at)
    (table,) = at.table
    assert list(table.value["Who knows"]) == [
        "Engineering",
        "Security",
        "Legal and privacy",
        "Business",
    ]
    told = sum(int(says.split()[0]) for says in table.value["Time"])
    assert told == view.minutes


def test_it_says_what_happens_with_the_answers(pages):
    text = said(pages.open("brightholm"))

    assert "sees how far you are and not what you answered" in text
    assert "Nothing counts until you submit" in text
    assert "“Don’t know”" in text


@pytest.mark.parametrize(
    ("who", "label", "title"),
    [
        ("brightholm", "Go on where you left off", "Retention and deletion"),
        ("quillstone", "See what you submitted", "Submitted"),
    ],
)
def test_one_button_leads_on(pages, who, label, title):
    at = pages.open(who)

    assert [button.label for button in at.button] == [label]
    at.button[0].click().run()
    assert at.title[0].value == title


def test_it_leads_back_to_the_first_open_question_and_says_how_far_each_section_is(pages):
    at = pages.open("brightholm")
    app, actor = pages.app, pages.actor("brightholm")
    workspace = answering.overview(app, actor, pages.town.assessments["brightholm"])
    gaps = answering.missing(app, actor, workspace.assessment_id)
    gap = next(gap for gap in gaps if gap.kind == "unanswered")
    begun = next(one.progress for one in workspace.sections if one.progress.answered)

    assert f"{begun.answered} of {begun.asked} answered, about" in said(at)
    at.button[0].click().run()
    asked = {name: at.query_params[name] for name in ("section", "question")}
    assert asked == {"section": gap.section_id, "question": gap.question_id}


def test_what_came_back_stands_first_with_its_reason(pages):
    submitting.return_to_vendor(
        pages.app, pages.actor("officer"), pages.town.assessments["quillstone"], "RT3 is unclear."
    )

    at = pages.open("quillstone")

    assert "sent your answers back" in at.warning[0].value
    assert "RT3 is unclear." in at.warning[0].value
    assert at.button[0].label == "See what to change"


def test_whoever_is_on_staff_has_no_such_page(pages):
    assert "Welcome" not in pages.menu("officer")
