"""Axolotl: one file, with the data sets in it as a list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tunewright.core.errors import RecipeError
from tunewright.pipeline.importing.common import (
    read_batch,
    read_length,
    read_optimizer,
    read_precision,
    read_quantization,
    read_schedule,
    read_stopping,
    refuse,
    targets,
)
from tunewright.pipeline.importing.reading import Reading

_IDLE = (
    "model_type", "tokenizer_type", "tokenizer_config", "tokenizer_use_fast", "tokenizer_legacy", "is_*_derived_model",
    "base_model_config", "strict", "dataset_prepared_path", "dataset_processes", "dataset_keep_in_memory", "dataset_num_proc",
    "skip_prepare_dataset", "shuffle_merged_datasets", "pad_to_sequence_len", "eval_sample_packing", "sample_packing_*",
    "output_dir", "logging_steps", "save_strategy", "saves_per_epoch", "save_total_limit", "save_safetensors", "save_only_model",
    "save_first_step", "eval_steps", "eval_strategy", "eval_batch_size", "eval_table_size", "eval_max_new_tokens",
    "flash_attention", "flash_attn_*", "xformers_attention", "sdp_attention", "eager_attention", "flex_attention",
    "attn_implementation", "s2_attention", "gradient_checkpointing_kwargs", "activation_offloading", "local_rank",
    "world_size", "ddp*", "deepspeed", "fsdp*", "wandb_*", "mlflow_*", "comet_*", "use_wandb", "use_mlflow", "use_comet",
    "use_tensorboard", "swanlab_*", "hub_*", "push_dataset_to_hub", "hf_use_auth_token", "resume_from_checkpoint",
    "auto_resume_from_checkpoints", "dataloader_*", "low_cpu_mem_usage", "device_map", "max_memory", "gc_steps", "debug",
    "lora_on_cpu", "lora_fan_in_fan_out", "lora_qkv_kernel", "lora_o_kernel", "lora_mlp_kernel", "unsloth_*", "liger_*",
    "plugins", "torch_compile*", "cut_cross_entropy", "loss_watchdog_*", "experimental_skip_move_to_device", "bnb_config_kwargs",
    "loraplus_lr_embedding", "axolotl_config_path", "use_ray", "ray_*", "trainer_cls", "eot_tokens", "merge_lora",
    "load_best_model_at_end", "metric_for_best_model", "greater_is_better", "do_causal_lm_eval", "do_bench_eval", "bench_*",
    "include_tokens_per_second", "val_set_size", "group_by_length", "sample_packing", "multipack_*", "use_*_kernel",
)  # fmt: skip


_OF_OTHER_ADAPTERS = (
    "lora_r", "lora_alpha", "lora_dropout", "lora_target_modules", "lora_target_linear", "peft", "peft_use_dora",
    "peft_use_rslora", "peft_init_lora_weights", "qlora_sharded_model_loading",
)  # fmt: skip
"""Without effect unless their adapter is chosen. One by one, so that a misspelt name is not taken for one of them."""
_FILES = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".txt")


def read_axolotl(reading: Reading) -> None:
    """All of a config. Raises RecipeError for what is no supervised fine-tuning, and where no data set is named."""
    refuse(reading, "rl", str(reading.get("rl", "")))
    for key in ("reward_model", "process_reward_model"):
        if reading.get(key):
            refuse(reading, key, "reward")
    _read_model(reading)
    _read_data(reading)
    _read_adapter(reading)
    read_batch(reading, size_key="micro_batch_size", size=1)
    reading.left_out("batch_size", "batch_size")
    read_length(reading, epochs_key="num_epochs", epochs=1.0)
    read_optimizer(reading, key="optimizer", default="adamw_torch_fused", rate=None)
    read_schedule(reading, key="lr_scheduler", default="cosine")
    read_precision(reading)
    read_stopping(reading, key="early_stopping_patience")
    reading.take("seed", "train.seed", default=42)
    if reading.says("gradient_checkpointing") and reading.get("gradient_checkpointing") is not False:
        reading.take("gradient_checkpointing", "train.gradient_checkpointing", value=True)
    reading.idle("gradient_checkpointing")
    reading.take("evals_per_epoch", "train.evaluations_per_epoch", value=max(1, reading.whole("evals_per_epoch", 1)))
    if isinstance(reading.get("save_steps"), int):
        reading.take("save_steps", "train.save_steps")
    reading.idle("save_steps")
    _read_what_has_no_counterpart(reading)
    reading.idle(*_IDLE)


def _read_model(reading: Reading) -> None:
    reading.take("base_model", "model.path")
    reading.take("revision_of_model", "model.revision")
    reading.left_out("trust_remote_code", "remote_code")
    reading.left_out("lora_model_dir", "adapter_to_go_on_from")
    tokens = reading.get("tokens")
    if isinstance(tokens, list) and tokens:
        reading.take("tokens", "model.new_tokens", value=[str(token) for token in tokens])
    reading.left_out("special_tokens", "special_tokens", unless=(None, {}))
    reading.left_out("added_tokens_overrides", "special_tokens", unless=(None, {}))
    reading.idle("resize_token_embeddings_to_32x", "embeddings_skip_upcast", "shrink_embeddings")


def _read_data(reading: Reading) -> None:
    sets = reading.get("datasets") or reading.get("pretraining_dataset") or []
    sets = [sets] if isinstance(sets, (dict, str)) else sets
    key = "datasets" if reading.says("datasets") else "pretraining_dataset"
    if not sets:
        raise RecipeError(f"{reading.path}: no data set is named (`datasets`), so there is nothing to learn from.")
    first = sets[0] if isinstance(sets[0], dict) else {"path": sets[0]}
    _read_data_set(reading, first, is_text=key == "pretraining_dataset")
    if len(sets) > 1:
        reading.note(key, "left_out", "several_data_sets", ours="data.path", first=first.get("path"), n=len(sets))
    reading.note(key, "taken", ours="data.path")
    reading.left_out("test_datasets", "file_to_evaluate", unless=(None, []))
    reading.take("sequence_len", "encode.max_length", default=512, why="cutoff", fate="differs")
    reading.idle("excess_length_strategy")
    size = reading.number("val_set_size", 0.0)
    if 0 < size < 1:
        reading.take("val_set_size", "split.validation", value=size, why="held_out", fate="differs")
    else:
        reading.note("val_set_size", "differs", "held_out_rows" if size else "held_out_none")
    if reading.flag("sample_packing"):
        reading.take("sample_packing", "batching.layout", value="packed")
    _read_template(reading, first)


def _read_data_set(reading: Reading, data: Mapping[str, Any], *, is_text: bool) -> None:
    kind = data.get("type")
    name = str(kind) if isinstance(kind, str) else "custom" if kind else ""
    for word in ("dpo", "kto", "orpo", "ipo", "reward", "preference"):
        if word in name:
            refuse(reading, "datasets.type", word)
    files = data.get("data_files")
    if isinstance(files, list) and len(files) > 1:
        reading.note("datasets.data_files", "left_out", "several_data_sets", first=files[0], n=len(files))
    path = str(files[0] if isinstance(files, list) and files else files or data.get("path"))
    local = _local(reading.path, path)
    reading.put("data.path", str(local) if local is not None else path if _is_file(path) else f"hub:{path}")
    is_text = is_text or name.startswith(("completion", "pretrain"))
    reading.put("task", "continue" if is_text else "chat")
    shapes = {"alpaca": "alpaca", "sharegpt": "sharegpt"}
    shape = next((ours for theirs, ours in shapes.items() if name.startswith(theirs)), None)
    if shape is not None:
        reading.put("data.shape.name", shape)
    _note_of_data_set(reading, data, name)


def _note_of_data_set(reading: Reading, data: Mapping[str, Any], name: str) -> None:
    """What the first data set says besides where it is; each as `datasets.KEY`."""
    known = {
        "path",
        "type",
        "data_files",
        "ds_type",
        "field",
        "field_messages",
        "field_tools",
        "message_property_mappings",
    }
    known |= {
        "message_field_role",
        "message_field_content",
        "roles",
        "chat_template",
        "chat_template_jinja",
        "split_thinking",
    }
    if name in ("custom", "input_output") or data.get("input_format"):
        reading.note("datasets.type", "left_out", "custom_prompt", name=name)
    if data.get("roles_to_train") not in (None, ["assistant"], ["gpt"], ["gpt", "assistant"]):
        reading.note("datasets.roles_to_train", "left_out", "roles_to_train")
    if data.get("train_on_eos") not in (None, "turn"):
        reading.note("datasets.train_on_eos", "differs", "train_on_eos")
    if data.get("split") not in (None, "train"):
        reading.note("datasets.split", "left_out", "part_of_a_data_set", split=data["split"])
    for key in ("shards", "shards_idx", "name", "drop_system_message", "message_field_training_detail"):
        if data.get(key):
            reading.note(f"datasets.{key}", "left_out", "setting_of_a_data_set")
    known |= {"roles_to_train", "train_on_eos", "split", "shards", "shards_idx", "name", "drop_system_message"}
    for key in sorted(
        set(data) - known - {"message_field_training_detail", "message_field_training", "trust_remote_code"}
    ):
        reading.note(f"datasets.{key}", "unknown", "unknown")


def _read_template(reading: Reading, data: Mapping[str, Any]) -> None:
    inline = data.get("chat_template_jinja") or reading.get("chat_template_jinja")
    name = data.get("chat_template") or reading.get("chat_template")
    if inline:
        local = _local(reading.path, str(inline)) if "\n" not in str(inline) and "{" not in str(inline) else None
        if local is None:
            reading.files[".jinja"] = str(inline)
        else:
            reading.put("encode.chat_template", str(local))
        reading.note("chat_template_jinja", "taken", ours="encode.chat_template")
        reading.note("chat_template", "taken", ours="encode.chat_template")
    elif name and name != "tokenizer_default":
        reading.note("chat_template", "differs", "template", name=name)
    reading.idle("chat_template", "chat_template_jinja")
    if reading.says("default_system_message"):
        reading.take("default_system_message", "encode.system")


def _read_adapter(reading: Reading) -> None:
    kind = reading.get("adapter")
    reading.note("adapter", "taken", ours="adapter.name")
    if kind in ("lora", "qlora"):
        reading.put("adapter.name", "lora")
        rank = reading.whole("lora_r", 8)
        reading.take("lora_r", "adapter.r", default=8, value=rank)
        reading.take("lora_alpha", "adapter.alpha", default=2 * rank, value=reading.number("lora_alpha", 2 * rank))
        reading.take("lora_dropout", "adapter.dropout", default=0.0, value=reading.number("lora_dropout", 0.0))
        chosen = None if reading.flag("lora_target_linear") else targets(reading.get("lora_target_modules", "all"))
        if chosen is not None:
            reading.put("adapter.targets", chosen)
        reading.note("lora_target_modules", "taken", ours="adapter.targets")
        reading.note("lora_target_linear", "taken", ours="adapter.targets")
        for key, variant in {"peft_use_dora": "dora", "peft_use_rslora": "rslora"}.items():
            if reading.flag(key):
                reading.take(key, "adapter.variant", value=variant)
        if str(reading.get("peft_init_lora_weights", "")).startswith("pissa"):
            reading.take("peft_init_lora_weights", "adapter.variant", value="pissa")
        reading.left_out("peft_init_lora_weights", "lora_start", unless=(None, True))
        for key, rounded in {"load_in_4bit": "nf4", "load_in_8bit": "int8"}.items():
            if reading.flag(key):
                read_quantization(reading, key, rounded)
        if kind == "qlora" and reading.chosen("adapter.quantize") is None:
            read_quantization(reading, "adapter", "nf4")
    elif kind:
        raise RecipeError(
            f"{reading.path}: `adapter: {kind}` has no counterpart. Known are lora, qlora, and none (all weights)."
        )
    else:
        reading.put("adapter.name", "full")
    reading.left_out("lora_modules_to_save", "modules_in_full", unless=(None, []))
    reading.left_out("peft_layers_to_transform", "layers_to_adapt", unless=(None, []))
    reading.left_out("lora_target_parameters", "modules_in_full", unless=(None, []))
    reading.left_out("unfrozen_parameters", "modules_in_full", unless=(None, []))
    reading.left_out("loraplus_lr_ratio", "lora_plus")
    reading.left_out("relora", "method", name="ReLoRA")
    for key in ("gptq", "load_in_4bit", "load_in_8bit"):
        reading.left_out(key, "quantization")
    reading.idle("relora_*", *_OF_OTHER_ADAPTERS)


def _read_what_has_no_counterpart(reading: Reading) -> None:
    reading.left_out("train_on_inputs", "train_on_prompt")
    reading.left_out("neftune_noise_alpha", "neftune")
    reading.left_out("noisy_embedding_alpha", "neftune")
    reading.left_out("embedding_lr", "embedding_rate")
    reading.left_out("embedding_lr_scale", "embedding_rate")
    reading.left_out("lr_groups", "embedding_rate", unless=(None, []))
    reading.left_out("optim_target_modules", "method", unless=(None, []), name="optim_target_modules")
    reading.left_out("optim_args", "schedule_settings", unless=(None, {}, ""))
    reading.left_out("lr_scheduler_kwargs", "schedule_settings", unless=(None, {}))
    reading.left_out("cosine_min_lr_ratio", "schedule_settings")
    reading.left_out("cosine_constant_lr_ratio", "schedule_settings")
    reading.left_out("lr_quadratic_warmup", "schedule_settings")
    reading.left_out("curriculum_sampling", "order")
    reading.left_out("dataset_exact_deduplication", "duplicates", unless=(None, True))
    reading.left_out("rope_scaling", "rope_scaling", unless=(None, {}))
    reading.left_out("overrides_of_model_config", "architecture", unless=(None, {}))
    reading.left_out("overrides_of_model_kwargs", "architecture", unless=(None, {}))
    reading.left_out("fix_untrained_tokens", "special_tokens")


def _is_file(path: str) -> bool:
    return Path(path).suffix in _FILES or path.startswith((".", "/", "~"))


def _local(config: Path, path: str) -> Path | None:
    """Paths are relative to where the program was started, which may be a folder above the config."""
    for start in (Path(), *config.resolve().parents):
        if (start / path).exists():
            return start / path
    return None
