"""How far each vendor of the demo has come, and the way there, step by step through the use cases.

A journey yields the time of its next step before it takes it, so that all journeys can be walked
together in the order of time, as they would have happened.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from typing import Any, Protocol, cast

from vendorrisk.access import Actor
from vendorrisk.demo.documents import document
from vendorrisk.demo.portfolio import DemoVendor
from vendorrisk.identity import hash_token
from vendorrisk.questionnaire import Questionnaire
from vendorrisk.usecases import (
    answering,
    assessments,
    deciding,
    duties,
    evidence,
    intake,
    invitations,
    knockouts,
    moderating,
    people,
    reviewing,
    sets,
    submitting,
    vendors,
)
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal
from vendorrisk.usecases.values import Reply


class Stage(IntEnum):
    """How far a journey goes; each stage includes those before it."""

    ANSWERING = 1
    SUBMITTED = 2
    RETURNED = 3
    IN_REVIEW = 4
    REVIEWED = 5
    DECIDED = 6


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a decision, due some days from today; fewer than none is overdue."""

    text: str
    owner: str
    due_in: int
    proof: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How far a vendor comes, and when: all in days before today.

    `registered` is when the engagement was registered, `answered` the day of the vendor's last
    answer before it submits or stops. `due_in` is when the answers are due, in days from today.
    `judged` is how many answers are looked at beyond those that stand in the vendor's file; the
    judgement is what their evidence gives by itself, so it moves no figure. Where two reviewers
    judge alone, they differ on the last of these, and a moderator agrees with the first; while a
    review is under way, that still waits. `lifting` is why a reviewer asks to lift core's first
    knockout, and why a moderator refuses; then it stands as before.
    """

    stage: Stage
    registered: int
    answered: int
    due_in: int
    judged: int = 0
    outcome: str = ""
    reasons: str = ""
    conditions: tuple[Condition, ...] = ()
    lifting: tuple[str, str] | None = None


PLANS: Mapping[str, Plan] = {
    "orrin-and-vale": Plan(
        Stage.DECIDED,
        registered=66,
        answered=47,
        due_in=-45,
        judged=3,
        outcome="approve",
        reasons="Strong in every domain, and a third of it checked by us. What is left is small for"
        " what is at stake. We look again in a year.",
    ),
    "kestrel-print": Plan(
        Stage.DECIDED,
        registered=41,
        answered=33,
        due_in=-30,
        judged=3,
        outcome="approve",
        reasons="They print leaflets and hold no personal data of ours. Few controls are enough"
        " here.",
    ),
    "caddis-payroll": Plan(
        Stage.DECIDED,
        registered=62,
        answered=44,
        due_in=-40,
        judged=6,
        outcome="conditional",
        reasons="Good controls, but both reports are more than a year old. We go ahead if the"
        " next ones say the same.",
        conditions=(
            Condition(
                "Send the list of findings of the last penetration test that are still open.",
                "Caddis Payroll, compliance",
                -4,
                "The list, with owner and date for each finding.",
            ),
            Condition(
                "Send the new SOC 2 Type II report, which covers the portal in production.",
                "Caddis Payroll, compliance",
                73,
                "The full report with the auditor's opinion and every exception.",
            ),
            Condition(
                "Have the portal tested by outside testers again.",
                "Caddis Payroll, security",
                120,
                "The report, and a retest letter for what was found.",
            ),
        ),
    ),
    "wrenfield-biometrics": Plan(
        Stage.DECIDED,
        registered=52,
        answered=36,
        due_in=-33,
        judged=5,
        outcome="escalate",
        reasons="The controls are audited and sound, but the deletion promised after the incident"
        " has not been seen to happen. With faces at stake the director decides, knowing that.",
        conditions=(
            Condition(
                "Let us enter test records and search for them after the promised period.",
                "Priya Nair, with Wrenfield's operations",
                38,
                "Our own record of the search, backups included.",
            ),
        ),
    ),
    "brightholm-cloud": Plan(
        Stage.DECIDED,
        registered=48,
        answered=34,
        due_in=-31,
        judged=5,
        outcome="reject",
        reasons="Case files about children need proof, and there is none: the one report they sent"
        " is about their landlord. They may come back with evidence.",
    ),
    "larkmere-identity": Plan(
        Stage.REVIEWED,
        registered=40,
        answered=19,
        due_in=-17,
        judged=4,
        lifting=(
            "The key opens the demo alone, a reseller builds on it, and it is to go in spring. No"
            " record of ours would stand behind it.",
            "A key that works is what this rule is about, whoever builds on it. Ask again once it"
            " is refused.",
        ),
    ),
    "quillstone": Plan(Stage.REVIEWED, registered=37, answered=22, due_in=-20, judged=5),
    "pinfold-systems": Plan(Stage.REVIEWED, registered=29, answered=18, due_in=-15, judged=2),
    "tarnway-data": Plan(Stage.IN_REVIEW, registered=30, answered=9, due_in=-6, judged=4),
    "ferrant-ai": Plan(Stage.SUBMITTED, registered=24, answered=4, due_in=2),
    "nessgate": Plan(
        Stage.RETURNED,
        registered=35,
        answered=13,
        due_in=-3,
        reasons="Seventeen questions are blank. A blank counts as nothing, which is worse than an"
        " honest no. Please answer them, or choose “We don't know” where that is so.",
    ),
    "halloway-hosting": Plan(Stage.ANSWERING, registered=17, answered=1, due_in=9),
}
"""Every vendor of the portfolio by id."""

_SHARE_ANSWERED = 0.6
_ANSWERED_AGAIN = 3

_JUDGED = {
    "audited": "Read the report: it tests this and notes no exception that touches the answer.",
    "documented": "Read the document; it says what the answer says. Nobody else has tested it.",
    "self_attested": "Nothing attached shows this, so it counts as the vendor's word.",
}


# What the second reviewer says of the answer on which the two differ: the level and why.
_DIFFERS = {
    "audited": ("documented", "The auditor tested this on two systems, and ours is not named."),
    "documented": ("self_attested", "The document says that it shall be so, not that it is."),
    "self_attested": ("documented", "Their published policy says the same in more detail."),
}

_SETTLED = "Read it again with both reasons at hand; it shows as much as the first of them says."


_STAGE_SAYS: Mapping[Stage, str] = {
    Stage.ANSWERING: "being answered",
    Stage.SUBMITTED: "submitted, waiting for review",
    Stage.RETURNED: "returned to the vendor",
    Stage.IN_REVIEW: "in review",
    Stage.REVIEWED: "reviewed, waiting for a decision",
    Stage.DECIDED: "decided",
}


class Clock:
    """The time of the step being taken; a store is given it as its clock."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The time now."""
        return self.now


@dataclass
class Journey:
    """One vendor's way, and what came of it: ids, of addenda by set, and the last link's code."""

    app: Application
    told: DemoVendor
    plan: Plan
    officer: Actor
    second_officer: Actor
    reviewers: tuple[Actor, Actor]
    moderator: Actor
    committee: Actor
    today: datetime
    vendor_id: str = ""
    engagement_id: str = ""
    assessment_id: str = ""
    addenda: dict[str, str] = field(default_factory=dict)
    invitation: str = field(default="", repr=False)

    @property
    def says(self) -> str:
        """How far it has come, on a line."""
        return f"{self.told.name}: {_STAGE_SAYS[self.plan.stage]}"

    def steps(self) -> Iterator[datetime]:
        """Take every step of the plan, each after yielding its time."""
        yield from self._register()
        yield from self._invite()
        contact = yield from self._enter()
        yield from self._answer(contact)
        if self.plan.stage is Stage.ANSWERING:
            return
        yield from self._attach(contact)
        yield from self._submit(contact)
        for at, name in enumerate(self.addenda):
            yield from self._addendum(contact, name, 16 + (10 + 15 * at) // 60, (10 + 15 * at) % 60)
        if self.plan.stage is Stage.RETURNED:
            yield from self._return(contact)
        if self.plan.stage >= Stage.IN_REVIEW:
            yield from self._review()
        if self.plan.stage is Stage.DECIDED:
            yield from self._decide()

    def _register(self) -> Iterator[datetime]:
        told, day = self.told, self.plan.registered
        yield self.at(day, 9, 10)
        self.vendor_id = vendors.register_vendor(
            self.app,
            self.officer,
            name=told.name,
            legal_name=told.legal_name,
            country=told.country,
            website=told.website,
            contact_name=told.contact_name,
            contact_email=told.contact_email,
            contact_job_title=told.contact_job_title,
        ).id
        yield self.at(day, 9, 25)
        known = told.intake["answers"]
        self.engagement_id = vendors.register_engagement(
            self.app,
            self.officer,
            self.vendor_id,
            title=told.engagement,
            service=told.service,
            value_minor=told.value * 100,
            currency=told.currency,
            starts_on=told.starts,
            ends_on=told.ends,
            data_classes=known["data_classes"],
        )
        asked = self.app.content(intake.INTAKE).questionnaire
        intake_id = vendors.engagement(self.app, self.officer, self.engagement_id).intake_id
        for minute, (question, reply, note) in enumerate(replies(asked, known)):
            yield self.at(day, 9, 30 + minute)
            answering.answer_question(self.app, self.officer, intake_id, question, reply, note)

    def _invite(self) -> Iterator[datetime]:
        told, day = self.told, self.plan.registered - 1
        yield self.at(day, 10, 5)
        self.assessment_id = self._open("core")
        for minute, name in enumerate(told.addenda, 6):
            yield self.at(day, 10, minute)
            self.addenda[name] = self._open(name)
        if self.told_tier in duties.APPROVED_TIERS:
            yield self.at(day, 10, 9)
            for asked in (self.assessment_id, *self.addenda.values()):
                duties.approve_scope(self.app, self.second_officer, asked)
        yield self.at(day, 10, 12)
        self.invitation = self.invite(self.assessment_id, tuple(self.addenda.values()))

    def invite(self, assessment_id: str, with_sets: Collection[str] = ()) -> str:
        """Invite the vendor's contact; gives the code of the link."""
        contact, *_ = vendors.vendor(self.app, self.officer, self.vendor_id).contacts
        longest = assessments.LONGEST_INVITATION
        link = assessments.invite(
            self.app, self.officer, assessment_id, contact.id, days=longest, with_sets=with_sets
        )
        return link.token

    def _open(self, set_id: str) -> str:
        scope = self.told.scope
        return assessments.open_assessment(
            self.app,
            self.officer,
            self.engagement_id,
            set_id,
            self._day(-self.plan.due_in),
            product=scope.get("product", ""),
            environment=scope.get("environment", ""),
            entity=scope.get("entity", ""),
        )

    def _enter(self) -> Generator[datetime, None, Actor]:
        yield self.at(self.plan.registered - 3, 13, 40)
        return self.enter(self.invitation)

    def enter(self, code: str) -> Actor:
        """Enter by the link with this code."""
        session = invitations.exchange(self.app, code)
        contact = people.actor_of(self.app, hash_token(session))
        if contact is None:
            raise LookupError("the session of an invitation just exchanged does not hold")
        return contact

    def _answer(self, contact: Actor) -> Iterator[datetime]:
        given = list(replies(self._core, self.told.core["answers"]))
        if self.plan.stage is Stage.ANSWERING:
            given = given[: round(len(given) * _SHARE_ANSWERED)]
        begin = self.at(self.plan.registered - 3, 13, 50)
        end = self.at(self.plan.answered, 15, 30)
        for at, (question, reply, note) in enumerate(given, 1):
            yield _in_office(begin + (end - begin) * at / len(given))
            self.reply(contact, self.assessment_id, question, reply, note)

    def _attach(self, contact: Actor) -> Iterator[datetime]:
        for minute, (name, item) in enumerate(self.told.core["evidence"].items()):
            yield self.at(self.plan.answered, 15, 32 + minute)
            self.attach(contact, self.assessment_id, item, self.told.documents[name])

    def attach(
        self, contact: Actor, assessment_id: str, item: Mapping[str, Any], about: str
    ) -> None:
        """Attach the file of `item`; `about` is what it says."""
        title = self.app.library.kinds[item["kind"]].title
        dated = date.fromisoformat(item["dated"])
        scope = item.get("scope", {})
        evidence.attach(
            self.app,
            contact,
            assessment_id,
            file_name=f"{title.replace('/', ' ')} {dated:%Y-%m}.pdf",
            content=document(title, self.told.legal_name, [about, f"Dated {dated}."]),
            kind=item["kind"],
            dated=dated,
            period_end=date.fromisoformat(item["period_end"]) if "period_end" in item else None,
            for_questions=item["for"],
            product=scope.get("product", ""),
            environment=scope.get("environment", ""),
            entity=scope.get("entity", ""),
            note=about,
        )

    def _submit(self, contact: Actor) -> Iterator[datetime]:
        yield self.at(self.plan.answered, 16, 5)
        self.sign(contact, self.assessment_id)

    def sign(self, contact: Actor, assessment_id: str) -> None:
        """Submit under the attestation, for the first time."""
        submitting.submit(
            self.app,
            contact,
            assessment_id,
            name=self.told.contact_name,
            role=self.told.contact_job_title,
            statement_accepted=True,
            number=1,
        )

    def _addendum(self, contact: Actor, set_id: str, hour: int, minute: int) -> Iterator[datetime]:
        """Take over what core asked too, answer the rest, attach and sign; all in one sitting."""
        told, assessment_id = self.told.addenda[set_id], self.addenda[set_id]
        yield self.at(self.plan.answered, hour, minute)
        shared = sets.carried(self.app, contact, assessment_id)
        taken = {one.question_id for one in shared}
        sets.take_over(self.app, contact, assessment_id, sorted(taken))
        asked = self.app.content(set_id).questionnaire
        for question, reply, note in replies(asked, told["answers"]):
            if question not in taken:  # what core asks too was answered there
                answering.answer_question(self.app, contact, assessment_id, question, reply, note)
        for name, item in told["evidence"].items():
            self.attach(contact, assessment_id, item, told["documents"][name])
        yield self.at(self.plan.answered, hour, minute + 12)
        self.sign(contact, assessment_id)

    def _return(self, contact: Actor) -> Iterator[datetime]:
        yield self.at(self.plan.answered - 3, 11, 20)
        submitting.return_to_vendor(self.app, self.officer, self.assessment_id, self.plan.reasons)
        asked = {question.id: question for question in self._core.questions}
        gaps = answering.missing(self.app, contact, self.assessment_id)
        blank = [asked[gap.question_id] for gap in gaps if gap.kind == "unanswered"]
        for minute, question in enumerate(blank[:_ANSWERED_AGAIN]):
            yield self.at(1, 14, 10 + 7 * minute)
            self.reply(contact, self.assessment_id, question.id, question.choices[1].id, "")

    def _review(self) -> Iterator[datetime]:
        begun, ended = self.plan.answered - 2, self.plan.answered - 5
        two = self.told_tier in self.app.settings.two_reviewers_for
        first, second = self.reviewers
        yield self.at(begun, 8, 58)
        for judge in (first, self.committee, *((second, self.moderator) if two else ())):
            duties.declare(self.app, judge, self.assessment_id, conflict=False)
        yield self.at(begun, 9, 0)
        sheet = reviewing.review_sheet(self.app, first, self.assessment_id)
        judgements, looked_at = self._judgements(sheet)
        for at, (question, judgement) in enumerate(judgements.items()):
            yield self.at(begun, 9, 12 + 9 * at)
            self._judge(first, sheet, question, judgement, alone=two)
        differs = looked_at[-1].question_id if two and looked_at else None
        if two:
            theirs = dict(judgements)
            if differs is not None:
                level, why = _DIFFERS[str(looked_at[-1].supported)]
                theirs[differs] = {"assurance": level, "reason": why}
            for at, (question, judgement) in enumerate(theirs.items()):
                yield self.at(begun, 13, 5 + 6 * at)
                self._judge(second, sheet, question, judgement, alone=True)
        for at, (set_id, assessment_id) in enumerate(self.addenda.items()):
            yield self.at(begun, 16, 10 * at)
            addendum = reviewing.review_sheet(self.app, first, assessment_id)
            for judge in (first, second)[: 1 + two]:
                for question, judgement in self.told.addenda[set_id]["review"].items():
                    self._judge(judge, addendum, question, judgement, alone=two)
        if two:
            yield self.at(begun, 16, 50)
            for assessment_id in (self.assessment_id, *self.addenda.values()):
                for judge in (first, second):
                    moderating.hand_in(self.app, judge, assessment_id)
        if self.plan.stage > Stage.IN_REVIEW:
            if differs is not None:
                yield self.at(ended, 10, 40)
                moderating.settle_judgement(
                    self.app,
                    self.moderator,
                    sheet.submission.id,
                    differs,
                    level=judgements[differs]["assurance"],
                    reason=_SETTLED,
                )
            yield self.at(ended, 15, 10)
            self._ask_to_lift(first, sheet)
            yield self.at(ended, 16, 30)
            for assessment_id in (self.assessment_id, *self.addenda.values()):
                self._confirm_knockouts(first, assessment_id)
                reviewing.finish_review(self.app, first, assessment_id)

    def _judgements(
        self, sheet: reviewing.ReviewSheet
    ) -> tuple[dict[str, Mapping[str, Any]], list[reviewing.ReviewRow]]:
        """What is judged of core and how, and those answers that the vendor's file leaves open."""
        judgements: dict[str, Mapping[str, Any]] = dict(self.told.core["review"])
        judgeable = [
            row
            for row in sheet.rows
            if row.supported in _JUDGED and row.question_id not in judgements
        ]
        # Spread over the questionnaire, as somebody would who looks at each part.
        step = max(1, len(judgeable) // max(1, self.plan.judged))
        looked_at = judgeable[::step][: self.plan.judged]
        for row in looked_at:
            reason = (
                row.evidence_remarks[0] if row.evidence_remarks else _JUDGED[str(row.supported)]
            )
            judgements[row.question_id] = {"assurance": row.supported, "reason": reason}
        return judgements, looked_at

    def _ask_to_lift(self, judge: Actor, sheet: reviewing.ReviewSheet) -> None:
        """Ask to lift the first knockout of core, in vain."""
        if self.plan.lifting is None:
            return
        why, why_not = self.plan.lifting
        fired = knockouts.knockouts(self.app, judge, self.assessment_id)
        rule = next(one.rule.id for one in fired if one.open)
        knockouts.ask_to_lift(self.app, judge, sheet.submission.id, rule, why)
        told = knockouts.knockouts(self.app, self.moderator, self.assessment_id)
        [asked] = [one for each in told for one in each.liftings]
        knockouts.settle_lifting(self.app, self.moderator, asked.id, granted=False, reason=why_not)

    def _confirm_knockouts(self, judge: Actor, assessment_id: str) -> None:
        for fired in knockouts.knockouts(self.app, judge, assessment_id):
            if fired.open:
                sheet = reviewing.review_sheet(self.app, judge, assessment_id)
                knockouts.confirm_knockout(
                    self.app,
                    judge,
                    sheet.submission.id,
                    fired.rule.id,
                    "I read the answer and what was said about it, and asked our contact: it is"
                    " about the service that we buy.",
                )

    def _judge(
        self,
        judge: Actor,
        sheet: reviewing.ReviewSheet,
        question: str,
        judgement: Mapping[str, Any],
        *,
        alone: bool,
    ) -> None:
        verb = moderating.judge_alone if alone else reviewing.set_review
        verb(
            self.app,
            judge,
            sheet.submission.id,
            question,
            level=judgement.get("assurance"),
            not_applicable=judgement.get("not_applicable"),
            reason=judgement["reason"],
            seen_version=0,
        )

    def _decide(self) -> Iterator[datetime]:
        yield self.at(self.plan.answered - 9, 11, 45)
        sheet = deciding.decision_options(self.app, self.committee, self.assessment_id)
        deciding.record_decision(
            self.app,
            self.committee,
            self.assessment_id,
            outcome=self.plan.outcome,
            reasons=self.plan.reasons,
            conditions=[
                deciding.NewCondition(one.text, one.owner, self._day(-one.due_in), one.proof)
                for one in self.plan.conditions
            ],
            scorecard_id=sheet.scorecard_id,
        )

    @property
    def told_tier(self) -> str | None:
        """The tier that the intake gives."""
        return vendors.engagement(self.app, self.officer, self.engagement_id).tier

    @property
    def _core(self) -> Questionnaire:
        return self.app.content("core").questionnaire

    def reply(
        self, contact: Actor, assessment_id: str, question: str, reply: Reply, note: str
    ) -> None:
        """Answer a question, unless another answer hides it."""
        try:
            answering.answer_question(self.app, contact, assessment_id, question, reply, note)
        except Refusal as refusal:
            # The files answer some questions that another answer hides.
            if refusal.code != "hidden_question":
                raise

    def at(self, days_ago: int, hour: int, minute: int) -> datetime:
        """A time on the working day that is, or comes before, the day so many days ago."""
        morning = datetime.combine(self._day(days_ago), time(), UTC)
        return morning + timedelta(hours=hour, minutes=minute)

    def _day(self, days_ago: int) -> date:
        return working_day(self.today, days_ago)


class Course(Protocol):
    """What happens in steps, and how it says how far it has come."""

    @property
    def says(self) -> str:
        """How far it has come, on a line."""

    def steps(self) -> Iterator[datetime]:
        """Take every step, each after yielding its time."""


def walk(journeys: Iterable[Course], clock: Clock) -> Iterator[Course]:
    """Take the steps of all journeys in the order of time; yields each journey as it ends."""
    waiting = []
    for number, journey in enumerate(journeys):
        steps = journey.steps()
        waiting.append((next(steps), number, journey, steps))
    heapq.heapify(waiting)
    while waiting:
        when, number, journey, steps = heapq.heappop(waiting)
        clock.now = max(clock.now, when)
        following = next(steps, None)
        if following is None:
            yield journey
        else:
            heapq.heappush(waiting, (following, number, journey, steps))


def working_day(today: datetime, days_ago: int) -> date:
    """The day so many days before today, or the Friday before it."""
    day = today.date() - timedelta(days=days_ago)
    return day - timedelta(days=max(0, day.weekday() - 4))


def _in_office(moment: datetime) -> datetime:
    """A time between nine and five on a working day, later for a later `moment`."""
    day = moment.date() - timedelta(days=max(0, moment.weekday() - 4))
    morning = datetime.combine(day, time(9), UTC)
    return morning + (moment - datetime.combine(moment.date(), time(), UTC)) / 3


def replies(asked: Questionnaire, answers: Mapping[str, Any]) -> Iterator[tuple[str, Reply, str]]:
    """Question, reply and note in the order of the questionnaire; numbers as numbers."""
    for question in asked.questions:
        if question.id not in answers:
            continue
        answer = answers[question.id]
        wrapped = isinstance(answer, Mapping) and "value" in answer
        reply = answer["value"] if wrapped else answer
        note = str(answer.get("note", "")) if wrapped else ""
        if question.answer == "number" and not isinstance(reply, Mapping):
            reply = int(reply)
        yield question.id, cast(Reply, reply), note
