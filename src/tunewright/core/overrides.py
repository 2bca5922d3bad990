"""`KEY=VALUE` over a tree of settings: what `--set` does to a recipe before it is checked.

Where a `name` chooses among several kinds (an optimiser, a loss, an adapter), another name is another kind: the settings of the
one before it mean nothing there, or something else (a learning rate of 1e-4 is right for AdamW and nothing for SGD). They are
dropped, and the caller is told which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Override:
    """One `KEY=VALUE`: `optimizer.name=sgd` has the keys `optimizer`, `name`."""

    keys: tuple[str, ...]
    value: Any


@dataclass(frozen=True, kw_only=True)
class Overridden:
    """A tree with the overrides in it."""

    tree: dict[str, Any]
    dropped: tuple[str, ...]
    """Keys, such as `optimizer.betas`, that belonged to a kind that was overruled."""


def apply_overrides(
    tree: Mapping[str, Any], overrides: Sequence[Override], *, default_names: Mapping[str, str]
) -> Overridden:
    """The tree with each override in its place; names come first, so that the order on the command line does not matter.

    `default_names` says, for a key of the tree, what its `name` is where none is written.
    """
    result: dict[str, Any] = dict(tree)
    dropped: list[str] = []
    for override in sorted(overrides, key=lambda one: one.keys[-1] != "name"):
        parent = _copied_down_to(result, override.keys[:-1])
        if override.keys[-1] == "name":
            place = ".".join(override.keys[:-1])
            if parent and parent.get("name", default_names.get(place)) != override.value:
                dropped += [f"{place}.{key}" for key in parent if key != "name"]
                parent.clear()
        parent[override.keys[-1]] = override.value
    return Overridden(tree=result, dropped=tuple(dropped))


def _copied_down_to(tree: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The mapping at a place, made where there is none; all on the way are copies, so that the caller's tree stays as it is."""
    for key in keys:
        below = tree.get(key)
        tree[key] = dict(below) if isinstance(below, Mapping) else {}
        tree = tree[key]
    return tree
