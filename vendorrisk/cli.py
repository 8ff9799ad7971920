"""The command line: content (check, test, score, explain, compare, pin, begin), database and demo.

Exit codes: 0 fine, 1 what was checked does not hold, 2 bad input. Problems go to standard error,
one a line: `file:line: code: message`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vendorrisk.access import ORIGIN
from vendorrisk.assessment import Refusal
from vendorrisk.assurance import Submission, build_sheet, read_submission, score_submission
from vendorrisk.content import (
    ACROSS,
    CASES,
    TRIGGERS,
    Comparison,
    Library,
    NoSuchPack,
    Pack,
    SetCase,
    case_problems,
    check,
    compare_cases,
    coverage_page,
    library_at,
    lock,
    new_questionnaire,
    new_version,
    pack_folders,
    read_json,
    run_cases,
    set_cases,
    tell_proofs,
)
from vendorrisk.content.reading import LARGEST_FILE, display_name
from vendorrisk.document import InvalidContent, Place, Problem, Report, printable
from vendorrisk.outlook import outlook
from vendorrisk.questionnaire import minutes_by_role
from vendorrisk.reports.access_page import access_page
from vendorrisk.scoring import Sheet, SheetError, explain_rubric
from vendorrisk.scoring.improvement import smallest_changes
from vendorrisk.scoring.plain_text import scorecard_text
from vendorrisk.scoring.scorecard import counted
from vendorrisk.scoring.unanswered import open_range
from vendorrisk.settings import InvalidSettings, Settings

if TYPE_CHECKING:
    from vendorrisk.usecases.application import Application
    from vendorrisk.usecases.verifying import Verified

FINE, DOES_NOT_HOLD, BAD_INPUT = 0, 1, 2
STOPPED = 130  # what a shell gives a program that was interrupted

_DO_NOT_HOLD = frozenset(
    {
        "case-differs",
        "not-reached",
        "not-locked",
        "promise-broken",
        "published-changed",
        "published-gone",
    }
)
"""Problems of content that can be read and used, and that does not keep what it promises."""


@dataclass(frozen=True)
class Command:
    """One subcommand: `arguments` declares what it takes, `run` gives the exit code."""

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a usage error exits with 2."""
    parser = ArgumentParser(prog="vendorrisk", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        own = commands.add_parser(command.name, help=command.help, description=command.help)
        command.arguments(own)
        own.set_defaults(run=command.run)
    arguments = parser.parse_args(argv)
    origin = ORIGIN.set("cli")
    try:
        return int(arguments.run(arguments))
    except InvalidContent as error:
        return report(error.problems)
    except NoSuchPack as error:
        return report([Problem("no-such-pack", str(error))])
    except InvalidSettings as error:
        return report(Problem("bad-setting", each, Place("settings")) for each in error.problems)
    except Refusal as refusal:
        return report(
            [Problem(refusal.code.replace("_", "-"), str(refusal), Place(arguments.command))]
        )
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:  # the reader of our output has seen enough
        sys.stderr.close()
        return FINE
    finally:
        ORIGIN.reset(origin)


def report(problems: Iterable[Problem]) -> int:
    """Print problems to standard error; the exit code that they mean."""
    code = FINE
    for problem in sorted(set(problems), key=lambda p: (p.place or Place(""), p.code, p.message)):
        print(problem, file=sys.stderr)
        if problem.severity == "error":
            code = max(code, DOES_NOT_HOLD if problem.code in _DO_NOT_HOLD else BAD_INPUT)
    return code


def _library() -> Library:
    return Library(Settings.from_environment().questionnaires)


def _paths(arguments: Namespace, library: Library) -> list[Path]:
    return [Path(path) for path in arguments.path] or [library.root]


def _takes_paths(parser: ArgumentParser) -> None:
    parser.add_argument("path", nargs="*", metavar="PATH", help="a pack, an id's folder or a file")


def _check(arguments: Namespace) -> int:
    library = _library()
    problems = [p for path in _paths(arguments, library) for p in check(path, library)]
    code = report(problems)
    errors = sum(problem.severity == "error" for problem in set(problems))
    warnings = len(set(problems)) - errors
    for path in _paths(arguments, library):
        _tell_burden(path, library_at(path, library))
        if arguments.proofs:
            _tell_proofs(path, library_at(path, library))
    print(f"{counted(errors, 'problem')}, {counted(warnings, 'warning')}")
    return code


def _tell_proofs(path: Path, library: Library) -> None:
    for folder in pack_folders(path) if path.is_dir() else []:
        with contextlib.suppress(InvalidContent):  # its problems were reported
            print("\n".join(tell_proofs(library.load(folder))))


def _takes_check(parser: ArgumentParser) -> None:
    _takes_paths(parser)
    parser.add_argument(
        "--proofs", action="store_true", help="also say which promises of a rubric are proved"
    )


def _tell_burden(path: Path, library: Library) -> None:
    """How much each questionnaire below a folder asks, and of whom."""
    for folder in pack_folders(path) if path.is_dir() else ():
        try:
            asked = library.load(folder).questionnaire
        except InvalidContent:  # its problems have been told
            continue
        if asked is not None:
            by_role = minutes_by_role(asked.questions)
            roles = ", ".join(f"{role} {number}" for role, number in by_role.items())
            print(
                f"{display_name(folder)}: {counted(len(asked.questions), 'question')}, "
                f"{counted(sum(by_role.values()), 'minute')} ({roles})"
            )


def _test(arguments: Namespace) -> int:
    default = _library()
    code, held, ran = FINE, 0, 0
    for path in _paths(arguments, default):
        library = library_at(path, default)
        folders = pack_folders(path) if path.is_dir() else [path.parent]
        if not folders or not path.exists():
            raise NoSuchPack(f"There is no pack in {path}.")
        for folder in folders:
            try:
                outcomes = run_cases(library.load(folder))
            except InvalidContent as error:
                code = max(code, report(error.problems))
                continue
            code = max(code, report(p for outcome in outcomes for p in outcome.problems))
            ran += len(outcomes)
            held += sum(outcome.holds for outcome in outcomes)
            print(f"{display_name(folder)}: {counted(len(outcomes), 'case')}")
        if path.resolve() == library.root:
            of_sets, code_of_sets = _test_sets(library)
            code = max(code, code_of_sets)
            ran += len(of_sets)
            held += sum(case.holds for case in of_sets)
    print(f"{held} of {counted(ran, 'case')} hold")
    return code


def _test_sets(library: Library) -> tuple[list[SetCase], int]:
    """Run the cases of what sets trigger and contradict; them, and the exit code."""
    found: list[SetCase] = []
    code = FINE
    for name in (TRIGGERS, ACROSS):
        path = library.root / CASES[name]
        if not path.is_file():
            continue
        problems = Report(display_name(path))
        try:
            cases = set_cases(library, name, problems)
        except InvalidContent as error:
            code = max(code, report(error.problems))
            continue
        code = max(code, report([*problems.problems, *case_problems(cases)]))
        found += cases
        print(f"{display_name(path)}: {counted(len(cases), 'case')}")
    return found, code


def _takes_rubric(parser: ArgumentParser) -> None:
    parser.add_argument(
        "rubric", metavar="RUBRIC", help="a pack's folder, an id's folder, or a rubric.yaml"
    )


def _takes_answers(parser: ArgumentParser) -> None:
    _takes_rubric(parser)
    parser.add_argument("answers", metavar="ANSWERS.json", help="the answers, or - to read them")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument(
        "--reach", metavar="BAND", help="also the smallest changes that would reach a band"
    )
    parser.add_argument(
        "--sensitivity",
        metavar="N",
        nargs="?",
        type=_draws,
        const=0,
        help="also how often the band holds under N other weightings (10000)",
    )
    parser.add_argument(
        "--seed", metavar="S", type=_seed, default=0, help="where the weightings are drawn from (0)"
    )


def _draws(text: str) -> int:
    return _whole(text, 1, 1_000_000)


def _seed(text: str) -> int:
    return _whole(text, 0, 2**63 - 1)


def _whole(text: str, least: int, most: int) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    raise ArgumentTypeError(f"a whole number from {least:,} to {most:,}, not {text[:40]!r}")


def _open(name: str) -> Pack:
    path, default = Path(name), _library()
    return library_at(path, default).open(path)


def _score(arguments: Namespace) -> int:
    pack = _open(arguments.rubric)
    named = Report("-" if arguments.answers == "-" else arguments.answers)
    source = (
        sys.stdin.buffer.read(LARGEST_FILE + 1)
        if arguments.answers == "-"
        else Path(arguments.answers)
    )
    tree = read_json(source, named)
    named.raise_errors()
    submission = read_submission(tree, pack.questionnaire, pack.rubric, named)
    if submission is None:
        return report(named.problems)
    try:
        card = score_submission(pack.questionnaire, pack.rubric, submission)
        sheet = build_sheet(pack.questionnaire, pack.rubric, submission)
        ahead = outlook(pack.questionnaire, pack.rubric, submission, card)
        spread = open_range(pack.rubric, sheet)
    except SheetError as error:
        return report([Problem("bad-answer", str(error), Place(named.file))])
    try:
        more = list(_beyond(arguments, pack, submission, sheet))
    except ValueError as reason:
        says = str(reason).rstrip(".")
        return report([Problem("cannot-tell", f"{says[:1].upper()}{says[1:]}.", Place("score"))])
    if arguments.json:
        parts: dict[str, object] = {name: found for name, found, _ in more}
        parts |= {"outlook": ahead.to_json()} if ahead else {}
        parts |= {"range": spread.to_json()} if spread else {}
        print(json.dumps({**card.to_json(), **parts}, indent=2))
    else:
        could_be = ahead or spread
        told = scorecard_text(card, pack.questionnaire, could_be.lines() if could_be else ())
        print(printable("\n".join([told, *(text for _, _, text in more)])))
    return FINE


def _beyond(
    arguments: Namespace, pack: Pack, submission: Submission, sheet: Sheet
) -> Iterator[tuple[str, object, str]]:
    """What else was asked for than the score: its name, as data and as text.

    Raises ValueError for a band that there is not, and for weights that cannot be varied.
    """
    if arguments.reach is not None:
        found = smallest_changes(pack.rubric, sheet, arguments.reach, answers=submission.values)
        if found is None:
            yield "reach", None, f"No changes were found that reach {arguments.reach}.\n"
        else:
            yield "reach", found.to_json(), found.text(pack.questionnaire, _kind_titles(pack))
    if arguments.sensitivity is not None:
        # It needs numpy, which the other commands start without.
        from vendorrisk.scoring.sensitivity import DRAWS, sensitivity

        draws, seed = arguments.sensitivity or DRAWS, arguments.seed
        stable = sensitivity(pack.rubric, {"": sheet}, draws=draws, seed=seed).sheets[""]
        data = {"draws": draws, "seed": seed, **stable.to_json()}
        yield "sensitivity", data, stable.text(draws, seed)


def _kind_titles(pack: Pack) -> dict[str, str]:
    """What the kinds of evidence are called, as far as their catalogue can be read."""
    with contextlib.suppress(InvalidContent):
        return {id_: kind.title for id_, kind in library_at(pack.folder, _library()).kinds.items()}
    return {}


def _explain(arguments: Namespace) -> int:
    print(explain_rubric(_open(arguments.rubric).rubric))
    return FINE


def _takes_two(parser: ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD", help="the rubric as it is: a pack, an id, or a file")
    parser.add_argument("new", metavar="NEW", help="the rubric as it would be")
    parser.add_argument(
        "--portfolio", metavar="DB", help="also what is stored: a database's URL or SQLite file"
    )


def _diff(arguments: Namespace) -> int:
    old, new = _open(arguments.old), _open(arguments.new)
    cases = compare_cases(old, new)
    _tell(cases, counted(len(cases), "case"), "move")
    if arguments.portfolio is not None:
        from vendorrisk.store import Store, StoreUnavailable  # see `_migrate`
        from vendorrisk.usecases.comparing import compare_stored

        place = arguments.portfolio
        try:
            store = Store(place if "://" in place else f"sqlite:///{place}")
            stored = compare_stored(store, old, new)
            store.close()
        except StoreUnavailable as error:
            if error.code not in ("missing", "not_migrated", "foreign", "bad_url"):
                raise
            # What puts it right is told for the database of the settings, and this is another.
            fix = "Let --portfolio name the URL or the SQLite file of an up-to-date database."
            raise StoreUnavailable(error.code, error.sentence, fix) from None
        total = counted(len(stored.compared), "stored assessment")
        _tell(stored.compared, total, "would move; what is stored stays")
        if stored.others:
            print(f"Left out, as another rubric or version scored them: {stored.others}")
        if stored.unreadable:
            print(f"Left out, as their answers are deleted or sealed: {stored.unreadable}")
    return FINE


def _tell(compared: Sequence[Comparison], total: str, move: str) -> None:
    moving = [found for found in compared if found.moves]
    print(f"{len(moving)} of {total} {move}")
    for found in moving:
        print(printable(f"  {found}"))


def _coverage(_arguments: Namespace) -> int:
    print(coverage_page(_library()), end="")
    return FINE


def _access(_arguments: Namespace) -> int:
    print(access_page(), end="")
    return FINE


def _lock(arguments: Namespace) -> int:
    added = lock(_library())
    print("\n".join(f"{name} is pinned now" for name in added) or "Nothing new is published.")
    return FINE


def _takes_new(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("questionnaire", "version"), help="what to begin")
    parser.add_argument("id", metavar="ID", help="the questionnaire's id, as in core")


def _new(arguments: Namespace) -> int:
    make = new_questionnaire if arguments.what == "questionnaire" else new_version
    folder = make(_library(), arguments.id)
    print(f"{display_name(folder)} is a draft; edit it, then `vendorrisk check` and `test` it.")
    return FINE


def _migrate(_arguments: Namespace) -> int:
    # Loaded here, because the commands about content need no database and start at once.
    from vendorrisk.store import migrate

    migrated = migrate(Settings.from_environment().database_url)
    if migrated.before is None:
        print(f"A new database is ready: {migrated.where}")
    elif migrated.changed:
        print(f"Brought from {migrated.before} to {migrated.after}: {migrated.where}")
    else:
        print(f"Already up to date: {migrated.where}")
    return FINE


def _takes_checkpoint(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="also check that nothing is gone that was there when this checkpoint was made",
    )


def _verify(arguments: Namespace) -> int:
    from vendorrisk.usecases.verifying import verify  # see `_migrate`

    app = _installation()
    given = None
    if arguments.checkpoint is not None:
        try:
            given = arguments.checkpoint.read_bytes()
        except OSError as error:
            place = Place(str(arguments.checkpoint))
            return report([Problem("bad-checkpoint", error.strerror or "unreadable", place)])
    found = verify(app, given)
    app.store.close()
    code = _tell_verified("verify", found)
    if found.checkpoint_of is None:
        print("Without --checkpoint it cannot be seen whether the end of a chain was cut off.")
    return code


def _tell_verified(command: str, found: Verified) -> int:
    for finding in found.findings:
        print(f"{command}: {finding.code}: {finding.says}", file=sys.stderr)
    for reason in found.not_computed:
        print(f"Not computed again: {reason}")
    print(
        f"{counted(found.events, 'event')} in {counted(found.chains, 'chain')},"
        f" {counted(found.files, 'file')}, {counted(found.scorecards, 'scorecard')}:"
        f" {counted(len(found.findings), 'break')}"
    )
    return FINE if found.holds else DOES_NOT_HOLD


def _checkpoint(_arguments: Namespace) -> int:
    from vendorrisk.usecases.verifying import checkpoint  # see `_migrate`

    app = _installation()
    print(checkpoint(app).decode(), end="")
    app.store.close()
    return FINE


def _installation() -> Application:
    """The installation that the settings name, whose key must be there already."""
    from vendorrisk.usecases.application import opened, present_keys

    settings = Settings.from_environment()
    return opened(settings, present_keys(settings))


def _takes_dry_run(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--dry-run", action="store_true", help="only say what would be deleted, and delete nothing"
    )


def _purge(arguments: Namespace) -> int:
    from vendorrisk.usecases.purging import purge  # see `_migrate`

    app = _installation()
    try:
        found = purge(app, dry_run=arguments.dry_run)
    finally:
        app.store.close()
    verb = "Would delete" if arguments.dry_run else "Deleted"
    for due in found.done:
        print(f"{verb}: {due.data_class}: {due.about} ({due.kind} {due.subject_id})")
    for due in found.held:
        print(f"Held: {due.data_class}: {due.about} ({due.kind} {due.subject_id}): {due.held}")
    for says in found.problems:
        print(f"purge: {says}", file=sys.stderr)
    done, held = counted(len(found.done), "deletion"), counted(len(found.held), "hold")
    if arguments.dry_run:
        print(f"{done} due, {held} in the way; nothing was changed")
    else:
        print(
            f"{done}, {held} in the way; {counted(found.files, 'left-over file')} and"
            f" {counted(found.backups, 'expired backup')} deleted,"
            f" {counted(found.sealed, 'old file')} encrypted"
        )
    return DOES_NOT_HOLD if found.problems else FINE


def _takes_backup(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        metavar="FOLDER",
        type=Path,
        help="make none, and check whether the one in this folder could be put back",
    )


def _backup(arguments: Namespace) -> int:
    from vendorrisk.usecases.backups import back_up, check_backup  # see `_migrate`

    app = _installation()
    try:
        if arguments.check is not None:
            return _tell_verified("backup", check_backup(app, arguments.check))
        folder = back_up(app)
    finally:
        app.store.close()
    print(f"Written to {folder}, and deleted by the purge when it expires. The key is not in it.")
    return FINE


def _takes_keep_backups(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep-backups",
        action="store_true",
        help="leave backups of before, which open with the old key, where they are",
    )


def _rotate_key(arguments: Namespace) -> int:
    from vendorrisk.usecases.rotating import rotate_key  # see `_migrate`

    app = _installation()
    try:
        done = rotate_key(app, keep_backups=arguments.keep_backups)
    finally:
        app.store.close()
    for says in done.problems:
        print(f"rotate-key: {says}", file=sys.stderr)
    print(
        f"The master key is {done.key_id} now, in {done.key_file}; {counted(done.files, 'file')}"
        f" and {counted(done.secrets, 'secret')} were encrypted anew,"
        f" {counted(done.deleted, 'file')} of before deleted."
    )
    if done.backup is not None:
        print(f"A new backup is {done.backup}.")
    if done.backups:
        print(f"{counted(done.backups, 'backup')} that opened with the old key deleted.")
    print("Keep a copy of the new key apart from the backups. Then make a checkpoint.")
    return DOES_NOT_HOLD if done.problems else FINE


def _takes_email(parser: ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="with what the colleague signs in")


def _reset_second_factor(arguments: Namespace) -> int:
    from vendorrisk.usecases.account import reset_second_factor_of  # see `_migrate`

    app = _installation()
    try:
        name = reset_second_factor_of(app, arguments.email)
    finally:
        app.store.close()
    print(f"{name} has no second factor any more, and sets one up at the next sign-in.")
    return FINE


def _takes_demo(parser: ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, help="where it lies (`demo` in the data folder)")
    parser.add_argument("--days", type=int, default=30, help="how long it stays, 1 to 90 (30)")
    parser.add_argument("--new", action="store_true", help="delete the demo that is there first")
    parser.add_argument("--port", type=int, default=8501, help="where it is served (8501)")
    parser.add_argument("--no-serve", action="store_true", help="only make it")


def _demo(arguments: Namespace) -> int:
    from vendorrisk.demo import command  # see `_migrate`

    settings = Settings.from_environment()
    folder = (arguments.folder or settings.data / "demo").absolute()
    command.prepare(
        folder,
        settings.questionnaires,
        f"http://localhost:{arguments.port}",
        days=arguments.days,
        new=arguments.new,
        say=partial(print, flush=True),
    )
    if not arguments.no_serve:
        program, *rest = command.server(arguments.port)
        # In place of this process, so that stopping it stops the server.
        os.execve(program, [program, *rest], command.environment(folder, os.environ))  # noqa: S606
    return FINE


def _takes_nothing(parser: ArgumentParser) -> None:
    """A command without arguments of its own."""


COMMANDS: tuple[Command, ...] = (
    Command("check", "Check questionnaires, rubrics and cases.", _takes_check, _check),
    Command("test", "Run the cases beside the rubrics.", _takes_paths, _test),
    Command("score", "Score answers by a rubric.", _takes_answers, _score),
    Command("explain", "Print the measures a rubric stands for.", _takes_rubric, _explain),
    Command("diff", "Say what a changed rubric would move.", _takes_two, _diff),
    Command(
        "coverage", "Print which controls of which frameworks are asked.", _takes_nothing, _coverage
    ),
    Command("access", "Print who may do what.", _takes_nothing, _access),
    Command("lock", "Pin what has been published.", _takes_nothing, _lock),
    Command("migrate", "Make the database, or bring it up to date.", _takes_nothing, _migrate),
    Command("verify", "Check the audit trail, rows, files and scores.", _takes_checkpoint, _verify),
    Command("checkpoint", "Print how far the audit trail has come.", _takes_nothing, _checkpoint),
    Command("purge", "Delete what is kept no longer than it may be.", _takes_dry_run, _purge),
    Command("backup", "Copy database and evidence, until a day.", _takes_backup, _backup),
    Command(
        "rotate-key",
        "Change the master key, and encrypt anew what the old one opens.",
        _takes_keep_backups,
        _rotate_key,
    ),
    Command(
        "reset-second-factor",
        "Let a colleague who lost their second factor set up another.",
        _takes_email,
        _reset_second_factor,
    ),
    Command("demo", "Make and serve a made-up portfolio.", _takes_demo, _demo),
    Command("new", "Begin a questionnaire, or its next version.", _takes_new, _new),
)
