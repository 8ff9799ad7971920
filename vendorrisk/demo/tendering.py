"""The sealed tender of the demo: three of its vendors bid for something small, two in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from vendorrisk.access import Actor
from vendorrisk.demo.journeys import Journey, replies
from vendorrisk.tender import FEWEST_BIDS, LateRule
from vendorrisk.usecases import answering, assessments, tenders, vendors
from vendorrisk.usecases.intake import INTAKE

TITLE = "Website with the town's old photographs"
BIDDERS = ("brightholm-cloud", "halloway-hosting", "quillstone")
SILENT = ("halloway-hosting",)
"""Who was invited and let the deadline pass."""

_SET = "lite"
_SERVICE = (
    "Shows 9,000 scanned photographs from before 1950; visitors can write what they recognise."
)
_VALUE = 45_000
_CURRENCY = "EUR"
_INTAKE: Mapping[str, Any] = {
    "data_classes": ["contact"],
    "data_volume": "under_100000",
    "harm_to_people": "nothing",
    "biometrics": "not_used",
    "ai_use": "not_used",
    "access": "holds_copy",
    "integration": "file_exchange",
    "exposure": "open_to_outsiders",
    "subprocessors": "one_named",
    "geography": "same_law",
    "criticality": "inconvenience",
    "substitutability": "weeks",
    "incident_history": "none_found",
    "demo_planned": "no_demo",
    "outside_testers": "others",
    "contract_value": _VALUE,
    "contract_term": 24,
}

# Days before today.
_PREPARED = 15
_ENTERED = 12
_SUBMITTED = 4
_DEADLINE = 1


@dataclass
class Tendering:
    """The way of the tender up to its deadline, which has passed: its bids wait to be opened."""

    bidders: Sequence[Journey]
    tender_id: str = ""

    @property
    def says(self) -> str:
        """How far it has come, on a line."""
        return f"{TITLE}: a tender, its bids waiting to be opened"

    def steps(self) -> Iterator[datetime]:
        """Take every step, each after yielding its time. The bidders are registered by then."""
        first = self.bidders[0]
        app, officer = first.app, first.officer
        bids: dict[str, Journey] = {}
        for at, bidder in enumerate(self.bidders):
            yield first.at(_PREPARED, 9, 40 + 6 * at)
            bids[self._open(bidder)] = bidder
        yield first.at(_PREPARED, 10, 15)
        self.tender_id = tenders.open_tender(
            app,
            officer,
            title=TITLE,
            assessment_ids=bids,
            deadline=first.at(_DEADLINE, 12, 0),
            late_rule=LateRule.REFUSE,
            pseudonymous=True,
        )
        yield first.at(_PREPARED, 11, 0)
        tenders.publish_tender(app, officer, self.tender_id)
        codes = {}
        for at, (assessment_id, bidder) in enumerate(bids.items()):
            yield first.at(_PREPARED, 11, 10 + at)
            codes[assessment_id] = bidder.invite(assessment_id)
        for at, (assessment_id, bidder) in enumerate(bids.items()):
            if bidder.told.id not in SILENT:
                yield first.at(_ENTERED, 14, 15 * at)
                contact = bidder.enter(codes[assessment_id])
                yield first.at(_SUBMITTED, 10 + at, 20)
                self._bid(bidder, contact, assessment_id)

    def _open(self, bidder: Journey) -> str:
        """Register what is bought with this bidder, answer the intake and open its questions."""
        app, officer = bidder.app, bidder.officer
        begins = date(bidder.today.year + 1, 7, 1)
        engagement_id = vendors.register_engagement(
            app,
            officer,
            bidder.vendor_id,
            title=TITLE,
            service=_SERVICE,
            value_minor=_VALUE * 100,
            currency=_CURRENCY,
            starts_on=begins,
            ends_on=date(begins.year + 2, 6, 30),
            data_classes=_INTAKE["data_classes"],
        )
        intake_id = vendors.engagement(app, officer, engagement_id).intake_id
        for question, reply, note in replies(app.content(INTAKE).questionnaire, _INTAKE):
            answering.answer_question(app, officer, intake_id, question, reply, note)
        return assessments.open_assessment(
            app, officer, engagement_id, _SET, bidder.at(_DEADLINE, 12, 0).date()
        )

    def _bid(self, bidder: Journey, contact: Actor, assessment_id: str) -> None:
        """Answer what core asks too, with the files that prove it, and sign; all in one sitting."""
        asked = bidder.app.content(_SET).questionnaire
        for question, reply, note in replies(asked, bidder.told.core["answers"]):
            bidder.reply(contact, assessment_id, question, reply, note)
        ids = {question.id for question in asked.questions}
        for name, item in bidder.told.core["evidence"].items():
            proves = [question for question in item["for"] if question in ids]
            if proves:
                about = bidder.told.documents[name]
                bidder.attach(contact, assessment_id, {**item, "for": proves}, about)
        bidder.sign(contact, assessment_id)


def tendering(journeys: Sequence[Journey]) -> list[Tendering]:
    """The tender among these vendors; none where too few of its bidders are among them."""
    bidders = [journey for journey in journeys if journey.told.id in BIDDERS]
    return [Tendering(bidders)] if len(bidders) >= FEWEST_BIDS else []
