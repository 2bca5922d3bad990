"""CSV, TSV and relatives: every cell is text, exactly as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data.sources.above import lines_above_header
from tunewright.data.sources.dialect import find_dialect, find_header, numbered_without_name, sample_lines, shape_of
from tunewright.data.sources.joined import Joined
from tunewright.data.sources.lines import Line, physical_lines, strip_end
from tunewright.data.sources.records import Dialect, Record, RowShape, records
from tunewright.data.sources.regular import BlockLines
from tunewright.data.sources.types import Kind, NativeRows, Quarantined, ReadConfig, Scan, SourceFormat


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """Delimiter, quoting and header, from the first rows."""
    _refuse_other_text(path, scan.sample)
    lines = sample_lines(scan.sample, scan.newline)
    first_line, delimiter = 1, config.delimiter
    if lines and is_sep_line(strip_end(lines[0].text)):
        first_line = 2
        delimiter = delimiter or lines[0].text[4]
        lines = lines[1:]
    if not any(line.text.strip() for line in lines):
        raise DataError(f"{path}: the file is empty. A file with a header row and one row a line is needed.")
    above = lines_above_header(lines) if config.header != "none" else 0
    first_line, lines = first_line + above, lines[above:]
    preferred = "\t" if config.format == "tsv" or path.suffix.lower() in (".tsv", ".tab") else ","
    dialect, why = find_dialect(lines, chosen=delimiter, preferred=preferred)
    rows = [record.cells for record in records(lines[:2000], dialect=dialect) if record.cells]
    has_header, why_header = find_header(rows)
    if config.header is not None:
        has_header = config.header == "first_row"
        why_header = Sentence("header: the first row, as asked for" if has_header else "header: none, as asked for")
    if rows and has_header:
        names = ["", *rows[0]] if numbered_without_name(rows) else _trim(rows[0], rows[1:])
    else:
        names = [f"column_{i + 1}" for i in range(_usual_width(rows))]
    kind: Kind = "tsv" if dialect.delimiter == "\t" else "csv"
    return SourceFormat(
        kind=kind, encoding=scan.encoding, delimiter=dialect.delimiter, newline=scan.newline, header=names,
        reasons=[*scan.reasons, why, *_quoting_reasons(dialect), why_header, *_above(above)], input_digest=scan.digest,
        bom=scan.bom,
        has_header=has_header, quoting=dialect.quoting, escape=dialect.escape, skip_space=dialect.skip_space,
        first_line=first_line,
    )  # fmt: skip


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks; those that can't be read are set aside with line and reason."""
    dialect = dialect_of(source)
    lines = BlockLines(path, source, dialect)
    joined = Joined(source)
    chunk = NativeRows()
    header_due = source.has_header
    for above in _records_above(path, source):
        _add(chunk, above, path)
    for _ in range(source.first_line - 1):
        next(lines)
    read = records(lines, dialect=dialect, shape=_shape(path, source, dialect))
    while True:
        block = None if header_due else lines.take_rows(joined)
        if block is not None:
            number, cells = block
            chunk.lines += range(number, number + len(cells))
            chunk.cells += cells
        elif (record := next(read, None)) is None:
            break
        elif header_due and (record.cells or record.reason in ("too_few_cells", "too_many_cells")):
            header_due = False
        else:
            judged = bool(record.cells) and source.has_header and len(record.cells) > 1
            _add(chunk, joined.judge(record) if judged else record, path)
        while len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
            full, chunk = _cut(chunk, rows_per_chunk - len(chunk.quarantined))
            yield full
    yield chunk


def _add(chunk: NativeRows, record: Record, path: Path) -> None:
    if record.reason:
        chunk.quarantined.append(
            Quarantined(
                path=str(path), line=record.line, byte_start=record.start, byte_end=record.end,
                reason_code=record.reason, detail=record.detail, raw=record.raw,
            )
        )  # fmt: skip
    elif record.cells:
        chunk.lines.append(record.line)
        chunk.cells.append(record.cells)
    else:
        chunk.blank_lines += 1


def _cut(chunk: NativeRows, rows: int) -> tuple[NativeRows, NativeRows]:
    """The first rows of a chunk with all that was set aside before them, and the other rows."""
    rest = NativeRows(lines=chunk.lines[rows:], cells=chunk.cells[rows:])
    chunk.lines, chunk.cells = chunk.lines[:rows], chunk.cells[:rows]
    return chunk, rest


def _records_above(path: Path, source: SourceFormat) -> Iterator[Record]:
    """What stands above the header: set aside, so that every line is accounted for. `sep=;` is layout and no row."""
    for line in islice(_lines(path, source), source.first_line - 1):
        text = strip_end(line.text)
        if line.number == 1 and is_sep_line(text):
            continue
        detail = "stands above the header: a comment or a title"
        reason = "before_header" if text.strip() else ""
        yield Record(line.number, line.start, line.end, [], reason, detail, text)


def dialect_of(source: SourceFormat) -> Dialect:
    """The dialect that a source was found to have."""
    return Dialect(
        delimiter=source.delimiter, quoting=source.quoting, escape=source.escape, skip_space=source.skip_space
    )


def _lines(path: Path, source: SourceFormat) -> Iterator[Line]:
    return physical_lines(path, encoding=source.encoding, newline=source.newline, bom=source.bom)


def _data_lines(path: Path, source: SourceFormat) -> Iterator[Line]:
    return islice(_lines(path, source), source.first_line - 1, None)


def _shape(path: Path, source: SourceFormat, dialect: Dialect) -> RowShape:
    """Width and usual values, from the first rows: what tells a stray quote from a long cell."""
    lines = list(islice(_data_lines(path, source), 2000))
    width = len(source.header)
    alone = [record.cells for line in lines for record in records([line], dialect=dialect) if record.cells]
    return shape_of(alone[1:] if source.has_header else alone, width)


def is_sep_line(text: str) -> bool:
    """Whether the first line only tells Excel the delimiter: `sep=;`."""
    return text.lower().startswith("sep=") and len(text) == 5


def _refuse_other_text(path: Path, sample: str) -> None:
    """Text that is no table, though each of its lines could be taken for a row: pages that stand where a file should."""
    start = sample[:500].lstrip()
    for beginning, what in _OTHER_TEXT.items():
        if start.casefold().startswith(beginning):
            raise DataError(f"{path}: this is not a table but {what}. It starts with {start.splitlines()[0][:60]!r}.")


_OTHER_TEXT = {
    "<!doctype html": "a page of HTML, perhaps an error or a log-in page saved in place of the file; download it again",
    "<html": "a page of HTML, perhaps an error or a log-in page saved in place of the file; download it again",
    "<?xml": "XML; export it as CSV or JSON Lines",
    "<error>": "an error message in XML, saved in place of the file; download it again",
    "version https://git-lfs": "a pointer of Git LFS; `git lfs pull` fetches the file that it stands for",
}


def _above(lines: int) -> list[str]:
    return [Sentence("lines above the header that are set aside: {lines}", lines=lines)] if lines else []


def _trim(names: list[str], rows: list[list[str]]) -> list[str]:
    """The header without the empty columns that spreadsheets leave at its end."""
    end = len(names)
    while end > 1 and not names[end - 1].strip() and not any(row[end - 1 :] and row[end - 1] for row in rows):
        end -= 1
    return names[:end]


def _usual_width(rows: list[list[str]]) -> int:
    widths = [len(row) for row in rows]
    return max(set(widths), key=lambda width: (widths.count(width), -width)) if widths else 1


def _quoting_reasons(dialect: Dialect) -> list[str]:
    found: list[str] = []
    if not dialect.quoting:
        found.append(Sentence("quotes: plain characters, they wrap no cells in this file"))
    if dialect.escape:
        found.append(Sentence('quotes: a quote inside a cell is written \\"'))
    if dialect.skip_space:
        found.append(Sentence("spaces after a delimiter are layout"))
    return found
