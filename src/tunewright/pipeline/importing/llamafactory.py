"""LLaMA-Factory: one flat file of arguments, and a `dataset_info.json` that describes the data."""

from __future__ import annotations

from pathlib import Path

from tunewright.core.errors import RecipeError
from tunewright.data.shapes.llamafactory import NAME, find_entry
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
    "do_train", "do_eval", "do_predict", "output_dir", "overwrite_output_dir", "logging_steps", "logging_dir", "logging_strategy",
    "save_strategy", "save_total_limit", "save_only_model", "save_safetensors", "plot_loss", "report_to", "run_name",
    "overwrite_cache", "preprocessing_num_workers", "preprocessing_batch_size", "dataloader_*", "ddp_*", "deepspeed", "fsdp*",
    "cache_dir", "use_fast_tokenizer", "low_cpu_mem_usage", "flash_attn", "use_unsloth", "use_unsloth_gc", "enable_liger_kernel",
    "use_reentrant_gc", "upcast_layernorm", "upcast_lmhead_output", "infer_backend", "infer_dtype", "offload_folder",
    "use_kv_cache", "hf_hub_token", "ms_hub_token", "om_hub_token", "print_param_status", "tokenized_path", "streaming",
    "buffer_size", "media_dir", "per_device_eval_batch_size", "eval_accumulation_steps", "eval_strategy", "evaluation_strategy",
    "eval_steps", "predict_with_generate", "resume_from_checkpoint", "include_num_input_tokens_seen", "include_effective_*",
    "export_*", "use_swanlab", "swanlab_*", "push_to_hub", "hub_*", "ray_*", "disable_tqdm", "remove_unused_columns",
    "ignore_pad_token_for_loss", "compute_accuracy", "load_best_model_at_end", "metric_for_best_model",
    "greater_is_better", "split_special_tokens", "use_v1_kernels", "quantization_device_map", "double_quantization",
    "data_seed", "use_cpu", "include_mfu", "tool_format", "eval_on_each_dataset", "image_*", "video_*", "audio_*",
    "group_by_length", "lora_bias", "create_new_adapter", "pissa_iter", "pissa_convert", "loraplus_lr_embedding",
)  # fmt: skip

_OF_OTHER_ADAPTERS = (
    "freeze_trainable_layers", "freeze_trainable_modules", "freeze_extra_modules", "lora_rank", "lora_alpha", "lora_dropout",
    "lora_target", "loraplus_lr_ratio", "additional_target", "oft_rank", "oft_block_size", "oft_target", "use_dora",
    "use_rslora", "pissa_init", "quantization_type", "quantization_method",
)  # fmt: skip
"""Without effect unless their adapter is chosen. One by one, so that a misspelt name is not taken for one of them."""


def read_llamafactory(reading: Reading) -> None:
    """All of a config. Raises RecipeError for stages other than `sft` and `pt`, DataError for data sets of preferences."""
    refuse(reading, "stage", str(reading.get("stage", "sft")))
    is_text = reading.get("stage", "sft") == "pt"
    reading.put("task", "continue" if is_text else "chat")
    reading.note("stage", "taken", ours="task")
    _read_model(reading)
    _read_data(reading)
    _read_adapter(reading)
    read_batch(reading, size_key="per_device_train_batch_size", size=8)
    read_length(reading, epochs_key="num_train_epochs", epochs=3.0)
    read_optimizer(reading, key="optim", default="adamw_torch", rate=5e-5)
    read_schedule(reading, key="lr_scheduler_type", default="linear")
    read_precision(reading)
    read_stopping(reading, key="early_stopping_steps")
    reading.take("seed", "train.seed", default=42)
    reading.put("train.gradient_checkpointing", not reading.flag("disable_gradient_checkpointing"))
    reading.note("disable_gradient_checkpointing", "taken", ours="train.gradient_checkpointing")
    reading.note("gradient_checkpointing", "idle")
    if smoothing := reading.number("label_smoothing_factor", 0.0):
        reading.put("loss.name", "cross_entropy")
        reading.take("label_smoothing_factor", "loss.label_smoothing", value=smoothing)
    if isinstance(reading.get("save_steps"), int):  # a share of all steps it can be there, too
        reading.take("save_steps", "train.save_steps")
    reading.idle("save_steps")
    for key in ("max_new_tokens", "repetition_penalty", "length_penalty"):
        reading.take(key, f"generate.{key}")
    _read_what_has_no_counterpart(reading)
    reading.idle(*_IDLE)


def _read_model(reading: Reading) -> None:
    reading.take("model_name_or_path", "model.path")
    if reading.get("model_revision", "main") != "main":
        reading.take("model_revision", "model.revision")
    reading.idle("model_revision")
    reading.left_out("adapter_name_or_path", "adapter_to_go_on_from")
    reading.left_out("adapter_folder", "adapter_to_go_on_from")
    reading.left_out("trust_remote_code", "remote_code")
    reading.left_out("rope_scaling", "rope_scaling")
    if reading.says("add_tokens"):
        added = [token.strip() for token in str(reading.get("add_tokens")).split(",")]
        reading.take("add_tokens", "model.new_tokens", value=added)
    reading.idle("resize_vocab")
    if reading.says("template"):
        reading.note("template", "differs", "template", name=reading.get("template"))


def _read_data(reading: Reading) -> None:
    said = reading.get("dataset", "")
    listed = said if isinstance(said, list) else str(said).split(",")
    names = [str(name).strip() for name in listed if str(name).strip()]
    if not names:
        raise RecipeError(f"{reading.path}: no data set is named (`dataset`), so there is nothing to learn from.")
    folder = str(reading.get("dataset_dir", "data"))
    found = _dataset_info(reading.path, folder)
    reading.put("data.path", str(found if found is not None else Path(folder) / NAME))
    reading.put("data.shape.dataset", names[0])
    if found is not None:
        find_entry(found, names[0])  # refuses preferences, and what is not there
    if len(names) > 1:
        reading.note(
            "dataset", "left_out", "several_data_sets", ours="data.shape.dataset", first=names[0], n=len(names)
        )
    elif found is None:
        reading.note("dataset", "differs", "data_not_found", ours="data.path", file=str(Path(folder) / NAME))
    else:
        reading.note("dataset", "taken", ours="data.shape.dataset")
    reading.note("dataset_dir", "taken", ours="data.path")
    reading.take("cutoff_len", "encode.max_length", default=2048, why="cutoff", fate="differs")
    _read_split(reading)
    if reading.flag("packing") or reading.flag("neat_packing"):
        reading.put("batching.layout", "packed")
        alike = reading.flag("neat_packing")
        reading.note("packing", "taken" if alike else "differs", "" if alike else "packing", ours="batching.layout")
        reading.note("neat_packing", "taken", ours="batching.layout")
    reading.idle("packing", "neat_packing")


def _read_split(reading: Reading) -> None:
    size = reading.number("val_size", 0.0)
    if 0 < size < 1:
        reading.take("val_size", "split.validation", value=size, why="held_out", fate="differs")
    else:
        reading.note("val_size", "differs", "held_out_rows" if size else "held_out_none")
    reading.left_out("eval_dataset", "file_to_evaluate", unless=(None, ""))


def _dataset_info(config: Path, folder: str) -> Path | None:
    """The data sets are described relative to where the program was started, which may be a folder above the config."""
    for start in (Path(), *config.resolve().parents):
        if (start / folder / NAME).is_file():
            return start / folder / NAME
    return None


def _read_adapter(reading: Reading) -> None:
    kind = str(reading.get("finetuning_type", "lora"))
    reading.note("finetuning_type", "taken", ours="adapter.name")
    if kind == "lora":
        _read_lora(reading)
    elif kind == "freeze":
        layers = reading.whole("freeze_trainable_layers", 2)
        reading.put("adapter.name", "frozen")
        reading.put("adapter.train_top", abs(layers))
        if layers < 0:
            reading.note("freeze_trainable_layers", "left_out", "lower_layers")
        reading.note("freeze_trainable_layers", "taken", ours="adapter.train_top")
        reading.left_out("freeze_trainable_modules", "modules_of_layers", unless=(None, "", "all"))
        reading.left_out("freeze_extra_modules", "modules_in_full")
    elif kind == "oft":
        reading.put("adapter.name", "peft")
        reading.put("adapter.type", "OFT")
        settings = {"oft_block_size": reading.whole("oft_block_size", 32), "r": reading.whole("oft_rank", 0)}
        reading.put("adapter.settings", settings)
        reading.put("adapter.targets", targets(reading.get("oft_target", "all")))
        for key in ("oft_block_size", "oft_rank", "oft_target"):
            reading.note(key, "taken", ours="adapter.settings")
    elif kind == "full":
        reading.put("adapter.name", "full")
    else:
        raise RecipeError(
            f"{reading.path}: `finetuning_type: {kind}` is not known. Known are lora, oft, freeze and full."
        )
    bits = reading.get("quantization_bit")
    if bits in (4, 8) and kind == "lora":
        read_quantization(reading, "quantization_bit", "nf4" if bits == 4 else "int8")
    reading.left_out("quantization_bit", "quantization")
    reading.idle(*_OF_OTHER_ADAPTERS)


def _read_lora(reading: Reading) -> None:
    reading.put("adapter.name", "lora")
    rank = reading.whole("lora_rank", 8)
    reading.take("lora_rank", "adapter.r", default=8, value=rank)
    reading.take("lora_alpha", "adapter.alpha", default=2 * rank, value=reading.number("lora_alpha", 2 * rank))
    reading.take("lora_dropout", "adapter.dropout", default=0.0, value=reading.number("lora_dropout", 0.0))
    chosen = targets(reading.get("lora_target", "all"))
    if chosen is not None:
        reading.put("adapter.targets", chosen)
    reading.note("lora_target", "taken", ours="adapter.targets")
    variants = {"use_dora": "dora", "use_rslora": "rslora", "pissa_init": "pissa"}
    for key, variant in variants.items():
        if reading.flag(key):
            reading.take(key, "adapter.variant", value=variant)
    reading.left_out("additional_target", "modules_in_full")
    reading.left_out("loraplus_lr_ratio", "lora_plus")


def _read_what_has_no_counterpart(reading: Reading) -> None:
    reading.left_out("train_on_prompt", "train_on_prompt")
    reading.left_out("mask_history", "mask_history")
    reading.left_out("max_samples", "max_samples")
    reading.left_out("neftune_noise_alpha", "neftune")
    reading.left_out("mix_strategy", "several_files", unless=(None, "concat"))
    reading.left_out("interleave_probs", "several_files")
    reading.left_out("add_special_tokens", "special_tokens")
    reading.left_out("new_special_tokens_config", "special_tokens")
    reading.left_out("shift_attn", "architecture")
    reading.left_out("mixture_of_depths", "architecture")
    reading.left_out("train_from_scratch", "from_scratch")
    reading.left_out("moe_aux_loss_coef", "auxiliary_loss")
    methods = ("galore", "apollo", "badam", "adam_mini", "llama_pro", "dft_loss", "asft_loss", "eaft_loss")
    for key in (f"use_{name}" for name in methods):
        reading.left_out(key, "method", name=key.removeprefix("use_"))
    reading.left_out("lr_scheduler_kwargs", "schedule_settings", unless=(None, {}, "{}"))
    reading.take("default_system", "encode.system")
    reading.idle("temperature", "top_p", "top_k", "num_beams", "eval_num_beams", "do_sample", "max_length")
    reading.idle(*(f"{name}_*" for name in ("galore", "apollo", "badam", "pref", "dpo", "kto", "ppo", "simpo")))
