"""`tunewright improve` on a run with wrong labels: what is named, tried on validation rows, kept or not; and a verdict in words."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import DataError, FolderError, RecipeError
from tunewright.core.folder import RunFolder, read_json
from tunewright.evaluate import read_predictions
from tunewright.evaluate.compare import Comparison
from tunewright.evaluate.test_ledger import history
from tunewright.pipeline.improve import Improvement, improve, plan_improvement
from tunewright.pipeline.run import Run, run

OTHER = {"pos": "neg", "neg": "pos"}


def with_wrong_labels(reviews: Path, target: Path, *, every: int) -> list[str]:
    """A copy of the reviews in which some labels are wrong, and their texts."""
    with reviews.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 3 and row[1]]
    wrong = [row for row in rows[1:201:every] if row[2]]
    for row in wrong:
        row[2] = OTHER[row[2]]
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return [row[1] for row in wrong]


@pytest.fixture(scope="module")
def noisy(tiny_model: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, list[str]]:
    path = tmp_path_factory.mktemp("improve") / "reviews.csv"
    wrong = with_wrong_labels(reviews, path, every=7)
    overrides = [*QUICK, "split.validation=0.3"]
    return run(path, model=str(tiny_model), overrides=overrides, output=path.parent / "run"), wrong


def planned(noisy: tuple[Run, list[str]]) -> Improvement:
    plan = plan_improvement(noisy[0].folder.path)
    assert plan.actions[0].name == "leave_out"
    return plan


def test_suspects_are_training_rows_and_what_was_planted(noisy: tuple[Run, list[str]]) -> None:
    plan = planned(noisy)
    place_of = {row_id: place for place, row_id in enumerate(plan.prepared.row_ids)}
    train = set(plan.prepared.places("train").tolist())
    places = [place_of[row_id] for row_id in plan.actions[0].left_out]
    assert set(places) <= train
    planted = sum(plan.prepared.texts[place] in noisy[1] for place in places)
    assert planted / len(places) > 0.7
    assert not len(plan.prepared.places("test"))


def test_what_is_not_shown_to_be_better_is_not_kept(
    noisy: tuple[Run, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = noisy[0].folder
    test_rows = read_predictions(folder.predictions("model", "test")).row_ids
    looks = len(history(test_rows))
    monkeypatch.setattr(
        "tunewright.pipeline.improve.holm", lambda found: [shown(one, "no_difference_shown") for one in found]
    )
    assert main(["improve", str(folder.path), "--yes", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["outcome"], value["kept"], value["test"]) == ("not_shown", str(folder.path), None)
    assert len(history(test_rows)) == looks
    assert not folder.path.with_name("run-leave_out").exists()


def test_what_is_shown_to_be_better_becomes_a_run_with_a_recipe(
    noisy: tuple[Run, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, page = noisy[0].folder, tmp_path / "page.html"
    monkeypatch.setattr("tunewright.pipeline.improve.holm", lambda found: [shown(one, "a_better") for one in found])
    output = tmp_path / "better"
    looks = len(history(read_predictions(folder.predictions("model", "test")).row_ids))
    command = ["improve", str(folder.path), "--yes", "--output", str(output), "--html", str(page), "--lang", "zh"]
    assert main(command) == 0
    assert "更好" in capsys.readouterr().out
    assert "data.leave_out" in page.read_text(encoding="utf-8")
    better, plan = RunFolder(output), read_json(folder.path / "improve" / "improvement.json")
    assert plan["outcome"] in ("better", "not_on_test")
    account = read_json(better.account)
    assert (
        next(stage for stage in account if stage["stage"] == "leave_out")["dropped"] == plan["actions"][0]["left_out"]
    )
    # The same rows are tested on, and the ledger has one look more.
    of_both = [read_predictions(one.predictions("model", "test")).row_ids for one in (folder, better)]
    assert sorted(of_both[0]) == sorted(of_both[1])
    assert len(history(of_both[0])) == looks + 1


def test_without_a_yes_nothing_is_tried(noisy: tuple[Run, list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["improve", str(noisy[0].folder.path)]) == 0
    shown_on_screen = capsys.readouterr()
    assert "data.leave_out" in shown_on_screen.out
    assert "--yes" in shown_on_screen.err


def test_where_nothing_is_named_it_says_so(noisy: tuple[Run, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.pipeline.improve.find_actions", lambda *_, **__: [])
    value = improve(plan_improvement(noisy[0].folder.path))
    assert (value["outcome"], value["tries"]) == ("nothing_named", [])


def test_what_can_not_be_improved_is_refused(
    noisy: tuple[Run, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FolderError, match="no finished run"):
        plan_improvement(tmp_path)
    monkeypatch.setattr("tunewright.pipeline.improve.find_actions", lambda *_, **__: [])
    with pytest.raises(RecipeError, match="one at least"):
        improve(plan_improvement(noisy[0].folder.path), tries=0)
    source = noisy[0].folder.path.parent / "reviews.csv"
    before = source.read_bytes()
    source.write_bytes(before + b"999,one more,pos\n")
    try:
        with pytest.raises(DataError, match="has changed since"):
            plan_improvement(noisy[0].folder.path)
    finally:
        source.write_bytes(before)


def shown(comparison: Comparison, verdict: Any) -> Comparison:
    return Comparison(**{**vars(comparison), "verdict": verdict})
