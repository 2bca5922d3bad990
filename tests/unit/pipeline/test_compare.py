"""`compare`: which rows, which recipes, what is said of it, and what is refused with words that help."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.unit.pipeline.run_folders import answers_of, write_run
from tunewright.cli.main import main
from tunewright.core.errors import DataError, FolderError
from tunewright.evaluate.test_ledger import record
from tunewright.pipeline.compare import compare_runs, write_changed
from tunewright.report.compared import compared_view
from tunewright.report.view import render_view
from tunewright.report.words import Words

GOLD = ["pos", "neg"] * 100
FEW, MANY = range(0, 200, 20), range(0, 200, 4)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_HOME", str(tmp_path / "home"))


def page_of(found: object, *, language: str = "en", private: bool = False) -> str:
    words = Words(language)  # type: ignore[arg-type]
    return render_view(compared_view(found.to_json(), words), words=words, private=private)  # type: ignore[attr-defined]


def test_the_better_of_two_is_named_with_the_difference_and_the_rows_that_changed(tmp_path: Path) -> None:
    good = write_run(tmp_path / "good", answers_of(GOLD, wrong=FEW))
    bad = write_run(tmp_path / "bad", answers_of(GOLD, wrong=MANY), learning_rate=1e-2)
    found = compare_runs([good, bad])
    (test,) = found.comparisons
    assert (found.best, found.not_shown_worse, test.verdict) == ("good", [], "a_better")
    assert test.difference == pytest.approx(0.2)
    assert test.method == "mcnemar_mid_p"
    (pair,) = found.changed
    # Every 20th row is wrong in both; of the others every 4th is wrong in the second only.
    assert pair.counts == {
        "gained": 0,
        "lost": 40,
        "other": 0,
        "both_right": 150,
        "both_wrong": 10,
        "same": 160,
        "n": 200,
    }
    assert pair.rows[0]["text"] == f"the text of {pair.rows[0]['row_id']}"
    assert [recipe.settings for recipe in found.recipes] == [
        {"optimizer.learning_rate": 1e-4}, {"optimizer.learning_rate": 1e-2},
    ]  # fmt: skip
    json.dumps(found.to_json(), allow_nan=False)


def test_runs_that_differ_in_their_seed_alone_are_one_recipe(tmp_path: Path) -> None:
    a = [
        write_run(tmp_path / f"a{seed}", answers_of(GOLD, wrong=range(seed, 200, 20)), seed=seed) for seed in (1, 2, 3)
    ]
    b = [
        write_run(tmp_path / f"b{seed}", answers_of(GOLD, wrong=range(seed, 200, 4)), seed=seed, learning_rate=1e-2)
        for seed in (1, 2)
    ]
    found = compare_runs([*a, *b])
    assert [recipe.runs for recipe in found.recipes] == [[0, 1, 2], [3, 4]]
    (test,) = found.comparisons
    assert test.method == "t_over_seeds_and_rows"
    assert test.verdict == "a_better"
    assert found.recipes[0].scores[0].low is not None
    assert found.recipes[1].scores[0].low is None  # two seeds
    assert "Seed by seed" in page_of(found)


def test_only_common_rows_are_compared_and_that_is_said(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", answers_of(GOLD[:150], wrong=FEW))
    other = write_run(tmp_path / "other", answers_of(GOLD[:150], wrong=FEW, first_id=50), learning_rate=1e-2)
    found = compare_runs([one, other])
    assert (found.n, found.left_out) == (100, {"not_in_all": 100, "other_gold": 0})
    assert found.runs[0].scores[0].n == 100
    assert "100 more are not in all of the runs" in page_of(found)


def test_rows_with_another_label_are_left_out_and_counted(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", answers_of(GOLD, wrong=FEW))
    relabelled = ["neg", *GOLD[1:]]
    other = write_run(tmp_path / "other", answers_of(relabelled, wrong=FEW), learning_rate=1e-2)
    found = compare_runs([one, other])
    assert (found.n, found.left_out) == (199, {"not_in_all": 0, "other_gold": 1})


def test_runs_without_a_common_row_are_refused_with_what_to_do(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", answers_of(GOLD, wrong=FEW))
    other = write_run(tmp_path / "other", answers_of(GOLD, wrong=FEW, first_id=900))
    with pytest.raises(DataError, match=r"no row in common.*split\.from_run"):
        compare_runs([one, other])


def test_what_is_no_run_is_refused_with_what_is(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", answers_of(GOLD, wrong=FEW))
    with pytest.raises(FolderError, match="no run"):
        compare_runs([run, tmp_path])
    with pytest.raises(DataError, match="names already"):
        compare_runs([run, run])
    with pytest.raises(FolderError, match="not cross-validated"):
        compare_runs([run, write_run(tmp_path / "b", answers_of(GOLD, wrong=MANY))], split="cv")
    with pytest.raises(DataError, match=r"`accurcy`.*Did you mean `accuracy`"):
        compare_runs([run, tmp_path / "b"], metrics=["accurcy"])
    with pytest.raises(DataError, match="two runs"):
        compare_runs([run])


def test_a_file_of_predictions_and_a_baseline_of_the_same_run_can_be_compared(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", answers_of(GOLD, wrong=FEW))
    write_run(run, answers_of(GOLD, wrong=MANY), system="tfidf")
    write_run(run, answers_of(GOLD, wrong=FEW))
    (run / "baseline").mkdir()
    by_folder = compare_runs([run, run / "baseline"])
    by_file = compare_runs([run, run / "predictions" / "tfidf.test.parquet"])
    assert [one.name for one in by_folder.runs] == ["run", "run/tfidf"] == [one.name for one in by_file.runs]
    assert by_folder.comparisons == by_file.comparisons
    with pytest.raises(DataError, match="names already"):
        compare_runs([run / "baseline", run / "predictions" / "tfidf.test.parquet"])


def test_one_private_run_makes_the_comparison_private(tmp_path: Path) -> None:
    secret = [f"SECRET{i}" for i in range(200)]
    one = write_run(tmp_path / "one", answers_of(GOLD, wrong=FEW), texts=secret)
    other = write_run(tmp_path / "other", answers_of(GOLD, wrong=MANY), texts=secret, private=True)
    open_ = compare_runs([one, write_run(tmp_path / "third", answers_of(GOLD, wrong=MANY), learning_rate=1.0)])
    assert "SECRET" in page_of(open_)  # the check can fail
    found = compare_runs([one, other])
    assert found.private
    write_changed(found, tmp_path / "changed.csv")
    assert "SECRET" not in json.dumps(found.to_json()) + page_of(found, private=True)
    assert "SECRET" not in (tmp_path / "changed.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_escapes_what_it_shows(tmp_path: Path, language: str) -> None:
    hostile = ["<script>alert(1)</script>"] * 200
    one = write_run(tmp_path / "<b>one", answers_of(GOLD, wrong=FEW), texts=hostile)
    other = write_run(tmp_path / "other", answers_of(GOLD, wrong=MANY), texts=hostile, learning_rate=1e-2)
    page = page_of(compare_runs([one, other]), language=language)
    assert "<script" not in page
    assert "<b>one" not in page
    assert "&lt;script&gt;" in page


def test_the_ledger_is_shown(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, answers_of(GOLD, wrong=wrong), learning_rate=rate)
        for name, wrong, rate in (("one", FEW, 1e-4), ("other", MANY, 1e-2))
    ]
    for scored in ("first", "second", "third"):
        record(answers_of(GOLD, wrong=FEW).row_ids, scored)
    found = compare_runs(runs)
    assert found.times_scored == 3
    assert "scored 3 times" in page_of(found)


def test_the_verb_writes_page_rows_and_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_run(tmp_path / "one", answers_of(GOLD, wrong=FEW))
    other = write_run(tmp_path / "other", answers_of(GOLD, wrong=MANY), learning_rate=1e-2)
    page, rows = tmp_path / "page.html", tmp_path / "changed.csv"
    assert (
        main(["compare", str(one), str(other), "--html", str(page), "--changed", str(rows), "--json", "--lang", "zh"])
        == 0
    )
    value = json.loads(capsys.readouterr().out)
    assert value["best"] == "one"
    assert "优于" in page.read_text(encoding="utf-8")
    with rows.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == 40
    assert {row["change"] for row in written} == {"lost"}
    assert main(["compare", str(one), str(other)]) == 0
    said = capsys.readouterr().out
    assert "“one” is better than “other”." in said
    assert "+20.0 (13.9–25.3)" in said or "+20.0" in said
