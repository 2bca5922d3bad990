"""A run with an adapter leaves the merged model, and the adapter by itself as peft reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import tunewright as tw
from tests.tiny_writers import write_decoder, write_encoder_decoder, write_t5
from tunewright.core.errors import RecipeError
from tunewright.pipeline.merge import merge

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


@pytest.mark.parametrize(
    "write", [write_encoder_decoder, write_decoder, partial(write_decoder, tied=False), write_t5],
    ids=["bart", "llama", "llama with two tables", "t5"],
)  # fmt: skip
def test_new_tokens_are_taught_with_lora_and_plain_peft_writes_them(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    """What stands in the adapter's folder is enough: a base model, as it came, grown to the tokenizer's size."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    base = write(tmp_path / "base")
    words = [f"{a}{b}{c}" for a in "abcd" for b in "efgh" for c in "ij"]
    rows = [{"source": word, "target": "ɒː"} for word in words]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = [
        "train.epochs=3", "optimizer.learning_rate=0.01", "adapter.name=lora", "adapter.r=8", "runtime.threads=1",
        "train.examples_per_step=8", "runtime.matmul=highest", "evaluate.resamples=100",
    ]  # fmt: skip
    run = tw.run(tmp_path / "r.jsonl", task="transduce", model=str(base), output=tmp_path / "run", overrides=settings)
    adapter, bundle = run.folder.adapter, run.folder.bundle
    rows_of = {
        name: table for name, table in load_file(adapter / "adapter_model.safetensors").items() if "token" in name
    }
    assert rows_of
    assert all(
        len(table) == 2 and not torch.allclose(*table, atol=1e-3) for table in rows_of.values()
    )  # one mean at first
    auto = AutoModelForCausalLM if "Llama" in (base / "config.json").read_text() else AutoModelForSeq2SeqLM
    tokenizer = AutoTokenizer.from_pretrained(adapter)
    plain = auto.from_pretrained(base)
    plain.resize_token_embeddings(len(tokenizer))
    attached = PeftModel.from_pretrained(plain, adapter).eval()
    merged = auto.from_pretrained(bundle).eval()
    batch = tokenizer(words[:4], return_tensors="pt", padding=True)
    batch.pop("token_type_ids", None)
    written = [
        model.generate(**batch, max_new_tokens=6, do_sample=False, num_beams=1, generation_config=merged.generation_config)
        for model in (attached, merged)
    ]  # fmt: skip
    assert torch.equal(*written)
    taught = {tokenizer.convert_tokens_to_ids(token) for token in "ɒː"}
    batch["decoder_input_ids" if auto is AutoModelForSeq2SeqLM else "input_ids"] = torch.tensor([sorted(taught)] * 4)
    batch["attention_mask"] = batch["attention_mask"] if auto is AutoModelForSeq2SeqLM else torch.ones(4, 2)
    with torch.no_grad():
        torch.testing.assert_close(attached(**batch).logits, merged(**batch).logits, rtol=1e-4, atol=1e-4)

    done = merge(adapter, tmp_path / "merged")
    assert done.difference < 1e-4
    ours, bundled = (load_file(folder / "model.safetensors") for folder in (tmp_path / "merged", bundle))
    assert ours.keys() == bundled.keys()
    assert all(torch.allclose(ours[name], bundled[name], atol=1e-5) for name in ours)


def test_new_tokens_are_refused_where_peft_would_leave_a_bias_out() -> None:
    from transformers import PhiConfig, PhiForCausalLM

    from tunewright.adapters import LoraConfig

    model = PhiForCausalLM(
        PhiConfig(vocab_size=20, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    )
    with pytest.raises(RecipeError, match="has a bias, which peft leaves out"):
        LoraConfig().attach(model, new_ids=[18, 19])
