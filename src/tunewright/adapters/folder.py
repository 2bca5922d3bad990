"""An adapter in peft's format on disk, ours or anybody's: read with care, put into its base model, merged.

A folder is a stranger's file: only JSON and safetensors are read from it, and nothing that it names is looked up elsewhere.
"""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file
from torch import nn

from tunewright.adapters.injected import NAME, OLD_NAME, PREFIX
from tunewright.adapters.other import NOT_INSIDE
from tunewright.adapters.quantized import Quantization, quantize_layers, require_package, restore_layers
from tunewright.adapters.settings import HeadKind
from tunewright.core.errors import ModelError, nearest
from tunewright.core.folder import write_json
from tunewright.models.folder import read_json_file
from tunewright.models.local import one_line

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
ABOUT = "tunewright_adapter.json"
_TABLES = ("embed", "wte", "shared", "lm_head", "embed_out", "output_projection")
"""In names of modules that have a row for each token."""


@dataclass(frozen=True, kw_only=True)
class AboutAdapter:
    """What stands beside our own adapters, so that they can be merged without the run they come from."""

    head: HeadKind
    labels: tuple[str, ...]
    """Classes or tags in the order of the logits; none for numbers and for what is written."""
    base_model: str
    """As the recipe has it."""
    base_revision: str | None
    base_digest: str
    """Of its weights."""
    quantize: Quantization | None = None
    """How the adapted layers were rounded while it was trained."""

    def write(self, folder: Path) -> None:
        """Into the adapter's folder."""
        write_json(folder / ABOUT, {"format": 1, **asdict(self)})


@dataclass(frozen=True, kw_only=True)
class AdapterFolder:
    """An adapter that was read and checked."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, torch.Tensor]
    about: AboutAdapter | None
    """None for adapters that others have made."""

    @property
    def type(self) -> str:
        """As peft names it, such as `LORA`."""
        return str(self.config["peft_type"])

    @property
    def base_model(self) -> str | None:
        """What it says that it was trained on."""
        named = self.about.base_model if self.about else self.config.get("base_model_name_or_path")
        return named if isinstance(named, str) and named else None

    @property
    def base_revision(self) -> str | None:
        """Of that model on its hub."""
        stated = self.about.base_revision if self.about else self.config.get("revision")
        return stated if isinstance(stated, str) else None

    @property
    def num_rows(self) -> int:
        """Rows that the tables of tokens have to have at least; 0 where it says nothing of them."""
        tables = [
            len(tensor) for name, tensor in self.tensors.items()
            if tensor.ndim == 2 and name.endswith(".weight") and "lora_" not in name
            and any(part.startswith(_TABLES) for part in name.split("."))
        ]  # fmt: skip
        trained = self.config.get("trainable_token_indices")
        ids = [i for ids in trained.values() for i in ids] if isinstance(trained, dict) else trained or []
        return max([0, *tables, *(int(i) + 1 for i in ids)])

    @property
    def num_labels(self) -> int | None:
        """Outputs of the classifier that was trained with it; None where there is none."""
        heads = [
            len(tensor) for name, tensor in self.tensors.items()
            if name.removeprefix(PREFIX).split(".")[0] in ("classifier", "score", "classification_head")
            and name.endswith("weight")
        ]  # fmt: skip
        return heads[-1] if heads else None


def read_adapter(folder: Path) -> AdapterFolder:
    """Read and check an adapter's folder. Raises ModelError if something is missing, damaged, unsafe, or can't be merged."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING

    config = read_json_file(folder / CONFIG)
    kind = config.get("peft_type")
    known = {one.value for one in PEFT_TYPE_TO_CONFIG_MAPPING}
    if kind not in known:
        raise ModelError(f"{folder / CONFIG}: peft knows no adapter of the type {kind!r}.{nearest(str(kind), known)}")
    if kind in NOT_INSIDE:
        raise ModelError(
            f"{folder}: an adapter of the type {kind} adds to what a model reads and changes none of its weights, so there is "
            "nothing that could be merged. Use it as it is, with peft."
        )
    if config.get("megatron_config"):
        raise ModelError(
            f"{folder / CONFIG} names a module of its own to be imported (`megatron_core`); it is not read."
        )
    return AdapterFolder(folder=folder, config=config, tensors=_tensors(folder), about=_about(folder))


def put_into(model: nn.Module, adapter: AdapterFolder) -> nn.Module:
    """The model with the adapter in it, as peft wraps it. Raises ModelError where they don't belong together."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftModel, set_peft_model_state_dict

    types = {kind.value: config for kind, config in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    accepted = {field.name for field in dataclasses.fields(types[adapter.type]) if field.init}
    # A task type would make peft wrap the model for its own pipelines, and the rest is about places to fetch it from.
    left_out = {"peft_type", "task_type", "auto_mapping", "base_model_name_or_path", "revision", "inference_mode"}
    said = {key: value for key, value in adapter.config.items() if key in accepted - left_out}
    if adapter.about and adapter.about.quantize:
        require_package(adapter.about.quantize)
        quantize_layers(model, adapter.config["target_modules"], adapter.about.quantize)
        restore_layers(model)
    try:
        config = types[adapter.type](**said, inference_mode=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=OLD_NAME, category=FutureWarning)
            wrapped = PeftModel(model, config)
        result: Any = set_peft_model_state_dict(wrapped, adapter.tensors)
    except (ValueError, TypeError, KeyError, RuntimeError, NotImplementedError) as error:
        raise ModelError(
            f"{adapter.folder}: the adapter doesn't fit into {type(model).__name__}: {one_line(error)} "
            "Is it the model that it was trained on? `--base` names another."
        ) from None
    if result.unexpected_keys:
        raise ModelError(
            f"{adapter.folder}: {len(result.unexpected_keys)} of its tensors have no place in {type(model).__name__}, for one "
            f"`{result.unexpected_keys[0]}`. Is it the model that it was trained on? `--base` names another."
        )
    own = dict(wrapped.named_parameters())  # each once: tables that are one table are saved as one
    lacking = [name for name in result.missing_keys if f".{NAME}" in name and name in own]
    if lacking:
        raise ModelError(
            f"{adapter.folder}: {WEIGHTS} lacks {len(lacking)} tensors that {CONFIG} speaks of, for one `{lacking[0]}`. Fetch the "
            "adapter again."
        )
    return wrapped.eval()


def merged(wrapped: nn.Module) -> nn.Module:
    """The plain model with the adapter's part in its own weights. Raises ModelError where numbers become infinite."""
    try:
        plain: nn.Module = wrapped.merge_and_unload(safe_merge=True)  # type: ignore[operator]
    except (ValueError, AttributeError, NotImplementedError) as error:
        raise ModelError(f"the adapter can't be merged: {one_line(error)}") from None
    return plain


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / WEIGHTS
    if not path.is_file():
        pickled = [name for name in ("adapter_model.bin", "adapter_model.pt") if (folder / name).exists()]
        if pickled:
            raise ModelError(
                f"{folder} has its weights only as {pickled[0]}, which can hold a program that runs when it is opened, so it is "
                "not read. Save the adapter again with `safe_serialization=True`."
            )
        raise ModelError(f"{folder} has no {WEIGHTS}. Fetch the adapter again.")
    try:
        return {name: tensor.clone() for name, tensor in load_file(path).items()}
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} can't be read: {one_line(error)} Fetch it again.") from None


def _about(folder: Path) -> AboutAdapter | None:
    if not (folder / ABOUT).exists():
        return None
    value = read_json_file(folder / ABOUT)
    if value.pop("format", None) != 1:
        raise ModelError(f"{folder / ABOUT} is of a version that this one does not know. A newer Tunewright may.")
    try:
        return AboutAdapter(**value | {"labels": tuple(value["labels"])})
    except (TypeError, KeyError) as error:
        raise ModelError(f"{folder / ABOUT} is damaged: {one_line(error)}") from None
