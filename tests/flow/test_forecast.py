"""`tunewright forecast` on a tiny model: figures that hold when the run is made, and what to do where it would not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow.test_search import write_recipe
from tunewright.cli.main import main
from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder
from tunewright.pipeline.forecast import forecast_recipe
from tunewright.pipeline.run import train_recipe


@pytest.fixture
def recipe(tiny_model: Path, reviews: Path, tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "recipe.yaml", reviews, tiny_model)


def said(recipe: Path, *options: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["forecast", str(recipe), "--json", *options]) == 0
    value: dict[str, Any] = json.loads(capsys.readouterr().out)
    return value


def test_it_fits_a_large_card_and_says_with_which_batches(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = said(recipe, "--device", "24GB", capsys=capsys)
    assert value["fits"]
    assert value["limit"] == pytest.approx(21.6)
    assert value["card"]["memory"]["low"] < value["card"]["memory"]["bytes"] < value["card"]["memory"]["high"]
    (override,) = value["proposal"]["overrides"]
    assert override.startswith("batching.max_tokens=")
    assert value["time"]["seconds_low"] <= value["time"]["seconds"] <= value["time"]["seconds_high"]
    # The proposal is one that `train` takes.
    assert (
        main(["forecast", str(recipe), "--set", override, "--html", str(tmp_path / "page.html"), "--lang", "zh"]) == 0
    )
    assert "预计" in capsys.readouterr().out
    assert "batching.max_tokens" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_where_nothing_fits_it_says_so(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    value = said(recipe, "--memory", "10MB", capsys=capsys)
    assert not value["fits"]
    assert value["proposal"] is None


def test_disk_is_as_it_will_be(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forecast = forecast_recipe(recipe)
    # Checkpoints are removed when a run is finished: seen here before that.
    seen: list[int] = []
    monkeypatch.setattr("tunewright.pipeline.run.discard", lambda path: seen.append(size_of(path)))
    run = train_recipe(recipe, output=tmp_path / "run", overrides=["train.save_steps=2"])
    assert sum(seen) / 1e9 == pytest.approx(forecast["disk"]["training"], rel=0.25)
    assert size_of(run.folder.bundle) / 1e9 == pytest.approx(forecast["disk"]["afterwards"], rel=0.1)


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def test_without_a_model_there_is_nothing_to_forecast(reviews: Path, tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps({"data": {"path": str(reviews)}, "model": {"path": "none"}}), encoding="utf-8")
    with pytest.raises(RecipeError, match="nothing is trained"):
        forecast_recipe(path)


def test_the_report_of_a_run_has_the_forecast_with_its_growth(recipe: Path, tmp_path: Path) -> None:
    run = train_recipe(recipe, output=tmp_path / "run")
    value = json.loads(RunFolder(run.folder.path).forecast.read_text(encoding="utf-8"))
    assert value["growth_gigabytes"] >= 0
    assert value["peak_memory_gigabytes"] > 0.1
