"""`tunewright merge`: what it writes answers as the attached adapter does, and it refuses what it can't merge."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import tunewright as tw
from tests.flow.conftest import FILLER
from tests.tiny_writers import write_decoder, write_encoder_decoder
from tunewright.cli.main import main
from tunewright.core.errors import FolderError, ModelError
from tunewright.pipeline.merge import _round_weights, merge

SETTINGS = [
    "adapter.name=lora", "adapter.r=2", "optimizer.learning_rate=1e-2", "train.steps=3", "train.examples_per_step=8",
    "evaluate.resamples=100", "evaluate.cross_validation.below_rows=0", "runtime.threads=1", "runtime.matmul=highest",
]  # fmt: skip


@pytest.fixture(scope="module")
def tuned(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    """A run that has learned numbers with LoRA: its head says them in their own scale."""
    path = tmp_path_factory.mktemp("data") / "stars.csv"
    rows = [f"the {FILLER[n % 20]} was {FILLER[n * 7 % 20]} {FILLER[n * 3 % 20]} {n},{100 + n % 5}" for n in range(60)]
    path.write_text("text,stars\n" + "\n".join(rows))
    return tw.run(
        path, label="stars", task="regression", model=str(tiny_model), output=tmp_path_factory.mktemp("run") / "r",
        overrides=SETTINGS,
    )  # fmt: skip


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """An adapter that plain peft has saved, for a decoder in bfloat16 beside it."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = write_decoder(tmp_path / "base")
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    model.save_pretrained(base)
    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    get_peft_model(AutoModelForCausalLM.from_pretrained(base), config).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def test_the_adapter_of_a_run_is_merged_into_what_the_run_has_bundled(tuned: tw.Run, tmp_path: Path) -> None:
    done = merge(tuned.folder.path, tmp_path / "merged")
    ours = load_file(tmp_path / "merged" / "model.safetensors")
    bundled = load_file(tuned.folder.bundle / "model.safetensors")
    assert ours.keys() == bundled.keys()
    for name, tensor in bundled.items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-5, atol=1e-6)
    assert done.difference < 1e-5
    assert done.change > 50  # the new head says numbers around 100
    assert (done.dtype, done.rounding) == ("float32", 0)


def test_an_adapter_beside_rounded_weights_is_merged_into_weights_rounded_alike(
    tiny_model: Path, reviews: Path, tmp_path: Path
) -> None:
    run = tw.run(
        reviews, label="sentiment", model=str(tiny_model), output=tmp_path / "run",
        overrides=[*SETTINGS, "adapter.quantize=int8"],
    )  # fmt: skip
    merge(run.folder.path, tmp_path / "merged")
    ours = load_file(tmp_path / "merged" / "model.safetensors")
    for name, tensor in load_file(run.folder.bundle / "model.safetensors").items():
        torch.testing.assert_close(ours[name], tensor, rtol=1e-5, atol=1e-6)


def test_plain_transformers_reads_a_strangers_adapter_merged_and_stored_as_its_base_is(
    theirs: Path, tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    done = merge(theirs, tmp_path / "merged")
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    assert merged.dtype == torch.bfloat16
    assert (done.dtype, done.type) == ("bfloat16", "LORA")
    assert 0 < done.rounding < 0.1 * done.change
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    attached = PeftModel.from_pretrained(base, theirs).eval()
    ids = torch.arange(8, 24)[None]
    with torch.no_grad():
        farthest = (merged.float()(ids).logits - attached(ids).logits).abs().max()
    assert farthest < 2 * done.rounding + 1e-3


def test_a_vocabulary_of_its_own_for_answers_goes_along(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForSeq2SeqLM

    base = write_encoder_decoder(tmp_path / "base")
    shutil.copyfile(base / "tokenizer.json", base / "tokenizer_target.json")
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False, task_type="SEQ_2_SEQ_LM")
    get_peft_model(AutoModelForSeq2SeqLM.from_pretrained(base), config).save_pretrained(tmp_path / "adapter")
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)  # nothing of the libraries' own business on the screen
        merge(tmp_path / "adapter", tmp_path / "merged")
    written = json.loads((tmp_path / "merged" / "tokenizer_target.json").read_text())
    assert written["model"] == json.loads((base / "tokenizer_target.json").read_text())["model"]


def change_config(adapter: Path, **values: Any) -> None:
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_is_no_adapter_or_has_nothing_to_merge_is_refused(tmp_path: Path, theirs: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        merge(tmp_path / "nowhere", tmp_path / "merged")
    with pytest.raises(ModelError, match="weights of its own, so there is nothing to merge"):
        merge(tmp_path / "base", tmp_path / "merged")
    with pytest.raises(FolderError, match="this folder exists"):
        merge(theirs, tmp_path / "base")
    change_config(theirs, peft_type="PREFIX_TUNING")
    with pytest.raises(ModelError, match="changes none of its weights, so there is nothing that could be merged"):
        merge(theirs, tmp_path / "merged")
    change_config(theirs, peft_type="LORRA")
    with pytest.raises(ModelError, match=r"no adapter of the type 'LORRA'. Did you mean `LORA`"):
        merge(theirs, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_an_adapter_of_another_model_or_with_parts_missing_is_refused(theirs: Path, tmp_path: Path) -> None:
    other = write_encoder_decoder(tmp_path / "other")
    with pytest.raises(ModelError, match="Is it the model that it was trained on"):
        merge(theirs, tmp_path / "merged", base=str(other))
    shutil.move(tmp_path / "base", tmp_path / "moved")
    with pytest.raises(ModelError, match="`--base` names another place"):
        merge(theirs, tmp_path / "merged")
    file = theirs / "adapter_model.safetensors"
    save_file(dict(list(load_file(file).items())[1:]), file)
    with pytest.raises(ModelError, match="lacks 1 tensors"):
        merge(theirs, tmp_path / "merged", base=str(tmp_path / "moved"))
    file.rename(theirs / "adapter_model.bin")
    with pytest.raises(ModelError, match=r"only as adapter_model\.bin, which can hold a program"):
        merge(theirs, tmp_path / "merged", base=str(tmp_path / "moved"))


def test_other_weights_of_the_same_form_are_told_by_their_digest(
    tuned: tw.Run, tiny_model: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(tiny_model, tmp_path / "other")
    tensors = load_file(other / "model.safetensors")
    save_file({name: tensor + 1e-3 for name, tensor in tensors.items()}, other / "model.safetensors")
    with pytest.raises(ModelError, match="not the weights that the adapter was trained on"):
        merge(tuned.folder.path, tmp_path / "merged", base=str(other))


def test_a_merge_that_would_answer_otherwise_leaves_no_folder(
    theirs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft.tuners.lora.layer import Linear

    whole = Linear.get_delta_weight
    monkeypatch.setattr(Linear, "get_delta_weight", lambda *arguments: 0.5 * whole(*arguments))
    with pytest.raises(ModelError, match="differ from those of the attached adapter by"):
        merge(theirs, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_the_command_says_the_largest_difference(
    theirs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["merge", str(theirs), str(tmp_path / "merged"), "--lang", "zh"]) == 0
    out = capsys.readouterr().out
    assert "最大差异" in out
    assert "以 bfloat16 存储" in out
    assert main(["merge", str(theirs), str(tmp_path / "again"), "--dtype", "float32", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rounding"] == 0
    assert main(["merge", str(theirs), str(tmp_path / "again")]) == 1


def test_only_weights_are_rounded() -> None:
    layer = torch.nn.Linear(3, 3)
    layer.register_buffer("frequencies", torch.tensor([0.1, 0.3]), persistent=False)
    before = layer.weight.detach().clone()
    _round_weights(layer, torch.bfloat16)
    assert torch.equal(layer.weight, before.bfloat16().float())
    assert not torch.equal(layer.weight, before)
    assert torch.equal(layer.get_buffer("frequencies"), torch.tensor([0.1, 0.3]))


@pytest.mark.parametrize(("outputs", "problem"), [(3, "single_label_classification"), (1, "regression")])
def test_outputs_of_a_strangers_classifier_are_those_of_its_last_layer(
    outputs: int, problem: str, tiny_model: Path, tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    sizes = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 16, "max_position_embeddings": 128}
    model = DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=len(tokenizer), num_labels=outputs, pad_token_id=tokenizer.pad_token_id, **sizes)
    )
    for part in (model, tokenizer):
        part.save_pretrained(tmp_path / "base")
    config = LoraConfig(r=2, target_modules=["q_lin"], init_lora_weights=False, task_type="SEQ_CLS")
    get_peft_model(model, config).save_pretrained(tmp_path / "adapter")
    merge(tmp_path / "adapter", tmp_path / "merged", base=str(tmp_path / "base"))
    written = json.loads((tmp_path / "merged" / "config.json").read_text())
    assert written["problem_type"] == problem
    assert load_file(tmp_path / "merged" / "model.safetensors")["classifier.weight"].shape == (outputs, 16)
