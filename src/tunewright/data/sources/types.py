"""The records that readers take and return: settings, the format found, a row that could not be read, the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import pyarrow as pa
from pydantic import Field

from tunewright.core.config import Config

Kind = str
"""The name of a format: a key of `SOURCES`."""

Holds = Literal["cells", "records", "columns"]
"""How a format has its rows: cells in the order of a header, objects with names, or Arrow columns."""


class ReadConfig(Config):
    """How to read a file. Everything is found out where it is not given."""

    encoding: str | None = None
    """Encoding as Python names it (`utf-8`, `gb18030`, `big5`, `utf-16`, `cp1252`). None: found from the bytes."""

    delimiter: str | None = None
    """What stands between the cells of a CSV row (`,` `;` `|` `tab`). None: found from the rows."""

    header: Literal["first_row", "none"] | None = None
    """Whether the first row of a CSV names the columns. None: found from the rows."""

    format: Kind | None = None
    """Name of the format (`csv`, `jsonl`, `parquet`, ...). None: found from the content, then from the file's ending."""

    sheet: str | None = None
    """Name of the sheet of an Excel workbook. None: the first one with rows, hidden ones last."""

    subset: str | None = None
    """Subset of a data set in the layout of the Hugging Face hub, where its card names several. None: the default one."""

    max_unpacked_gb: float = Field(default=20.0, gt=0)
    """Gigabytes that a compressed file or a workbook may unpack to; a small file can be made to fill any disk."""

    max_unpack_ratio: float = Field(default=200.0, gt=1)
    """How many times its size a compressed file may unpack to, above 64 MiB. Texts come to 3 to 20 times."""


@dataclass(frozen=True, kw_only=True)
class SourceFormat:
    """What a file was found to be, and why. Holds all that is needed to write another file of the same kind."""

    kind: Kind
    encoding: str = "utf-8"
    delimiter: str | None = None
    """None in CSV: the file has one column, and a line is a cell."""
    newline: str = "\n"
    header: list[str] = field(default_factory=list)
    """The column names as they stand in the file; made-up names where it has none."""
    reasons: list[str] = field(default_factory=list)
    """One sentence for each thing found out."""
    input_digest: str = ""
    """blake2b-128 over the bytes, whatever the file is called."""
    bom: bool = False
    has_header: bool = True
    quoting: bool = True
    """Whether `"` wraps cells; in a plain TSV it is a character like any other."""
    escape: bool = False
    r"""Whether a quote inside a cell is written `\"` instead of `""`."""
    skip_space: bool = False
    """Whether a space after a delimiter is layout: `1, "a, b"`."""
    first_line: int = 1
    """The physical line that the header, or else the first row, starts on (2 after Excel's `sep=;`)."""
    is_stream: bool = False
    """Arrow: whether it is a stream, without an index at its end."""
    compression: str | None = None
    """How the file was compressed (`gzip`, `zstd`, `bz2`, `xz`, `zip`); what is written like it is compressed so, too."""
    member: str | None = None
    """Its name in a ZIP archive."""
    sheet: Sheet | None = None
    """Excel: the sheet that is read and how its table lies in it."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A sheet of a workbook and the place of its table."""

    name: str
    part: str
    """Where it is inside the archive."""
    first_row: int
    """Number of the table's first row: its header, if it has one."""
    columns: list[int]
    """Numbers of the columns that are read, from 1."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First row, first column, last row, last column of each group of merged cells."""


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A row that could not be read, where it stands, and why."""

    path: str
    line: int
    """Physical line it starts on, from 1; for Parquet the number of the row."""
    byte_start: int
    byte_end: int
    reason_code: str
    detail: str
    raw: str
    """The row as it stands; bytes that are no characters are written as `\\xNN`."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something about a row that was kept and that a person should know: a cell in error, digits that were lost."""

    path: str
    line: int
    code: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class ReadResult:
    """A whole file or folder: the rows that could be read, and those that could not."""

    table: pa.Table
    quarantined: list[Quarantined]
    source: SourceFormat
    blank_lines: int = 0
    """Empty physical lines between rows. They are no rows and not part of `read`."""
    notes: list[Note] = field(default_factory=list)
    """About rows that were kept."""

    @property
    def read(self) -> int:
        """Rows seen: kept + quarantined."""
        return len(self.table) + len(self.quarantined)


@dataclass(frozen=True, kw_only=True)
class RowChunk:
    """Some rows of a file that is read in passes, and what is needed to write them back unchanged."""

    table: pa.Table
    quarantined: list[Quarantined]
    source: SourceFormat
    native: NativeRows
    blank_lines: int = 0
    notes: list[Note] = field(default_factory=list)


@dataclass(kw_only=True)
class NativeRows:
    """Rows as their format has them; each source fills what applies."""

    lines: list[int] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    """CSV: the cells of each row, as many as the header has."""
    records: list[dict[str, object]] = field(default_factory=list)
    """JSON: the object of each row."""
    raws: list[str] = field(default_factory=list)
    """JSON: the text of each row."""
    batch: pa.Table | None = None
    """Parquet and Arrow: the columns."""
    numbers: list[list[int]] = field(default_factory=list)
    """Excel: the places of the cells that are numbers in each row, so that they are written back as numbers."""
    blanks: list[list[int]] = field(default_factory=list)
    """Excel: the places of the cells in each row that hold no value, whatever is written there (`#N/A`)."""
    notes: list[Note] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    blank_lines: int = 0


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a format is recognised by."""

    path: Path
    head: bytes
    """The first bytes of the file."""
    sample: str = ""
    """The first lines as text, at most a megabyte; empty while formats that are no text are asked."""


class FormatWriter(Protocol):
    """Writes rows of one format into an open file."""

    def write(self, rows: NativeRows, added: Added) -> None:
        """Write some rows, each with its value of every added column behind its own."""

    def close(self) -> None:
        """Write what stands at the end of a file."""


Added = Mapping[str, Sequence[Any]]
"""Columns to add: a value for each row."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One format. `rows` yields chunks of at most `rows_per_chunk` rows, in the order of the file."""

    name: Kind
    suffixes: tuple[str, ...]
    holds: Holds
    """Which part of `NativeRows` it fills."""
    recognise: Callable[[Look], str | None]
    """Why a file is of this format, in a few words; None if it is not. The first format that says yes has it."""
    detect: Callable[[Path, Scan, ReadConfig], SourceFormat]
    """Completes what the scan found: header, delimiter, quoting."""
    rows: Callable[[Path, SourceFormat, int], Iterator[NativeRows]]
    writer: Callable[[IO[bytes], SourceFormat, Path], FormatWriter] | None
    """Writes such a file into an open one (the path is for messages). None: columns can't be added to this format, and
    what would be written like it is written as CSV."""
    finish: Callable[[pa.Table], pa.Table] | None = None
    """What can be told only from the rows of all files together, such as which mails answer each other."""
    is_text: bool = True
    """Whether it is text in some encoding; formats that are not are asked first, by the first bytes."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one pass over the bytes of a file found, before anything is parsed."""

    digest: str
    size: int
    encoding: str
    bom: bool
    newline: str
    sample: str
    """Up to a megabyte from the start, whole lines, decoded."""
    reasons: list[str]
