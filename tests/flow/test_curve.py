"""`tunewright curve` on a tiny model: nested parts, points, a forecast or its refusal, and no look at the test rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.test_search import write_recipe
from tunewright.cli.main import main
from tunewright.core.errors import DataError, RecipeError
from tunewright.core.events import read_events
from tunewright.pipeline.curve import learning_curve
from tunewright.pipeline.rows import Rows
from tunewright.recipe import Recipe

SIZES = (16, 32, 64, 128)


@pytest.fixture
def recipe(tiny_model: Path, reviews: Path, tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "recipe.yaml", reviews, tiny_model)


def test_points_of_all_sizes_and_what_follows(recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, output = tmp_path / "curve.html", tmp_path / "curve"
    options = ["--sizes", ",".join(map(str, SIZES)), "--more", "100,1000", "--output", str(output), "--html", str(page)]
    rate = ["--set", "optimizer.learning_rate=3e-3"]
    assert main(["curve", str(recipe), *options, *rate, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert sorted((point["rows"], point["repeat"]) for point in value["points"]) == [
        (n, r) for n in SIZES for r in (1, 2)
    ]
    assert (value["refusal"] is None) == bool(value["gains"])
    assert all(gain["more"] == 100 for gain in value["gains"])
    assert not list(output.rglob("*.test.parquet"))
    assert not (output / "stores").exists()
    assert "<svg" in page.read_text(encoding="utf-8")
    for language in ("en", "zh"):
        assert main(["curve", str(recipe), *options, *rate, "--lang", language]) == 0
        assert capsys.readouterr().out
    # Shown again, not made again.
    attempts = {event["attempt"] for event in read_events(output / "events.jsonl")}
    assert attempts == {1}


def test_a_run_folder_will_do_in_place_of_its_recipe(recipe: Path, tmp_path: Path) -> None:
    from tunewright.pipeline.run import train_recipe

    run = train_recipe(recipe, output=tmp_path / "run", overrides=["train.epochs=1"])
    curve = learning_curve(run.folder.path, sizes=SIZES, output=tmp_path / "curve")
    assert len(curve.value["points"]) == 2 * len(SIZES)


def test_what_can_not_be_is_said(recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="from 1 to that number"):
        learning_curve(recipe, sizes=(10, 100_000), output=tmp_path / "a")
    with pytest.raises(RecipeError, match="two at least"):
        learning_curve(recipe, repeats=1, output=tmp_path / "b")
    with pytest.raises(RecipeError, match="from 1"):
        learning_curve(recipe, more=(500, -500), output=tmp_path / "d")
    with pytest.raises(DataError, match="too few for a learning curve"):
        learning_curve(recipe, output=tmp_path / "c")


def test_parts_of_a_run_are_trained_as_long_as_they_would_be_by_themselves(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[tuple[int, float | None]] = []

    def only_look(recipe: Recipe, *_: object, train: Rows, **__: object) -> None:
        trained.append((len(train), recipe.train.epochs))
        raise InterruptedError

    monkeypatch.setattr("tunewright.pipeline.curve.try_recipe", only_look)
    for said in (
        "null",
        "10",
        "2",
    ):  # left open; what all rows have by default, as a run's recipe has it written out; set
        with pytest.raises(InterruptedError):
            learning_curve(recipe, sizes=SIZES, overrides=[f"train.epochs={said}"], output=tmp_path / said)
    monkeypatch.setattr("tunewright.pipeline.curve.default_epochs", lambda rows, **_: 10 if rows > SIZES[0] else 7)
    for said in ("null", "10", "2"):
        with pytest.raises(InterruptedError):
            learning_curve(recipe, sizes=SIZES, overrides=[f"train.epochs={said}"], output=tmp_path / f"{said}-b")
    assert trained[:3] == [(16, 10.0), (16, 10.0), (16, 2.0)]
    assert trained[3:] == [(16, 7.0), (16, 7.0), (16, 2.0)]
