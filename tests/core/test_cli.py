"""The command line: exit codes, one line for each problem, and the result's shape."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from vendorrisk.cli import main

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PROBLEM = re.compile(r".+:\d+: [a-z0-9-]+: .+")
GOOD = {
    "answers": {
        "AC1": "everyone",
        "exceptions": 0,
        "factor_kind": "hardware",
        "secret_stores": ["vault"],
    },
    "facts": {"tier": 1, "data_classes": []},
}


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    root = shutil.copytree(HERE.parent / "content" / "valid", tmp_path / "questionnaires")
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", str(root))
    monkeypatch.chdir(tmp_path)
    return root


@pytest.fixture
def run(root, capsys):
    """Run a command; its exit code, standard output and lines of standard error."""

    def running(*words: str) -> tuple[int, str, list[str]]:
        code = main(list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err.splitlines()

    return running


def answers(root: Path, data: object) -> str:
    path = root.parent / "answers.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return "answers.json"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# -- check and test


def test_sound_content_passes_with_0(root, run):
    assert run("lock")[0] == 0
    burden = "questionnaires/access/v1: 7 questions, 20 minutes (security 17, engineering 3)\n"
    assert run("check") == (0, burden + "0 problems, 0 warnings\n", [])
    assert run("check", "questionnaires/access", "questionnaires/methods")[0] == 0
    code, out, err = run("test")
    assert (code, err) == (0, [])
    assert "questionnaires/access/v1: 8 cases" in out
    assert out.endswith("10 of 10 cases hold\n")


def test_unusable_content_is_bad_input_with_a_line_for_each_problem(root, run):
    path = root / "access/v1/questionnaire.yaml"
    change(path, "answer: one_of", "anser: one_of")
    change(path, "accept: [policy, soc2_type2, bridge_letter]", "accept: [polisy]")
    for command in ("check", "test"):
        code, _, err = run(command, "questionnaires/access")
        assert code == 2
        assert all(PROBLEM.fullmatch(line) for line in err)
        assert any(
            re.match(r"questionnaires/access/v1/questionnaire\.yaml:\d+: unknown-evidence: ", line)
            for line in err
        )
        assert len(err) > 1


def test_what_can_be_used_and_does_not_hold_is_1(root, run):
    run("lock")
    change(root / "access/v1/cases.yaml", "overall: 59", "overall: 60")
    code, out, err = run("test", "questionnaires/access/v1")
    assert code == 1
    assert "7 of 8 cases hold" in out
    assert len(err) == 1
    assert re.match(r"questionnaires/access/v1/cases\.yaml:\d+: case-differs: ", err[0])
    code, _, err = run("check")
    assert code == 1
    assert [line.split(": ")[1] for line in err] == ["published-changed"]


def test_a_single_file_can_be_checked(root, run):
    assert run("check", "questionnaires/access/v1/rubric.yaml")[0] == 0
    assert run("check", "questionnaires/catalogs/evidence.yaml")[0] == 0
    for folder in sorted((HERE.parent / "content" / "invalid").iterdir()):
        for file in sorted(folder.glob("*.yaml"))[:5]:
            code, _, err = run("check", str(file))
            assert code == 2, file
            assert all(PROBLEM.fullmatch(line) for line in err)


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nowhere"),
        ("test", "nowhere"),
        ("explain", "nowhere"),
        ("score", "nowhere", "answers.json"),
        ("score", "questionnaires/access", "nowhere.json"),
        ("new", "version", "nowhere"),
        ("new", "questionnaire", "../outside"),
    ],
)
def test_what_is_not_there_is_bad_input(root, run, words):
    answers(root, GOOD)
    code, _, err = run(*words)
    assert code == 2
    assert err
    assert all(PROBLEM.fullmatch(line) for line in err)


@pytest.mark.parametrize("words", [(), ("frobnicate",), ("score", "one"), ("new", "thing", "x")])
def test_a_wrong_command_is_bad_input_with_its_usage(run, capsys, words):
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    assert stopped.value.code == 2
    assert "usage: vendorrisk" in capsys.readouterr().err


# -- score


@pytest.mark.parametrize(
    "rubric",
    [
        "questionnaires/access",
        "questionnaires/access/v1",
        "questionnaires/access/v1/rubric.yaml",
        "proposal.yaml",
    ],
)
def test_a_rubric_is_a_pack_an_id_or_a_file_anywhere(root, run, rubric):
    shutil.copy(root / "access/v1/rubric.yaml", root.parent / "proposal.yaml")
    code, out, err = run("score", rubric, answers(root, GOOD), "--json")
    assert (code, err) == (0, [])
    assert json.loads(out)["results"]["overall"]["value"] == 50


def test_what_a_better_band_takes_is_told_beside_the_score(root, run):
    words = ("score", "questionnaires/access", answers(root, GOOD))
    plain = json.loads(run(*words, "--json")[1])
    code, out, err = run(*words, "--json", "--reach", "adequate")
    assert (code, err) == (0, [])
    found = json.loads(out)
    reach = found.pop("reach")
    assert found == plain, "asking for more changes nothing of the score"
    assert reach["target"] == "adequate"
    assert reach["proven"] is True
    assert reach["answers"] + reach["evidence"]
    text = run(*words, "--reach", "adequate")[1]
    assert "To reach adequate (overall " in text
    assert "No smaller set of questions does it." in text
    asked = text.split("To reach adequate")[1]
    assert "“" in asked, "questions and answers stand in their own words"
    assert not re.search(r"[a-z]_[a-z]", asked), "no ids"


def test_how_far_proof_could_move_the_score_is_told_beside_it(root, run):
    words = ("score", "questionnaires/access", answers(root, GOOD))
    found = json.loads(run(*words, "--json")[1])["outlook"]
    least, most = (found[end]["overall"]["value"] for end in ("proven", "provable"))
    assert least < most
    text = run(*words)[1]
    assert f"that are only said: {least:g} of 100, " in text
    assert f"With full proof for {len(found['short'])} answers: {most:g} of 100, " in text


def test_an_unknown_band_is_bad_input_with_the_bands_there_are(root, run):
    code, out, err = run("score", "questionnaires/access", answers(root, GOOD), "--reach", "Strong")
    assert (code, out) == (2, "")
    assert err[0].startswith("score:0: cannot-tell: There is no band “Strong”; there are strong, ")


def test_what_a_rule_obliges_to_verify_may_lie_beyond_the_last_day_there_is(root, run):
    change(
        root / "access/v1/rubric.yaml",
        "  because: Secrets stand where everybody reads.\n",
        "  because: Secrets stand where everybody reads.\n"
        "  obligation: {says: Look again., days: [0, 90], after: reviewed_on}\n",
    )
    data = GOOD | {
        "answers": GOOD["answers"]
        | {"secret_stores": ["wiki"], "exceptions": 1, "reviewed_on": "9999-12-31"},
        "as_of": "9999-12-31",
    }
    code, out, err = run("score", "questionnaires/access", answers(root, data), "--json")
    assert (code, err) == (0, [])
    [rule] = [rule for rule in json.loads(out)["rules"] if rule["id"] == "secrets-in-a-wiki"]
    assert rule["due"] == [{"day": 0, "on": "9999-12-31"}, {"day": 90, "on": "9999-12-31"}]


def test_how_often_the_band_holds_follows_from_the_seed(root, run):
    words = ("score", "questionnaires/access", answers(root, GOOD), "--sensitivity", "300")
    once, again = run(*words, "--json", "--seed", "7"), run(*words, "--json", "--seed", "7")
    assert once == again
    found = json.loads(once[1])["sensitivity"]
    assert (found["draws"], found["seed"]) == (300, 7)
    assert sum(found["bands"].values()) == pytest.approx(1)
    assert found["low"] <= found["high"]
    assert "300 weightings drawn around the rubric's own (seed 0)" in run(*words)[1]


@pytest.mark.parametrize("words", [("--sensitivity", "0"), ("--sensitivity", "9" * 30)])
def test_an_impossible_number_of_weightings_is_a_usage_error(root, run, words):
    with pytest.raises(SystemExit) as left:
        run("score", "questionnaires/access", answers(root, GOOD), *words)
    assert left.value.code == 2


def test_answers_may_come_from_standard_input(root, run, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    code, out, _ = run("score", "questionnaires/access", "-", "--json")
    assert code == 0
    assert json.loads(out)["results"]["band"]["value"] == "weak"


def test_the_result_has_the_shape_of_its_schema(root, run):
    schema = json.loads((REPOSITORY / "docs" / "result.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for rubric, data in (
        ("questionnaires/access", GOOD),
        ("questionnaires/access", GOOD | {"answers": {"AC1": "nobody", "factor_kind": "app"}}),
        ("questionnaires/access", GOOD | {"answers": {}}),
        ("questionnaires/methods/ladder-rating", {"answers": {"backup": "done"}}),
    ):
        code, out, _ = run("score", rubric, answers(root, data), "--json")
        assert code == 0
        jsonschema.validate(json.loads(out), schema)


def test_answers_have_the_shape_of_their_schema(root, run):
    schema = json.loads((REPOSITORY / "docs" / "answers.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    full = GOOD | {
        "evidence": {
            "E1": {
                "kind": "policy",
                "for": ["AC1"],
                "dated": "2026-02-01",
                "period_end": "2025-12-31",
                "scope": {"environment": "production"},
            }
        },
        "review": {"AC1": {"assurance": "verified", "reason": "Seen."}},
        "as_of": "2026-11-01",
    }
    full["answers"] = full["answers"] | {"faces": {"not_applicable": "None."}, "remarks": None}
    jsonschema.validate(full, schema)
    assert run("score", "questionnaires/access", answers(root, full))[0] == 0


def test_the_text_says_the_result_in_words(root, run):
    code, out, err = run(
        "score",
        "questionnaires/access",
        answers(root, GOOD | {"answers": {"AC1": "nobody", "factor_kind": "app"}}),
    )
    assert (code, err) == (0, [])
    assert "One stolen password opens customer data." in out
    assert "factor_kind" in out or "Which second factor" in out


def test_what_answers_say_steers_no_terminal(root, run):
    lifted = {"no-second-factor": {"reason": "Seen\x1b[2J\u202e", "granted_by": "Ada\x07"}}
    data = GOOD | {"answers": {"AC1": "nobody", "factor_kind": "app"}, "lifted": lifted}
    code, out, _ = run("score", "questionnaires/access", answers(root, data))
    assert code == 0
    assert r"Seen\x1b[2J\u202e" in out
    assert all(line.isprintable() for line in out.splitlines())


def test_no_score_is_an_honest_result_and_fine(root, run):
    change(
        root / "access/v1/questionnaire.yaml",
        "    code: AC1\n",
        "    code: AC1\n    not_applicable: Nobody signs in.\n",
    )
    data = GOOD | {
        "answers": {"AC1": {"not_applicable": "It has no users."}, "AC4": ["vault"]},
        "review": {"AC1": {"not_applicable": "approved"}},
    }
    code, out, err = run("score", "questionnaires/access", answers(root, data), "--json")
    assert (code, err) == (0, [])
    overall = json.loads(out)["results"]["overall"]
    assert (overall["value"], overall["state"]) == (None, "no_score")


@pytest.mark.parametrize(
    "data",
    [
        "",
        "{",
        "[]",
        "null",
        '{"answers": {"exceptions": NaN}}',
        '{"answers": {"exceptions": 1e999999999}}',
        '{"answers": {"exceptions": ' + "9" * 5000 + "}}",
        '{"answers": ' + '{"a":' * 5000 + "1" + "}" * 5001,
        '{"answers": ' + "[" * 5000,
        '{"answers": {"AC1": "everyone", "AC1": "nobody"}}',
        '{"answers": {"AC1": "every\\u0000one"}}',
        '{"answers": {"AC1": "\\ud800"}}',
        '{"answers": {"AC1": true}}',
        '{"facts": {"tier": {"$ne": 1}}}',
        '{"review": {"AC1": {"assurance": ["verified"]}}}',
        '{"evidence": {"E1": {"kind": [], "for": {}}}}',
        '{"as_of": 20261101}',
        '{"__proto__": {}, "answers": {}}',
        "\ufeff\ufeff{}",
    ],
)
def test_hostile_answers_are_problems_and_never_a_trace(root, run, data):
    code, out, err = run("score", "questionnaires/access", answers(root, data), "--json")
    assert code == 2
    assert out == ""
    assert err
    assert all(re.match(r"answers\.json:\d+: [a-z0-9-]+: ", line) for line in err)


def test_answers_that_are_not_text_are_a_problem(root, run):
    (root.parent / "answers.json").write_bytes(b"\xff\xfe\x00")
    code, _, err = run("score", "questionnaires/access", "answers.json")
    assert code == 2
    assert "not-utf8" in err[0]


def test_every_problem_names_the_line_it_stands_on(root, run):
    data = '{"answers": {\n"AC1": "everybody",\n"nothing": 1},\n"facts": {"tier": 7}}'
    code, _, err = run("score", "questionnaires/access", answers(root, data))
    assert code == 2
    assert [line.split(": ")[:2] for line in err] == [
        ["answers.json:2", "unknown-choice"],
        ["answers.json:3", "unknown-question"],
        ["answers.json:4", "bad-fact"],
    ]


def test_what_a_message_quotes_is_short(root, run):
    long = "a" * 100_000
    data = {"review": {"AC1": {"assurance": long, long: 1}}, long: 1, "facts": GOOD["facts"]}
    code, _, err = run("score", "questionnaires/access", answers(root, data))
    assert (code, len(err)) == (2, 3)
    assert max(map(len, err)) < 400
    _, _, [twice] = run(
        "score", "questionnaires/access", answers(root, f'{{"{long}":1,"{long}":1}}')
    )
    assert len(twice) < 400


def test_the_same_answers_give_the_same_bytes(root, run):
    one = run("score", "questionnaires/access", answers(root, GOOD), "--json")
    turned = GOOD | {"answers": dict(reversed(GOOD["answers"].items()))}
    assert run("score", "questionnaires/access", answers(root, turned), "--json") == one


# -- explain, new, lock


def test_explain_prints_the_measures_a_rubric_stands_for(root, run):
    for rubric in ("questionnaires/access", "questionnaires/methods/ladder-rating"):
        code, out, err = run("explain", rubric)
        assert (code, err) == (0, [])
        assert "measures:" in out


def test_new_content_is_sound_from_its_first_day(root, run):
    assert run("new", "questionnaire", "offices")[0] == 0
    assert run("new", "version", "access")[0] == 0
    run("lock")
    assert run("check")[0] == 0
    assert run("test")[0] == 0
    assert run("new", "version", "access")[0] == 2


def test_wrong_settings_are_bad_input(run, monkeypatch):
    monkeypatch.setenv("VENDORRISK_QUESTIONNAIRES", "/nowhere/at/all")
    code, _, err = run("check")
    assert code == 2
    assert all(PROBLEM.fullmatch(line) for line in err)


def test_the_module_is_the_command(tmp_path):
    found = subprocess.run(
        [sys.executable, "-m", "vendorrisk", "check", str(tmp_path / "nowhere")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 2
    assert "no-file" in found.stderr
