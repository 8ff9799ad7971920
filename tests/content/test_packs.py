"""All that ships: each pack is sound, each of its cases holds, and what is published stays."""

from pathlib import Path

import pytest

from vendorrisk.content import (
    Library,
    check,
    check_lock,
    pack_folders,
    read_cases,
    run_case,
)
from vendorrisk.document import InvalidContent

ROOT = Path(__file__).parents[2] / "questionnaires"
LIBRARY = Library(ROOT)
FOLDERS = pack_folders(ROOT)


def name_of(folder: Path) -> str:
    return folder.relative_to(ROOT).as_posix()


def every_case():
    for folder in FOLDERS:
        try:
            pack = LIBRARY.load(folder)
            cases = read_cases(pack)
        except InvalidContent as error:  # shown by its own test, not by a collection that fails
            yield pytest.param(error, None, id=f"{name_of(folder)}:unusable")
            continue
        for case in cases:
            yield pytest.param(pack, case, id=f"{name_of(folder)}:{case.id}")


@pytest.mark.parametrize(("pack", "case"), [*every_case()])
def test_a_case_holds(pack, case):
    assert not isinstance(pack, InvalidContent), str(pack)
    outcome = run_case(pack, case)
    assert outcome.holds, "\n".join([case.says, *map(str, outcome.problems)])


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_pack_is_sound(folder):
    errors = [problem for problem in check(folder, LIBRARY) if problem.severity == "error"]
    assert not errors, "\n".join(map(str, errors))


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_pack_has_cases(folder):
    assert (folder / "cases.yaml").is_file()


def test_what_is_published_never_changes():
    broken = check_lock(LIBRARY)
    assert not broken, "\n".join(map(str, broken))


@pytest.mark.parametrize("file", ["catalogs/evidence.yaml", "appetite.yaml"])
def test_what_packs_share_is_sound(file):
    assert [str(problem) for problem in check(ROOT / file, LIBRARY)] == []


def test_a_question_means_the_same_wherever_it_is_asked():
    asked: dict[str, tuple[str, object]] = {}
    for pack in LIBRARY.packs():
        for question in pack.questionnaire.questions if pack.questionnaire else ():
            meaning = (question.answer, tuple(choice.id for choice in question.choices))
            where, first = asked.setdefault(question.id, (pack.name, meaning))
            if where.split("/v")[0] != pack.name.split("/v")[0]:
                assert meaning == first, f"{question.id} differs in {where} and {pack.name}"
