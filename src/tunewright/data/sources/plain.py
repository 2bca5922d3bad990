"""Plain text: one text a line, or fastText's way with `__label__NAME` in front. No quotes, no delimiters, no header."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data import hints
from tunewright.data.sources import delimited
from tunewright.data.sources.lines import Line, physical_lines, strip_end
from tunewright.data.sources.types import Look, NativeRows, Quarantined, ReadConfig, Scan, SourceFormat

_LABELS = re.compile(r"(?:\s*__label__\S+)+(?=\s|$)")
_LABEL = re.compile(r"__label__(\S+)")
_ENDINGS = (".txt", ".text")

_Cells = Callable[[str], list[str] | tuple[str, str]]
"""The cells of a line, or why it has none: a reason code and a detail."""


def is_fasttext(look: Look) -> str | None:
    """fastText: (nearly) every line begins with a label."""
    lines = [line for line in look.sample.split("\n")[:1000] if line.strip()]
    labelled = sum(bool(_LABELS.match(line)) for line in lines)
    return Sentence("its lines begin with `__label__`") if lines and labelled >= 0.9 * len(lines) else None


def is_lines(look: Look) -> str | None:
    """A `.txt` file with one column and no header; one that is really a CSV stays a CSV."""
    if look.path.suffix.lower() not in _ENDINGS or not look.sample.strip():
        return None
    newline = "\r\n" if "\r\n" in look.sample else "\n" if "\n" in look.sample or "\r" not in look.sample else "\r"
    scan = Scan(digest="", size=0, encoding="utf-8", bom=False, newline=newline, sample=look.sample, reasons=[])
    as_table = delimited.detect(look.path, scan, ReadConfig())
    if as_table.delimiter is not None or (as_table.has_header and hints.is_known(as_table.header[0])):
        return None
    return Sentence("a `.txt` file without columns, one text a line")


def detect_lines(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """One column, `text`."""
    if not scan.sample.strip():
        raise DataError(f"{path}: the file is empty. A text file has one text a line.")
    return _format("text", scan, ["text"])


def detect_fasttext(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """Two columns, `label` and `text`."""
    if not scan.sample.strip():
        raise DataError(f"{path}: the file is empty. A fastText file has `__label__NAME text` on each line.")
    return _format("fasttext", scan, ["label", "text"])


def _format(kind: str, scan: Scan, header: list[str]) -> SourceFormat:
    return SourceFormat(
        kind=kind, encoding=scan.encoding, newline=scan.newline, header=header, reasons=scan.reasons,
        input_digest=scan.digest, bom=scan.bom, has_header=False,
    )  # fmt: skip


def lines_rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """Every line that is not blank, to the letter."""
    return _rows(path, source, rows_per_chunk, lambda text: [text])


def fasttext_rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The labels of a line without their mark, joined by `;` where there are several, and the text behind them."""
    return _rows(path, source, rows_per_chunk, _labels_and_text)


def _labels_and_text(line: str) -> list[str] | tuple[str, str]:
    found = _LABELS.match(line)
    if found is None:
        if "__label__" in line:
            return "label_inside", "a label stands behind the text; fastText files have it in front"
        return ["", line.strip()]
    return [";".join(_LABEL.findall(found[0])), line[found.end() :].strip()]


def _rows(path: Path, source: SourceFormat, rows_per_chunk: int, cells_of: _Cells) -> Iterator[NativeRows]:
    chunk = NativeRows()
    for line in physical_lines(path, encoding=source.encoding, newline=source.newline, bom=source.bom):
        text = strip_end(line.text)
        if line.problem:
            chunk.quarantined.append(_aside(path, line, "undecodable_bytes", line.problem))
        elif not text.strip():
            chunk.blank_lines += 1
        elif "\0" in text:
            detail = "the row holds a NUL character, a sign of a damaged file"
            chunk.quarantined.append(_aside(path, line, "nul_character", detail))
        else:
            cells = cells_of(text)
            if isinstance(cells, tuple):
                chunk.quarantined.append(_aside(path, line, *cells))
            else:
                chunk.lines.append(line.number)
                chunk.cells.append(cells)
        if len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
            yield chunk
            chunk = NativeRows()
    yield chunk


def _aside(path: Path, line: Line, reason: str, detail: str) -> Quarantined:
    return Quarantined(
        path=str(path), line=line.number, byte_start=line.start, byte_end=line.end,
        reason_code=reason, detail=detail, raw=strip_end(line.text),
    )  # fmt: skip
