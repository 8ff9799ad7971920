"""Catalogues hold the ids that were published, and a mapping to any other id is told in place."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.content import Library, check, read_yaml
from vendorrisk.content.catalogues import check_mappings, read_catalogue, spelled_out
from vendorrisk.document import InvalidContent, Report

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
ROOT = REPOSITORY / "questionnaires"
LIBRARY = Library(ROOT)
CATALOGUES = LIBRARY.catalogues
FIXTURES = REPOSITORY.parent / "shared" / "fixtures" / "oscal"
"""Published catalogues outside the repository: compared with where they are, never needed."""

FRAMEWORKS = {
    "cis-8",
    "csa-ccm-4",
    "dora",
    "gdpr",
    "iso-27001-2022",
    "mvsp-3",
    "nist-800-171r2",
    "nist-800-171r3",
    "nist-800-53r5",
    "nist-csf-2",
}
# Over the sorted lines `id<tab>TITLE` of NIST's own lists; subcategories have no titles there.
PUBLISHED = {
    "nist-800-53r5": "b1ab23b4536923f436ee0f901169baecc2ca942c4a6f6329b2a79a9581f483da",
    "nist-800-171r3": "44142e867510bfd606cb5e399356c8c239fb536ddc733b746cdcaae9ffe71213",
    "nist-csf-2": "65d401417c58197784bc63e34d13ac4f9c3b3e4f80d16e1c10fea4bf1d226dde",
}


def extract(name: str) -> dict[str, str]:
    """Ids and titles of a published catalogue, kept beside the tests."""
    lines = (HERE / "data" / name).read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines)


def controls_of_oscal(path: Path) -> dict[str, str]:
    """Ids and titles of an OSCAL catalogue, enhancements included."""
    found = {}

    def walk(control):
        label = next(
            p["value"] for p in control["props"] if p["name"] == "label" and "class" not in p
        )
        found[label] = control["title"]
        for part in control.get("controls", ()):
            walk(part)

    catalogue = json.loads(path.read_text(encoding="utf-8"))["catalog"]
    for group in catalogue["groups"]:
        for control in group["controls"]:
            walk(control)
    return found


def test_every_framework_has_its_catalogue():
    assert set(CATALOGUES) == FRAMEWORKS


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_ids_and_titles_are_all_those_that_nist_published(name):
    catalogue = CATALOGUES[name]
    free = r"..\.[A-Z]{2}-\d\d" if name == "nist-csf-2" else "(?!)"  # our own wording there
    lines = [
        each if re.fullmatch(free, each) else f"{each}\t{catalogue.titles[each].upper()}"
        for each in catalogue.ids
    ]
    assert hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest() == PUBLISHED[name]


def test_the_low_baseline_and_mvsp_stand_in_the_catalogues_word_for_word():
    low, mvsp = extract("nist-800-53r5-low-baseline.tsv"), extract("mvsp-3.tsv")
    assert (len(low), len(mvsp)) == (149, 25)
    assert low.items() <= CATALOGUES["nist-800-53r5"].titles.items()
    assert mvsp == CATALOGUES["mvsp-3"].titles


def test_the_extracts_are_what_the_published_files_say_wherever_these_are_at_hand():
    for pattern, name in (
        ("NIST_SP-800-53_rev5_LOW-*_catalog-min.json", "nist-800-53r5-low-baseline.tsv"),
        ("mvsp_v3.0-*-catalog.json", "mvsp-3.tsv"),
    ):
        for path in FIXTURES.glob(pattern):
            assert controls_of_oscal(path) == extract(name)


def test_a_title_under_copyright_is_never_shipped():
    for name in ("cis-8", "csa-ccm-4", "iso-27001-2022", "gdpr", "dora"):
        assert not CATALOGUES[name].titles
        assert not CATALOGUES[name].verified


@pytest.mark.parametrize(
    ("name", "ids", "units"),
    [
        ("iso-27001-2022", 93, 93),
        ("cis-8", 153, 153),
        ("csa-ccm-4", 197, 197),
        ("nist-800-171r2", 110, 110),
        ("gdpr", 856, 99),
        ("dora", 515, 64),
        ("nist-csf-2", 134, 106),
        ("nist-800-53r5", 1014, 300),
    ],
)
def test_a_catalogue_is_whole(name, ids, units):
    assert (len(CATALOGUES[name].ids), len(CATALOGUES[name].units)) == (ids, units)


def test_revision_2_names_the_requirements_that_its_scoring_method_scores():
    rows = (ROOT / "methods/dod-800-171/v1/requirements.csv").read_text().splitlines()[1:]
    assert {row.split(",")[0] for row in rows} == set(CATALOGUES["nist-800-171r2"].ids)


def test_whatever_the_questionnaires_map_to_exists():
    problems = Report()
    for path in ROOT.glob("*/v*/questionnaire.yaml"):
        record = read_yaml(path, Report(str(path)))
        check_mappings(record, CATALOGUES, problems)
    assert [str(problem) for problem in problems.problems] == []


@given(st.data())
def test_an_id_written_otherwise_is_known_and_led_back_to_how_it_is_written(data):
    catalogue = CATALOGUES[data.draw(st.sampled_from(sorted(FRAMEWORKS)))]
    control = data.draw(st.sampled_from(catalogue.ids))
    spelt = data.draw(
        st.sampled_from(
            [
                control.lower(),
                re.sub(r"\d+", lambda n: n[0].zfill(3), control),
                control.replace("(", ".").replace(")", ""),
                control.replace("(", " ("),
                f"Art. {control}",
            ]
        )
    )
    assert catalogue.written(spelt) == control


@pytest.mark.parametrize(
    ("control", "parts"),
    [
        ("nist-800-53r5:SI-12(3)", ["SI-12(3)", "SI-12"]),
        ("nist-csf-2:GV.SC-05", ["GV.SC-05", "GV.SC", "GV"]),
        ("gdpr:5(1)(e)", ["5(1)(e)", "5(1)", "5"]),
        ("iso-27001-2022:A.5.16", ["A.5.16"]),
        ("dora:30(3)(e)(iv)", ["30(3)(e)(iv)", "30(3)(e)", "30(3)", "30"]),
    ],
)
def test_an_id_knows_what_it_is_a_part_of(control, parts):
    framework, name = control.split(":")
    assert CATALOGUES[framework].around(name) == parts


def test_controls_are_spelled_out_framework_by_framework():
    controls = ("nist-800-53r5:AC-2(2)", "gdpr:32", "nist-800-53r5:AC-2(3)", "house-rules:7")
    said = spelled_out(controls, CATALOGUES)
    assert said == "NIST SP 800-53r5 AC-2(2), AC-2(3); GDPR 32; house-rules 7"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(HERE / "valid", tmp_path / "questionnaires")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("mapped", "code", "says"),
    [
        ("nist-800-53r6:IA-2", "unknown-framework", 'Did you mean "nist-800-53r5"?'),
        ("nist-800-53r5:IA-2(9)", "unknown-control", 'Did you mean "IA-2(2)"?'),
        ("nist-800-53r5:ZZ-99", "unknown-control", "NIST SP 800-53r5 has no `ZZ-99`."),
        ("nist-800-53r5:ia-2.01", "control-spelling", "is written `nist-800-53r5:IA-2(1)`."),
        ("mvsp-3:4.02", "control-spelling", "is written `mvsp-3:4.2`."),
        ("mvsp-3:4.2, mvsp-3:4.2", "duplicate-id", "twice"),
    ],
)
def test_a_mapping_to_what_is_not_there_is_told_with_its_line_and_the_nearest_id(
    root, mapped, code, says
):
    path = root / "access/v1/questionnaire.yaml"
    change(path, "maps_to: [nist-800-53r5:IA-2(1), mvsp-3:4.2]", f"maps_to: [{mapped}]")
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "maps_to" in text)
    library = Library(root)
    for at in (path, path.parent, root):
        (found,) = [problem for problem in check(at, library) if problem.code == code]
        assert (found.place.line, found.severity) == (line, "error")
        assert found.place.file.endswith("access/v1/questionnaire.yaml")
        assert says in found.message


def test_an_unknown_control_is_told_beside_everything_else_that_is_wrong(root):
    path = root / "access/v1/questionnaire.yaml"
    change(path, "mvsp-3:4.2]", "mvsp-3:9.9]")
    change(path, "answer: one_of", "answer: one-of")
    codes = {problem.code for problem in check(path.parent, Library(root))}
    assert {"unknown-control", "not-one-of"} <= codes


def test_a_wrong_mapping_never_keeps_an_assessment_from_opening(root):
    change(root / "access/v1/questionnaire.yaml", "mvsp-3:4.2]", "mvsp-3:9.9]")
    assert Library(root).pack("access").questionnaire is not None


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("catalogue: mvsp-3", "catalogue: mvsp-4", "folder-mismatch"),
        ("catalogue: mvsp-3", "catalogue: MVSP 3", "bad-id"),
        ("status: verified", "status: probably", "not-one-of"),
        ("licence: CC0 1.0 Universal", "", "missing-key"),
        ("unit: control", "unit: control\nexcept: [4.9]", "unknown-control"),
        ("4.2: Logical access", "4.02: Logical access, 4.2: Twice", "duplicate-id"),
        ("4.2: Logical access", "4.2: [Logical]", "not-text"),
        ("titles: {4.1: Physical access, 4.2: Logical access}", "ids: [4.1, 4.1]", "duplicate-id"),
        ("titles: {4.1: Physical access, 4.2: Logical access}", "ids: []", "no-value"),
        ("  titles:", "  texts: {}\n  titles:", "unknown-key"),
    ],
)
def test_a_faulty_catalogue_is_told_with_its_file_and_used_by_nobody(root, old, new, code):
    path = root / "catalogs/mvsp-3.yaml"
    change(path, old, new)
    assert code in {problem.code for problem in check(path, Library(root))}
    assert code in {problem.code for problem in check(root, Library(root))}
    with pytest.raises(InvalidContent):
        _ = Library(root).catalogues


def test_an_id_can_differ_from_its_file_in_whether_it_was_verified(root):
    catalogue = Library(root).catalogues["nist-800-53r5"]
    assert catalogue.verified
    assert [each for each in catalogue.ids if not catalogue.is_verified(each)] == ["IA-4"]


@given(st.binary(max_size=300))
def test_no_file_makes_the_reader_of_catalogues_stumble(data):
    report = Report()
    record = read_yaml(b"catalogue: x\n" + data, report)
    if record is not None:
        assert read_catalogue(record, report, "x") is None
    assert report.errors
