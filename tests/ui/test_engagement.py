"""One engagement: its tier with reasons, its assessments, and the links that invite a vendor."""

from tests.ui.conftest import said
from vendorrisk.assessment import State
from vendorrisk.usecases import invitations, vendors


def open_(pages, key, who="officer"):
    return pages.open(who, "engagement", engagement=pages.town.engagements[key])


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def view(pages, key):
    return vendors.engagement(pages.app, pages.actor("officer"), pages.town.engagements[key])


def test_the_tier_stands_with_its_reasons(pages):
    text = said(open_(pages, "larkmere"))

    assert "Tier 1, very high inherent risk" in text
    assert "which makes tier 1 at once" in text
    assert "Impact very high, likelihood high: inherent risk very high" in text


def test_an_unanswered_intake_is_the_one_next_step(pages):
    at = open_(pages, "tarnway")

    assert [b.label for b in at.button if b.proto.type == "primary"] == [
        next(b.label for b in at.button if b.label.startswith("Answer the intake"))
    ]
    assert "Answer the intake (about 21 minutes)" in [b.label for b in at.button]
    assert "Tier" not in said(at).replace("Tier 1", "")


def test_an_assessment_is_opened_and_the_vendor_invited_by_a_link_shown_once(pages):
    at = press(open_(pages, "kestrel"), "Open the assessment")
    assert view(pages, "kestrel").assessments[0].state is State.DRAFT

    press(at, "Make the link")
    link = at.code[0].value
    assert "/invitation#" in link
    assert "shown only here and only once" in said(at)
    assert link in at.code[1].value  # in a message that is ready to be sent
    assert view(pages, "kestrel").assessments[0].state is State.INVITED
    (made,) = view(pages, "kestrel").assessments[0].invitations
    due_on = view(pages, "kestrel").assessments[0].due_on
    assert due_on is not None
    assert made.expires_at.date() > due_on, "the link ends before the answers are due"
    assert not open_(pages, "kestrel").code
    assert invitations.exchange(pages.app, link.partition("#")[2])


def test_a_double_click_makes_one_link(pages):
    at = press(open_(pages, "kestrel"), "Open the assessment")
    form = next(b for b in at.button if b.label == "Make the link")
    form.click()
    at.run()
    at.run()

    assert len(view(pages, "kestrel").assessments[0].invitations) == 1


def test_a_link_is_taken_back_at_once(pages):
    at = press(open_(pages, "brightholm"), "Take back")

    assert "Taken back" in said(at)
    assert pages.signed_in("brightholm") is None


def test_a_new_link_replaces_the_old_one(pages):
    at = press(open_(pages, "brightholm"), "New link")

    states = [row.state for row in view(pages, "brightholm").assessments[0].invitations]
    assert sorted(states) == ["open", "revoked"]
    assert "/invitation#" in at.code[0].value


def test_where_an_assessment_stands_is_told_with_since_when(pages):
    pages.later(days=2)
    text = said(open_(pages, "larkmere"))

    assert "**Reviewed**" in text
    assert "for 2 days" in text
    assert "Knocked out" in text


def test_a_submission_is_returned_with_a_reason(pages):
    at = open_(pages, "quillstone")
    next(t for t in at.text_area if t.label.startswith("What has to change")).set_value(
        "Please attach the penetration test."
    )
    press(at, "Return it to the vendor")

    assert view(pages, "quillstone").assessments[0].state is State.RETURNED
    assert "Returned to the vendor" in said(at)


def test_a_return_without_a_reason_is_refused_below_the_field(pages):
    at = press(open_(pages, "quillstone"), "Return it to the vendor")

    assert "is missing" in said(at)
    assert view(pages, "quillstone").assessments[0].state is State.SUBMITTED


def test_the_story_of_an_assessment_can_be_read(pages):
    at = open_(pages, "larkmere", "auditor")
    key = f"story_{pages.town.assessments['larkmere']}"
    at.session_state[key] = True
    at.run()

    assert "Submission 1" in said(at)
    assert "Fingerprint" in said(at)
    what = list(at.table[0].value["What"])
    assert " times" in next(line for line in what if "recorded an answer" in line)
    assert len(what) < 20


def test_whoever_only_reads_is_offered_nothing_to_change(pages):
    at = open_(pages, "brightholm", "auditor")

    assert "Brightholm Cloud" in said(at)
    assert not [b for b in at.button if b.label in ("Take back", "New link", "Make the link")]


def test_an_unknown_engagement_says_so(pages):
    at = pages.open("officer", "engagement", engagement="nothing")

    assert at.title[0].value == "Not found"
