"""Configs of LLaMA-Factory and Axolotl become recipes that can be previewed and trained; nothing is dropped without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tunewright as tw
from tests.tiny_writers import TEMPLATE, write_decoder
from tunewright.cli.main import main
from tunewright.core.errors import DataError, RecipeError
from tunewright.pipeline.importing import Note, import_config

LLAMA_FACTORY = """
### model
model_name_or_path: {model}
trust_remote_code: true
quantization_bit: 4
### method
stage: sft
do_train: true
finetuning_type: lora
lora_rank: 4
lora_target: q_proj,v_proj
loraplus_lr_ratio: 16.0
use_dora: true
### dataset
dataset: words, more
template: qwen3_nothink
cutoff_len: 96
max_samples: 1000
preprocessing_num_workers: 16
### output
output_dir: saves/words
logging_steps: 10
report_to: none
### train
per_device_train_batch_size: 2
gradient_accumulation_steps: 4
learning_rate: "1.0e-2"
num_train_epochs: 2.0
lr_scheduler_type: cosine
warmup_ratio: 0.1
bf16: false
ddp_timeout: 180000000
resume_from_checkpoint: null
a_new_setting: 3
lora_aplha: 64
### eval
val_size: 0.1
eval_steps: 500
"""
AXOLOTL = """
base_model: {model}
load_in_8bit: true
load_in_4bit: false
chat_template: gemma3
datasets:
  - path: {data}
    type: chat_template
    field_messages: conversations
    message_property_mappings:
      role: from
      content: value
val_set_size: 0.2
output_dir: ./outputs/out
adapter: lora
lora_r: 4
lora_alpha: 16
lora_dropout: 0
lora_target_linear: true
sequence_len: 96
sample_packing: false
wandb_project:
gradient_accumulation_steps: 4
micro_batch_size: 2
num_epochs: 1
optimizer: adamw_bnb_8bit
lr_scheduler: cosine
learning_rate: 0.02
train_on_inputs: false
bf16: auto
tf32: true
gradient_checkpointing: true
gradient_checkpointing_kwargs:
  use_reentrant: false
warmup_steps: 10
evals_per_epoch:
saves_per_epoch: 1
weight_decay: 0.0
neftune_noise_alpha: 5
special_tokens:
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_decoder(tmp_path_factory.mktemp("models") / "decoder", chat_template=TEMPLATE)


@pytest.fixture(scope="module")
def folder(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as people have it: configs, and in `data/` the data sets of both programs."""
    folder = tmp_path_factory.mktemp("theirs")
    words = [f"{a}{b}{c}" for a in "abcde" for b in "fghi" for c in "jk"]
    (folder / "data").mkdir()
    alpaca = [{"instruction": "turn round", "input": word, "output": word[::-1]} for word in words]
    (folder / "data" / "words.json").write_text(json.dumps(alpaca))
    (folder / "data" / "info.jsonl").write_text("".join(json.dumps(row) + "\n" for row in alpaca))
    better = [{"instruction": word, "chosen": "a", "rejected": "b"} for word in words]
    (folder / "data" / "better.json").write_text(json.dumps(better))
    info = {
        "words": {"file_name": "words.json"}, "more": {"file_name": "info.jsonl"},
        "better": {"file_name": "better.json", "ranking": True, "columns": {"prompt": "instruction"}},
    }  # fmt: skip
    (folder / "data" / "dataset_info.json").write_text(json.dumps(info))
    chats = [{"conversations": [{"from": "human", "value": w}, {"from": "gpt", "value": w[::-1]}]} for w in words]
    (folder / "data" / "chats.jsonl").write_text("".join(json.dumps(row) + "\n" for row in chats))
    (folder / "lf.yaml").write_text(LLAMA_FACTORY.format(model=model))
    (folder / "ax.yml").write_text(AXOLOTL.format(model=model, data="data/chats.jsonl"))
    return folder


def fates(notes: tuple[Note, ...], fate: str) -> set[str]:
    return {note.key for note in notes if note.fate == fate}


def test_a_config_of_llama_factory_is_taken_over_setting_by_setting(folder: Path) -> None:
    imported = import_config(folder / "lf.yaml")
    recipe = imported.recipe.model_dump()
    assert recipe["adapter"] | {"name": "lora", "r": 4, "alpha": 8, "variant": "dora"} == recipe["adapter"]
    assert recipe["adapter"]["targets"] == ("*.q_proj", "*.v_proj")
    assert recipe["train"]["examples_per_step"] == 8
    assert recipe["optimizer"]["learning_rate"] == 0.01
    assert (recipe["schedule"]["name"], recipe["schedule"]["warmup_share"]) == ("cosine", 0.1)
    assert (recipe["encode"]["max_length"], recipe["split"]["validation"]) == (96, 0.1)
    assert Path(recipe["data"]["path"]).name == "dataset_info.json"
    assert recipe["data"]["shape"]["dataset"] == "words"
    left_out = {"trust_remote_code", "quantization_bit", "loraplus_lr_ratio", "dataset", "max_samples"}
    assert fates(imported.notes, "left_out") == left_out
    assert fates(imported.notes, "unknown") == {"a_new_setting", "lora_aplha"}
    assert {"template", "cutoff_len", "val_size"} <= fates(imported.notes, "differs")
    assert {"output_dir", "ddp_timeout", "resume_from_checkpoint"} <= fates(imported.notes, "idle")


def test_a_config_of_axolotl_is_taken_over_setting_by_setting(folder: Path) -> None:
    imported = import_config(folder / "ax.yml")
    recipe = imported.recipe.model_dump()
    assert (
        recipe["adapter"] | {"name": "lora", "r": 4, "alpha": 16, "targets": None, "quantize": "int8"}
        == recipe["adapter"]
    )
    assert recipe["optimizer"]["learning_rate"] == 0.02
    assert recipe["runtime"]["precision"] == "bf16_autocast"
    assert recipe["train"]["gradient_checkpointing"] is True
    assert fates(imported.notes, "left_out") == {"neftune_noise_alpha", "warmup_steps"}
    assert fates(imported.notes, "unknown") == set()


@pytest.mark.parametrize("name", ["lf.yaml", "ax.yml"])
def test_every_setting_has_exactly_one_note(name: str, folder: Path) -> None:
    from tunewright.core.yaml import parse_yaml

    imported = import_config(folder / name)
    noted = [note.key for note in imported.notes if note.fate != "default" and not note.key.startswith("datasets.")]
    assert len(noted) == len(set(noted))
    assert set(parse_yaml((folder / name).read_text())) <= set(noted)


@pytest.mark.parametrize(("name", "language"), [("lf.yaml", "en"), ("ax.yml", "zh")])
def test_what_was_imported_is_previewed_and_trained(
    name: str, language: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    assert main(["import", str(folder / name), "--output", str(recipe), "--lang", language]) == 0
    said = capsys.readouterr().out
    assert ("left out" if language == "en" else "已略去") in said
    assert "tunewright preview" in said
    written = recipe.read_text(encoding="utf-8")
    assert (
        "# loraplus_lr_ratio: 16.0 (left out)" if language == "en" else "# neftune_noise_alpha: 5 (已略去)"
    ) in written
    assert main(["preview", str(recipe), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["taught"] == 40
    settings = ["runtime.threads=1", "runtime.matmul=highest", "runtime.precision=float32", "evaluate.resamples=100"]
    run = tw.train_recipe(recipe, output=tmp_path / "run", overrides=settings)
    assert {score["system"] for score in run.scores} >= {"model", "base"}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"stage": "dpo"}, "`stage: dpo` is DPO: it learns from two answers"),
        ({"stage": "rm"}, "trains a reward model"),
        ({"learning_rate": "fast"}, "`learning_rate` should be a number, found 'fast'"),
        ({"lora_rank": 3.5}, r"`lora_rank` should be a whole number, found 3\.5"),
        ({"finetuning_type": "loar"}, "`finetuning_type: loar` is not known"),
        ({"dataset": None}, "no data set is named"),
        ({"dataset": "wrods"}, "no data set `wrods`. Did you mean `words`"),
        ({"dataset": "better"}, "better"),
    ],
)
def test_what_can_not_be_taken_over_is_refused_in_words(change: dict[str, Any], problem: str, folder: Path) -> None:
    path = folder / "changed.yaml"
    path.write_text((folder / "lf.yaml").read_text())
    kept = [line for line in path.read_text().splitlines() if line.split(":")[0] not in change]
    path.write_text("\n".join([*kept, *(f"{key}: {json.dumps(value)}" for key, value in change.items())]))
    with pytest.raises((RecipeError, DataError), match=problem):
        import_config(path)


@pytest.mark.parametrize(("said", "patience", "norm"), [("", None, 1.0), ("0", None, None), ("4", 4, 4.0)])
@pytest.mark.parametrize(("name", "key"), [("lf.yaml", "early_stopping_steps"), ("ax.yml", "early_stopping_patience")])
def test_stopping_and_clipping_are_off_where_they_are_there(
    name: str, key: str, said: str, patience: int | None, norm: float | None, folder: Path
) -> None:
    config = folder / f"stopping-{name}"
    more = f"{key}: {said}\nmax_grad_norm: {said}\n" if said else ""
    config.write_text((folder / name).read_text() + f"save_steps: 0.1\n{more}")
    train = import_config(config).recipe.train
    assert (train.stopping.patience, train.max_grad_norm) == (patience, norm)


def test_of_several_files_of_a_data_set_it_is_said_which_one_is_taken(tmp_path: Path) -> None:
    config = tmp_path / "ax.yml"
    files = "base_model: m\ndatasets:\n  - {path: json, data_files: [a.jsonl, b.jsonl], type: chat_template}\n"
    config.write_text(files)
    (note,) = (one for one in import_config(config).notes if one.key == "datasets.data_files")
    assert (note.fate, note.values) == ("left_out", {"first": "a.jsonl", "n": 2})
    config.write_text(files.replace("chat_template", "some.preference"))
    with pytest.raises(RecipeError, match=r"`datasets\.type: preference` is a data set of preferences"):
        import_config(config)


def test_a_file_that_is_no_such_config_is_refused_and_no_file_is_overwritten(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    for text, problem in {"a: 1": "no config of", "- 1": "a tree of keys", "a: [": "not YAML"}.items():
        other.write_text(text)
        with pytest.raises(RecipeError, match=problem):
            import_config(other)
    with pytest.raises(RecipeError, match="can't be read"):
        import_config(tmp_path / "nowhere.yaml")
    (tmp_path / "gbk.yaml").write_bytes("a: 配置".encode("gbk"))
    with pytest.raises(RecipeError, match="a YAML text in UTF-8"):
        import_config(tmp_path / "gbk.yaml")
    assert main(["import", str(folder / "ax.yml"), "--output", str(other)]) == 2
    assert other.read_text() == "a: ["
