"""`tunewright search` on a tiny model: a ranked table, races, workers, kills; and the test rows are never looked at."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder, read_json, write_text
from tunewright.optim import OPTIMIZERS
from tunewright.recipe import build_recipe, dump_recipe, load_recipe
from tunewright.search.search import Search, search_recipe
from tunewright.search.worker import Workplace

RATE = "optimizer.learning_rate=log:1e-6..1e-2"


@pytest.fixture
def recipe(tiny_model: Path, reviews: Path, tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "recipe.yaml", reviews, tiny_model)


def write_recipe(path: Path, data: Path, model: Path) -> Path:
    overrides = [one for one in QUICK if not one.startswith(("optimizer.", "train.epochs"))] + ["train.epochs=3"]
    tree = {"data": {"path": str(data)}, "model": {"path": str(model)}}
    write_text(path, _only_what_is_said(build_recipe(tree, overrides=overrides)))
    return path


def _only_what_is_said(recipe: Any) -> str:
    return json.dumps(recipe.model_dump(mode="json", exclude_unset=True))


def trials(found: Search) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = found.value["trials"]
    return result


def test_the_best_of_a_search_is_trained_by_its_recipe(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, output = tmp_path / "search.html", tmp_path / "search"
    command = ["search", str(recipe), "--over", RATE, "--trials", "9", "--output", str(output), "--html", str(page)]
    assert main([*command, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert len(value["trials"]) == 9
    # The first trial is what `run` would do.
    (first,) = (one for one in value["trials"] if one["number"] == 0)
    assert first["values"]["optimizer.learning_rate"] == 1e-4
    complete = [one for one in value["trials"] if one["state"] == "complete"]
    assert [one["value"] for one in complete] == sorted((one["value"] for one in complete), reverse=True)
    best = complete[0]
    assert best["value"] > max(first["value"], 0.7)
    assert best["about"]["low"] < best["value"] <= best["about"]["high"]
    assert best["not_shown_worse"]
    rate = best["values"]["optimizer.learning_rate"]
    assert load_recipe(Path(value["best_recipe"])).optimizer.learning_rate == pytest.approx(rate)
    assert "<svg" in page.read_text(encoding="utf-8") or not value["importances"]
    # The same command shows the same.
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("Accuracy ")
    assert main(["train", value["best_recipe"], "--output", str(tmp_path / "run"), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert any(score["split"] == "test" and score["system"] == "model" for score in run["scores"])


def test_a_grid_tries_every_combination(recipe: Path, tmp_path: Path) -> None:
    over = ["optimizer.learning_rate=log:1e-4..1e-2", "adapter.name=full|frozen"]
    found = search_recipe(recipe, over=over, how="grid", output=tmp_path / "search")
    assert len(trials(found)) == 5 * 2
    assert {one["values"]["adapter.name"] for one in trials(found)} == {"full", "frozen"}


def test_all_optimisers_race_at_one_budget(recipe: Path, tmp_path: Path) -> None:
    page = tmp_path / "race.html"
    command = ["search", str(recipe), "--race", "optimizer", "--rates", "2", "--output", str(tmp_path / "race")]
    assert main([*command, "--html", str(page)]) == 0
    value = read_json(RunFolder(tmp_path / "race").search)
    by_name: dict[str, list[float]] = {}
    for one in value["trials"]:
        by_name.setdefault(one["values"]["optimizer.name"], []).append(one["values"]["optimizer.learning_rate"])
        if one["state"] == "complete":
            assert one["about"]["epochs"] <= 3
    assert set(by_name) == set(OPTIMIZERS)
    assert all(
        len(rates) == 2 and max(rates) / min(rates) == pytest.approx(100, rel=0.01) for rates in by_name.values()
    )
    folders = {one["values"]["optimizer.name"]: one["about"]["folder"] for one in value["trials"]}
    assert folders["gd"] != folders["sgd"]
    text = page.read_text(encoding="utf-8")
    assert all(name in text for name in OPTIMIZERS)


def test_a_trial_that_diverges_fails_and_the_search_goes_on(recipe: Path, tmp_path: Path) -> None:
    found = search_recipe(
        recipe, over=["optimizer.learning_rate=1e-3|1e30"], how="grid", output=tmp_path / "search",
        overrides=["optimizer.name=sgd", "train.max_grad_norm=null"],
    )  # fmt: skip
    states = {one["values"]["optimizer.learning_rate"]: one["state"] for one in trials(found)}
    assert states == {1e-3: "complete", 1e30: "failed"}
    assert "finite" in trials(found)[-1]["about"]["reason"]


def test_where_no_trial_comes_to_its_end_the_reason_is_said(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="finite"):
        search_recipe(
            recipe, over=["optimizer.learning_rate=1e29|1e30"], how="grid", output=tmp_path / "search",
            overrides=["optimizer.name=sgd", "train.max_grad_norm=null"],
        )  # fmt: skip


def test_no_minutes_no_trials_but_the_first_that_was_begun(recipe: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    found = search_recipe(recipe, over=[RATE], minutes=0.1, output=tmp_path / "search")
    assert time.monotonic() - began < 60
    assert 1 <= len(trials(found)) < 100


def test_the_test_rows_are_never_looked_at(tiny_model: Path, reviews: Path, tmp_path: Path) -> None:
    """Other texts and labels in all test rows: the same trials, the same predictions, the same best recipe.

    The control: with other validation rows they are not the same.
    """
    outcomes = []
    for changed in (None, "test", "validation"):
        data = tmp_path / f"{changed}.csv"
        _with_changed_rows(reviews, data, split=changed)
        # The path of the file must not differ: it is part of a recipe.
        (tmp_path / "data").mkdir(exist_ok=True)
        data.replace(tmp_path / "data" / "reviews.csv")
        recipe = write_recipe(tmp_path / "recipe.yaml", tmp_path / "data" / "reviews.csv", tiny_model)
        found = search_recipe(recipe, over=[RATE], trials=4, output=tmp_path / f"search-{changed}")
        place = Workplace(found.folder)
        assert len(place.prepared.places("test")) == 0
        kept = [
            (one["values"], one["value"], one["about"]["folder"], one["about"].get("loss")) for one in trials(found)
        ]
        outcomes.append((kept, dump_recipe(load_recipe(found.best)).partition("split:")[2]))
        assert not list(found.folder.path.rglob("*.test.parquet"))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0] != outcomes[2]


def _with_changed_rows(source: Path, target: Path, *, split: str | None) -> None:
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()[:201]))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment", "split"])
        for i, row in enumerate(rows):
            side = ("train", "train", "validation", "test")[i // 2 % 4]
            changed = side == split
            label = {"pos": "neg", "neg": "pos"}[row["sentiment"]] if changed else row["sentiment"]
            # As many words as before, so that lengths, which are decided by all rows, stay as they are.
            writer.writerow([" ".join(["day"] * len(row["review"].split())) + f" {i}" if changed else row["review"] + f" {i}",
                             label, side])  # fmt: skip


SEARCH = """
import sys
from tunewright.search.search import search_recipe
if __name__ == "__main__":  # workers are made by spawning
    search_recipe(sys.argv[1], over=[sys.argv[2]], trials=6, how="random", workers=int(sys.argv[4]), output=sys.argv[3])
"""


def start(recipe: Path, output: Path, *, workers: int, tmp_path: Path) -> subprocess.Popen[bytes]:
    script = tmp_path / "start_search.py"
    script.write_text(SEARCH, encoding="utf-8")
    command = [sys.executable, str(script), str(recipe), RATE, str(output), str(workers)]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished_trials(output: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in output.glob("trials/*/trial.json")}


def test_killed_again_and_again_it_ends_as_if_it_never_was(recipe: Path, tmp_path: Path) -> None:
    """kill -9 of the whole process group; every trial that was finished is kept to the byte, and all others are the same."""
    output, rng = tmp_path / "killed", random.Random(3)
    kept: dict[str, bytes] = {}
    for _ in range(2):
        search = start(recipe, output, workers=1, tmp_path=tmp_path)
        until, before = time.monotonic() + 60, len(finished_trials(output))
        # Some way into the trials, so that there is something to lose.
        while len(finished_trials(output)) <= before and search.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(rng.uniform(0, 0.4))
        os.killpg(search.pid, signal.SIGKILL)
        search.wait()
        kept |= finished_trials(output)
    assert 2 <= len(kept) < 6
    found = search_recipe(recipe, over=[RATE], trials=6, how="random", output=output)
    assert kept.items() <= finished_trials(output).items()
    undisturbed = search_recipe(recipe, over=[RATE], trials=6, how="random", output=tmp_path / "undisturbed")
    outcomes = [
        [(one["values"], one["state"], one["value"], one["about"]["folder"]) for one in trials(of)]
        for of in (found, undisturbed)
    ]
    assert outcomes[0] == outcomes[1]


def is_empty(group: int) -> bool:
    """Whether all processes of a group have ended, within some seconds: Python's own helpers end after their parent."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_stopped_by_a_signal_all_workers_save_and_end(recipe: Path, tmp_path: Path) -> None:
    output = tmp_path / "search"
    command = [sys.executable, "-m", "tunewright.cli.main", "search", str(recipe), "--over", RATE, "--workers", "2"]
    search = subprocess.Popen([*command, "--trials", "200", "--output", str(output)], start_new_session=True)
    until = time.monotonic() + 120
    while not finished_trials(output) and time.monotonic() < until:
        time.sleep(0.1)
    search.terminate()
    assert search.wait(timeout=60) == 143
    assert is_empty(search.pid)
    assert not (output / "search.json").exists()
    assert any(one.state == "running" for one in Workplace(RunFolder(output)).study.trials)


def test_several_workers_share_the_trials(recipe: Path, tmp_path: Path) -> None:
    output = tmp_path / "search"
    search = start(recipe, output, workers=2, tmp_path=tmp_path)
    assert search.wait(timeout=180) == 0
    found = Search(RunFolder(output))
    assert len(trials(found)) == 6
    folders = [one["about"]["folder"] for one in trials(found)]
    assert len(set(folders)) == 6
