"""Settings of the data verbs: `--set clean.KEY=VALUE` with the recipe's own keys, without loading what trains models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tunewright.core.config import Config
from tunewright.core.errors import RecipeError, nearest
from tunewright.data.audit import AuditConfig
from tunewright.data.clean import CleanConfig
from tunewright.data.columns import ColumnsConfig
from tunewright.data.decided import DataSettings
from tunewright.data.sources import ReadConfig
from tunewright.data.split import SplitConfig


class _Data(Config):
    read: ReadConfig = ReadConfig()
    columns: ColumnsConfig = ColumnsConfig()
    audit: AuditConfig = AuditConfig()


class _Settings(Config):
    data: _Data = _Data()
    clean: CleanConfig = CleanConfig()
    split: SplitConfig = SplitConfig()


def data_settings(
    overrides: Sequence[str] = (), *, columns: dict[str, str | None] | None = None,
    split: dict[str, Any] | None = None, cleans: bool = True, folds: int | None = None, subsets: Sequence[int] = (),
) -> DataSettings:  # fmt: skip
    """The settings with `data.x=`, `clean.x=` and `split.x=` overrides applied; `split`: divide, with these settings.

    Without `cleans` only those steps run that an override turns on.

    Raises: RecipeError for an unknown key or an impossible value.
    """
    tree: dict[str, Any] = {
        "data": {"columns": {name: value for name, value in (columns or {}).items() if value is not None}},
        "clean": {} if cleans else {name: "keep" for name, value in CleanConfig() if isinstance(value, str)},
        "split": {name: value for name, value in (split or {}).items() if value is not None},
    }
    for override in overrides:
        key, value = _parsed(override)
        inside = tree
        for part in key[:-1]:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                raise RecipeError(f"--set {override}: `{part}` is a value and has no keys.")
        inside[key[-1]] = value
    try:
        found = _Settings.model_validate(tree)
    except ValidationError as error:
        raise RecipeError("\n".join(_explained(problem) for problem in error.errors())) from None
    chosen = found.data.columns
    if split is not None and found.split.group_by is not None:
        chosen = chosen.model_copy(update={"group": found.split.group_by})
    try:
        return DataSettings(
            read=found.data.read, columns=chosen, audit=found.data.audit, clean=found.clean,
            split=None if split is None else found.split, folds=folds, subsets=tuple(subsets),
        )  # fmt: skip
    except ValidationError as error:
        raise RecipeError("\n".join(_explained(problem) for problem in error.errors())) from None


def _parsed(override: str) -> tuple[list[str], Any]:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"--set {override}: expected KEY=VALUE, for example `--set clean.strip_markup=true`.")
    try:
        return key.split("."), YAML(typ="safe", pure=True).load(value) if value else None
    except YAMLError as error:
        raise RecipeError(f"--set {override}: the value is not YAML: {' '.join(str(error).split())}") from None


def _explained(problem: Any) -> str:
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] == "extra_forbidden":
        model: Any = _Settings
        for part in place[:-1]:
            model = model.model_fields[part].annotation
        accepted = sorted(model.model_fields)
        return f"--set: unknown key `{key}`.{nearest(place[-1], accepted)} Accepted there: {', '.join(accepted)}."
    found = "" if isinstance(problem["input"], dict) else f" (found: {problem['input']!r})"
    return f"`{key}`: {problem['msg'].removeprefix('Value error, ')}{found}"
