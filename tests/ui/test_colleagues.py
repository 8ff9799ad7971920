"""Colleagues: sections given by a link, who signs, and what the other pages show then."""

from tests.ui.conftest import said
from vendorrisk.identity import hash_token
from vendorrisk.usecases import delegating, invitations


def press(at, label):
    return next(b for b in at.button if b.label == label).click().run()


def give(pages):
    """A colleague's session, for one section; gives the first section's id too."""
    id_ = pages.town.assessments["brightholm"]
    view = delegating.colleagues(pages.app, pages.actor("brightholm"), id_)
    first = next(iter(view.sections))
    link = delegating.delegate(
        pages.app,
        pages.actor("brightholm"),
        id_,
        name="Col *Reed*",
        email="col@vendor.example",
        sections=[first],
        days=3,
    )
    pages.town.sessions["colleague"] = hash_token(invitations.exchange(pages.app, link.token))
    return first, view.sections[first]


def test_sections_are_given_by_a_link_shown_once(pages):
    at = pages.open("brightholm", "colleagues")
    at.text_input[0].set_value("Col Reed")
    at.text_input[1].set_value("col@vendor.example")
    at = press(at, "Make the link")
    assert "Choose at least one section" in said(at)

    give(pages)
    at = pages.open("brightholm", "colleagues")
    assert "Col \\*Reed\\*" in said(at)
    assert "In use" in said(at)
    at = press(at, "Take back")
    assert "Taken back" in said(at)
    assert pages.signed_in("colleague") is None


def test_naming_who_signs_takes_the_signature_from_the_coordinator(pages):
    at = pages.open("brightholm", "colleagues")
    assert "You sign and submit yourself" in said(at)
    inputs = {one.label: one for one in at.text_input}
    inputs["Name of who signs"].set_value("Sig Holm")
    inputs["E-mail address of who signs"].set_value("sig@vendor.example")
    at = press(at, "Make their link")
    assert "/invitation#" in at.code[0].value
    assert "**Sig Holm** reads every answer" in said(at)
    submit = pages.open("brightholm", "submit")
    assert "A colleague of yours signs and submits" in said(submit)
    assert not submit.checkbox


def test_a_colleague_sees_their_section_and_no_page_that_is_not_theirs(pages):
    _, title = give(pages)
    welcome = pages.open("colleague", "welcome")
    assert [link.proto.label for link in welcome.get("page_link")] == [f"**{title}**"]
    at = pages.open("colleague", "questionnaire")
    assert not at.exception
    shown = [b for b in at.button if b.key and b.key.startswith("section_")]
    assert len(shown) == 1
    assert not pages.open("colleague", "evidence").exception


def test_once_submitted_there_is_nothing_to_share(pages):
    at = pages.open("quillstone", "colleagues")

    assert "nothing to share now" in at.info[0].value
    assert "Make the link" not in [button.label for button in at.button]


def test_before_a_file_opens_again_the_page_asks_for_a_code(pages):
    at = pages.open("quillstone", "evidence")
    assert "To open a file again, give a code" in said(at)
    at = press(at, "Ask for a code")
    assert "Whoever invited you sees that you asked" in said(at)

    officer = pages.open("officer", "engagement", engagement=pages.town.engagements["quillstone"])
    assert "asks for a code" in said(officer)
    officer = press(officer, "Show the code")
    digits = officer.code[0].value

    next(one for one in at.text_input if one.label == "Your code").set_value(digits)
    at = press(at, "Open the files")
    assert "give a code" not in said(at)
