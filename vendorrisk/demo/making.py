"""Makes the demo: a folder of its own, its people with random passwords, and the portfolio."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from vendorrisk.access import EVERYTHING, ROLE_SAYS, Actor, Role
from vendorrisk.assessment import Refusal
from vendorrisk.content import Library
from vendorrisk.demo import lifetime
from vendorrisk.demo.journeys import PLANS, Clock, Journey, Stage, walk, working_day
from vendorrisk.demo.portfolio import DemoVendor, vendors
from vendorrisk.demo.tendering import tendering
from vendorrisk.evidence import Files
from vendorrisk.identity import hash_token, password_problem
from vendorrisk.store import Store, StoreUnavailable, migrate, utc_now
from vendorrisk.store.tables import Assessment
from vendorrisk.usecases import people, setup
from vendorrisk.usecases.application import Application, keys_of
from vendorrisk.usecases.sheets import content_of

USUAL_DAYS = 30

_PEOPLE: tuple[tuple[Role, str, str], ...] = (
    (Role.ADMINISTRATOR, "Ida Marsh", "ida.marsh"),
    (Role.PROCUREMENT_OFFICER, "Owen Blake", "owen.blake"),
    (Role.SECOND_OFFICER, "Nadia Frost", "nadia.frost"),
    (Role.REVIEWER, "Priya Nair", "priya.nair"),
    (Role.REVIEWER, "Ben Ashworth", "ben.ashworth"),
    (Role.MODERATOR, "Iris Calder", "iris.calder"),
    (Role.COMMITTEE_MEMBER, "Tomas Reyes", "tomas.reyes"),
    (Role.RISK_OWNER, "Hugh Penrose", "hugh.penrose"),
    (Role.AUDITOR, "Greta Lund", "greta.lund"),
)
_DOMAIN = "caldervale.example"

# Letters that nobody mistakes for another, so that a password can be typed from a screen.
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_SET_UP_DAYS_AGO = 70


@dataclass(frozen=True, slots=True)
class Credential:
    """With what somebody signs in to the demo. The password is stored nowhere."""

    role: Role
    name: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Guest:
    """A vendor's contact and the code of their invitation, which is stored nowhere."""

    vendor: str
    contact: str
    stage: Stage
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """A demo that was just made; what only it knows is shown once and lost."""

    until: datetime
    credentials: tuple[Credential, ...]
    guests: tuple[Guest, ...]

    def told(self, origin: str) -> str:
        """Who can sign in where, for the console; `origin` is as in http://localhost:8501."""
        widest = max(len(one.email) for one in self.credentials)
        lines = [
            f"Sign in at {origin}/sign-in as one of these. The passwords are shown this once.",
            "",
            *(
                f"  {ROLE_SAYS[one.role]:<20}{one.email:<{widest}}   {one.password}"
                for one in self.credentials
            ),
            "",
            "A vendor needs no account. Open one of these in another browser or a private window:",
            "",
        ]
        for guest in self.guests:
            doing = "still answering" if guest.stage is Stage.ANSWERING else "asked to answer again"
            lines += [f"  {guest.vendor}, {doing}:", f"  {origin}/invitation#{guest.code}", ""]
        return "\n".join((*lines, until_told(self.until)))


def until_told(until: datetime) -> str:
    """What becomes of the demo, in a sentence."""
    return (
        "Everything in it is made up, it takes no files, and it deletes itself on"
        f" {until.day} {until:%B %Y}."
    )


def make(
    folder: Path,
    questionnaires: Path,
    *,
    days: int = USUAL_DAYS,
    now: datetime | None = None,
    portfolio: Collection[DemoVendor] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Made:
    """Make the demo in `folder`, which must be empty or not there; it stays for `days` days.

    It is built beside the folder and moved there once it is whole. `portfolio` is every vendor
    unless given; `say` is told each one that is done. Raises `Refusal` (not_a_demo, demo_too_long).
    """
    today = now or utc_now()
    lifetime.require_length(days)
    if lifetime.found_in(folder) is not None:
        raise lifetime.foreign(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        whom = vendors() if portfolio is None else portfolio
        made = _build(scratch, questionnaires, whom, today, days, say)
        if folder.exists():
            folder.rmdir()
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return made


def outdated(folder: Path, questionnaires: Path) -> bool:
    """Whether a questionnaire was changed since the demo in `folder` was made: its pages show an
    assessment only with the questionnaire that it was opened with.
    """
    app = _application(folder, questionnaires, utc_now)
    try:
        with app.store.read(EVERYTHING) as work:
            for row in work.all(Assessment):
                content_of(app, row)
    except StoreUnavailable:
        raise
    except Refusal:
        return True
    finally:
        app.store.close()
    return False


def _application(folder: Path, questionnaires: Path, clock: Callable[[], datetime]) -> Application:
    # While it is made it takes files; the server that shows it takes none.
    settings = replace(lifetime.settings(folder, questionnaires), demo=False)
    return Application(
        settings=settings,
        store=Store(settings.database_url, keys_of(settings), clock=clock),
        library=Library(questionnaires),
        files=Files(settings.evidence_folder),
    )


def _build(
    folder: Path,
    questionnaires: Path,
    portfolio: Collection[DemoVendor],
    today: datetime,
    days: int,
    say: Callable[[str], None],
) -> Made:
    begin = working_day(today, _SET_UP_DAYS_AGO)
    clock = Clock(datetime.combine(begin, today.timetz()).replace(hour=8, minute=30))
    app = _application(folder, questionnaires, clock)
    migrate(app.settings.database_url)
    try:
        until = today + timedelta(days=days)
        lifetime.mark(app, until)
        staff, credentials = _people(app)
        journeys = [_journey(app, told, staff, today) for told in portfolio]
        for course in walk([*journeys, *tendering(journeys)], clock):
            say(course.says)
    finally:
        app.store.close()
    return Made(until, credentials, tuple(_guests(journeys)))


def _journey(
    app: Application, told: DemoVendor, staff: Mapping[Role, list[Actor]], today: datetime
) -> Journey:
    plan = PLANS[told.id]
    return Journey(
        app=app,
        told=told.moved_to(working_day(today, plan.answered)),
        plan=plan,
        officer=staff[Role.PROCUREMENT_OFFICER][0],
        second_officer=staff[Role.SECOND_OFFICER][0],
        reviewers=(staff[Role.REVIEWER][0], staff[Role.REVIEWER][1]),
        moderator=staff[Role.MODERATOR][0],
        committee=staff[Role.COMMITTEE_MEMBER][0],
        today=today,
    )


def _guests(journeys: list[Journey]) -> list[Guest]:
    return [
        Guest(journey.told.name, journey.told.contact_name, journey.plan.stage, journey.invitation)
        for journey in journeys
        if journey.plan.stage in (Stage.ANSWERING, Stage.RETURNED)
    ]


def _people(app: Application) -> tuple[dict[Role, list[Actor]], tuple[Credential, ...]]:
    """Set up the organisation: the administrator first, who adds the others."""
    staff: dict[Role, list[Actor]] = {}
    credentials = []
    for role, name, mailbox in _PEOPLE:
        email = f"{mailbox}@{_DOMAIN}"
        password = _password(email, name)
        if role is Role.ADMINISTRATOR:
            code = setup.setup_link(app)
            if code is None:
                raise LookupError("a fresh demo has an administrator already")
            token = setup.complete_setup(app, code, name, email, password)
        else:
            link = people.add_person(app, staff[Role.ADMINISTRATOR][0], name, email, [role])
            token = people.choose_password(app, link.token, password)
        actor = people.actor_of(app, hash_token(token))
        if actor is None:
            raise LookupError("the session of somebody just signed in does not hold")
        people.sign_out(app, actor)
        staff.setdefault(role, []).append(actor)
        credentials.append(Credential(role, name, email, password))
    return staff, tuple(credentials)


def _password(email: str, name: str) -> str:
    """Four groups of five random letters: 90 bits."""
    while True:
        groups = ("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
        password = "-".join(groups)
        if password_problem(password, email=email, name=name) is None:
            return password
