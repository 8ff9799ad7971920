"""YAML and JSON are read as text with places, and hostile input is a problem and never a crash."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorrisk.content import read_json, read_yaml
from vendorrisk.content.packs import read_table
from vendorrisk.content.reading import LARGEST_FILE
from vendorrisk.document import (
    Items,
    Place,
    Problem,
    Record,
    Report,
    Text,
    is_null,
    plain,
    tree,
    walk,
)


def yaml(source: bytes | str):
    report = Report("f.yaml")
    data = source if isinstance(source, bytes) else source.encode()
    return read_yaml(data, report), report


def js(source: bytes | str):
    report = Report("f.json")
    data = source if isinstance(source, bytes) else source.encode()
    return read_json(data, report), report


def codes(report: Report) -> list[str]:
    return [problem.code for problem in report.errors]


def test_a_scalar_stays_the_text_it_was_written_as():
    record, report = yaml("version: 3.10\nanswer: no\nday: 2026-01-31\nnumber: 0x1F\nempty:\n")
    assert not report.problems
    assert plain(record) == {
        "version": "3.10",
        "answer": "no",
        "day": "2026-01-31",
        "number": "0x1F",
        "empty": "",
    }
    assert is_null(record["empty"])


def test_each_scalar_and_key_knows_its_line_and_whether_it_was_quoted():
    record, _ = yaml('first: no\nlist:\n- "no"\n- >-\n  folded\n  text\n')
    assert [(str(t), t.place.line, t.quoted) for t in walk(record)] == [
        ("first", 1, False),
        ("no", 1, False),
        ("list", 2, False),
        ("no", 3, True),
        ("folded text", 4, True),
    ]


def test_comments_and_a_byte_order_mark_are_no_content():
    record, report = yaml(b"\xef\xbb\xbf# hello\nkey: value # more\n")
    assert not report.problems
    assert plain(record) == {"key": "value"}


def test_text_that_is_not_utf8_is_refused_with_its_line():
    record, report = yaml(b"first: 1\nsecond: caf\xe9\n")
    assert record is None
    assert [(p.place.line, p.code) for p in report.errors] == [(2, "not-utf8")]


def test_a_control_character_is_refused_with_its_line():
    record, report = yaml(b"first: 1\nsecond: a\x00b\n")
    assert record is None
    assert [(p.place.line, p.code) for p in report.errors] == [(2, "control-character")]


@pytest.mark.parametrize("written", [r"\0", r"\e[2J", r"\a", r"\x85", "\u202e", r"\u2067", r"\L"])
def test_a_control_character_that_is_written_as_an_escape_is_refused_too(written):
    _, report = yaml(f'first: 1\nsecond: "a{written}b"\n'.encode())
    assert [(p.place.line, p.code) for p in report.errors] == [(2, "control-character")]


def test_a_problem_is_one_line_whatever_a_file_says():
    problem = Problem("odd", "It says “a\nb”, \u2028 and \u202e.", Place("a\nb.yaml", 3))
    assert str(problem) == r"a\nb.yaml:3: odd: It says “a\nb”, \u2028 and \u202e."


def table(folder: Path, data: bytes) -> tuple[object, Report]:
    (folder / "table.csv").write_bytes(data)
    report = Report("rubric.yaml")
    return read_table(folder, Text("table.csv", Place("rubric.yaml", 4)), report), report


def test_a_table_holds_no_control_character(tmp_path: Path):
    rows, report = table(tmp_path, b"id,says\r\na,fine\r\nb,\x07\r\nc,\x00\r\n")
    assert rows is None
    assert [(p.place.line, p.code) for p in report.errors] == [
        (3, "control-character"),
        (4, "control-character"),
    ]


def test_what_is_no_file_is_no_table_and_the_rubric_says_where(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.csv")
    report = Report("rubric.yaml")
    for name in ("pipe.csv", "gone.csv"):
        assert read_table(tmp_path, Text(name, Place("rubric.yaml", 4)), report) is None
    assert [str(problem)[:22] for problem in report.errors] == ["rubric.yaml:4: no-file"] * 2


def test_a_file_over_two_mebibytes_is_refused_unread():
    record, report = yaml(b"a: " + b"x" * LARGEST_FILE)
    assert record is None
    assert codes(report) == ["too-large"]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path):
    report = Report("gone.yaml")
    assert read_yaml(tmp_path / "gone.yaml", report) is None
    assert codes(report) == ["no-file"]
    assert str(report.errors[0]).startswith("gone.yaml:0: no-file: ")


def test_a_folder_in_place_of_a_file_is_a_problem(tmp_path: Path):
    report = Report("folder")
    assert read_yaml(tmp_path, report) is None
    assert codes(report) == ["unreadable"]


def test_an_alias_is_never_followed():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + below] * 10)}]\n"
        for below, name in zip("abcdefghijklmno", "bcdefghijklmnop", strict=True)
    )
    record, report = yaml(bomb)  # followed, these would be 10 to the power of 16 texts
    assert record is None
    assert codes(report).count("alias") == 150


@given(st.binary(max_size=300))
def test_no_bytes_make_either_reader_raise(data):
    for read in (yaml, js):
        thing, report = read(data)
        assert thing is not None or report.errors or read is js


@given(st.text(alphabet="abc:-[]{}&*!#'\"\n ,|>?%@`\\~", max_size=80))
def test_no_yaml_makes_the_reader_raise(text):
    record, report = yaml(text)
    assert isinstance(record, Record) or report.errors


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=25,
)


@given(JSON, st.sampled_from([None, 1]))
def test_json_reads_as_the_standard_reader_does(data, indent):
    thing, report = js(json.dumps(data, indent=indent))
    assert not report.errors
    assert thing == tree(data)
    assert plain(thing) == plain(tree(data))


def test_json_knows_lines_and_tells_numbers_from_texts():
    thing, report = js('{"a":\n [1, "1",\n true, null, -0.5e3]}')
    assert not report.errors
    assert isinstance(thing["a"], Items)
    numbers = thing["a"]
    assert [(str(t), t.place.line, t.quoted) for t in numbers if isinstance(t, Text)] == [
        ("1", 2, False),
        ("1", 2, True),
        ("true", 3, False),
        ("-0.5e3", 3, False),
    ]
    assert numbers[3] is None


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('{"a": 1,\n"a": 2}', "duplicate-key", 2),
        ('{"a":\nNaN}', "syntax", 2),
        ('{"a": -Infinity}', "syntax", 1),
        ("[" * 60 + "]" * 60, "too-deep", 1),
        ("[" * 100_000, "too-deep", 1),
        ('{"a":' * 100_000, "too-deep", 1),
        ('{"a": 1} {"b": 2}', "syntax", 1),
        ('{"a": 01}', "syntax", 1),
        ('{"a": 1,}', "syntax", 1),
        ("{'a': 1}", "syntax", 1),
        ('{"a": "x\ny"}', "syntax", 1),
        (r'{"a": "\q"}', "syntax", 1),
        (r'{"a": "\ud800"}', "syntax", 1),
        ("\n\n", "syntax", 3),
        ('{"a": tru}', "syntax", 1),
    ],
)
def test_faulty_json_is_refused_with_its_line(text, code, line):
    _, report = js(text)
    assert [(p.code, p.place.line) for p in report.errors] == [(code, line)]


def test_a_number_of_a_million_digits_is_only_a_text():
    thing, report = js('{"a": ' + "9" * 1_000_000 + "}")
    assert not report.errors
    assert len(thing["a"]) == 1_000_000
