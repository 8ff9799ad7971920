"""Who may do what: roles, actions, relations, the policy table, and the scope that opens the store.

Default deny: a role that the table does not name may not, and somebody whom the table gives an
action is still kept out where a relation to the matter stands against it (`KEPT_OUT`). An action is
one verb of the use cases and carries its name, so that a test can hold the two lists against each
other. To a vendor and to a stranger, whatever is not theirs does not exist; a member of staff is
told which role could have done it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vendorrisk.assessment import Refusal


class Role(StrEnum):
    """What somebody is trusted with. A person may hold several of the roles of staff, a vendor's
    contact several of the vendor's; nobody holds both.
    """

    ADMINISTRATOR = "administrator"
    PROCUREMENT_OFFICER = "procurement_officer"
    SECOND_OFFICER = "second_officer"
    REVIEWER = "reviewer"
    MODERATOR = "moderator"
    COMMITTEE_MEMBER = "committee_member"
    RISK_OWNER = "risk_owner"
    AUDITOR = "auditor"
    VENDOR_COORDINATOR = "vendor_coordinator"
    VENDOR_RESPONDENT = "vendor_respondent"
    VENDOR_SIGNATORY = "vendor_signatory"


VENDOR_ROLES: tuple[Role, ...] = (
    Role.VENDOR_COORDINATOR,
    Role.VENDOR_RESPONDENT,
    Role.VENDOR_SIGNATORY,
)
INVITED_ROLES = frozenset({Role.VENDOR_COORDINATOR, Role.VENDOR_SIGNATORY})
"""Of whom an officer invited: coordinates, and signs unless they named somebody who does."""

STAFF_ROLES: tuple[Role, ...] = tuple(role for role in Role if role not in VENDOR_ROLES)

JUDGING_ROLES: tuple[Role, ...] = (
    Role.REVIEWER,
    Role.MODERATOR,
    Role.COMMITTEE_MEMBER,
    Role.RISK_OWNER,
)
"""Who declares a conflict of interest, or that there is none, before reading a submission."""

KNOW_BIDDERS: tuple[Role, ...] = (
    Role.PROCUREMENT_OFFICER,
    Role.SECOND_OFFICER,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
)
"""Who sees names where bidders have pseudonyms: whoever invites or approves knows them anyway."""

ROLE_SAYS: Mapping[Role, str] = {
    Role.ADMINISTRATOR: "administrator",
    Role.PROCUREMENT_OFFICER: "procurement officer",
    Role.SECOND_OFFICER: "second officer",
    Role.REVIEWER: "reviewer",
    Role.MODERATOR: "moderator",
    Role.COMMITTEE_MEMBER: "committee member",
    Role.RISK_OWNER: "risk owner",
    Role.AUDITOR: "auditor",
    Role.VENDOR_COORDINATOR: "vendor's coordinator",
    Role.VENDOR_RESPONDENT: "vendor's respondent",
    Role.VENDOR_SIGNATORY: "vendor's signatory",
}

ROLE_DOES: Mapping[Role, str] = {
    Role.ADMINISTRATOR: "adds colleagues and gives roles, and sees no vendor's answers",
    Role.PROCUREMENT_OFFICER: "registers vendors, answers the intake, invites and returns",
    Role.SECOND_OFFICER: "approves what is asked where the risk is high, opens sealed bids",
    Role.REVIEWER: "judges answers and their evidence, and finishes the review",
    Role.MODERATOR: "settles where two reviewers differ and what else takes a second person",
    Role.COMMITTEE_MEMBER: "compares vendors and records decisions",
    Role.RISK_OWNER: "accepts a risk for a time, with what makes up for it",
    Role.AUDITOR: "reads everything and changes nothing",
    Role.VENDOR_COORDINATOR: "was invited: answers, and shares the work with colleagues",
    Role.VENDOR_RESPONDENT: "answers the sections that the coordinator handed over",
    Role.VENDOR_SIGNATORY: "reads all answers, signs and submits",
}
"""What each role does, for a page that gives roles."""


SECOND_FACTOR_ROLES: frozenset[Role] = frozenset(STAFF_ROLES) - {
    Role.PROCUREMENT_OFFICER,
    Role.COMMITTEE_MEMBER,
    Role.AUDITOR,
}
"""Who cannot work with a password alone: who gives rights, and whose judgement makes a score. A new
role is among them unless it is named here. An installation may ask it of everybody, and of nobody
less.
"""


class Action(StrEnum):
    """Every verb of the use cases; the value is the name of the function."""

    # people
    LIST_PEOPLE = "list_people"
    ADD_PERSON = "add_person"
    NEW_PASSWORD_LINK = "new_password_link"  # noqa: S105 - the name of a verb
    CHANGE_ROLES = "change_roles"
    DEACTIVATE = "deactivate"
    RESET_SECOND_FACTOR = "reset_second_factor"
    SESSIONS_OF = "sessions_of"
    END_SESSIONS_OF = "end_sessions_of"
    SIGN_OUT = "sign_out"
    # one's own account
    OWN_ACCOUNT = "own_account"
    CONFIRM_OWN = "confirm_own"
    CHANGE_NAME = "change_name"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 - the name of a verb
    NEW_RECOVERY_CODES = "new_recovery_codes"
    REMOVE_SECOND_FACTOR = "remove_second_factor"
    END_SESSION = "end_session"
    END_OTHER_SESSIONS = "end_other_sessions"
    # vendors, engagements and intake
    VENDORS = "vendors"
    VENDOR = "vendor"
    REGISTER_VENDOR = "register_vendor"
    ADD_CONTACT = "add_contact"
    REGISTER_ENGAGEMENT = "register_engagement"
    ENGAGEMENT = "engagement"
    INTAKE_RESULT = "intake_result"
    # assessments and invitations
    ENGAGEMENT_SETS = "engagement_sets"
    OPEN_SETS = "open_sets"
    LEAVE_OUT = "leave_out"
    OPEN_ASSESSMENT = "open_assessment"
    INVITE = "invite"
    REVOKE_INVITATION = "revoke_invitation"
    RENEW_INVITATION = "renew_invitation"
    WITHDRAW = "withdraw"
    INVITED_VIEW = "invited_view"
    COLLEAGUES = "colleagues"
    DELEGATE = "delegate"
    NAME_SIGNATORY = "name_signatory"
    TAKE_BACK = "take_back"
    MAY_READ_BACK = "may_read_back"
    ASK_CODE = "ask_code"
    GIVE_READ_CODE = "give_read_code"
    CODES_TO_PASS_ON = "codes_to_pass_on"  # noqa: S105 - the name of a verb
    SHOW_CODE = "show_code"
    # answering
    OVERVIEW = "overview"
    SECTION = "section"
    ANSWER_QUESTION = "answer_question"
    MISSING = "missing"
    OWN_SETS = "own_sets"
    CARRIED = "carried"
    TAKE_OVER = "take_over"
    ATTACH = "attach"
    WITHDRAW_EVIDENCE = "withdraw_evidence"
    EVIDENCE_LIST = "evidence_list"
    OPEN_EVIDENCE = "open_evidence"
    LINK_EVIDENCE = "link_evidence"
    SUBMIT = "submit"
    OWN_COPY = "own_copy"
    # reviewing and deciding
    SUBMISSION = "submission"
    SUBMISSIONS = "submissions"
    RETURN_TO_VENDOR = "return_to_vendor"
    REVIEW_SHEET = "review_sheet"
    SET_REVIEW = "set_review"
    JUDGE_ALONE = "judge_alone"
    HAND_IN = "hand_in"
    SETTLE_JUDGEMENT = "settle_judgement"
    FREE_SEAT = "free_seat"
    SCORECARD = "scorecard"
    CROSS_CHECK = "cross_check"
    VERIFY_SCORECARD = "verify_scorecard"
    FINISH_REVIEW = "finish_review"
    KNOCKOUTS = "knockouts"
    CONFIRM_KNOCKOUT = "confirm_knockout"
    ASK_TO_LIFT = "ask_to_lift"
    SETTLE_LIFTING = "settle_lifting"
    COMPARISON = "comparison"
    WEIGHED = "weighed"
    REACH = "reach"
    DECISION_OPTIONS = "decision_options"
    RECORD_DECISION = "record_decision"
    PROMISES = "promises"
    DECLARE = "declare"
    DUTIES = "duties"
    APPROVE_SCOPE = "approve_scope"
    ASK_OVERRIDE = "ask_override"
    SETTLE_OVERRIDE = "settle_override"
    CLOSE_CONDITION = "close_condition"
    ACCEPT_RISK = "accept_risk"
    BRIEF = "brief"
    WAITING = "waiting"
    TRAIL = "trail"
    RETENTION = "retention"
    SET_LEGAL_HOLD = "set_legal_hold"
    ASK_TO_LIFT_HOLD = "ask_to_lift_hold"
    LIFT_HOLD = "lift_hold"
    EVENTS = "events"
    EXPORT_TRAIL = "export_trail"
    # sealed tenders
    TENDERS = "tenders"
    TENDER = "tender"
    JOINABLE = "joinable"
    OPEN_TENDER = "open_tender"
    ADD_BID = "add_bid"
    REMOVE_BID = "remove_bid"
    PUBLISH_TENDER = "publish_tender"
    EXTEND_DEADLINE = "extend_deadline"
    UNSEAL = "unseal"
    LOCK_SCORES = "lock_scores"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. A `person` is staff, a `contact` is a vendor's, bound to one assessment.

    `also` are assessments of the same engagement to which the same contact holds an invitation.
    `sections` are those that a respondent's link opens, None for all.
    `system` is the application itself: it has no role and may do nothing that the table lists.
    """

    kind: Literal["person", "contact", "system"]
    id: str
    name: str
    roles: frozenset[Role]
    assessment_id: str | None = None
    session_id: str | None = None
    also: frozenset[str] = frozenset()
    sections: frozenset[str] | None = None

    def has(self, *roles: Role) -> bool:
        """Whether the actor holds at least one of `roles`."""
        return not self.roles.isdisjoint(roles)


SYSTEM = Actor("system", "system", "The application", frozenset())

ORIGIN: ContextVar[str] = ContextVar("origin", default="app")
"""From where the work at hand was asked for, for the audit trail: an address, "cli", or "app" for
what the application does by itself. Whoever takes a request in sets it.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the store may touch: one assessment and what it belongs to, or (None) everything.

    `own` is a vendor's own session: what it has sealed in a tender opens for it alone until the
    bids are opened. Without `names` bidders have pseudonyms where their tender promises that.
    """

    assessment_id: str | None = None
    own: bool = False
    names: bool = True

    def covers(self, assessment_id: str | None) -> bool:
        """Whether rows of `assessment_id` (None: rows of no assessment) may be touched."""
        return self.assessment_id is None or self.assessment_id == assessment_id


EVERYTHING = Scope()
"""For what happens before anybody is known: setting up, signing in, exchanging an invitation."""


class NotFound(Refusal):
    """It does not exist, or not for this actor; the two are told apart by nothing."""

    def __init__(self, what: str = "This page") -> None:
        super().__init__(
            "not_found",
            f"{what} was not found.",
            "Check the link, or start again from your first page.",
        )


class NotAllowed(Refusal):
    """A member of staff without the right, or one whom the separation of duties keeps out."""


_ADMIN = frozenset({Role.ADMINISTRATOR})
_OFFICER = frozenset({Role.PROCUREMENT_OFFICER})
_REVIEWER = frozenset({Role.REVIEWER})
_COMMITTEE = frozenset({Role.COMMITTEE_MEMBER})
_AUDITOR = frozenset({Role.AUDITOR})
_SECOND = frozenset({Role.SECOND_OFFICER})
_MODERATOR = frozenset({Role.MODERATOR})
_RISK_OWNER = frozenset({Role.RISK_OWNER})
_VENDOR = frozenset(VENDOR_ROLES)
_COORDINATOR = frozenset({Role.VENDOR_COORDINATOR})
_SIGNATORY = frozenset({Role.VENDOR_SIGNATORY})
_ANSWERS = frozenset({Role.VENDOR_COORDINATOR, Role.VENDOR_RESPONDENT})
_JUDGING = frozenset(JUDGING_ROLES)
_STAFF = frozenset(STAFF_ROLES)
_READERS = frozenset(STAFF_ROLES) - _ADMIN
_EVERYONE = frozenset(Role)

POLICY: Mapping[Action, frozenset[Role]] = {
    Action.LIST_PEOPLE: _ADMIN | {Role.AUDITOR},
    Action.ADD_PERSON: _ADMIN,
    Action.NEW_PASSWORD_LINK: _ADMIN,
    Action.CHANGE_ROLES: _ADMIN,
    Action.DEACTIVATE: _ADMIN,
    Action.RESET_SECOND_FACTOR: _ADMIN,
    Action.SESSIONS_OF: _ADMIN | {Role.AUDITOR},
    Action.END_SESSIONS_OF: _ADMIN,
    Action.SIGN_OUT: _EVERYONE,
    Action.OWN_ACCOUNT: _STAFF,
    Action.CONFIRM_OWN: _STAFF,
    Action.CHANGE_NAME: _STAFF,
    Action.CHANGE_PASSWORD: _STAFF,
    Action.NEW_RECOVERY_CODES: _STAFF,
    Action.REMOVE_SECOND_FACTOR: _STAFF,
    Action.END_SESSION: _STAFF,
    Action.END_OTHER_SESSIONS: _STAFF,
    Action.VENDORS: _READERS,
    Action.VENDOR: _READERS,
    Action.REGISTER_VENDOR: _OFFICER,
    Action.ADD_CONTACT: _OFFICER,
    Action.REGISTER_ENGAGEMENT: _OFFICER,
    Action.ENGAGEMENT: _READERS,
    Action.INTAKE_RESULT: _READERS,
    Action.ENGAGEMENT_SETS: _READERS,
    Action.OPEN_SETS: _OFFICER,
    Action.LEAVE_OUT: _OFFICER,
    Action.OPEN_ASSESSMENT: _OFFICER,
    Action.INVITE: _OFFICER,
    Action.REVOKE_INVITATION: _OFFICER,
    Action.RENEW_INVITATION: _OFFICER,
    Action.WITHDRAW: _OFFICER,
    Action.INVITED_VIEW: _VENDOR,
    Action.COLLEAGUES: _READERS | _COORDINATOR,
    Action.DELEGATE: _COORDINATOR,
    Action.NAME_SIGNATORY: _COORDINATOR,
    Action.TAKE_BACK: _COORDINATOR,
    Action.MAY_READ_BACK: _VENDOR,
    Action.ASK_CODE: _VENDOR,
    Action.GIVE_READ_CODE: _VENDOR,
    Action.CODES_TO_PASS_ON: _OFFICER,
    Action.SHOW_CODE: _OFFICER,
    Action.OVERVIEW: _READERS | _VENDOR,
    Action.SECTION: _READERS | _VENDOR,
    Action.ANSWER_QUESTION: _OFFICER | _ANSWERS,
    Action.MISSING: _READERS | _VENDOR,
    Action.OWN_SETS: _VENDOR,
    Action.CARRIED: _COORDINATOR,
    Action.TAKE_OVER: _COORDINATOR,
    Action.ATTACH: _ANSWERS,
    Action.WITHDRAW_EVIDENCE: _ANSWERS,
    Action.EVIDENCE_LIST: _READERS | _VENDOR,
    Action.OPEN_EVIDENCE: _READERS | _VENDOR,
    Action.LINK_EVIDENCE: _ANSWERS,
    Action.SUBMIT: _SIGNATORY,
    Action.OWN_COPY: _COORDINATOR | _SIGNATORY,
    Action.SUBMISSION: _READERS | _COORDINATOR | _SIGNATORY,
    Action.SUBMISSIONS: _READERS | _COORDINATOR | _SIGNATORY,
    Action.RETURN_TO_VENDOR: _OFFICER,
    Action.REVIEW_SHEET: _READERS,
    Action.SET_REVIEW: _REVIEWER,
    Action.JUDGE_ALONE: _REVIEWER,
    Action.HAND_IN: _REVIEWER,
    Action.SETTLE_JUDGEMENT: _MODERATOR,
    Action.FREE_SEAT: _MODERATOR,
    Action.SCORECARD: _READERS,
    Action.CROSS_CHECK: _READERS,
    Action.VERIFY_SCORECARD: _READERS,
    Action.FINISH_REVIEW: _REVIEWER | _MODERATOR,
    Action.KNOCKOUTS: _READERS,
    Action.CONFIRM_KNOCKOUT: _REVIEWER,
    Action.ASK_TO_LIFT: _REVIEWER,
    Action.SETTLE_LIFTING: _MODERATOR,
    Action.COMPARISON: _READERS,
    Action.WEIGHED: _READERS,
    Action.REACH: _READERS,
    Action.DECISION_OPTIONS: _READERS,
    Action.RECORD_DECISION: _COMMITTEE,
    Action.PROMISES: _READERS,
    Action.DECLARE: _JUDGING,
    Action.DUTIES: _READERS,
    Action.APPROVE_SCOPE: _SECOND,
    Action.ASK_OVERRIDE: _REVIEWER | _COMMITTEE,
    Action.SETTLE_OVERRIDE: _SECOND | _MODERATOR | _COMMITTEE,
    Action.CLOSE_CONDITION: _OFFICER | _SECOND | _REVIEWER | _MODERATOR,
    Action.ACCEPT_RISK: _RISK_OWNER,
    Action.BRIEF: _READERS,
    Action.WAITING: _STAFF,
    Action.TRAIL: _READERS,
    Action.RETENTION: _ADMIN | _AUDITOR | _OFFICER | _SECOND,
    Action.SET_LEGAL_HOLD: _ADMIN | _OFFICER | _SECOND,
    Action.ASK_TO_LIFT_HOLD: _ADMIN | _OFFICER | _SECOND,
    Action.LIFT_HOLD: _ADMIN | _OFFICER | _SECOND,
    Action.EVENTS: _AUDITOR,
    Action.EXPORT_TRAIL: _AUDITOR,
    Action.TENDERS: _READERS,
    Action.TENDER: _READERS,
    Action.JOINABLE: _OFFICER,
    Action.OPEN_TENDER: _OFFICER,
    Action.ADD_BID: _OFFICER,
    Action.REMOVE_BID: _OFFICER,
    Action.PUBLISH_TENDER: _OFFICER,
    Action.EXTEND_DEADLINE: _OFFICER,
    Action.UNSEAL: _SECOND,
    Action.LOCK_SCORES: _SECOND | _MODERATOR,
}
"""Role by action. Vendors never reach a verb that returns points, weights or rules."""


class Relation(StrEnum):
    """How somebody stands to the matter at hand, and why that keeps them out of it."""

    ANOTHERS = "anothers"
    ANSWERED_BY_OTHERS = "answered_by_others"
    INVITED_ALONE = "invited_alone"
    REVIEWED = "reviewed"
    WITHOUT_SEAT = "without_seat"
    HAS_SEAT = "has_seat"
    UNDECLARED = "undeclared"
    CONFLICTED = "conflicted"
    UNAPPROVED = "unapproved"
    OPENED = "opened"
    ASKED = "asked"
    ASKED_LIFTING = "asked_lifting"
    INVITED = "invited"
    WROTE_RUBRIC = "wrote_rubric"
    OWNS = "owns"
    ASKED_TO_LIFT = "asked_to_lift"
    ANOTHERS_SECTION = "anothers_section"
    UNCONFIRMED = "unconfirmed"
    SEALED = "sealed"
    BEGAN_TENDER = "began_tender"
    PSEUDONYMOUS = "pseudonymous"


RELATION_SAYS: Mapping[Relation, str] = {
    Relation.ANOTHERS: "It belongs to another vendor, to whom it does not exist.",
    Relation.ANSWERED_BY_OTHERS: "Staff answer the intake, a vendor what is asked of vendors.",
    Relation.INVITED_ALONE: "Whoever invited the vendor is not its only reviewer.",
    Relation.REVIEWED: "Whoever reviewed an assessment does not decide it.",
    Relation.WITHOUT_SEAT: "Where two reviewers judge alone, a third does not judge.",
    Relation.HAS_SEAT: "Whoever is one of two who judge alone does not settle where they differ,"
    " and gives nobody's seat back.",
    Relation.UNDECLARED: "Whoever judges declares a conflict of interest, or that there is none,"
    " before reading what a vendor submitted.",
    Relation.CONFLICTED: "Whoever declared a conflict of interest is kept out of that engagement.",
    Relation.UNAPPROVED: "In tiers 1 and 2 nobody is invited before a second officer approved what"
    " is asked.",
    Relation.OPENED: "Whoever opened an assessment does not approve what it asks.",
    Relation.ASKED: "Whoever asked for an override does not grant it.",
    Relation.ASKED_LIFTING: "Whoever asked to lift a knockout does not grant it.",
    Relation.INVITED: "Whoever invited the vendor does not lift its knockouts.",
    Relation.WROTE_RUBRIC: "Whoever wrote a rubric does not judge what it scores.",
    Relation.OWNS: "Whoever owns a condition does not close it.",
    Relation.ASKED_TO_LIFT: "Whoever asked to lift a legal hold does not lift it.",
    Relation.ANOTHERS_SECTION: "A respondent's link opens the sections that it names, their answers"
    " and their files; others do not exist to it.",
    Relation.UNCONFIRMED: "A vendor's session gives a one-time code before it reads a file back.",
    Relation.SEALED: "What a bidder answers is sealed for all staff until the deadline has passed"
    " and a second officer has opened the bids.",
    Relation.BEGAN_TENDER: "Whoever opened or published a tender does not open its bids.",
    Relation.PSEUDONYMOUS: "Where bidders have pseudonyms, whoever judges does not open the pages"
    " that name them before scores are locked.",
}

_OF_ONE_VENDOR = frozenset(
    action for action, roles in POLICY.items() if roles & _VENDOR and action is not Action.SIGN_OUT
)

_OF_ONE_SUBMISSION = frozenset(
    {
        Action.SECTION,
        Action.MISSING,
        Action.EVIDENCE_LIST,
        Action.OPEN_EVIDENCE,
        Action.SUBMISSION,
        Action.REVIEW_SHEET,
        Action.SET_REVIEW,
        Action.JUDGE_ALONE,
        Action.HAND_IN,
        Action.SETTLE_JUDGEMENT,
        Action.FREE_SEAT,
        Action.SCORECARD,
        Action.CROSS_CHECK,
        Action.VERIFY_SCORECARD,
        Action.FINISH_REVIEW,
        Action.KNOCKOUTS,
        Action.CONFIRM_KNOCKOUT,
        Action.ASK_TO_LIFT,
        Action.SETTLE_LIFTING,
        Action.COMPARISON,
        Action.WEIGHED,
        Action.REACH,
        Action.DECISION_OPTIONS,
        Action.RECORD_DECISION,
        Action.BRIEF,
        Action.ASK_OVERRIDE,
        Action.SETTLE_OVERRIDE,
        Action.ACCEPT_RISK,
    }
)

# While a bid is sealed. A vendor's own page of it is among them for staff.
_OF_ONE_BID = _OF_ONE_SUBMISSION | {Action.OVERVIEW, Action.SUBMISSIONS}

_KEPT_OUT: Mapping[Relation, frozenset[Action]] = {
    Relation.ANOTHERS: _OF_ONE_VENDOR,
    Relation.ANSWERED_BY_OTHERS: frozenset({Action.ANSWER_QUESTION, Action.ATTACH, Action.SUBMIT}),
    Relation.INVITED_ALONE: frozenset({Action.FINISH_REVIEW}),
    Relation.REVIEWED: frozenset({Action.RECORD_DECISION}),
    Relation.WITHOUT_SEAT: frozenset({Action.JUDGE_ALONE, Action.HAND_IN}),
    Relation.HAS_SEAT: frozenset({Action.SETTLE_JUDGEMENT, Action.FREE_SEAT}),
    Relation.UNDECLARED: _OF_ONE_SUBMISSION,
    Relation.CONFLICTED: _OF_ONE_SUBMISSION,
    Relation.UNAPPROVED: frozenset({Action.INVITE}),
    Relation.OPENED: frozenset({Action.APPROVE_SCOPE}),
    Relation.ASKED: frozenset({Action.SETTLE_OVERRIDE}),
    Relation.ASKED_LIFTING: frozenset({Action.SETTLE_LIFTING}),
    Relation.INVITED: frozenset({Action.SETTLE_LIFTING}),
    Relation.WROTE_RUBRIC: frozenset(
        {
            Action.SET_REVIEW,
            Action.JUDGE_ALONE,
            Action.HAND_IN,
            Action.SETTLE_JUDGEMENT,
            Action.CONFIRM_KNOCKOUT,
            Action.ASK_TO_LIFT,
            Action.SETTLE_LIFTING,
        }
    ),
    Relation.OWNS: frozenset({Action.CLOSE_CONDITION}),
    Relation.ASKED_TO_LIFT: frozenset({Action.LIFT_HOLD}),
    Relation.ANOTHERS_SECTION: frozenset(
        {
            Action.SECTION,
            Action.ANSWER_QUESTION,
            Action.MISSING,
            Action.ATTACH,
            Action.LINK_EVIDENCE,
            Action.WITHDRAW_EVIDENCE,
            Action.EVIDENCE_LIST,
            Action.OPEN_EVIDENCE,
        }
    ),
    Relation.UNCONFIRMED: frozenset({Action.OPEN_EVIDENCE}),
    Relation.SEALED: _OF_ONE_BID,
    Relation.BEGAN_TENDER: frozenset({Action.UNSEAL}),
    Relation.PSEUDONYMOUS: frozenset({Action.ENGAGEMENT, Action.COLLEAGUES}),
}

KEPT_OUT: Mapping[Action, tuple[Relation, ...]] = {
    action: tuple(relation for relation in Relation if action in _KEPT_OUT[relation])
    for action in Action
}
"""Relation by action: who is kept out of an action that their role would give them."""


def allowed(actor: Actor, action: Action) -> bool:
    """Whether the table gives `actor` this `action`; for a page that hides what would be refused.

    Hiding is a courtesy, not a protection: every use case authorises for itself.
    """
    return not actor.roles.isdisjoint(POLICY.get(action, frozenset()))


def authorise(actor: Actor, action: Action, assessment_id: str | None = None) -> Scope:
    """The scope in which `actor` may do `action`, for an action about one assessment with its id.

    Raises `NotFound` to a vendor for anything that is not its own assessment, `NotAllowed` to a
    member of staff whom the table does not give the action; the sentence says who has it.
    """
    if actor.kind != "person":
        if actor.assessment_id is None or POLICY[action].isdisjoint(VENDOR_ROLES):
            raise NotFound
        if assessment_id is not None and assessment_id not in {actor.assessment_id} | actor.also:
            raise NotFound
        if actor.roles.isdisjoint(VENDOR_ROLES):
            raise NotFound
        if not allowed(actor, action):
            raise NotAllowed(
                "role_missing",
                f"Your link does not allow this; it takes the {_holders(action, VENDOR_ROLES)}.",
                "Ask the colleague who gave you the link.",
            )
        return Scope(assessment_id or actor.assessment_id, own=True)
    if not allowed(actor, action):
        raise NotAllowed(
            "role_missing",
            f"Your roles do not allow this; it takes a {_holders(action, STAFF_ROLES)}.",
            "Ask a colleague with that role, or an administrator to change yours.",
        )
    return Scope(assessment_id, names=actor.has(*KNOW_BIDDERS))


def _holders(action: Action, among: Collection[Role]) -> str:
    holders = [ROLE_SAYS[role] for role in among if role in POLICY.get(action, ())]
    return " or ".join(holders) if holders else "vendor itself"


def require_answerer(actor: Actor, answered_by: Literal["vendor", "officer"]) -> None:
    """Staff answer only their own intake; a vendor answers only what is asked of vendors."""
    if actor.kind == "person" and answered_by == "vendor":
        raise NotAllowed(
            "answers_are_the_vendors",
            "Only the vendor answers this questionnaire; you can read it.",
            "Return the assessment to the vendor with a reason if an answer must change.",
        )
    if actor.kind != "person" and answered_by != "vendor":
        raise NotFound


_REFUSED: Mapping[Relation, tuple[str, str]] = {
    Relation.ASKED_TO_LIFT: (
        "You asked to lift this hold, so somebody else lifts it.",
        "Ask a colleague who may set legal holds; the page “Retention” shows it to them.",
    ),
    Relation.UNDECLARED: (
        "Before you read what this vendor submitted, say whether you have a conflict of interest.",
        "Open the page of the review or of the decision: it asks you.",
    ),
    Relation.CONFLICTED: (
        "You declared a conflict of interest about this engagement, so others judge it.",
        "If that was a mistake, ask a moderator to have a colleague judge it all the same.",
    ),
    Relation.WITHOUT_SEAT: (
        "Two colleagues judge this submission alone, so you are not asked to.",
        "If one of them cannot go on, ask a moderator to give their seat back.",
    ),
    Relation.HAS_SEAT: (
        "You are one of the two who judge this submission, so somebody else does this.",
        "Ask another moderator.",
    ),
    Relation.UNAPPROVED: (
        "This engagement is in tier 1 or 2, so a second officer approves what is asked first.",
        "Ask a colleague who is a second officer; it waits on their first page.",
    ),
    Relation.OPENED: (
        "You opened this assessment, so somebody else approves what it asks.",
        "Ask another second officer.",
    ),
    Relation.ASKED: (
        "You asked for this yourself, so a second person grants it or not.",
        "Ask a second officer, a moderator or another member of the committee.",
    ),
    Relation.ASKED_LIFTING: (
        "You asked to lift this, so a second person grants it or not.",
        "Ask a moderator; it waits on their first page.",
    ),
    Relation.INVITED: (
        "You invited this vendor, so somebody else lifts its knockouts or not.",
        "Ask another moderator.",
    ),
    Relation.WROTE_RUBRIC: (
        "You are named as an author of this rubric, so others judge what it scores.",
        "Ask a colleague with your role.",
    ),
    Relation.OWNS: (
        "You own this condition, so somebody else checks that it is met.",
        "Ask a colleague to look at the proof and to close it.",
    ),
    Relation.UNCONFIRMED: (
        "Before files can be opened here, we make sure that it is you.",
        "Open the page “Evidence” and ask for a code there.",
    ),
    Relation.SEALED: (
        "This bid is sealed until {until}, and until a second officer has opened the bids.",
        "The page “Tenders” says when that is and who may do it.",
    ),
    Relation.BEGAN_TENDER: (
        "You opened or published this tender, so another second officer opens its bids.",
        "Ask a colleague who is a second officer.",
    ),
    Relation.PSEUDONYMOUS: (
        "This vendor bids under a pseudonym until the scores are locked.",
        "Open the review of the bid instead; the page “Tenders” lists them.",
    ),
}


def keep_out(action: Action, *relations: Relation, **words: str) -> None:
    """Refuse `action` to whoever stands in one of these relations to it; `words` fill its sentence.

    Raises `NotAllowed` with the relation's name as its code, and `ValueError` for a relation that
    the table does not name for this action.
    """
    for relation in relations:
        if relation not in KEPT_OUT[action]:
            raise ValueError(f"the table keeps nobody out of {action} for {relation}")
        sentence, fix = _REFUSED[relation]
        raise NotAllowed(relation.value, sentence.format(**words), fix)


def require_independent_review(reviewers: Collection[str], inviters: Collection[str]) -> None:
    """The one who invited the vendor is not its only reviewer; both are ids of people."""
    if set(reviewers) <= set(inviters):
        raise NotAllowed(
            "inviter_is_sole_reviewer",
            "You invited this vendor, so you cannot be the only one who reviews it.",
            "Ask a second reviewer to judge at least one answer or to finish the review.",
        )


def require_independent_decision(decider: str, reviewers: Collection[str]) -> None:
    """Whoever reviewed an assessment does not decide it; ids of people."""
    if decider in reviewers:
        raise NotAllowed(
            "reviewer_decides",
            "You reviewed this assessment, so somebody else decides it.",
            "Ask another member of the committee to record the decision.",
        )
