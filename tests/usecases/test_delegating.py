"""A coordinator's colleagues: each link is narrower than its giver's, and ends with it."""

from __future__ import annotations

import pytest

from tests.usecases.conftest import BEST, World
from vendorrisk.access import Actor, Role
from vendorrisk.identity import hash_token
from vendorrisk.usecases import (
    answering,
    assessments,
    delegating,
    evidence,
    invitations,
    people,
    submitting,
    vendors,
)
from vendorrisk.usecases.assessments import InvitationLink
from vendorrisk.usecases.errors import Invalid, NotAllowed, NotFound, Refusal


def given(world: World, *sections: str, days: int = 3) -> InvitationLink:
    return delegating.delegate(
        world.app,
        world.vera,
        world.assessment_id,
        name="Col Reed",
        email="col@vendor.example",
        sections=sections,
        days=days,
    )


def signatory(world: World) -> Actor:
    link = delegating.name_signatory(
        world.app,
        world.vera,
        world.assessment_id,
        name="Sig Holm",
        email="sig@vendor.example",
        days=3,
    )
    return world.enter(link.token)


def coordinator(world: World) -> Actor:
    """Vera as her session stands now, by a new one of the same link."""
    with world.app.store.read(_everything()) as work:
        session = work.get(_sign_in(), id=world.vera.session_id)
        assert session is not None
    found = people.actor_of(world.app, session.token_hash)
    assert found is not None
    return found


def _everything():  # type: ignore[no-untyped-def]
    from vendorrisk.access import EVERYTHING

    return EVERYTHING


def _sign_in():  # type: ignore[no-untyped-def]
    from vendorrisk.store.tables import SignIn

    return SignIn


def test_a_colleague_answers_their_sections_and_finds_no_others(invited: World) -> None:
    world, id_ = invited, invited.assessment_id
    col = world.enter(given(world, "credentials").token)
    assert (col.roles, col.sections) == ({Role.VENDOR_RESPONDENT}, {"credentials"})
    seen = answering.overview(world.app, col, id_)
    assert [section.id for section in seen.sections] == ["credentials"]
    assert seen.progress.asked < answering.overview(world.app, world.vera, id_).progress.asked
    world.answer(col, published="scanned")
    section = answering.section(world.app, col, id_, "credentials")
    assert (section.previous_id, section.next_id) == (None, None)
    with pytest.raises(NotFound):
        answering.section(world.app, col, id_, "retention")
    with pytest.raises(NotFound):
        answering.answer_question(world.app, col, id_, "keeps_data", "some")
    assert {gap.section_id for gap in answering.missing(world.app, col, id_)} <= {"credentials"}
    outline = invitations.invited_view(world.app, col)
    assert [section.id for section in outline.sections] == ["credentials"]


def test_a_colleague_finds_the_files_of_their_sections_alone_and_removes_only_their_own(
    invited: World,
) -> None:
    world, id_ = invited, invited.assessment_id
    world.answer(world.vera, **BEST)
    hers = world.attach(world.vera)
    apart = world.enter(given(world, "retention").token)
    assert evidence.evidence_list(world.app, apart, id_) == ()
    with pytest.raises(NotFound):
        evidence.open_evidence(world.app, apart, hers)
    with pytest.raises(NotFound):
        evidence.link_evidence(world.app, apart, hers, ["storage"])
    with pytest.raises(Invalid):
        world.attach(apart)
    within = world.enter(given(world, "credentials").token)
    assert [file.id for file in evidence.evidence_list(world.app, within, id_)] == [hers]
    with pytest.raises(NotFound):
        evidence.withdraw_evidence(world.app, within, hers)
    evidence.withdraw_evidence(world.app, within, world.attach(within))


def test_a_colleague_neither_submits_nor_delegates(invited: World) -> None:
    world, id_ = invited, invited.assessment_id
    col = world.enter(given(world, "credentials").token)
    for verb in (
        lambda: world.submit(col),
        lambda: submitting.submissions(world.app, col, id_),
        lambda: delegating.colleagues(world.app, col, id_),
        lambda: delegating.delegate(
            world.app, col, id_, name="X", email="x@v.example", sections=["credentials"], days=1
        ),
    ):
        with pytest.raises(NotAllowed):
            verb()


def test_a_link_names_sections_and_ends_no_later_than_its_givers(invited: World) -> None:
    world = invited
    for sections, days, wrong in (((), 3, "sections"), (("none",), 3, "sections")):
        with pytest.raises(Invalid) as refused:
            given(world, *sections, days=days)
        assert set(refused.value.problems) == {wrong}
    with pytest.raises(Invalid) as long:
        given(world, "credentials", days=15)
    assert "Your own link ends in 14 days" in long.value.problems["days"]
    link = given(world, "credentials", days=14)
    own = invitations.invited_view(world.app, world.vera).invited_until
    assert own is not None
    assert link.expires_at <= own


def test_taking_a_link_back_ends_its_sessions_and_keeps_the_answers(invited: World) -> None:
    world, id_ = invited, invited.assessment_id
    link = given(world, "credentials")
    session = invitations.exchange(world.app, link.token)
    col = people.actor_of(world.app, hash_token(session))
    assert col is not None
    world.answer(col, published="scanned")
    delegating.take_back(world.app, world.vera, link.id)
    delegating.take_back(world.app, world.vera, link.id)
    assert people.actor_of(world.app, hash_token(session)) is None
    with pytest.raises(Refusal) as revoked:
        invitations.exchange(world.app, link.token)
    assert revoked.value.code == "invitation_revoked"
    assert answering.overview(world.app, world.vera, id_).progress.answered == 1
    [told] = delegating.colleagues(world.app, world.vera, id_).colleagues
    assert (told.name, told.state, told.sections) == ("Col Reed", "revoked", ("Credentials",))


def test_a_colleagues_link_ends_with_the_coordinators_and_goes_on_under_a_new_one(
    invited: World,
) -> None:
    world = invited
    link = given(world, "credentials")
    session = invitations.exchange(world.app, link.token)
    own = own_link(world)
    renewed = assessments.renew_invitation(world.app, world.officer, own)
    assert people.actor_of(world.app, hash_token(session)) is not None
    with pytest.raises(Refusal) as theirs:
        assessments.renew_invitation(world.app, world.officer, link.id)
    assert theirs.value.code == "given_by_the_vendor"
    assessments.revoke_invitation(world.app, world.officer, renewed.id)
    assert people.actor_of(world.app, hash_token(session)) is None


def own_link(world: World) -> str:
    overview = answering.overview(world.app, world.vera, world.assessment_id)
    rows = vendors.engagement(world.app, world.officer, overview.engagement_id).assessments
    [own] = [row for row in rows[0].invitations if row.given_by is None]
    return own.id


def test_the_officer_sees_who_was_given_a_link_and_by_whom(invited: World) -> None:
    world = invited
    given(world, "credentials")
    overview = answering.overview(world.app, world.vera, world.assessment_id)
    view = vendors.engagement(world.app, world.officer, overview.engagement_id)
    told = [row for row in view.assessments[0].invitations if row.given_by]
    assert [(row.contact_name, row.given_by) for row in told] == [("Col Reed", world.vera.name)]


def test_whoever_is_named_to_sign_submits_and_the_coordinator_no_longer_does(
    invited: World,
) -> None:
    world, id_ = invited, invited.assessment_id
    world.answer(world.vera, **BEST)
    sig = signatory(world)
    assert (sig.roles, sig.sections) == ({Role.VENDOR_SIGNATORY}, None)
    with pytest.raises(NotAllowed):
        world.answer(sig, published="live")
    vera = coordinator(world)
    assert vera.roles == {Role.VENDOR_COORDINATOR}
    with pytest.raises(NotAllowed):
        world.submit(vera)
    with pytest.raises(Refusal) as twice:
        signatory(world)
    assert twice.value.code == "signatory_named"
    assert world.submit(sig).number == 1
    [told] = delegating.colleagues(world.app, vera, id_).colleagues
    delegating.take_back(world.app, vera, told.id)
    assert Role.VENDOR_SIGNATORY in coordinator(world).roles
