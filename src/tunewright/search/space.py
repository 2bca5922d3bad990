"""What is searched: fields of the recipe, each with the values that it may take.

    optimizer.learning_rate=log:1e-5..1e-3      between two numbers, evenly in their logarithm
    train.examples_per_step=8..64               between two whole numbers
    optimizer.weight_decay=0..0.1/0.02          in steps
    adapter.name=full|lora                      one of several

The same in YAML: a key with such a text, or with a list of choices.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tunewright.core.errors import RecipeError
from tunewright.recipe import Recipe, build_recipe

Value = str | int | float | bool | None
GRID_POINTS = 5
"""Values that a grid takes of a range without steps."""

SEARCHABLE = ("adapter", "batching", "encode", "loss", "model", "optimizer", "runtime", "schedule", "train")
"""Keys under which everything may be searched. Under the others stands what trials are judged by, or what no trial reads: other
rows, another split or another metric would make scores that can't be compared."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """One of several values."""

    key: str
    values: tuple[Value, ...]

    @property
    def grid(self) -> tuple[Value, ...]:
        """All of them."""
        return self.values

    def holds(self, value: object) -> bool:
        """Whether this is one of them."""
        return value in self.values


@dataclass(frozen=True, kw_only=True)
class Range:
    """A number between two others, both included."""

    key: str
    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False
    """Only whole numbers."""

    @property
    def grid(self) -> tuple[Value, ...]:
        """Its steps, all of few whole numbers, or some values evenly spaced, both ends among them."""
        if self.step is not None:
            count = math.floor((self.high - self.low) / self.step + 1e-9) + 1
            return tuple(self._rounded(self.low + i * self.step) for i in range(count))
        if self.whole and not self.log and self.high - self.low < GRID_POINTS:
            return tuple(range(int(self.low), int(self.high) + 1))
        shares = [i / (GRID_POINTS - 1) for i in range(GRID_POINTS)]
        return tuple(dict.fromkeys(self._rounded(self._at(share)) for share in shares))

    def holds(self, value: object) -> bool:
        """Whether a value lies between the ends, and is a whole number or on a step where only those are drawn."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        if self.step is not None:
            return any(math.isclose(value, float(one or 0)) for one in self.grid)
        return not self.whole or float(value).is_integer()

    def _at(self, share: float) -> float:
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def _rounded(self, value: float) -> int | float:
        return round(value) if self.whole else float(f"{value:.6g}")


Dimension = Choices | Range


def parse_space(over: Sequence[str], file: Path | None, *, recipe: Recipe) -> tuple[Dimension, ...]:
    """The dimensions of `--over KEY=VALUES ...` and of a YAML file, each tried on the recipe at both of its ends.

    Raises RecipeError where a key is unknown or not searched, or a value is refused.
    """
    written: dict[str, tuple[Any, str]] = {}
    if file is not None:
        written |= {key: (value, f"{file}: `{key}`") for key, value in _read_file(file).items()}
    for one in over:
        key, equals, text = one.partition("=")
        if not equals or not text:
            raise RecipeError(
                f"--over {one}: expected KEY=VALUES, for example `--over optimizer.learning_rate=log:1e-5..1e-3`."
            )
        written[key] = (text, f"--over {key}")
    if not written:
        raise RecipeError("nothing to search over. For example: --over optimizer.learning_rate=log:1e-5..1e-3")
    dimensions = tuple(_dimension(key, value, where=where) for key, (value, where) in written.items())
    for dimension, (_, where) in zip(dimensions, written.values(), strict=True):
        _try_out(dimension, dimensions, recipe, where=where)
    return dimensions


def override(key: str, value: Value) -> str:
    """`key=value` as `--set` takes it."""
    return f"{key}={json.dumps(value)}"


def grid(dimensions: Sequence[Dimension]) -> list[dict[str, Value]]:
    """Every combination of the values of all dimensions."""
    keys = [dimension.key for dimension in dimensions]
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*(one.grid for one in dimensions))]


def _read_file(path: Path) -> Mapping[str, Any]:
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise RecipeError(f"{path}: there is no such file.") from None
    except YAMLError as error:
        raise RecipeError(f"{path}: this is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(tree, dict):
        raise RecipeError(f"{path}: expected keys with values, such as `optimizer.learning_rate: log:1e-5..1e-3`.")
    return {str(key): value for key, value in tree.items()}


def _dimension(key: str, value: Any, *, where: str) -> Dimension:
    top = key.partition(".")[0]
    if top not in SEARCHABLE:
        raise RecipeError(
            f"{where}: settings under `{top}` are not searched: trials must see the same rows and be judged by the same "
            f"metric. Accepted are settings under {', '.join(SEARCHABLE)}."
        )
    if isinstance(value, list):
        return _choices(key, value, where=where)
    text = str(value).strip()
    if "|" in text:
        return _choices(key, [_scalar(part) for part in text.split("|")], where=where)
    is_log, text = text.startswith("log:"), text.removeprefix("log:")
    ends, _, step = text.partition("/")
    low, dots, high = ends.partition("..")
    numbers = [_scalar(part) for part in (low, high, *([step] if step else []))]
    if not dots or not all(isinstance(number, (int, float)) and not isinstance(number, bool) for number in numbers):
        raise RecipeError(
            f"{where}: `{value}` is no range and no choice. Accepted: `1e-5..1e-3`, `log:1e-5..1e-3`, `1..8/2` (in steps), "
            "`a|b|c`."
        )
    found = Range(
        key=key, low=numbers[0], high=numbers[1], log=is_log, step=numbers[2] if step else None,
        whole=all(isinstance(number, int) for number in numbers),
    )  # fmt: skip
    if (
        not found.low < found.high
        or (is_log and (found.low <= 0 or step))
        or (found.step is not None and found.step <= 0)
    ):
        raise RecipeError(
            f"{where}: `{value}` is no range. The first number is the smaller one; with `log:` both are above 0 and there are "
            "no steps; a step is above 0."
        )
    return found


def _choices(key: str, values: Sequence[Any], *, where: str) -> Choices:
    if len(values) < 2 or not all(value is None or isinstance(value, (str, int, float, bool)) for value in values):
        raise RecipeError(f"{where}: expected two choices or more, each a word, a number, true, false or null.")
    return Choices(key=key, values=tuple(values))


def _scalar(text: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text


def _try_out(dimension: Dimension, all_dimensions: Sequence[Dimension], recipe: Recipe, *, where: str) -> None:
    """Both ends, or every choice, beside the first values of all others; where a kind is chosen, beside each kind."""
    tree = recipe.model_dump(mode="json", exclude_unset=True)
    kinds = [one for one in all_dimensions if isinstance(one, Choices) and one.key.endswith(".name")]
    values = dimension.values if isinstance(dimension, Choices) else (dimension.grid[0], dimension.grid[-1])
    for value in values:
        for chosen in grid([one for one in kinds if one is not dimension]):
            others = {one.key: one.grid[0] for one in all_dimensions}
            settings = others | chosen | {dimension.key: value}
            build_recipe(tree, overrides=[override(key, one) for key, one in settings.items()], where=where)
