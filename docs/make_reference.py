"""Write docs/recipe.md: every key of a recipe with its default and meaning, from the docstrings of the configs.

    python docs/make_reference.py

A test compares the page with what this makes, so the page can't fall behind the code.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tunewright.recipe import Recipe

PAGE = Path(__file__).parent / "recipe.md"

HEAD = """\
# The recipe

<!-- Made by docs/make_reference.py from the docstrings of the code: change them, and run it. -->

A recipe is one YAML file with everything that decides a run. Only `data.path` must be given; what is left out has the
default below, and `null` means: found out from the data and the machine, with the reason shown. The resolved recipe, with
nothing left open, is stored with each run as `recipe.yaml`; `tunewright train` repeats the run from it. AdamW's learning
rate, the head's share of it and the length of training are chosen by the size of the model and of the data, too, unless they
are given.

```yaml
recipe_version: 1
data: {path: tickets.csv, columns: {text: body, label: queue}}
split: {validation: 0.1, test: 0.2, group_by: customer}
model: {path: starter}
adapter: {name: frozen, train_top: 2}
optimizer: {name: adamw, learning_rate: 1e-4}
train: {epochs: 5, examples_per_step: 32, seed: 17}
```

Three ways to set a key, the same names everywhere:

```bash
tunewright init tickets.csv --output recipe.yaml     # writes a recipe with everything decided, and stops
tunewright train recipe.yaml --set train.epochs=3    # a key of a recipe overruled
tunewright run tickets.csv --set train.epochs=3      # the same without a file
```

A key that does not exist stops the run with the nearest name that does. `tunewright schema` prints the JSON Schema, with which
an editor completes and checks recipes.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    top = [_row(name, field) for name, field in Recipe.model_fields.items() if not _configs_in(field.annotation)]
    sections = [
        section
        for name, field in Recipe.model_fields.items()
        if _configs_in(field.annotation)
        for section in _sections(name, field, depth=2)
    ]
    return "\n".join([HEAD, "## Top level", "", *_table(top), "", *sections]).rstrip() + "\n"


def _sections(path: str, field: FieldInfo, *, depth: int) -> Iterator[str]:
    """One heading and table for a config, then for each config inside it; a choice of configs has one for each."""
    yield f"{'#' * min(depth, 4)} `{path}`\n\n{_sentence(field.description)}{_left_open(field)}\n"
    configs = _configs_in(field.annotation)
    shared = _shared_fields(configs)
    if len(configs) > 1:
        yield _choice(path, configs, field)
        if shared:
            rows = [_row(name, configs[0].model_fields[name]) for name in shared]
            yield "\n".join(["All of them have:", "", *_table(rows), ""])
    for config in configs:
        if len(configs) > 1:
            yield f"{'#' * min(depth + 1, 4)} `{path}.name: {_tag(config)}`\n\n{inspect.cleandoc(config.__doc__ or '')}\n"
        plain = {n: f for n, f in config.model_fields.items() if not _configs_in(f.annotation) and n not in shared}
        plain = {n: f for n, f in plain.items() if len(configs) == 1 or n != "name"}
        if plain:
            yield "\n".join([*_table([_row(n, f) for n, f in plain.items()]), ""])
        for name, inner in config.model_fields.items():
            if _configs_in(inner.annotation):
                yield from _sections(f"{path}.{name}", inner, depth=depth + 1)


def _choice(path: str, configs: list[type[BaseModel]], field: FieldInfo) -> str:
    default = f"; `{_tag(type(field.default))}` if nothing is said" if isinstance(field.default, BaseModel) else ""
    names = ", ".join(f"`{_tag(config)}`" for config in configs)
    return f"`{path}.name` is one of {names}{default}.\n"


def _shared_fields(configs: list[type[BaseModel]]) -> list[str]:
    """Fields that are the same in all of several configs; a single config shares nothing."""
    if len(configs) < 2:
        return []
    first, *others = configs
    return [
        name
        for name, field in first.model_fields.items()
        if name != "name"
        and all(
            name in config.model_fields
            and config.model_fields[name].default == field.default
            and config.model_fields[name].description == field.description
            for config in others
        )
    ]


def _table(rows: list[str]) -> list[str]:
    return ["| key | default | accepts | meaning |", "| --- | --- | --- | --- |", *rows]


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{name}`", _default(field), _accepts(field), _sentence(field.description))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.default
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{list(value) if isinstance(value, tuple) else value}`"


def _accepts(field: FieldInfo) -> str:
    limits = [
        f"{sign} {getattr(limit, key):g}"
        for limit in field.metadata
        for key, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
        if getattr(limit, key, None) is not None
    ]
    or_null = " or `null`" if type(None) in typing.get_args(field.annotation) and field.default is not None else ""
    return ", ".join([_kind(field.annotation), *limits]) + or_null


def _kind(annotation: Any) -> str:
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inside[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inside)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_kind(part) for part in inside if part is not type(None)))
    if origin is tuple:
        return f"{'list of' if Ellipsis in inside else len(inside)} {_plural(_kind(inside[0]))}"
    if origin is dict:
        return "keys and values"
    return {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}.get(annotation, "")


def _plural(kind: str) -> str:
    return kind if kind == "text" else f"{kind}s"


def _left_open(field: FieldInfo) -> str:
    return " Default: `null`." if field.default is None and not field.is_required() else ""


def _sentence(description: str | None) -> str:
    """One line; Python's None is YAML's null."""
    return re.sub(r"\bNone\b", "`null`", " ".join((description or "").split()))


def _tag(config: type[BaseModel]) -> str:
    return str(config.model_fields["name"].default)


def _configs_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [config for part in typing.get_args(annotation) for config in _configs_in(part)]


if __name__ == "__main__":
    main()
