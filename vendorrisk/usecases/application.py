"""The running application: settings, store, content and files, handed to every verb."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TypeVar, cast

from vendorrisk import assurance
from vendorrisk.assessment import Refusal
from vendorrisk.conditions import names
from vendorrisk.content import Library, NoSuchPack, Pack, load_across, load_triggers
from vendorrisk.content.retention import SHIPPED, DataClass, load_retention
from vendorrisk.document import InvalidContent, Report
from vendorrisk.evidence import Files, LostFile
from vendorrisk.keys import Keys, fitting_keys, make_keys
from vendorrisk.questionnaire import Question, Questionnaire
from vendorrisk.scanning import Scanner
from vendorrisk.scoring import Rubric
from vendorrisk.sets import Across, Triggers
from vendorrisk.settings import Settings
from vendorrisk.store import Store, key_in_use

_SHORT = 100
_MOST_REMEMBERED = 20_000
_MOST_WORKED_OUT = 200

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Content:
    """A questionnaire and the rubric that grades it.

    `steering` are the questions that a condition looks at: only they show or hide others.
    """

    questionnaire: Questionnaire
    rubric: Rubric
    steering: frozenset[str]
    _replies: dict[tuple[str, str], assurance.Reply | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def read(self, question: Question, stored: str) -> assurance.Reply | None:
        """A stored reply, canonical JSON, as a value; None where it does not fit the question.

        Most replies are one of a few choices, and every click reads all of them: what a short one
        means is remembered.
        """
        key = (question.id, stored)
        if key in self._replies:
            return self._replies[key]
        reply = assurance.read_reply(question, json.loads(stored), Report())
        if len(stored) <= _SHORT and len(self._replies) < _MOST_REMEMBERED:
            self._replies[key] = reply
        return reply


@dataclass(frozen=True)
class Application:
    """What every use case is given."""

    settings: Settings
    store: Store
    library: Library
    files: Files
    _pinned: dict[tuple[str, str], Content] = field(default_factory=dict, repr=False)
    _worked_out: dict[Hashable, object] = field(default_factory=dict, repr=False)

    def clock(self) -> datetime:
        """The time now, aware and in UTC: the store's clock, so that there is only one."""
        return self.store.clock()

    @property
    def keys(self) -> Keys:
        """The installation's keys: the store's, so that there is only one master key."""
        return self.store.keys

    def file(self, assessment_id: str, sha256: str) -> bytes:
        """The bytes of a file of evidence. Raises `LostFile`."""
        try:
            return self.files.read(self.keys, assessment_id, sha256)
        except LostFile:
            if not self.store.follow_key():  # the master key was changed while this process ran
                raise
            return self.files.read(self.keys, assessment_id, sha256)

    @cached_property
    def retention(self) -> Mapping[str, DataClass]:
        """How long each class of data is kept. Raises `Refusal` (content_unusable)."""
        try:
            return load_retention(self.settings.retention or SHIPPED)
        except InvalidContent as invalid:
            raise _unusable("retention.yaml", invalid) from invalid

    @property
    def scanner(self) -> Scanner | None:
        """The malware scanner that every file is shown to, where one is set."""
        return Scanner(self.settings.clamd) if self.settings.clamd else None

    @cached_property
    def triggers(self) -> Triggers:
        """Which sets an engagement takes. Raises `Refusal` (content_unusable)."""
        try:
            return load_triggers(self.library)
        except InvalidContent as invalid:
            raise _unusable("triggers.yaml", invalid) from invalid

    @cached_property
    def across(self) -> Across:
        """The rules across sets. Raises `Refusal` (content_unusable)."""
        try:
            return load_across(self.library)
        except InvalidContent as invalid:
            raise _unusable("across.yaml", invalid) from invalid

    def content(self, name: str, version: int | None = None) -> Content:
        """A questionnaire with its rubric by id; without a version the one to use now.

        Raises `Refusal` (content_missing, content_unusable).
        """
        try:
            pack = self.library.pack(name, version)
        except NoSuchPack as missing:
            raise _not_as_pinned(name) from missing
        except InvalidContent as invalid:
            raise _unusable(name, invalid) from invalid
        return _content(name, pack)

    def pinned(
        self, name: str, version: int, questionnaire_digest: str, rubric_digest: str
    ) -> Content:
        """Exactly the content with these digests. Raises `Refusal` where it was changed since."""
        key = (questionnaire_digest, rubric_digest)
        if key not in self._pinned:
            content = self.content(name, version)
            if key != (content.questionnaire.digest, content.rubric.digest):
                raise _not_as_pinned(name)
            self._pinned[key] = content
        return self._pinned[key]

    def worked_out(
        self, key: Hashable, work: Callable[[], T], keep: Callable[[T], bool] = lambda _: True
    ) -> T:
        """What `work` gives, remembered by this process where `keep` says so; the latest few are.

        `key` names by digests all that the result depends on, and who may see it is settled before.
        """
        found = self._worked_out.get(key)
        if found is not None:
            return cast(T, found)
        made = work()
        if keep(made):
            while len(self._worked_out) >= _MOST_WORKED_OUT:
                self._worked_out.pop(next(iter(self._worked_out)), None)
            self._worked_out[key] = made
        return made

    def for_vendors(self) -> list[Content]:
        """Every questionnaire that can be sent to a vendor, in its version to use now.

        One whose files cannot be used is left out; whoever asks for it by name is told why.
        """
        names = {
            pack.id
            for pack in self.library.usable()
            if pack.questionnaire is not None and pack.questionnaire.answered_by == "vendor"
        }
        found = []
        for name in sorted(names):
            with contextlib.suppress(Refusal):
                found.append(self.content(name))
        return found


def _content(name: str, pack: Pack) -> Content:
    if pack.questionnaire is None:
        raise _not_as_pinned(name)
    steering = {
        name
        for question in pack.questionnaire.questions
        if question.show_when is not None
        for name in names(question.show_when)
    }
    return Content(pack.questionnaire, pack.rubric, frozenset(steering))


def _not_as_pinned(name: str) -> Refusal:
    return Refusal(
        "content_missing",
        f"The questionnaire “{name}” is not here as it was when this assessment was opened.",
        "Whoever runs this service must put the files back as they were; nothing is lost.",
    )


def _unusable(name: str, invalid: InvalidContent) -> Refusal:
    return Refusal(
        "content_unusable",
        f"The files of “{name}” cannot be used: {invalid.problems[0]}",
        "Whoever runs this service can list every problem with `vendorrisk check`.",
    )


def keys_of(settings: Settings) -> Keys:
    """The installation's keys, made where it has none yet.

    Raises `UnusableKey` where they cannot be used, or are missing while the database has some that
    were made already; `StoreUnavailable` where that cannot be told.
    """
    if settings.key_file.exists() or key_in_use(settings.database_url) is not None:
        return present_keys(settings)
    return make_keys(settings.key_file)


def present_keys(settings: Settings) -> Keys:
    """The installation's keys, which must be there already. Raises as `keys_of`."""
    return fitting_keys(settings.key_file, key_in_use(settings.database_url))


_installed: Application | None = None


def install(app: Application) -> None:
    """Make `app` the one that `application()` gives: a test's, or the server's at its start."""
    global _installed
    _installed = app


def application() -> Application:
    """The process's application, built from the environment's settings at the first call."""
    if _installed is not None:
        return _installed
    settings = Settings.from_environment()
    app = opened(settings, keys_of(settings))
    install(app)
    return app


def opened(settings: Settings, keys: Keys) -> Application:
    """The application on the database and the files that the settings name."""
    return Application(
        settings=settings,
        store=Store(settings.database_url, keys, renewed=partial(fitting_keys, settings.key_file)),
        library=Library(settings.questionnaires),
        files=Files(settings.evidence_folder),
    )
