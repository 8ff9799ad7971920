"""Colleagues: one link shown once, roles that change, access that ends, and nobody locked out."""

from tests.ui.conftest import said
from vendorrisk.access import Role
from vendorrisk.identity import hash_token
from vendorrisk.usecases import people


def fill(at, name="Nia Holt", email="nia@example.org", roles=(Role.REVIEWER,)):
    at.text_input[0].set_value(name)
    at.text_input[1].set_value(email)
    at.button_group[0].set_value(list(roles))
    return at


def add(at):
    return next(b for b in at.button if b.label == "Add colleague").click().run()


def colleague(pages, name):
    everybody = people.list_people(pages.app, pages.actor("administrator"))
    return next(person for person in everybody if person.name == name)


def test_a_new_colleague_gets_a_link_that_is_shown_once(pages):
    at = add(fill(pages.open("administrator", "people")))

    link = at.code[0].value
    assert "/password#" in link
    assert colleague(pages, "Nia Holt").waiting_for_password
    assert not pages.open("administrator", "people").code

    token = link.partition("#")[2]
    session = people.choose_password(pages.app, token, "nine amber kites over fields")
    assert people.actor_of(pages.app, hash_token(session)).name == "Nia Holt"


def test_the_next_colleague_starts_with_an_empty_form(pages):
    at = add(fill(pages.open("administrator", "people")))

    assert at.text_input[0].value == ""
    assert at.text_input[1].value == ""
    assert at.button_group[0].value == []


def test_a_link_is_put_away_on_request(pages):
    at = add(fill(pages.open("administrator", "people")))
    next(b for b in at.button if b.label == "I have copied it").click().run()

    assert not at.code


def test_what_is_wrong_is_said_and_what_was_typed_stays(pages):
    at = add(fill(pages.open("administrator", "people"), email="not an address"))

    assert "is not an e-mail address" in said(at)
    assert at.text_input[0].value == "Nia Holt"
    assert all(p.name != "Nia Holt" for p in people.list_people(pages.app, pages.actor("auditor")))


def test_the_same_colleague_is_not_added_twice(pages):
    add(fill(pages.open("administrator", "people")))
    add(fill(pages.open("administrator", "people")))

    names = [p.name for p in people.list_people(pages.app, pages.actor("auditor"))]
    assert names.count("Nia Holt") == 1


def test_roles_are_changed(pages):
    otto = colleague(pages, "Otto Berg")
    at = pages.open("administrator", "people")
    group = next(g for g in at.button_group if g.key and g.key.startswith(f"roles_{otto.id}"))
    group.set_value([Role.PROCUREMENT_OFFICER, Role.AUDITOR]).run()
    next(b for b in at.button if b.key.startswith(f"save_{otto.id}")).click().run()

    assert set(colleague(pages, "Otto Berg").roles) == {Role.PROCUREMENT_OFFICER, Role.AUDITOR}


def test_the_last_administrator_cannot_go(pages):
    ada = colleague(pages, "Ada Okafor")
    at = pages.open("administrator", "people")
    next(c for c in at.checkbox if c.key == f"sure_{ada.id}").check().run()
    next(b for b in at.button if b.key == f"end_{ada.id}").click().run()

    assert at.error
    assert colleague(pages, "Ada Okafor").active


def test_access_ends_only_after_a_second_thought(pages):
    otto = colleague(pages, "Otto Berg")
    at = pages.open("administrator", "people")
    assert next(b for b in at.button if b.key == f"end_{otto.id}").disabled

    next(c for c in at.checkbox if c.key == f"sure_{otto.id}").check().run()
    next(b for b in at.button if b.key == f"end_{otto.id}").click().run()

    assert not colleague(pages, "Otto Berg").active
    assert "Access ended" in said(at)


def test_an_auditor_reads_and_changes_nothing(pages):
    at = pages.open("auditor", "people")

    assert "Otto Berg" in said(at)
    assert not at.button
    assert not at.text_input
