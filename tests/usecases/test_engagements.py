"""Registering vendors and engagements, the intake and its tier, opening and inviting."""

from __future__ import annotations

from datetime import date

import pytest

from tests.usecases.conftest import World
from vendorrisk.assessment import State
from vendorrisk.identity import hash_token
from vendorrisk.usecases import (
    answering,
    assessments,
    intake,
    invitations,
    people,
    sets,
    submitting,
    vendors,
)
from vendorrisk.usecases.errors import Invalid, NotFound, Refusal


def test_every_wrong_field_of_a_vendor_is_told_at_once(world: World) -> None:
    with pytest.raises(Invalid) as invalid:
        vendors.register_vendor(
            world.app,
            world.officer,
            name="  ",
            contact_name="x" * 300,
            contact_email="nobody",
            country="Germany",
            website="javascript:alert(1)",
        )
    assert set(invalid.value.problems) == {
        "name",
        "contact_name",
        "contact_email",
        "country",
        "website",
    }
    assert vendors.vendors(world.app, world.officer) == ()


def test_a_vendor_is_registered_once_and_can_have_more_contacts(world: World) -> None:
    view = vendors.register_vendor(
        world.app,
        world.officer,
        name="Brightholm\u0000 Cloud ",
        contact_name="Vera",
        contact_email="vera@vendor.example",
        country="gb",
        website="brightholm.example",
    )
    assert (view.name, view.country) == ("Brightholm Cloud", "GB")
    assert view.website == "https://brightholm.example"
    assert view.created_by == "Officer"
    with pytest.raises(Invalid) as twice:
        vendors.register_vendor(
            world.app,
            world.officer,
            name="brightholm  cloud",
            contact_name="V",
            contact_email="v@vendor.example",
        )
    assert set(twice.value.problems) == {"name"}
    vendors.add_contact(world.app, world.officer, view.id, name="Al", email="al@vendor.example")
    with pytest.raises(Invalid):
        vendors.add_contact(world.app, world.officer, view.id, name="Al", email="AL@vendor.example")
    with pytest.raises(NotFound):
        vendors.add_contact(world.app, world.officer, "none", name="Al", email="al@v.example")
    again = vendors.vendor(world.app, world.officer, view.id)
    assert [contact.name for contact in again.contacts] == ["Al", "Vera"]


def test_money_needs_a_currency_and_dates_an_order(world: World) -> None:
    vendor = vendors.register_vendor(
        world.app, world.officer, name="V", contact_name="C", contact_email="c@v.example"
    )
    with pytest.raises(Invalid) as invalid:
        vendors.register_engagement(
            world.app,
            world.officer,
            vendor.id,
            title="T",
            value_minor=100,
            starts_on=date(2027, 1, 1),
            ends_on=date(2026, 1, 1),
        )
    assert set(invalid.value.problems) == {"currency", "ends_on"}


def test_the_tier_comes_with_its_reasons_once_the_intake_is_complete(world: World) -> None:
    engagement_id = world.engagement()
    before = intake.intake_result(world.app, world.officer, engagement_id)
    assert not before.complete
    assert before.tier is None
    assert set(before.missing) == {"data_classes", "criticality"}
    world.answered_intake(engagement_id)
    after = intake.intake_result(world.app, world.officer, engagement_id)
    assert (after.complete, after.tier) == (True, "1")
    assert (after.likelihood, after.impact) == ("very_high", "moderate")
    assert "The service recognises people." in after.reasons
    listed = vendors.vendors(world.app, world.officer)[0].engagements[0]
    assert listed.tier == "1", "lists show the stored tier"
    assert listed.intake.complete


def test_changing_the_intake_changes_the_tier_and_clearing_it_takes_the_tier_away(
    world: World,
) -> None:
    engagement_id = world.engagement()
    world.answered_intake(engagement_id)
    intake_id = vendors.engagement(world.app, world.officer, engagement_id).intake_id
    answering.answer_question(
        world.app, world.officer, intake_id, "biometrics", "not_used", seen_version=1
    )
    assert vendors.engagement(world.app, world.officer, engagement_id).tier == "3"
    answering.answer_question(
        world.app, world.officer, intake_id, "criticality", None, seen_version=1
    )
    view = vendors.engagement(world.app, world.officer, engagement_id)
    assert view.tier is None
    assert not view.may_open
    assert vendors.vendors(world.app, world.officer)[0].engagements[0].tier is None


def test_an_assessment_waits_for_the_intake_and_pins_what_it_found(world: World) -> None:
    engagement_id = world.engagement()
    with pytest.raises(Refusal) as incomplete:
        assessments.open_assessment(world.app, world.officer, engagement_id, "core", None)
    assert incomplete.value.code == "intake_incomplete"
    world.answered_intake(engagement_id)
    assessment_id = assessments.open_assessment(
        world.app, world.officer, engagement_id, "core", None
    )
    row = vendors.engagement(world.app, world.officer, engagement_id).assessments[0]
    assert (row.id, row.tier, row.state) == (assessment_id, "1", State.DRAFT)
    assert row.progress.asked == 5, "what is visible before the first answer"
    intake_id = vendors.engagement(world.app, world.officer, engagement_id).intake_id
    answering.answer_question(
        world.app, world.officer, intake_id, "biometrics", "not_used", seen_version=1
    )
    row = vendors.engagement(world.app, world.officer, engagement_id).assessments[0]
    assert row.tier == "1", "a running assessment keeps the facts it was opened with"


def test_what_the_officer_does_not_know_counts_as_the_worst(world: World) -> None:
    engagement_id = world.engagement()
    world.answered_intake(engagement_id, biometrics={"dont_know": True}, criticality="danger")
    assessment_id = assessments.open_assessment(
        world.app, world.officer, engagement_id, "core", None
    )
    contact = world.invited(assessment_id)
    world.answer(contact, published="scanned")
    world.submit(contact)
    copy = submitting.own_copy(world.app, contact, assessment_id)
    assert b'"biometrics":"identifies"' in copy


def test_the_same_questionnaire_is_asked_once_at_a_time(world: World) -> None:
    assessment_id = world.opened()
    engagement_id = answering.overview(world.app, world.officer, assessment_id).engagement_id
    with pytest.raises(Refusal) as twice:
        assessments.open_assessment(world.app, world.officer, engagement_id, "core", None)
    assert twice.value.code == "already_open"
    assessments.withdraw(world.app, world.officer, assessment_id, "Wrong vendor.")
    assert assessments.open_assessment(world.app, world.officer, engagement_id, "core", None)


def test_what_is_offered_and_due_is_checked(world: World) -> None:
    engagement_id = world.engagement()
    world.answered_intake(engagement_id)
    offered = sets.engagement_sets(world.app, world.officer, engagement_id)
    assert [(row.set_id, row.questions) for row in offered] == [("core", 9)]
    with pytest.raises(Invalid) as invalid:
        assessments.open_assessment(
            world.app, world.officer, engagement_id, "intake", date(2026, 1, 1)
        )
    assert set(invalid.value.problems) == {"questionnaire_id", "due_on"}
    with pytest.raises(NotFound):
        sets.engagement_sets(world.app, world.officer, "none")


def test_an_invitation_is_shown_once_and_opening_it_twice_works(world: World) -> None:
    assessment_id = world.opened()
    contact_id = world.contact_of(assessment_id)
    link = assessments.invite(world.app, world.officer, assessment_id, contact_id, days=7)
    assert link.expires_at.date() == date(2026, 11, 9)
    first, second = world.enter(link.token), world.enter(link.token)
    assert first.assessment_id == second.assessment_id == assessment_id
    assert first.session_id != second.session_id
    rows = vendors.engagement(
        world.app,
        world.officer,
        answering.overview(world.app, world.officer, assessment_id).engagement_id,
    ).assessments[0]
    assert rows.state is State.INVITED
    assert [row.state for row in rows.invitations] == ["used"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("wrong", "invitation_wrong"),
        ("expired", "invitation_expired"),
        ("revoked", "invitation_revoked"),
        ("renewed", "invitation_revoked"),
    ],
)
def test_a_link_that_no_longer_works_says_so_and_ends_its_sessions(
    world: World, how: str, code: str
) -> None:
    assessment_id = world.opened()
    link = assessments.invite(
        world.app, world.officer, assessment_id, world.contact_of(assessment_id)
    )
    session = hash_token(invitations.exchange(world.app, link.token))
    assert people.actor_of(world.app, session) is not None
    token = link.token
    if how == "wrong":
        token = "guessed"
    elif how == "expired":
        world.clock.forward(days=14)
    elif how == "revoked":
        assessments.revoke_invitation(world.app, world.officer, link.id)
        assessments.revoke_invitation(world.app, world.officer, link.id)
    else:
        newer = assessments.renew_invitation(world.app, world.officer, link.id)
        assert world.enter(newer.token).assessment_id == assessment_id
    with pytest.raises(Refusal) as refused:
        invitations.exchange(world.app, token)
    assert refused.value.code == code
    assert refused.value.fix
    if how != "wrong":
        assert people.actor_of(world.app, session) is None


def test_only_a_contact_of_this_vendor_can_be_invited(world: World) -> None:
    one, other = world.opened("Brightholm Cloud"), world.opened("Pinfold Systems")
    with pytest.raises(NotFound):
        assessments.invite(world.app, world.officer, one, world.contact_of(other))
    with pytest.raises(Invalid):
        assessments.invite(world.app, world.officer, one, world.contact_of(one), days=365)


def test_nobody_is_invited_to_an_intake(world: World) -> None:
    engagement_id = world.engagement()
    view = vendors.engagement(world.app, world.officer, engagement_id)
    with pytest.raises(NotFound):
        assessments.invite(world.app, world.officer, view.intake_id, view.vendor.contacts[0].id)
    with pytest.raises(NotFound):
        assessments.withdraw(world.app, world.officer, view.intake_id, "No.")


def test_the_welcome_says_who_asks_what_of_whom_and_how_long_it_takes(world: World) -> None:
    assessment_id = world.opened()
    contact = world.invited(assessment_id)
    view = invitations.invited_view(world.app, contact)
    assert (view.organisation, view.invited_by) == ("Our Agency", "Officer")
    assert (view.vendor_name, view.engagement_title) == ("Brightholm Cloud", "Photo service")
    assert view.due_on == date(2026, 12, 24)
    assert [section.id for section in view.sections] == ["credentials", "retention"]
    assert view.questions == 5
    assert view.minutes == sum(minutes for _, minutes in view.minutes_by_role) == 16
    assert dict(view.minutes_by_role) == {"security": 13, "business": 3}
    assert (view.started, view.submitted) == (False, False)


def test_withdrawing_ends_what_the_vendor_can_do(world: World) -> None:
    assessment_id = world.opened()
    link = assessments.invite(
        world.app, world.officer, assessment_id, world.contact_of(assessment_id)
    )
    session = hash_token(invitations.exchange(world.app, link.token))
    assessments.withdraw(world.app, world.officer, assessment_id, "The need is gone.")
    assert people.actor_of(world.app, session) is None
    with pytest.raises(Refusal):
        assessments.renew_invitation(world.app, world.officer, link.id)
    with pytest.raises(Refusal):
        assessments.withdraw(world.app, world.officer, assessment_id, "Again.")
