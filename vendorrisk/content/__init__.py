"""Content: questionnaires, rubrics and cases as YAML, read, checked, pinned and found again."""

from vendorrisk.content.beginning import new_questionnaire, new_version
from vendorrisk.content.cases import (
    Case,
    CaseOutcome,
    coverage_problems,
    read_cases,
    run_case,
    run_cases,
)
from vendorrisk.content.catalogues import Catalogue, spelled_out
from vendorrisk.content.checking import check, library_at
from vendorrisk.content.comparing import Comparison, Outcome, compare, compare_cases, outcome_of
from vendorrisk.content.coverage import coverage_page
from vendorrisk.content.lock import check_lock, lock
from vendorrisk.content.packs import Library, NoSuchPack, Pack, load_pack, pack_folders
from vendorrisk.content.proving import proof_problems, tell_proofs
from vendorrisk.content.reading import read_json, read_yaml
from vendorrisk.content.sets import (
    ACROSS,
    CASES,
    TRIGGERS,
    SetCase,
    case_problems,
    load_across,
    load_triggers,
    set_cases,
)

__all__ = [
    "ACROSS",
    "CASES",
    "TRIGGERS",
    "Case",
    "CaseOutcome",
    "Catalogue",
    "Comparison",
    "Library",
    "NoSuchPack",
    "Outcome",
    "Pack",
    "SetCase",
    "case_problems",
    "check",
    "check_lock",
    "compare",
    "compare_cases",
    "coverage_page",
    "coverage_problems",
    "library_at",
    "load_across",
    "load_pack",
    "load_triggers",
    "lock",
    "new_questionnaire",
    "new_version",
    "outcome_of",
    "pack_folders",
    "proof_problems",
    "read_cases",
    "read_json",
    "read_yaml",
    "run_case",
    "run_cases",
    "set_cases",
    "spelled_out",
    "tell_proofs",
]
