"""Where each parameter of a model stands: below its layers, in one of them, or above. For any architecture.

transformers keeps a model's layers in `ModuleList`s and registers modules in the order of computing: embeddings,
layers, final norm, pooler, head. So the depth of a parameter is found without knowing a single model class:

    depth 0                 embeddings, and all that comes before the first layer
    depth 1 ... num_layers  the layers, the decoder's after the encoder's
    depth num_layers + 1    what stands on the last layer: final norm, pooler, head
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True, kw_only=True)
class Depths:
    """The depth of every parameter."""

    of: dict[str, int]
    """Name of a parameter, as in `named_parameters()`, to its depth."""
    num_layers: int

    @property
    def top(self) -> int:
        """The depth of the head."""
        return self.num_layers + 1


def find_depths(model: nn.Module) -> Depths:
    """The depth of every parameter of a model; a model without layer lists is all head (depth 1, no layers)."""
    modules = dict(model.named_modules())
    depth_of_layer = _number_layers(model)
    late_parents = _parents_of_late_embeddings(model, depth_of_layer)
    num_layers = max(depth_of_layer.values(), default=0)
    base = base_model(model)
    inside_base = {id(parameter) for parameter in base.parameters()}

    of: dict[str, int] = {}
    passed = 0  # the layer whose parameters were met last
    for name, parameter in model.named_parameters():
        layer = _enclosing(name, depth_of_layer)
        parent = name.rpartition(".")[0]
        if layer is not None:
            of[name] = passed = depth_of_layer[layer]
        elif id(parameter) not in inside_base:
            of[name] = num_layers + 1
        elif isinstance(modules[parent], nn.Embedding) or "emb" in name or parent.rpartition(".")[0] in late_parents:
            of[name] = 0  # "emb": BART registers `layernorm_embedding`, which comes before its layers, after them
        else:
            # Between the encoder's last layer and the decoder's first (its final norm) counts as that last layer.
            of[name] = num_layers + 1 if num_layers and passed == num_layers else passed
    if not num_layers:
        of = dict.fromkeys(of, 1)
    return Depths(of=of, num_layers=num_layers)


def base_model(model: nn.Module) -> nn.Module:
    """The pretrained part of a model with a head; the model itself where there is no such part."""
    base = getattr(model, getattr(model, "base_model_prefix", "") or "", model)
    return base if isinstance(base, nn.Module) else model


def _number_layers(model: nn.Module) -> dict[str, int]:
    """The depth of each layer by its name, counted from 1.

    Lists of one length below one parent run in parallel (XLM keeps attentions and norms in lists of their own); a list
    inside a layer (the sub-layers of T5, experts) is part of that layer.
    """
    depth_of_layer: dict[str, int] = {}
    first_of: dict[tuple[str, int], int] = {}
    deepest = 0
    for name, module in base_model(model).named_modules(prefix=_prefix_of(model)):
        if not isinstance(module, nn.ModuleList) or not any(True for _ in module.parameters()):
            continue
        if _enclosing(name, depth_of_layer) is not None:
            continue
        key = name.rpartition(".")[0], len(module)
        if key not in first_of:
            first_of[key] = deepest
            deepest += len(module)
        for i in range(len(module)):
            depth_of_layer[f"{name}.{i}"] = first_of[key] + i + 1
    return depth_of_layer


def _parents_of_late_embeddings(model: nn.Module, depth_of_layer: dict[str, int]) -> set[str]:
    """Modules that register an embedding after their layers (DeBERTa, MPNet: relative positions).

    Such an embedding feeds every layer, and so does what stands beside it: the norm that it goes through.
    """
    parents: set[str] = set()
    with_layers = {layer.rpartition(".")[0].rpartition(".")[0] for layer in depth_of_layer}
    for name in with_layers:
        names = [child for child, _ in model.get_submodule(name).named_children()]
        lists = [i for i, child in enumerate(names) if f"{name}.{child}.0".lstrip(".") in depth_of_layer]
        for i, child in enumerate(names):
            late = lists and i > lists[-1]
            if late and isinstance(model.get_submodule(f"{name}.{child}".lstrip(".")), nn.Embedding):
                parents.add(name)
    return parents


def _prefix_of(model: nn.Module) -> str:
    base = base_model(model)
    return next(str(name) for name, module in model.named_modules() if module is base)


def _enclosing(name: str, layers: dict[str, int]) -> str | None:
    """The layer that a module or parameter of this name is in."""
    parts = name.split(".")
    for end in range(1, len(parts)):
        if (candidate := ".".join(parts[:end])) in layers:
            return candidate
    return None
