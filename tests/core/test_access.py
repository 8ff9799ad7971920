"""The policy table: default deny, strangers see nothing, and duties stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.access import (
    INVITED_ROLES,
    KEPT_OUT,
    KNOW_BIDDERS,
    POLICY,
    RELATION_SAYS,
    ROLE_DOES,
    ROLE_SAYS,
    STAFF_ROLES,
    SYSTEM,
    VENDOR_ROLES,
    Action,
    Actor,
    NotAllowed,
    NotFound,
    Relation,
    Role,
    Scope,
    allowed,
    authorise,
    require_answerer,
    require_independent_decision,
    require_independent_review,
)

SCORING = {
    Action.REVIEW_SHEET,
    Action.SET_REVIEW,
    Action.SCORECARD,
    Action.VERIFY_SCORECARD,
    Action.COMPARISON,
    Action.DECISION_OPTIONS,
    Action.BRIEF,
}


def person(*roles: Role) -> Actor:
    return Actor("person", "p1", "Pat", frozenset(roles))


def contact(assessment_id: str | None = "a1", *roles: Role) -> Actor:
    return Actor("contact", "c1", "Vera", frozenset(roles) or INVITED_ROLES, assessment_id)


def test_every_action_has_a_row() -> None:
    assert set(POLICY) == set(KEPT_OUT) == set(Action)
    assert all(POLICY.values())
    assert set(RELATION_SAYS) == set(Relation) == {one for row in KEPT_OUT.values() for one in row}
    assert set(ROLE_SAYS) == set(ROLE_DOES) == set(Role)


@pytest.mark.parametrize("action", Action)
def test_nobody_without_a_role_may_do_anything(action: Action) -> None:
    with pytest.raises(NotAllowed):
        authorise(person(), action)
    with pytest.raises(NotFound):
        authorise(SYSTEM, action)


@pytest.mark.parametrize("action", Action)
def test_staff_are_told_which_role_could_do_it_and_vendors_that_nothing_is_there(
    action: Action,
) -> None:
    for role in STAFF_ROLES:
        if role in POLICY[action]:
            names = role in KNOW_BIDDERS
            assert authorise(person(role), action, "a1") == Scope("a1", names=names)
        else:
            with pytest.raises(NotAllowed, match="it takes a"):
                authorise(person(role), action, "a1")
    for role in VENDOR_ROLES:
        if role in POLICY[action]:
            assert authorise(contact("a1", role), action, "a1") == Scope("a1", own=True)
        elif POLICY[action].isdisjoint(VENDOR_ROLES):
            with pytest.raises(NotFound):
                authorise(contact("a1", role), action, "a1")
        else:
            with pytest.raises(NotAllowed, match="it takes the vendor's"):
                authorise(contact("a1", role), action, "a1")


@given(st.sampled_from(Action), st.text(min_size=1).filter(lambda text: text != "a1"))
def test_a_vendor_never_gets_a_scope_beyond_its_own_assessment(action: Action, other: str) -> None:
    with pytest.raises(NotFound):
        authorise(contact(), action, other)
    with pytest.raises(NotFound):
        authorise(contact(None), action)
    if allowed(contact(), action):
        assert authorise(contact(), action) == Scope("a1", own=True)


def test_what_is_not_yours_and_what_is_not_there_sound_alike() -> None:
    with pytest.raises(NotFound) as foreign:
        authorise(contact(), Action.OVERVIEW, "somebody-elses")
    with pytest.raises(NotFound) as forbidden:
        authorise(contact(), Action.SCORECARD, "a1")
    assert str(foreign.value) == str(forbidden.value)


def test_no_verb_that_returns_points_weights_or_rules_is_open_to_vendors() -> None:
    assert all(POLICY[action].isdisjoint(VENDOR_ROLES) for action in SCORING)


def test_auditors_only_read() -> None:
    reads = {action for action, roles in POLICY.items() if Role.AUDITOR in roles}
    assert reads.isdisjoint(
        {
            Action.ANSWER_QUESTION,
            Action.SET_REVIEW,
            Action.FINISH_REVIEW,
            Action.RECORD_DECISION,
            Action.INVITE,
            Action.SUBMIT,
            Action.ATTACH,
            Action.ADD_PERSON,
            Action.CHANGE_ROLES,
        }
    )


def test_staff_answer_their_intake_and_never_for_the_vendor() -> None:
    officer = person(Role.PROCUREMENT_OFFICER)
    require_answerer(officer, "officer")
    require_answerer(contact(), "vendor")
    with pytest.raises(NotAllowed):
        require_answerer(officer, "vendor")
    with pytest.raises(NotFound):
        require_answerer(contact(), "officer")


def test_nobody_is_both_staff_and_a_vendors() -> None:
    assert set(STAFF_ROLES).isdisjoint(VENDOR_ROLES)
    assert {*STAFF_ROLES, *VENDOR_ROLES} == set(Role)


people = st.sets(st.sampled_from("abcd"))


@given(people, people)
def test_a_review_needs_somebody_who_did_not_invite(
    reviewers: set[str], inviters: set[str]
) -> None:
    if reviewers - inviters:
        require_independent_review(reviewers, inviters)
    else:
        with pytest.raises(NotAllowed):
            require_independent_review(reviewers, inviters)


@given(st.sampled_from("abcd"), people)
def test_a_reviewer_does_not_decide(decider: str, reviewers: set[str]) -> None:
    if decider in reviewers:
        with pytest.raises(NotAllowed):
            require_independent_decision(decider, reviewers)
    else:
        require_independent_decision(decider, reviewers)
