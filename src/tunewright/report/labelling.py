"""What a person should look at, as it is shown: the first rows to label and labels to check, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from tunewright.report.blocks import Column, Section, Table
from tunewright.report.numbers import count
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]
SHOWN = 10
"""Rows of each kind; the table that is written has them all."""
CHARACTERS = 90


def labelling_view(found: Json, words: Words) -> View:
    """The view of what `rows_to_label` gives."""
    file = PurePath(str(found["source"]).replace("\\", "/")).name
    sections = [
        Section(anchor=name, title=words(f"label.{name}"), blocks=(_table(found, name, words),))
        for name in ("to_label", "to_check")
        if found[name]
    ]
    return View(
        title=words("label.page_title", file=file), file=file, sections=tuple(sections),
        verdict=Verdict(
            headline=words("label.headline", label=count(len(found["to_label"])), check=count(len(found["to_check"]))),
            sentences=(words("label.how", unlabelled=count(found["unlabelled"])),), basis=words("label.basis"),
        ),
    )  # fmt: skip


def _table(found: Json, name: str, words: Words) -> Table:
    rows, private = found[name], found["private"]
    columns = tuple(Column(title=words(f"label.column_{column}")) for column in ("label", "suggested", "why"))
    return Table(
        caption=words("label.first", shown=count(min(SHOWN, len(rows))), rows=count(len(rows))),
        columns=(Column(title="row_id" if private else words("label.column_text")), *columns),
        rows=tuple(
            (
                row["row_id"] if private else _short(row["text"]), row["label"] or "—", row["suggested"],
                words.pick(row["why"]),
            )
            for row in rows[:SHOWN]
        ),
    )  # fmt: skip


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= CHARACTERS else line[:CHARACTERS] + "…"
