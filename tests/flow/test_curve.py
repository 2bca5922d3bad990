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
    with pytest.raises(DataError, match="too few for a learning curve"):
        learning_curve(recipe, output=tmp_path / "c")
