"""An imported config as it is shown: what means something else or is left out first, then what was taken over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Paragraph, Section, Table
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]
TOLD = ("left_out", "differs", "unknown")
"""Fates of which a person has to know, the weightiest first."""


def imported_view(imported: Json, words: Words, *, recipe: str) -> View:
    """The view of what `Imported.to_json` holds; `recipe` is the file that was written."""
    file = PurePath(str(imported["source"]).replace("\\", "/")).name
    notes: list[Json] = imported["notes"]
    told = sorted((note for note in notes if note["fate"] in TOLD), key=lambda note: TOLD.index(note["fate"]))
    left_out = sum(note["fate"] == "left_out" for note in notes)
    sentences = [words("import.told", n=len(told))] if told else [words("import.told_none")]
    if left_out:
        sentences.append(words("import.left_out", n=left_out))
    sections = [Section(anchor="taken", title=words("import.title_taken"), blocks=(_taken(notes, words),))]
    if told:
        sections.insert(0, Section(anchor="told", title=words("import.title_told"), blocks=(_told(told, words),)))
    if idle := [note["key"] for note in notes if note["fate"] == "idle"]:
        block: Block = Paragraph(text=words("data.list_comma").join(idle), tone="quiet")
        sections.append(Section(anchor="idle", title=words("import.title_idle"), blocks=(block,)))
    return View(
        title=words("import.page_title", file=file), file=file, sections=tuple(sections),
        verdict=Verdict(
            headline=words("import.headline", file=file, program=imported["program"]), sentences=tuple(sentences),
            basis=words("import.next", recipe=recipe),
        ),
    )  # fmt: skip


def why(note: Json, words: Words) -> Markup:
    """What is to be said of a setting; empty where there is nothing."""
    return words(f"import.why.{note['why']}", **note["values"]) if note["why"] else Markup("")


def comment(note: Json, words: Words) -> str:
    """Where a key of the recipe comes from, for the file itself."""
    key = "import.by_default" if note["fate"] == "default" else "import.from"
    said, reason = words(key, theirs=note["key"]).unescape(), why(note, words).unescape()
    return f"{said}. {reason}" if reason else said


def left_out_comments(imported: Json, words: Words) -> Iterator[str]:
    """What has no place in the recipe and has to be known, for the head of the file."""
    for note in imported["notes"]:
        if note["fate"] in TOLD and note["ours"] is None:
            fate = words(f"import.fate.{note['fate']}")
            yield f"{note['key']}: {_value(note['value'])} ({fate}). {why(note, words).unescape()}"


def _told(notes: list[Json], words: Words) -> Table:
    columns = (
        Column(title=words("import.key")), Column(title=words("import.value"), narrow=False), Column(title=words("import.what")),
    )  # fmt: skip
    rows = tuple(
        (note["key"], _value(note["value"]), Cell(text=words(f"import.fate.{note['fate']}"), note=why(note, words)))
        for note in notes
    )
    return Table(caption=words("import.caption_told"), columns=columns, rows=rows, show_caption=False)


def _taken(notes: list[Json], words: Words) -> Table:
    columns = (
        Column(title=words("import.key")),
        Column(title=words("import.value")),
        Column(title=words("import.ours")),
    )
    rows = tuple(
        (note["key"], _value(note["value"]), note["ours"])
        for note in notes if note["ours"] is not None and note["fate"] in ("taken", "default", "differs")
    )  # fmt: skip
    return Table(caption=words("import.caption_taken"), columns=columns, rows=rows, show_caption=False)


def _value(value: Any) -> str:
    text = "–" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
