"""Weights into a model, and the rows of an earlier classifier's head into a new one.

C  classes     H  hidden size
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tunewright.core.errors import ModelError
from tunewright.models.layers import base_model
from tunewright.models.local import LocalModel, one_line
from tunewright.models.quiet import quiet

_SPARE = 50_000_000
"""Parameters that a head and a pooler may add to what is in the files."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A model with every weight set."""

    model: Any
    new_names: tuple[str, ...]
    """Drawn from the seed, for want of weights in the files."""
    loaded_names: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class TakenOver:
    """What became of an earlier head."""

    labels: tuple[str, ...]
    """Labels whose rows were taken over."""
    new_names: tuple[str, ...]
    """Parameters of which some rows were drawn anew although the files had some."""


def fill(
    model_class: Any, config: Any, tensors: dict[str, torch.Tensor], local: LocalModel, *, seed: int, dtype: torch.dtype
) -> Filled:
    """Build a model and load tensors into it; what they don't have is drawn from `seed`.

    Raises ModelError if weights of the pretrained part are missing or have another shape than the config says.
    """
    _check_size(model_class, config, tensors, local)
    try:
        with quiet(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model, report = model_class.from_pretrained(
                None, config=config, state_dict=dict(tensors), dtype=dtype, ignore_mismatched_sizes=True,
                output_loading_info=True,
            )  # fmt: skip
    except Exception as error:
        # Whatever a config that contradicts itself makes a model class raise, the reason is its text.
        raise ModelError(f"{local.folder}: {model_class.__name__} can't be built: {one_line(error)}") from None
    missing = set(report["missing_keys"]) - _computed(model)
    mismatched = {str(entry[0] if isinstance(entry, tuple) else entry) for entry in report["mismatched_keys"]}
    prefix = _base_prefix(model)
    lacking = sorted(n for n in missing if n.startswith(prefix) and not _may_be_new(n))
    wrong = sorted(name for name in mismatched if name.startswith(prefix))
    if not prefix or lacking or wrong:
        lacking = lacking if prefix else sorted(n for n in missing if not _may_be_new(n))
        wrong = wrong or (sorted(mismatched) if not prefix else [])
        if lacking or wrong:
            raise ModelError(_dont_fit(local, lacking, wrong))
    if any(not torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise ModelError(f"{local.folder}: some weights are not finite (NaN or infinity). Fetch the model again.")
    names = frozenset(name for name, _ in model.named_parameters())
    new = missing | mismatched
    return Filled(model=model, new_names=tuple(sorted(new)), loaded_names=names - new)


def output_layer(model: torch.nn.Module, num_outputs: int) -> tuple[str, torch.nn.Linear]:
    """The linear layer that makes the logits, with its name: the last one outside the pretrained part."""
    inside = {id(module) for module in base_model(model).modules()} if base_model(model) is not model else set()
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module.out_features == num_outputs and id(module) not in inside
    ]
    if not found:
        raise ModelError(f"{type(model).__name__} has no linear layer that makes {num_outputs} logits.")
    return found[-1]


def take_over_rows(
    layer: tuple[str, torch.nn.Linear], tensors: dict[str, torch.Tensor], *, kind: str, old: Sequence[str],
    new: Sequence[str], was_regression: bool, was_loaded: frozenset[str], seed: int, model: Any,
) -> TakenOver:  # fmt: skip
    """Put the rows of labels that an earlier head knew where those labels stand now, and draw the others from `seed`.

    A head whose labels have nothing to do with the new ones is forgotten: its answers would be to another question.
    """
    name, linear = layer
    earlier = tensors.get(f"{name}.weight")
    if earlier is None or earlier.shape[1] != linear.in_features:
        return TakenOver(labels=(), new_names=())
    earlier = earlier.clone()  # the model took the tensors it was given as its own
    if kind == "regression":
        if was_regression and len(earlier) == 1:
            return TakenOver(labels=(), new_names=())
        places: dict[int, int] = {}
    else:
        # transformers leaves its default names out of config.json.
        old = old or [f"LABEL_{i}" for i in range(len(earlier))]
        place_of = {label: i for i, label in enumerate(old)} if len(old) == len(earlier) and not was_regression else {}
        places = {i: place_of[label] for i, label in enumerate(new) if label in place_of}
    bias = tensors[f"{name}.bias"].clone() if f"{name}.bias" in tensors else None
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        std = getattr(model.config, "initializer_range", None) or getattr(model.config, "init_std", None) or 0.02
        linear.weight.normal_(mean=0.0, std=std)
        if linear.bias is not None:
            linear.bias.zero_()
        for place, earlier_place in places.items():
            linear.weight[place] = earlier[earlier_place].to(linear.weight.dtype)
            if linear.bias is not None and bias is not None:
                linear.bias[place] = bias[earlier_place].to(linear.bias.dtype)
    partly = len(places) < linear.out_features
    drawn = [f"{name}.{part}" for part in ("weight", "bias") if f"{name}.{part}" in was_loaded] if partly else []
    return TakenOver(labels=tuple(new[i] for i in places), new_names=tuple(drawn))


def poolers(model: Any, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a pooler that the model has no place for, under the names that they have below a head."""
    prefix, own = _base_prefix(model), model.state_dict()
    named = {name if name.startswith(prefix) else f"{prefix}{name}": tensor for name, tensor in tensors.items()}
    return {
        name: tensor.float().contiguous() for name, tensor in named.items() if _may_be_new(name) and name not in own
    }


def state_digest(tensors: dict[str, torch.Tensor]) -> str:
    """blake2b-128 over names, types, shapes and bytes of tensors: the same weights, however they are stored."""
    hasher = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        hasher.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        hasher.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return hasher.hexdigest()


def _check_size(model_class: Any, config: Any, tensors: dict[str, torch.Tensor], local: LocalModel) -> None:
    """Refuse a config that describes far more than the files hold, before memory is taken for it."""
    held = sum(tensor.numel() for tensor in tensors.values())
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > len(tensors):
        raise ModelError(
            f"{local.folder}: config.json says {layers:,} layers, but the weights are only {len(tensors):,} tensors. "
            "They belong to different models."
        )
    try:
        with quiet(), torch.device("meta"):
            described = sum(parameter.numel() for parameter in model_class(config).parameters())
    except Exception as error:
        raise ModelError(f"{local.folder}: {model_class.__name__} can't be built: {one_line(error)}") from None
    if described > 2 * held + _SPARE:
        raise ModelError(
            f"{local.folder}: config.json describes {described:,} numbers, but the weights hold {held:,}. "
            "They belong to different models."
        )


def _base_prefix(model: Any) -> str:
    base = base_model(model)
    return "" if base is model else next(f"{name}." for name, module in model.named_modules() if module is base)


def _computed(model: Any) -> set[str]:
    """Weights that a model makes by itself and that no file has: the sine waves of Marian's positions."""
    return {
        f"{name}.weight" for name, module in model.named_modules() if "SinusoidalPositional" in type(module).__name__
    }


def _may_be_new(name: str) -> bool:
    """A pooler stands on top of the encoder; checkpoints of masked language models come without one."""
    return "pooler" in name.split(".") or ".pooler." in f".{name}"


def _dont_fit(local: LocalModel, lacking: list[str], wrong: list[str]) -> str:
    if wrong:
        return (
            f"{local.folder}: {len(wrong)} weights have another shape than config.json says, for one `{wrong[0]}`. "
            "Config and weights belong to different models."
        )
    return (
        f"{local.folder}: {len(lacking)} weights of the model are not in its files, for one `{lacking[0]}`. "
        "The files are incomplete, or belong to another model than config.json describes."
    )
