"""CoNLL: a token a line with its tag in the last column, an empty line between sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tunewright.core.folder import writing
from tunewright.data.shapes.bio import find_scheme, is_prefixed
from tunewright.data.shapes.tokens import bio_of, tagged
from tunewright.data.shapes.types import Guess, Refused, Row, Sample, Tagged, Unreadable
from tunewright.data.sources.encoding import scan
from tunewright.data.sources.lines import physical_lines, strip_end

_DOCUMENT = "-DOCSTART-"
_SPACES = re.compile(r"[ \t]+")


def detect(sample: Sample) -> Guess | None:
    """Lines of two columns or more whose last is a tag, and empty lines between groups of them."""
    lines = sample.head.split("\n")[:4000]
    filled = [strip_end(line) for line in lines if line.strip() and not line.startswith(_DOCUMENT)]
    if len(filled) < 2:
        return None
    rows = [_cells(line, _separator(filled)) for line in filled]
    width = max(len(row) for row in rows)
    good = [row for row in rows if len(row) == width]
    tags = {row[-1] for row in good}
    prefixed = {tag for tag in tags if is_prefixed(tag)}
    if width < 2 or len(good) < 0.9 * len(rows) or not tags <= prefixed | {"O"} or not ("O" in tags or prefixed):
        return None
    scheme = find_scheme(row[-1] for row in good)
    between = "tab" if _separator(filled) == "\t" else "space"
    columns = f"{width} columns with a {between} between them"
    return Guess(
        confidence=0.95, why=f"{columns}, the last one {scheme.title}",
        settings={"width": width, "separator": _separator(filled), "scheme": scheme.name},
    )  # fmt: skip


def _separator(lines: list[str]) -> str:
    return "\t" if sum("\t" in line for line in lines) >= 0.5 * len(lines) else " "


def _cells(line: str, separator: str) -> list[str]:
    return line.split("\t") if separator == "\t" else _SPACES.split(line.strip(" "))


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Row | Refused]:
    """A row a sentence. A line that has not the file's columns spoils its sentence, no other."""
    found = scan(path, encoding=None)
    document, start = 0, 0
    block: list[list[str]] = []
    problem: tuple[str, str] | None = None

    def finish() -> Iterator[Row | Refused]:
        nonlocal problem
        if problem is not None:
            yield Refused(path=str(path), line=start, reason_code=problem[0], detail=problem[1])
        elif block:
            yield _sentence(path, start, block, document, settings)
        problem = None
        block.clear()

    for line in physical_lines(path, encoding=found.encoding, newline=found.newline, bom=found.bom):
        text = strip_end(line.text)
        if not text.strip():
            yield from finish()
            continue
        cells = _cells(text, settings.get("separator", "\t"))
        if text.startswith(_DOCUMENT):
            yield from finish()
            document += 1
            continue
        if len(cells) != settings.get("width", 2):
            if text.startswith("#"):
                continue  # a comment, as in CoNLL-U
            detail = f"line {line.number} has {len(cells)} columns; the file has {settings.get('width', 2)}"
            problem = problem or ("columns_differ", detail)
        if line.problem:
            problem = ("undecodable_bytes", line.problem)
        if not block and start <= line.number:
            start = line.number
        block.append(cells)
    yield from finish()


def _sentence(
    path: Path, line: int, block: list[list[str]], document: int, settings: Mapping[str, Any]
) -> Tagged | Refused:
    columns: dict[str, Any] = {"document": document} if document else {}
    for place in range(1, len(block[0]) - 1):
        columns[f"column_{place + 1}"] = [cells[place] for cells in block]
    words, tags = [cells[0] for cells in block], [cells[-1] for cells in block]
    try:
        row = tagged(words, tags, scheme=settings.get("scheme", "BIO"), columns=columns)
    except Unreadable as error:
        return Refused(path=str(path), line=line, reason_code=error.reason_code, detail=error.detail)
    return Tagged(path=str(path), line=line, text=row.text, tokens=row.tokens, spans=row.spans, columns=row.columns)


def write(rows: Iterable[Tagged], path: Path) -> None:
    """Token, tab, BIO tag."""
    with writing(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.writelines(f"{word}\t{tag}\n" for word, tag in zip(row.words, bio_of(row), strict=True))
            file.write("\n")
