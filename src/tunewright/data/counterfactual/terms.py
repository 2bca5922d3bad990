"""The lists of words by which people are named, read from `terms_en.toml` and `terms_zh.toml`.

Those files say how each list was chosen, and what it can't do.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
Condition = Literal["+noun", "-noun", "a -noun", "title", "written"]
"""What must stand beside a term for it to count: see the head of `terms_en.toml`."""
SURNAME = "~"
_CELL = re.compile(r"(?P<forms>[^\[]*?)\s*(?:\[(?P<condition>[^\]]+)\])?")


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term in all its forms; the first one is written."""

    forms: tuple[str, ...]
    condition: Condition | None = None

    @property
    def written(self) -> str:
        """The form that stands in a swapped text, `~` for a surname."""
        return self.forms[0]


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Terms that can stand in each other's place: per group the interchangeable ones, the n-th being each other's counterparts.

    A pair has one term a group; an empty tuple means that a group has none.
    """

    terms: tuple[tuple[Term, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What is swapped at a time: gender, names, region, age or religion, in one language."""

    name: str
    language: Language
    groups: tuple[str, ...]
    slots: tuple[Slot, ...]
    lists: Mapping[str, Slot]
    """Of the slots, those that are lists of interchangeable terms, by their name."""
    keep: tuple[str, ...]
    """Phrases that are left as they are."""
    surnames: tuple[str, ...] = ()


@cache
def axes(language: Language) -> tuple[Axis, ...]:
    """All axes of a language, in the order of the file."""
    tables = _tables(language)
    return tuple(_axis(name, table, tables, language) for name, table in tables.items() if name != "grammar")


@cache
def word_set(name: str) -> frozenset[str]:
    """A set of English words that decide what a pronoun is: `[grammar]` in `terms_en.toml`."""
    return frozenset(_tables("en")["grammar"][name].split())


@cache
def _tables(language: Language) -> dict[str, Any]:
    text = resources.files("tunewright.data.counterfactual").joinpath(f"terms_{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _axis(name: str, table: Mapping[str, Any], tables: Mapping[str, Any], language: Language) -> Axis:
    groups, keep = tuple(table["groups"]), list(table.get("keep", ()))
    lists = {key: _list(groups, value) for key, value in table.items() if isinstance(value, dict)}
    slots = [*(_pair(row) for row in table.get("pairs", ())), *lists.values()]
    if table.get("names"):
        slots += _names_by_sex(groups, tables["names"])
        keep += tables["names"]["keep"]
    return Axis(
        name=name, language=language, groups=groups, slots=tuple(slots), lists=lists, keep=tuple(keep),
        surnames=tuple(tables["names"].get("surnames", ())),
    )  # fmt: skip


def _names_by_sex(groups: Sequence[str], names: Mapping[str, Any]) -> Iterator[Slot]:
    """The n-th female name of an origin and the n-th male one as a pair."""
    for origin in names["groups"]:
        for row in zip(*(names[group][origin] for group in groups), strict=True):
            yield _pair(row)


def _pair(row: Sequence[str]) -> Slot:
    return Slot(terms=tuple((_term(cell),) if cell else () for cell in row))


def _list(groups: Sequence[str], lists: Mapping[str, Sequence[str]]) -> Slot:
    return Slot(terms=tuple(tuple(map(_term, lists[group])) for group in groups))


def _term(cell: str) -> Term:
    found = _CELL.fullmatch(cell)
    assert found, cell
    condition: Any = found["condition"]
    return Term(forms=tuple(found["forms"].split("|")), condition=condition)
