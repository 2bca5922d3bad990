"""`run` on a machine with little memory: smaller micro-batches, said and written down or a refusal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.test_search import write_recipe
from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder, read_json
from tunewright.pipeline.decide import decide
from tunewright.pipeline.journal import open_journal
from tunewright.pipeline.tryout import Tryout
from tunewright.planning.needs import LADDER
from tunewright.recipe import Recipe, load_recipe
from tunewright.runtime import World


@pytest.fixture
def recipe(tiny_model: Path, reviews: Path, tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "recipe.yaml", reviews, tiny_model)


def decided(recipe: Path, tmp_path: Path, *overrides: str) -> tuple[Recipe, RunFolder]:
    folder = RunFolder(tmp_path / "run")
    journal = open_journal(folder, world=World(), listener=None, stop=None)
    return decide(load_recipe(recipe, overrides=overrides), folder, journal), folder


def free(monkeypatch: pytest.MonkeyPatch, memory: float) -> None:
    monkeypatch.setattr("tunewright.pipeline.decide_memory.usable_bytes", lambda device: int(memory))


def test_with_plenty_nothing_is_measured(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 1e12)
    monkeypatch.setattr("tunewright.pipeline.decide_memory.try_out", lambda *_: pytest.fail("measured"))
    found, _ = decided(recipe, tmp_path)
    assert "max_tokens" not in found.batching.model_fields_set


def test_smaller_micro_batches_where_larger_ones_do_not_fit(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the batches of the recipe were far too large, and smaller ones were not.
    monkeypatch.setattr(Tryout, "training", property(lambda tried: tried.needs.training.plus(1e12)))
    monkeypatch.setattr("tunewright.pipeline.decide_memory.PLENTY", 0.0)
    free(monkeypatch, 50e9)
    found, folder = decided(recipe, tmp_path)
    assert found.batching.max_tokens in LADDER
    assert not found.train.gradient_checkpointing
    decision = next(one for one in read_json(folder.plan)["decisions"] if one["what"] == "max_tokens")
    assert decision["value"] == found.batching.max_tokens
    assert "50.0 GB" in decision["why"]["zh"]


def test_where_nothing_fits_it_stops_with_what_to_do(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 1e6)
    with pytest.raises(RecipeError, match="take a smaller model"):
        decided(recipe, tmp_path)
    assert json.loads(RunFolder(tmp_path / "run").audit.read_text(encoding="utf-8"))["findings"] is not None
    # Who sets it is not asked.
    found, _ = decided(recipe, tmp_path, "batching.max_tokens=512")
    assert found.batching.max_tokens == 512
