"""Sentences of our own in English and Chinese: each template said about persons of every group.

`sentences_en.toml` and `sentences_zh.toml` say how they were made. The same call gives the same sentences.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from tunewright.data.counterfactual.terms import SURNAME, Axis, Language, axes

Tone = Literal["neutral", "positive", "negative"]


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence about one person."""

    text: str
    axis: str
    group: str
    term: str
    """The person, as it stands in the sentence."""
    tone: Tone
    template: str
    frame: str
    """Sentences of one frame differ in the person alone; where persons are counterparts ("my mother", "my father"), each
    row of them has frames of its own."""


@dataclass(frozen=True, kw_only=True)
class _Person:
    phrase: str
    group: str
    row: int | None
    """Which counterparts it belongs to; None where a group's persons are interchangeable."""


@cache
def sentences(language: Language) -> tuple[Sentence, ...]:
    """All sentences of a language, axis by axis."""
    text = resources.files("tunewright.data.counterfactual").joinpath(f"sentences_{language}.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    frames = list(_frames(tables))
    return tuple(
        Sentence(
            text=_capital(template.replace("{p}", person.phrase).replace("{w}", word)), axis=axis.name,
            group=person.group, term=person.phrase, tone=tone, template=template,
            frame=f"{template}|{word}|{'' if person.row is None else person.row}",
        )
        for axis in axes(language)
        for person in _persons(axis, tables["persons"][axis.name])
        for template, word, tone in frames
    )  # fmt: skip


def _frames(tables: Mapping[str, Any]) -> Iterator[tuple[str, str, Tone]]:
    """template, word, tone"""
    yield from ((template, "", "neutral") for template in tables["neutral"])
    feelings = tables["feelings"]
    both = [(template, feelings) for template in feelings["templates"]]
    both += [(quality["template"], quality) for quality in tables["qualities"]]
    tones: tuple[Tone, ...] = ("positive", "negative")
    yield from ((template, word, tone) for template, words in both for tone in tones for word in words[tone])


def _persons(axis: Axis, table: Mapping[str, Any]) -> Iterator[_Person]:
    if "pairs" in table:
        for row, cells in enumerate(table["pairs"]):
            yield from (
                _Person(phrase=cell, group=group, row=row) for group, cell in zip(axis.groups, cells, strict=True)
            )
        return
    for name, slot in axis.lists.items():
        if name in table.get("lists", axis.lists):
            for group, terms in zip(axis.groups, slot.terms, strict=True):
                for i, term in enumerate(terms[: table["terms"]]):
                    written = _with_surname(term.written, axis.surnames, i)
                    yield _Person(phrase=table["phrase"].format(written), group=group, row=None)


def _with_surname(written: str, surnames: Sequence[str], place: int) -> str:
    return surnames[place % len(surnames)] + written[1:] if written.startswith(SURNAME) else written


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
