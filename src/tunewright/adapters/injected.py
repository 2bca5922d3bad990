"""Small trainable layers inside a frozen model, through peft: put in, saved in peft's own format, merged and taken out again.

peft's layers are put into the model itself (`inject_adapter_in_model`), so that everything else sees the class it knows and
not a wrapper. What stands outside the pretrained part, a new head, is trained in full: it has nothing to be adapted.
"""

from __future__ import annotations

import copy
import fnmatch
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import save_file
from torch import nn

from tunewright.adapters.quantized import RoundedLinear, replace_module
from tunewright.adapters.settings import AdapterSettings
from tunewright.core.errors import RecipeError, nearest
from tunewright.models.layers import base_model, find_depths
from tunewright.models.new_tokens import token_tables

NAME = "default"
"""What peft calls the one adapter."""
PREFIX = "base_model.model."
"""Of names in a saved adapter."""
OLD_NAME = ".is_gradient_checkpointing. is deprecated"
"""What transformers says when peft's wrapper (0.21) asks for something by the name it had."""
WRAPPER = "_peft_wrapper"
"""Attribute of a model whose adapter has state outside its layers: a tuple with peft's wrapper, which holds that state."""


class InjectedSettings(AdapterSettings):
    """What all adapters of this kind share; `peft_config` says what is put where."""

    stands_alone: ClassVar[bool] = True

    targets: tuple[str, ...] | None = None
    """Modules to adapt, as globs over their dotted names (`*.query`, `*.layers.1?.mlp.*`). None: every linear layer inside
    the model's layers, which serves best on average (Dettmers et al. 2023). A glob that matches nothing is an error."""
    train_head: bool = True
    """Train what stands outside the pretrained part (a classifier's head) in full. Off, it must have been trained before."""

    def peft_config(self, targets: Sequence[str]) -> Any:
        """peft's own configuration for these modules."""
        raise NotImplementedError

    def prepare(self, model: nn.Module, targets: Sequence[str]) -> None:
        """What is done to the modules before they are adapted. By default nothing."""

    def attach(self, model: nn.Module, *, seed: int = 0, new_ids: Sequence[int] = ()) -> nn.Module:
        """The same model, frozen, with the adapter's layers inside. Raises RecipeError for a target that is not there."""
        targets = self._targets(model)
        config = self.peft_config(targets)
        self.prepare(model, targets)
        if new_ids:
            _train_rows(config, model, new_ids)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            # peft sets it itself, and says so for each layer.
            warnings.filterwarnings("ignore", message="fan_in_fan_out is set to")
            warnings.filterwarnings("ignore", message=OLD_NAME, category=FutureWarning)
            torch.manual_seed(seed)
            try:
                _inject(config, model)
            except (ValueError, TypeError, NotImplementedError) as error:
                raise RecipeError(f"`adapter`: peft can't put this into {type(model).__name__}: {error}") from None
        _require_mergeable(config, model)
        if self.train_head:
            for parameter in _head_parameters(model):
                parameter.requires_grad_(True)
        return model

    def _targets(self, model: nn.Module) -> list[str]:
        """Without what stands in a head that is trained in full: it can't be both."""
        heads = _head_modules(model) if self.train_head else {}
        found = [name for name in find_targets(model, self.targets) if name.partition(".")[0] not in heads]
        if not found:
            raise RecipeError(
                f"`adapter.targets`: only the new head ({', '.join(heads)}) is matched, and that is trained in full. Name "
                "modules of the pretrained part, or set `adapter.train_head: false`."
            )
        return found

    def save(self, model: nn.Module, folder: Path, *, base_model: str) -> None:
        """`adapter_config.json` and `adapter_model.safetensors`, as `PeftModel.from_pretrained` reads them."""
        from peft import get_peft_model_state_dict

        folder.mkdir(parents=True, exist_ok=True)
        heads = _head_modules(model) if self.train_head else {}
        holder, prefix = getattr(model, WRAPPER, None), PREFIX
        found = get_peft_model_state_dict(
            holder[0] if holder else model, adapter_name=NAME, save_embedding_layers=False
        )
        tensors = {
            name if name.startswith("base_model.") else f"{prefix}{name}": tensor for name, tensor in found.items()
        }
        for name, module in heads.items():
            tensors |= {f"{prefix}{name}.{part}": tensor for part, tensor in module.state_dict().items()}
        save_file(
            {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()},  # some share memory
            folder / "adapter_model.safetensors",
            metadata={"format": "pt"},
        )
        config = model.peft_config[NAME].to_dict()  # type: ignore[union-attr, index]
        config |= {
            "base_model_name_or_path": base_model, "inference_mode": True, "modules_to_save": sorted(heads) or None,
            "target_modules": sorted(config["target_modules"]),
        }  # fmt: skip
        text = json.dumps(config, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
        (folder / "adapter_config.json").write_bytes((text + "\n").encode())

    def merge(self, model: nn.Module) -> nn.Module:
        """The same model with the adapter's part added to its own weights and peft's layers gone."""
        from peft.tuners.tuners_utils import BaseTunerLayer
        from peft.utils.other import TrainableTokensWrapper

        wrapped = [
            (name, module) for name, module in model.named_modules() if isinstance(module, TrainableTokensWrapper)
        ]
        for name, module in wrapped:
            if module.token_adapter.tied_adapter is None:  # else its table is another one's, and has the rows already
                module.token_adapter.merge(safe_merge=True)
            replace_module(model, name, module.token_adapter.get_base_layer())
        for name, module in list(model.named_modules()):
            if isinstance(module, BaseTunerLayer):
                replace_module(model, name, _merged(module))
        for name in ("peft_config", WRAPPER):
            if hasattr(model, name):
                delattr(model, name)
        return model


def find_targets(model: nn.Module, globs: Sequence[str] | None) -> list[str]:
    """Dotted names of the modules to adapt, in the model's order. Raises RecipeError for a glob that matches none."""
    linear = [name for name, module in model.named_modules() if _is_linear(module)]
    if globs is None:
        depths = find_depths(model)
        inside = {id(module) for module in base_model(model).modules()}
        modules = dict(model.named_modules())
        found = [
            name for name in linear
            if id(modules[name]) in inside and 0 < depths.of.get(f"{name}.weight", 0) <= depths.num_layers
        ]  # fmt: skip
        if not found:
            raise RecipeError(f"`adapter`: {type(model).__name__} has no linear layer that could be adapted.")
        return found
    for glob in globs:
        if not fnmatch.filter(linear, glob):
            kinds = sorted({f"*.{name.rpartition('.')[2]}" for name in linear})
            raise RecipeError(
                f"`adapter.targets`: `{glob}` matches no linear layer of {type(model).__name__}.{nearest(glob, kinds)} "
                f"There are: {', '.join(kinds)}; a whole name is, for example, `{linear[0]}`."
            )
    return [name for name in linear if any(fnmatch.fnmatchcase(name, glob) for glob in globs)]


def _train_rows(config: Any, model: nn.Module, new_ids: Sequence[int]) -> None:
    """Have peft train these rows of the tables beside its own layers. Raises RecipeError where it would do that wrongly."""
    tables = token_tables(model)
    if getattr(tables[-1], "bias", None) is not None:
        # peft's layer for single rows computes the product alone (`TrainableTokensLayer.forward_adapters`, 0.21).
        raise RecipeError(
            f"`model.new_tokens` with `adapter`: the output layer of {type(model).__name__} has a bias, which peft leaves out "
            "where it trains single rows. Train with `adapter: {name: full}`, or without new tokens (`model.new_tokens: []`)."
        )
    names = [name for name, module in model.named_modules() if any(module is table for table in tables)]
    config.trainable_token_indices = {name: list(new_ids) for name in names}


def _inject(config: Any, model: nn.Module) -> None:
    """Put peft's layers into the model; where they share state, such as VeRA's matrices, the wrapper that has it goes with it."""
    from peft import PEFT_TYPE_TO_TUNER_MAPPING, PeftModel, inject_adapter_in_model

    if PEFT_TYPE_TO_TUNER_MAPPING[config.peft_type].uses_shared_state:
        wrapper: Any = PeftModel(model, config, adapter_name=NAME)
        setattr(model, WRAPPER, (wrapper,))  # in a tuple, so that it is no part of the model
    else:
        inject_adapter_in_model(config, model, adapter_name=NAME)


def _require_mergeable(config: Any, model: nn.Module) -> None:
    """Raise RecipeError, before anything is trained, where nothing would be trained or what was could not be merged."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    kind, name = config.peft_type.value, type(model).__name__
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise RecipeError(f"`adapter`: peft's {kind} finds nothing to train in {name}. Choose another adapter.")
    first = next((module for module in model.modules() if isinstance(module, BaseTunerLayer)), None)
    try:
        if first is not None:
            _merged(copy.deepcopy(first))
    except (ValueError, NotImplementedError) as error:
        raise RecipeError(
            f"`adapter`: peft's {kind} could be trained, but not be merged into {name} afterwards: {error} Choose another adapter, "
            "or other `adapter.targets`."
        ) from None


def _merged(layer: Any) -> nn.Module:
    """The layer that is adapted, with what was learned in its weights; rounded weights are not rounded again."""
    base: nn.Module = layer.get_base_layer()
    if not isinstance(base, RoundedLinear):
        layer.merge(safe_merge=True)
        merged: nn.Module = layer.get_base_layer()  # asked again: LN tuning puts another layer in its place
        return merged
    plain = base.restored()
    plain.weight.data += layer.get_delta_weight(NAME).to(plain.weight.dtype)
    return plain


def _is_linear(module: nn.Module) -> bool:
    # GPT-2's `Conv1D` is a linear layer that stores its matrix the other way round.
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def _head_modules(model: nn.Module) -> dict[str, nn.Module]:
    """Modules beside the pretrained part that have parameters of their own, by name; none for a language model's head."""
    base = base_model(model)
    if base is model:
        return {}
    inside = {id(parameter) for parameter in base.parameters()}
    output = getattr(model, "get_output_embeddings", lambda: None)()
    return {
        name: child
        for name, child in model.named_children()
        if child is not base
        and child is not output
        and any(id(parameter) not in inside for parameter in child.parameters())
    }


def _head_parameters(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for module in _head_modules(model).values() for parameter in module.parameters()]


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, (set, frozenset)) else str(getattr(value, "value", value))
