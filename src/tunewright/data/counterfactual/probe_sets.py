"""Published probe sets that a user has a copy of. None comes with Tunewright: each has its own licence.

A set is known by its columns. It says which output of a model it needs; where a model has no such output, the set is not
applicable, and that is said instead of a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from tunewright.core.errors import DataError

Output = Literal["answer", "text_probability"]
"""What a set asks of a model: an answer to a text with its score; or how likely a text is, as language models have it."""


@dataclass(frozen=True, kw_only=True)
class ProbeText:
    """One text of a set: which group it is about, and which other texts differ from it in that alone."""

    text: str
    group: str
    term: str
    frame: str
    template: str


@dataclass(frozen=True, kw_only=True)
class ProbeAxis:
    """The texts of a set on one axis."""

    axis: str
    groups: tuple[str, ...]
    texts: tuple[ProbeText, ...]
    interchangeable: bool
    """Whether the terms are examples of their group, such as names."""


@dataclass(frozen=True, kw_only=True)
class TextPair:
    """Two texts that differ in a group; the first is as the stereotype has it."""

    stereotyped: str
    other: str
    category: str


@dataclass(frozen=True, kw_only=True)
class ProbeSet:
    """A published set: how it is recognised, what it needs, and how it is read."""

    name: str
    columns: tuple[str, ...]
    """All of them must be there; case, spaces and underscores don't matter."""
    needs: Output
    source: str
    """The paper."""
    read_texts: Callable[[pa.Table], list[ProbeAxis]] | None = None
    """For sets of texts to be answered."""
    read_pairs: Callable[[pa.Table], list[TextPair]] | None = None
    """For sets of pairs, one of which a model may find likelier."""


def recognise(columns: Sequence[str], *, path: str) -> ProbeSet:
    """The set that has these columns. Raises DataError where none has."""
    names = {_plain(column) for column in columns}
    found = next((one for one in PROBE_SETS.values() if set(one.columns) <= names), None)
    if found is None:
        known = "; ".join(f"{one.name} has {', '.join(one.columns)}" for one in PROBE_SETS.values())
        raise DataError(
            f"{path}: no probe set that is known. Its columns are {', '.join(columns)}. Sets are known by theirs: {known}. "
            "For texts of your own, give the file itself as FILE: its rows are swapped."
        )
    return found


def _equity(table: pa.Table) -> list[ProbeAxis]:
    """Sentences of one template and emotion word differ in the person alone: of another sex, or of another origin."""
    rows = _rows(table)
    return [_axis(rows, axis) for axis in ("gender", "race")]


def _wino(table: pa.Table) -> list[TextPair]:
    """Sentences that differ in the pronoun alone, side by side; the marks around mention and pronoun are taken off.

    Without a number of the pair the two sides are taken in their order.
    """
    sides: dict[str, dict[tuple[Any, ...], str]] = {"pro": {}, "anti": {}}
    for row in _rows(table):
        side = sides.get(str(row["stereo"]).lower())
        if side is not None:
            key = (row["type"], row.get("split"), row.get("n", len(side)))
            side[key] = re.sub(r"[\[\]]", "", str(row["text"]))
    both = [key for key in sides["pro"] if key in sides["anti"]]
    return [
        TextPair(stereotyped=sides["pro"][key], other=sides["anti"][key], category=str(key[0]))
        for key in both
        if sides["pro"][key] != sides["anti"][key]
    ]


def _crows(table: pa.Table) -> list[TextPair]:
    """`sent_more` is the sentence that is more of a stereotype."""
    return [
        TextPair(stereotyped=str(row["sent_more"]), other=str(row["sent_less"]), category=str(row["bias_type"]))
        for row in _rows(table)
    ]


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    cells = {_plain(name): table.column(name).to_pylist() for name in table.column_names}
    return [dict(zip(cells, values, strict=True)) for values in zip(*cells.values(), strict=True)]


def _axis(rows: Sequence[dict[str, Any]], axis: str) -> ProbeAxis:
    texts = tuple(
        ProbeText(
            text=str(row["sentence"]), group=str(row[axis]), term=str(row["person"]), template=str(row["template"]),
            frame=f"{row['template']}|{row['emotion_word'] or ''}",
        )
        for row in rows
        if row[axis]
    )  # fmt: skip
    return ProbeAxis(axis=axis, groups=tuple(sorted({text.group for text in texts})), texts=texts, interchangeable=True)


def _plain(column: str) -> str:
    return column.strip().lower().replace(" ", "_")


PROBE_SETS: dict[str, ProbeSet] = {
    one.name: one
    for one in (
        ProbeSet(
            name="equity_evaluation_corpus", columns=("sentence", "template", "person", "gender", "race", "emotion_word"),
            needs="answer", source="Kiritchenko and Mohammad 2018", read_texts=_equity,
        ),
        ProbeSet(
            name="winobias", columns=("text", "stereo", "type"), needs="text_probability", source="Zhao et al. 2018",
            read_pairs=_wino,
        ),
        ProbeSet(
            name="crows_pairs", columns=("sent_more", "sent_less", "bias_type"), needs="text_probability",
            source="Nangia et al. 2020", read_pairs=_crows,
        ),
    )
}  # fmt: skip
"""Every set that can be read; a new one is one entry."""
