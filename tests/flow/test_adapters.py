"""A run with an adapter leaves the merged model, and the adapter by itself as peft reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import tunewright as tw
from tunewright.core.errors import RecipeError

QUICK = (
    "train.epochs=2",
    "optimizer.learning_rate=0.01",
    "evaluate.cross_validation.below_rows=0",
    "runtime.threads=1",
)


@pytest.fixture(scope="module")
def tuned(tiny_model: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    return tw.run(
        reviews, label="sentiment", model=str(tiny_model), output=tmp_path_factory.mktemp("lora"),
        overrides=[*QUICK, "adapter.name=lora", "adapter.r=4"],
    )  # fmt: skip


def test_peft_on_the_pretrained_model_gives_the_logits_of_the_merged_bundle(tuned: tw.Run, tiny_model: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base = AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=2)
    attached = PeftModel.from_pretrained(base, tuned.folder.adapter).eval()
    merged = AutoModelForSequenceClassification.from_pretrained(tuned.folder.bundle).eval()
    tokenizer = AutoTokenizer.from_pretrained(tuned.folder.bundle)
    batch = tokenizer(["good food", "the staff was rude"], return_tensors="pt", padding=True)
    with torch.no_grad():
        torch.testing.assert_close(attached(**batch).logits, merged(**batch).logits, rtol=1e-4, atol=1e-5)


def test_the_adapter_is_a_small_part_of_the_model(tuned: tw.Run) -> None:
    size = (tuned.folder.adapter / "adapter_model.safetensors").stat().st_size
    assert size < 0.6 * (tuned.folder.bundle / "model.safetensors").stat().st_size
    assert tuned.scores


def test_a_target_that_is_not_there_stops_before_training(tiny_model: Path, reviews: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"`\*\.q_proj` matches no linear layer .* There are: .*\*\.query"):
        tw.run(
            reviews, label="sentiment", model=str(tiny_model), output=tmp_path / "run",
            overrides=[*QUICK, "adapter.name=lora", 'adapter.targets=["*.q_proj"]'],
        )  # fmt: skip
