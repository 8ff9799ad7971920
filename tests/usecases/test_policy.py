"""The policy table walked through the use cases: every verb, every role, every cell."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from tests.usecases.conftest import BEST, PDF, Template, World, built
from vendorrisk import usecases
from vendorrisk.access import (
    INVITED_ROLES,
    JUDGING_ROLES,
    POLICY,
    STAFF_ROLES,
    VENDOR_ROLES,
    Action,
    Actor,
    Relation,
    Role,
    allowed,
)
from vendorrisk.content import Library
from vendorrisk.usecases import (
    account,
    answering,
    assessments,
    audit,
    deciding,
    delegating,
    duties,
    evidence,
    intake,
    invitations,
    knockouts,
    moderating,
    people,
    read_codes,
    retention,
    reviewing,
    sets,
    submitting,
    tenders,
    vendors,
    weighing,
    worklist,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import NotFound, Refusal
from vendorrisk.usecases.sets import EngagementResult
from vendorrisk.usecases.values import Figure, ScoreLine
from vendorrisk.usecases.vendors import Headline

WITHOUT_ACTOR = {
    "setup_needed": "asked before anybody exists",
    "setup_link": "prints to the console of whoever runs the service",
    "complete_setup": "the one-use token is the authority",
    "choose_password": "the one-use token is the authority",
    "exchange": "the invitation's token is the authority",
    "sign_in": "the password is the authority",
    "actor_of": "finds out who the actor is",
    "purge": "asked by whoever runs the service, and by the service itself every day",
    "back_up": "asked by whoever runs the service",
    "check_backup": "typed in the console of whoever runs the service",
    "delete_expired": "a part of `purge`",
    "rotate_key": "typed in the console of whoever runs the service",
    "delete_those_with_other_keys": "a part of `rotate_key`",
    "verify": "asked by whoever runs the service, with the key, on the command line",
    "checkpoint": "the same",
    "reset_second_factor_of": "typed in the console of whoever runs the service",
    "providers": "shown to whoever wants to sign in",
    "provider_called": "shown to whoever wants to sign in",
    "may_try_provider": "asked before anybody is known",
    "note_declined": "counts what did not hold",
    "may_sign_out": "asked before anybody is known",
    "note_bad_logout": "counts what did not hold",
    "sign_out_by": "the provider's signed token is the authority",
    "sign_in_with": "the provider's signed answer is the authority",
    "halfway_of": "finds out who gave the password alone",
    "leave_halfway": "the half session is the authority, over itself",
    "give_code": "the half session and the code are the authority",
    "ask_for_passkey": "the half session is the authority",
    "give_passkey": "the half session and the passkey are the authority",
    "begin_app": "the session is the authority, half before the first second factor",
    "confirm_app": "the session is the authority, half before the first second factor",
    "begin_passkey": "the session is the authority, half before the first second factor",
    "confirm_passkey": "the session is the authority, half before the first second factor",
}


@dataclass
class Ids:
    """What the calls are about: one of everything, in a state in which it can be asked for."""

    vendor: str
    engagement: str
    contact: str
    invitation: str
    in_progress: str
    in_review: str
    reviewed: str
    intake: str
    submission: str
    scorecard: str
    evidence: str
    hold: str
    person: str
    override: str
    lifting: str
    condition: str
    given: str
    code: str
    tender: str


Call = Callable[[Application, Actor, Ids], object]


def held(call: Callable[[], object]) -> object:
    """A call about something of one's own that is not there: past the gate, nothing is found."""
    try:
        return call()
    except NotFound as nothing:
        if str(nothing) == str(NotFound()):
            raise
        return None


CALLS: dict[Action, Call] = {
    Action.LIST_PEOPLE: lambda app, actor, ids: people.list_people(app, actor),
    Action.ADD_PERSON: lambda app, actor, ids: people.add_person(
        app, actor, "Bo", f"{actor.id}@example.org", [Role.AUDITOR]
    ),
    Action.NEW_PASSWORD_LINK: lambda app, actor, ids: people.new_password_link(
        app, actor, ids.person
    ),
    Action.CHANGE_ROLES: lambda app, actor, ids: people.change_roles(
        app, actor, ids.person, [Role.AUDITOR]
    ),
    Action.DEACTIVATE: lambda app, actor, ids: people.deactivate(app, actor, ids.person),
    Action.RESET_SECOND_FACTOR: lambda app, actor, ids: account.reset_second_factor(
        app, actor, ids.person
    ),
    Action.SESSIONS_OF: lambda app, actor, ids: account.sessions_of(app, actor, [ids.person]),
    Action.END_SESSIONS_OF: lambda app, actor, ids: account.end_sessions_of(app, actor, ids.person),
    Action.SIGN_OUT: lambda app, actor, ids: people.sign_out(app, actor),
    Action.OWN_ACCOUNT: lambda app, actor, ids: account.own_account(app, actor),
    Action.CONFIRM_OWN: lambda app, actor, ids: account.confirm_own(app, actor, "wrong"),
    Action.CHANGE_NAME: lambda app, actor, ids: account.change_name(app, actor, actor.name),
    Action.CHANGE_PASSWORD: lambda app, actor, ids: account.change_password(
        app, actor, "wrong", "wrong"
    ),
    Action.NEW_RECOVERY_CODES: lambda app, actor, ids: held(
        lambda: account.new_recovery_codes(app, actor)
    ),
    Action.REMOVE_SECOND_FACTOR: lambda app, actor, ids: held(
        lambda: account.remove_second_factor(app, actor, "none")
    ),
    Action.END_SESSION: lambda app, actor, ids: held(
        lambda: account.end_session(app, actor, "none")
    ),
    Action.END_OTHER_SESSIONS: lambda app, actor, ids: account.end_other_sessions(app, actor),
    Action.VENDORS: lambda app, actor, ids: vendors.vendors(app, actor),
    Action.VENDOR: lambda app, actor, ids: vendors.vendor(app, actor, ids.vendor),
    Action.REGISTER_VENDOR: lambda app, actor, ids: vendors.register_vendor(
        app, actor, name=f"Vendor {actor.id}", contact_name="C", contact_email="c@vendor.example"
    ),
    Action.ADD_CONTACT: lambda app, actor, ids: vendors.add_contact(
        app, actor, ids.vendor, name="D", email=f"{actor.id}@vendor.example"
    ),
    Action.REGISTER_ENGAGEMENT: lambda app, actor, ids: vendors.register_engagement(
        app, actor, ids.vendor, title="More"
    ),
    Action.ENGAGEMENT: lambda app, actor, ids: vendors.engagement(app, actor, ids.engagement),
    Action.INTAKE_RESULT: lambda app, actor, ids: intake.intake_result(app, actor, ids.engagement),
    Action.ENGAGEMENT_SETS: lambda app, actor, ids: sets.engagement_sets(
        app, actor, ids.engagement
    ),
    Action.OPEN_SETS: lambda app, actor, ids: sets.open_sets(
        app, actor, ids.engagement, ["core"], date(2026, 1, 1)
    ),
    Action.LEAVE_OUT: lambda app, actor, ids: sets.leave_out(
        app, actor, ids.engagement, "core", "We ask it elsewhere."
    ),
    Action.CROSS_CHECK: lambda app, actor, ids: sets.cross_check(app, actor, ids.engagement),
    Action.OWN_SETS: lambda app, actor, ids: sets.own_sets(app, actor, ids.in_progress),
    Action.CARRIED: lambda app, actor, ids: sets.carried(app, actor, ids.in_progress),
    Action.TAKE_OVER: lambda app, actor, ids: sets.take_over(
        app, actor, ids.in_progress, ["published"]
    ),
    Action.OPEN_ASSESSMENT: lambda app, actor, ids: assessments.open_assessment(
        app, actor, ids.engagement, "core", None
    ),
    Action.INVITE: lambda app, actor, ids: assessments.invite(
        app, actor, ids.in_progress, ids.contact
    ),
    Action.REVOKE_INVITATION: lambda app, actor, ids: assessments.revoke_invitation(
        app, actor, ids.invitation
    ),
    Action.RENEW_INVITATION: lambda app, actor, ids: assessments.renew_invitation(
        app, actor, ids.invitation
    ),
    Action.WITHDRAW: lambda app, actor, ids: assessments.withdraw(app, actor, ids.reviewed, " "),
    Action.INVITED_VIEW: lambda app, actor, ids: invitations.invited_view(app, actor),
    Action.OVERVIEW: lambda app, actor, ids: answering.overview(app, actor, ids.in_progress),
    Action.SECTION: lambda app, actor, ids: answering.section(
        app, actor, ids.in_progress, "credentials"
    ),
    Action.ANSWER_QUESTION: lambda app, actor, ids: answering.answer_question(
        app,
        actor,
        ids.intake if actor.kind == "person" else ids.in_progress,
        "criticality" if actor.kind == "person" else "published",
        None,
    ),
    Action.MISSING: lambda app, actor, ids: answering.missing(
        app, actor, ids.intake if actor.kind == "person" else ids.in_progress
    ),
    Action.ATTACH: lambda app, actor, ids: evidence.attach(
        app,
        actor,
        ids.in_progress,
        file_name="a.pdf",
        content=PDF,
        kind="scan",
        dated=date(2026, 1, 1),
        for_questions=["published"],
    ),
    Action.WITHDRAW_EVIDENCE: lambda app, actor, ids: evidence.withdraw_evidence(
        app, actor, ids.evidence
    ),
    Action.EVIDENCE_LIST: lambda app, actor, ids: evidence.evidence_list(
        app, actor, ids.in_progress
    ),
    Action.OPEN_EVIDENCE: lambda app, actor, ids: evidence.open_evidence(app, actor, ids.evidence),
    Action.LINK_EVIDENCE: lambda app, actor, ids: evidence.link_evidence(
        app, actor, ids.evidence, ["published"]
    ),
    Action.SUBMIT: lambda app, actor, ids: submitting.submit(
        app, actor, ids.in_progress, name="", role="", statement_accepted=False, number=1
    ),
    Action.OWN_COPY: lambda app, actor, ids: submitting.own_copy(app, actor, ids.in_review),
    Action.SUBMISSION: lambda app, actor, ids: submitting.submission(app, actor, ids.submission),
    Action.SUBMISSIONS: lambda app, actor, ids: submitting.submissions(app, actor, ids.in_review),
    Action.RETURN_TO_VENDOR: lambda app, actor, ids: submitting.return_to_vendor(
        app, actor, ids.in_review, " "
    ),
    Action.REVIEW_SHEET: lambda app, actor, ids: reviewing.review_sheet(app, actor, ids.in_review),
    Action.SET_REVIEW: lambda app, actor, ids: reviewing.set_review(
        app, actor, ids.submission, "published", level="verified", reason="Seen.", seen_version=0
    ),
    Action.JUDGE_ALONE: lambda app, actor, ids: moderating.judge_alone(
        app, actor, ids.submission, "published", level="verified", reason="Seen.", seen_version=0
    ),
    Action.HAND_IN: lambda app, actor, ids: moderating.hand_in(app, actor, ids.in_review),
    Action.SETTLE_JUDGEMENT: lambda app, actor, ids: moderating.settle_judgement(
        app, actor, ids.submission, "published", level="verified", reason="Seen."
    ),
    Action.FREE_SEAT: lambda app, actor, ids: moderating.free_seat(
        app, actor, ids.in_review, ids.person, "Ill."
    ),
    Action.SCORECARD: lambda app, actor, ids: reviewing.scorecard(app, actor, ids.in_review),
    Action.VERIFY_SCORECARD: lambda app, actor, ids: reviewing.verify_scorecard(
        app, actor, ids.scorecard
    ),
    Action.FINISH_REVIEW: lambda app, actor, ids: reviewing.finish_review(
        app, actor, ids.in_review
    ),
    Action.KNOCKOUTS: lambda app, actor, ids: knockouts.knockouts(app, actor, ids.in_review),
    Action.CONFIRM_KNOCKOUT: lambda app, actor, ids: knockouts.confirm_knockout(
        app, actor, ids.submission, "none", ""
    ),
    Action.ASK_TO_LIFT: lambda app, actor, ids: knockouts.ask_to_lift(
        app, actor, ids.submission, "none", ""
    ),
    Action.SETTLE_LIFTING: lambda app, actor, ids: knockouts.settle_lifting(
        app, actor, ids.lifting, granted=False, reason=""
    ),
    Action.COMPARISON: lambda app, actor, ids: deciding.comparison(
        app, actor, [ids.in_review, ids.reviewed]
    ),
    Action.WEIGHED: lambda app, actor, ids: weighing.weighed(
        app, actor, [ids.in_review, ids.reviewed], draws=10
    ),
    Action.REACH: lambda app, actor, ids: weighing.reach(app, actor, ids.reviewed),
    Action.PROMISES: lambda app, actor, ids: deciding.promises(app, actor),
    Action.DECISION_OPTIONS: lambda app, actor, ids: deciding.decision_options(
        app, actor, ids.reviewed
    ),
    Action.RECORD_DECISION: lambda app, actor, ids: deciding.record_decision(
        app, actor, ids.reviewed, outcome="none", reasons="", scorecard_id=""
    ),
    Action.COLLEAGUES: lambda app, actor, ids: delegating.colleagues(app, actor, ids.in_progress),
    Action.DELEGATE: lambda app, actor, ids: delegating.delegate(
        app, actor, ids.in_progress, name="", email="", sections=[], days=0
    ),
    Action.NAME_SIGNATORY: lambda app, actor, ids: delegating.name_signatory(
        app, actor, ids.in_progress, name="", email="", days=0
    ),
    Action.TAKE_BACK: lambda app, actor, ids: delegating.take_back(app, actor, ids.given),
    Action.MAY_READ_BACK: lambda app, actor, ids: read_codes.may_read_back(
        app, actor, ids.in_progress
    ),
    Action.ASK_CODE: lambda app, actor, ids: read_codes.ask_code(app, actor, ids.in_progress),
    Action.GIVE_READ_CODE: lambda app, actor, ids: read_codes.give_read_code(
        app, actor, ids.in_progress, "0"
    ),
    Action.CODES_TO_PASS_ON: lambda app, actor, ids: read_codes.codes_to_pass_on(
        app, actor, ids.in_progress
    ),
    Action.SHOW_CODE: lambda app, actor, ids: read_codes.show_code(app, actor, ids.code),
    Action.DECLARE: lambda app, actor, ids: duties.declare(
        app, actor, ids.reviewed, conflict=False
    ),
    Action.DUTIES: lambda app, actor, ids: duties.duties(app, actor, ids.reviewed),
    Action.APPROVE_SCOPE: lambda app, actor, ids: duties.approve_scope(app, actor, ids.reviewed),
    Action.ASK_OVERRIDE: lambda app, actor, ids: duties.ask_override(
        app, actor, ids.reviewed, "none", ""
    ),
    Action.SETTLE_OVERRIDE: lambda app, actor, ids: duties.settle_override(
        app, actor, ids.override, granted=False, reason=""
    ),
    Action.CLOSE_CONDITION: lambda app, actor, ids: duties.close_condition(
        app, actor, ids.condition, ""
    ),
    Action.ACCEPT_RISK: lambda app, actor, ids: duties.accept_risk(
        app, actor, ids.reviewed, risk="", control="", expires_on=None
    ),
    Action.BRIEF: lambda app, actor, ids: deciding.brief(app, actor, ids.reviewed),
    Action.WAITING: lambda app, actor, ids: worklist.waiting(app, actor),
    Action.TRAIL: lambda app, actor, ids: audit.trail(app, actor, ids.in_review),
    Action.EVENTS: lambda app, actor, ids: audit.events(app, actor),
    Action.RETENTION: lambda app, actor, ids: retention.retention(app, actor),
    Action.SET_LEGAL_HOLD: lambda app, actor, ids: retention.set_legal_hold(
        app, actor, "vendor", ids.vendor, " "
    ),
    Action.ASK_TO_LIFT_HOLD: lambda app, actor, ids: retention.ask_to_lift_hold(
        app, actor, ids.hold, " "
    ),
    Action.LIFT_HOLD: lambda app, actor, ids: retention.lift_hold(app, actor, ids.hold),
    Action.EXPORT_TRAIL: lambda app, actor, ids: audit.export_trail(app, actor),
    Action.TENDERS: lambda app, actor, ids: tenders.tenders(app, actor),
    Action.TENDER: lambda app, actor, ids: tenders.tender(app, actor, ids.tender),
    Action.JOINABLE: lambda app, actor, ids: tenders.joinable(app, actor),
    Action.OPEN_TENDER: lambda app, actor, ids: tenders.open_tender(
        app,
        actor,
        title="",
        assessment_ids=[],
        deadline=None,
        late_rule="refuse",
        pseudonymous=False,
    ),
    Action.ADD_BID: lambda app, actor, ids: tenders.add_bid(app, actor, ids.tender, ids.in_review),
    Action.REMOVE_BID: lambda app, actor, ids: held(
        lambda: tenders.remove_bid(app, actor, ids.tender, "none")
    ),
    Action.PUBLISH_TENDER: lambda app, actor, ids: tenders.publish_tender(app, actor, ids.tender),
    Action.EXTEND_DEADLINE: lambda app, actor, ids: tenders.extend_deadline(
        app, actor, ids.tender, app.clock()
    ),
    Action.UNSEAL: lambda app, actor, ids: tenders.unseal(app, actor, ids.tender),
    Action.LOCK_SCORES: lambda app, actor, ids: tenders.lock_scores(app, actor, ids.tender),
}


def verbs() -> Iterator[tuple[str, Callable[..., object]]]:
    """Every public function of the use cases that pages and routes could call."""
    for found in pkgutil.iter_modules(usecases.__path__, "vendorrisk.usecases."):
        module = importlib.import_module(found.name)
        for name, thing in inspect.getmembers(module, inspect.isfunction):
            parameters = inspect.signature(thing).parameters
            if (
                thing.__module__ == module.__name__
                and not name.startswith("_")
                and next(iter(parameters), "") == "app"
                # What works inside another verb's transaction is no verb.
                and {"work", "row"}.isdisjoint(parameters)
            ):
                yield name, thing


VERBS = [pytest.param(name, verb, id=name) for name, verb in verbs() if name != "install"]


@pytest.mark.parametrize(("name", "verb"), VERBS)
def test_every_use_case_has_a_row_in_the_table_and_is_walked(
    name: str, verb: Callable[..., object]
) -> None:
    if "actor" not in inspect.signature(verb).parameters:
        assert name in WITHOUT_ACTOR, "a verb without an actor needs a reason"
        return
    assert name in set(Action), "add the verb to access.Action and to the policy table"
    assert Action(name) in POLICY
    assert Action(name) in CALLS, "add a call here, so that its cells are walked"


def test_every_row_of_the_table_is_a_use_case() -> None:
    assert {name for name, _ in verbs()} >= {action.value for action in Action}
    assert set(CALLS) == set(Action)


@pytest.mark.parametrize(
    ("name", "verb"), [case for case in VERBS if case.values[0] not in WITHOUT_ACTOR]
)
def test_every_use_case_authorises_for_its_own_action_before_anything_else(
    name: str, verb: Callable[..., object]
) -> None:
    tree = ast.parse(inspect.getsource(verb)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    after_docstring = ast.unparse(tree.body[1])
    assert after_docstring.startswith(f"scope = authorise(actor, Action.{name.upper()}")


@pytest.fixture(scope="module")
def walked(
    peopled: Template, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Ids, dict[str, Actor]]]:
    """One world for all cells: engagements in three states, and an actor for every role."""
    world, _ = built(tmp_path_factory.mktemp("walk"), peopled.path, library, peopled.staff)
    in_progress = world.opened("Pinfold Systems")
    contact = world.invited(in_progress)
    world.answer(contact, published="scanned")
    in_review = world.opened("Brightholm Cloud")
    other = world.invited(in_review)
    world.answer(other, **BEST)
    submitted_file = world.attach(other)
    world.submit(other)
    world.judge(in_review, "storage")
    sheet = reviewing.review_sheet(world.app, world.reviewer, in_review)
    reviewed = world.reviewed("Quillstone")
    workspace = answering.overview(world.app, world.officer, in_progress)
    engagement = vendors.engagement(world.app, world.officer, workspace.engagement_id)
    person = world.add("somebody", Role.AUDITOR)
    retention.set_legal_hold(world.app, world.officer, "assessment", reviewed, "A dispute.")
    (hold,) = retention.retention(world.app, world.officer).holds
    duties.ask_override(
        world.app, world.add("chair", Role.COMMITTEE_MEMBER), reviewed, "approve", "It is small."
    )
    override = duties.duties(world.app, world.officer, reviewed).overrides[0].id
    given = delegating.delegate(
        world.app,
        contact,
        in_progress,
        name="Col",
        email="col@vendor.example",
        sections=["retention"],
        days=3,
    )
    read_codes.ask_code(world.app, contact, in_progress)
    [waiting] = read_codes.codes_to_pass_on(world.app, world.officer, in_progress)
    code = waiting.id
    decided = world.reviewed("Kestrel Print")
    options = deciding.decision_options(world.app, world.committee, decided)
    recorded = deciding.record_decision(
        world.app,
        world.committee,
        decided,
        outcome="escalate",
        reasons="The director decides.",
        conditions=[deciding.NewCondition("Show it.", "Vera", date(2027, 1, 1))],
        scorecard_id=options.scorecard_id,
    )
    condition = recorded.conditions[0].id
    fatal, _ = world.submitted("Larkmere Identity", {**BEST, "published": "live"})
    knocked_out = reviewing.review_sheet(world.app, world.reviewer, fatal).submission.id
    knockouts.ask_to_lift(
        world.app, world.reviewer, knocked_out, "published-key", "It is another system."
    )
    (asked,) = knockouts.knockouts(world.app, world.reviewer, fatal)
    lifting = asked.liftings[0].id
    tender = tenders.open_tender(
        world.app,
        world.officer,
        title="Photo storage",
        assessment_ids=[world.opened("Caddis Payroll")],
        deadline=world.clock() + timedelta(days=1),
        late_rule="refuse",
        pseudonymous=False,
    )
    ids = Ids(
        vendor=engagement.vendor.id,
        engagement=engagement.id,
        contact=engagement.vendor.contacts[0].id,
        invitation=engagement.assessments[0].invitations[0].id,
        in_progress=in_progress,
        in_review=in_review,
        reviewed=reviewed,
        intake=engagement.intake_id,
        submission=sheet.submission.id,
        scorecard=sheet.scorecard.id,
        evidence=submitted_file,
        hold=hold.id,
        person=person.id,
        override=override,
        lifting=lifting,
        condition=condition,
        given=given.id,
        code=code,
        tender=tender,
    )
    actors = {
        Role.ADMINISTRATOR: world.staff["administrator"],
        Role.PROCUREMENT_OFFICER: world.officer,
        Role.REVIEWER: world.add("second_reviewer", Role.REVIEWER),
        Role.COMMITTEE_MEMBER: world.committee,
        Role.SECOND_OFFICER: world.staff["second_officer"],
        Role.MODERATOR: world.add("moderator", Role.MODERATOR),
        Role.RISK_OWNER: world.add("risk_owner", Role.RISK_OWNER),
        Role.AUDITOR: world.staff["auditor"],
        "in progress": contact,
        "in review": other,
    }
    yield world, ids, {str(key): actor for key, actor in actors.items()}
    world.app.store.close()


def events(world: World) -> int:
    with world.app.store.engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM audit_event")) or 0)


def outcome(call: Callable[[], object]) -> str:
    """The code of a refusal, or "done"."""
    try:
        call()
    except Refusal as refusal:
        return refusal.code
    return "done"


DENIED = [(role, action) for role in STAFF_ROLES for action in Action if role not in POLICY[action]]
GRANTED = [(role, action) for role in STAFF_ROLES for action in Action if role in POLICY[action]]


@pytest.mark.parametrize(("role", "action"), DENIED)
def test_a_role_without_the_right_is_told_who_has_it_and_changes_nothing(
    walked: tuple[World, Ids, dict[str, Actor]], role: Role, action: Action
) -> None:
    world, ids, actors = walked
    before = events(world)
    with pytest.raises(Refusal) as refused:
        CALLS[action](world.app, actors[role], ids)
    assert refused.value.code == "role_missing"
    assert events(world) == before


@pytest.mark.parametrize(("role", "action"), GRANTED)
def test_a_role_with_the_right_gets_past_the_gate(
    walked: tuple[World, Ids, dict[str, Actor]], role: Role, action: Action
) -> None:
    world, ids, actors = walked
    assert outcome(lambda: CALLS[action](world.app, actors[role], ids)) not in (
        "role_missing",
        "not_found",
    )


@pytest.mark.parametrize("action", [a for a in Action if POLICY[a].isdisjoint(VENDOR_ROLES)])
def test_to_a_vendor_the_verbs_of_staff_do_not_exist(
    walked: tuple[World, Ids, dict[str, Actor]], action: Action
) -> None:
    world, ids, actors = walked
    before = events(world)
    for who in ("in progress", "in review"):
        for role in VENDOR_ROLES:
            with pytest.raises(NotFound):
                CALLS[action](world.app, replace(actors[who], roles=frozenset({role})), ids)
    assert events(world) == before


ABOUT_NOTHING_ELSE = {Action.INVITED_VIEW, Action.SIGN_OUT}
"""Verbs that take no id, so that there is nobody else's thing to name."""


@pytest.mark.parametrize(
    "action", [a for a in Action if POLICY[a] & INVITED_ROLES and a not in ABOUT_NOTHING_ELSE]
)
def test_a_vendor_reaches_its_own_and_never_finds_anothers(
    walked: tuple[World, Ids, dict[str, Actor]], action: Action
) -> None:
    world, ids, actors = walked
    found = [
        outcome(partial(CALLS[action], world.app, actors[who], ids)) != "not_found"
        for who in ("in progress", "in review")
    ]
    assert sorted(found) == [False, True], "exactly one of the two owns what is named"


VENDORS = [(role, a) for role in VENDOR_ROLES for a in Action if POLICY[a] & set(VENDOR_ROLES)]


@pytest.mark.parametrize(("role", "action"), VENDORS)
def test_each_of_a_vendors_people_does_what_their_role_gives_and_no_more(
    walked: tuple[World, Ids, dict[str, Actor]], role: Role, action: Action
) -> None:
    world, ids, actors = walked
    before = events(world)
    told = {
        outcome(
            partial(CALLS[action], world.app, replace(actors[who], roles=frozenset({role})), ids)
        )
        for who in ("in progress", "in review")
    }
    if role in POLICY[action]:
        assert "role_missing" not in told
    else:
        assert told <= {"role_missing", "not_found"}
        assert "role_missing" in told
        assert events(world) == before


def test_every_cell_of_the_table_is_walked() -> None:
    others = [a for a in Action if POLICY[a].isdisjoint(VENDOR_ROLES)]
    walked = len(GRANTED) + len(DENIED) + len(VENDORS) + len(others) * len(VENDOR_ROLES)
    assert walked == len(Role) * len(Action)


def test_nobody_without_roles_gets_past_any_gate(
    walked: tuple[World, Ids, dict[str, Actor]],
) -> None:
    world, ids, _ = walked
    stranger = Actor("contact", "c", "Stranger", frozenset())
    for action, call in CALLS.items():
        with pytest.raises(NotFound):
            call(world.app, stranger, ids)
        with pytest.raises(Refusal) as refused:
            call(world.app, Actor("person", "p", "Nobody", frozenset()), ids)
        assert refused.value.code == "role_missing", action


FIGURES = (Headline, EngagementResult, Figure, ScoreLine)
READS = [action for action in Action if Role.AUDITOR in POLICY[action]]
"""What an auditor may do, who only reads."""


def within(thing: object) -> Iterator[object]:
    """Everything that an answer of a use case holds."""
    yield thing
    if is_dataclass(thing) and not isinstance(thing, type):
        for one in fields(thing):
            yield from within(getattr(thing, one.name))
    elif isinstance(thing, (tuple, list)):
        for one in thing:
            yield from within(one)


def shown(world: World, actor: Actor, ids: Ids) -> dict[Action, int]:
    """By verb that reads, how many figures of assessments it shows."""
    found = {}
    for action in READS:
        try:
            told = CALLS[action](world.app, actor, ids) if allowed(actor, action) else None
        except Refusal:
            continue
        found[action] = sum(isinstance(one, FIGURES) for one in within(told))
    return found


@pytest.mark.parametrize("role", JUDGING_ROLES)
def test_no_list_shows_a_figure_to_whoever_judges_and_has_not_declared(
    walked: tuple[World, Ids, dict[str, Actor]], role: Role
) -> None:
    world, ids, _ = walked
    nobody = Actor("person", f"new-{role}", "Somebody new", frozenset({role}))
    found = shown(world, nobody, ids)
    assert {Action.VENDORS, Action.VENDOR, Action.ENGAGEMENT, Action.WAITING} <= found.keys()
    assert {action: figures for action, figures in found.items() if figures} == {}
    rows = [
        row
        for vendor in vendors.vendors(world.app, nobody)
        for engagement in vendor.engagements
        for row in engagement.assessments
    ]
    assert {row.withheld for row in rows} == {None, Relation.UNDECLARED}


def test_whoever_declared_and_whoever_does_not_judge_sees_the_figures_in_lists(
    walked: tuple[World, Ids, dict[str, Actor]],
) -> None:
    world, ids, _ = walked
    for actor in (world.reviewer, world.officer, world.staff["auditor"]):
        assert shown(world, actor, ids)[Action.VENDORS]
