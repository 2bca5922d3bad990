"""Behaviour tests from a suite to the screen, the page and a run's report; what a suite has wrong is said with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import DataError
from tunewright.core.folder import read_json
from tunewright.pipeline.behaviour import evaluate_behaviour, read_suite
from tunewright.pipeline.forget import forget
from tunewright.pipeline.inventory import inventory
from tunewright.pipeline.purge import purge
from tunewright.pipeline.run import Run, run

SUITE = """\
tests:
  - name: plain praise
    kind: minimum
    label: pos
    texts: [it was superb, a lovely day]
  - name: who it was does not matter
    kind: invariance
    template: "{who} was rude and awful"
    fill: {who: [they, we, the staff]}
    vary: who
imports:
  - file: cases.jsonl
    labels: {"2": pos}
    expect:
      more of it: {direction: up}
"""
CASES = [
    {"test": "good words", "type": "MFT", "capability": "Vocabulary", "texts": ["great"], "label": 2},
    {"test": "good words", "type": "MFT", "capability": "Vocabulary", "texts": ["awful"], "label": 2},
    {"test": "neutral words", "type": "MFT", "texts": ["day"], "label": 1},
    {"test": "lost", "type": "MFT", "texts": ["<__main__.Stub object at 0x7ff8e75bb790>"], "label": 2},
    {"test": "more of it", "type": "DIR", "texts": ["it was good", "it was good and superb"], "label": None},
    {"test": "nobody said", "type": "DIR", "texts": ["good", "bad"], "label": None},
]


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    (folder / "cases.jsonl").write_text("".join(json.dumps(case) + "\n" for case in CASES), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    return folder / "suite.yaml"


@pytest.fixture(scope="module")
def held(reviews: Path, suite: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose recipe names the suite."""
    settings = f"evaluate.behaviour={{suite: {suite}, changed_rows: 200}}"
    wishes = [*QUICK, settings, "clean.exact_duplicates=keep"]
    return run(reviews, model="none", output=tmp_path_factory.mktemp("runs") / "held", overrides=wishes)


def test_every_test_of_a_suite_is_run_or_says_why_not(held: Run, suite: Path) -> None:
    found = evaluate_behaviour(held.folder.baseline_bundle, suite=suite)
    told = {one.name: (one.cases, one.failed, one.reason) for one in found.tests}
    assert told == {
        "plain praise": (2, 0, None), "who it was does not matter": (1, 0, None), "good words": (2, 1, None),
        "neutral words": (1, 0, "unknown_label"), "lost": (1, 0, "stub_texts"), "more of it": (1, 0, None),
        "nobody said": (1, 0, "no_expectation"),
    }  # fmt: skip
    assert found.changes == ()


def test_a_run_has_the_suite_and_its_own_texts_changed_in_its_report(held: Run) -> None:
    found = held.evidence["behaviour"]
    assert {one["name"]: one["cases"] > 20 for one in found["changes"]} == {
        "case": True, "punctuation": True, "typos": True, "width": False, "chinese": False, "space": True,
    }  # fmt: skip
    page = held.report.read_text(encoding="utf-8")
    assert "How it behaves" in page
    assert "good words" in page
    assert "not applicable, because its texts were lost when they were saved: &lt;__main__.Stub object at" in page
    case = next(one for one in found["changes"] if one["name"] == "case")
    assert case["rate"] == 0.0, "word counting folds case"
    assert str(held.folder.path) not in held.folder.evidence.read_text(encoding="utf-8"), "a run's place is no evidence"


@pytest.mark.parametrize(("language", "said"), [("en", "Fails, of 100"), ("zh", "每 100 例失败")])
def test_screen_page_and_json_say_the_same(
    held: Run, suite: Path, reviews: Path, language: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, page = str(held.folder.baseline_bundle), tmp_path / "page.html"
    asked = ["evaluate", model, str(reviews), "--behaviour", str(suite), "--lang", language]
    assert main([*asked, "--html", str(page)]) == 0
    screen = capsys.readouterr().out
    assert said in screen
    assert said in page.read_text(encoding="utf-8")
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["failed"] for one in told["tests"] if one["name"] == "good words"] == [1]


def test_private_shows_the_suite_and_no_text_of_the_file(
    held: Run, reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["evaluate", str(held.folder.baseline_bundle), str(reviews), "--behaviour", "--json"]
    assert main(asked) == 0
    assert any(one["failures"] for one in json.loads(capsys.readouterr().out)["changes"])
    assert main([*asked, "--private"]) == 0
    assert not any(one["failures"] for one in json.loads(capsys.readouterr().out)["changes"])


def test_forgotten_rows_and_purged_texts_leave_the_behaviour_too(held: Run, tmp_path: Path) -> None:
    def texts() -> list[str]:
        changes = read_json(held.folder.evidence)["behaviour"]["changes"]
        return [
            one[key] for change in changes for one in change["failures"] for key in ("text", "original") if one[key]
        ]

    failures = [one for change in held.evidence["behaviour"]["changes"] for one in change["failures"]]
    assert failures  # the check can fail
    forget(rows=failures[0]["row_id"], runs=held.folder.path.parent)
    left = [one for change in held.evidence["behaviour"]["changes"] for one in change["failures"]]
    assert failures[0]["row_id"] not in {one["row_id"] for one in left}
    purge(held.folder.path)
    assert texts() == []
    assert not any(item.path == "evidence.json" for item in inventory(held.folder.path) if item.holds == "texts")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tests: [", "is not YAML"),
        ("- a", "a tree of keys"),
        ("tests:\n  - {name: a, kind: minimum, texts: [x], labl: pos}", r"`tests\.0\.labl`.*Did you mean `label`"),
        ("tests:\n  - {name: a, texts: [x], label: pos}", r"`tests\.0\.kind` is missing"),
        ("tests:\n  - {name: a, kind: minimum, texts: [x]}", r"needs `label` or `not_label`"),
        ("imports:\n  - {file: none.jsonl}", "no such file of cases"),
        ("tests: []", "no test in it"),
        (
            "tests:\n  - &a {name: a, kind: minimum, texts: [x], label: pos}\n  - *a",
            "two tests are called `a`",
        ),
    ],
)
def test_a_broken_suite_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "suite.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_suite(tmp_path / "suite.yaml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", r"cases.jsonl:1: expected a JSON object"),
        ('{"test": "a", "type": "X", "texts": ["a"]}', "found `type: X`"),
    ],
)
def test_a_broken_case_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "cases.jsonl").write_text(line, encoding="utf-8")
    (tmp_path / "suite.yaml").write_text("imports:\n  - file: cases.jsonl\n", encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_suite(tmp_path / "suite.yaml")


def test_texts_of_cases_may_hold_any_end_of_line(tmp_path: Path) -> None:
    case = '{"test": "a", "type": "MFT", "texts": ["one\u2028two\u0085three"], "label": "pos"}'
    (tmp_path / "cases.jsonl").write_text(f"{case}\n", encoding="utf-8")
    (tmp_path / "suite.yaml").write_text("imports:\n  - file: cases.jsonl\n", encoding="utf-8")
    ((case_of_a,),) = (test.cases for test in read_suite(tmp_path / "suite.yaml"))
    assert case_of_a.texts == ("one\u2028two\u0085three",)
    (tmp_path / "cases.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="JSON Lines in UTF-8"):
        read_suite(tmp_path / "suite.yaml")


def test_a_suite_that_is_not_there_stops_a_run_before_it_trains(reviews: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such suite"):
        run(reviews, model="none", output=tmp_path / "run", overrides=[*QUICK, "evaluate.behaviour.suite=none.yaml"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--behaviour"], "give a suite of tests, or a FILE"),
        (["rows.csv", "--behaviour", "--bias"], "two pages"),
        (["rows.csv", "--behaviour", "--label", "x"], "answers are not looked at"),
        (["rows.csv", "--html", "x.html"], "belongs to `--bias` and `--behaviour`"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "model", *options]) > 0
    assert said in capsys.readouterr().err


def test_the_example_suite_can_be_read() -> None:
    assert len(read_suite(Path(__file__).parents[2] / "examples" / "support_behaviour.yaml")) == 4
