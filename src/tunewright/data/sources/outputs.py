"""In which format, and where, rows with columns added are written: like the input, unless the output's ending says else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tunewright.data.sources.compression import COMPRESSIONS, plain_name
from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.places import INSIDE, short_name
from tunewright.data.sources.types import SourceFormat

_DELIMITERS = {"csv": ",", "tsv": "\t"}


def written_as(source: SourceFormat, output: Path, *, where: Path) -> SourceFormat:
    """The format of an output: that of its ending, else that of the input; CSV where no column can be added to that one.

    `where` is the input: with its ending, the output is like it in every way, whatever the ending should mean. What goes
    over into another format is UTF-8, and a compressed ending compresses.
    """
    packed = output.suffix.lower()
    compression = next((name for name, one in COMPRESSIONS.items() if packed == one.suffix), None)
    compression = "zip" if packed == ".zip" else compression
    kind = _kind_of(output)
    if kind is None and compression is None:
        compression = source.compression
    inner = Path(str(where).rpartition(INSIDE)[2])
    if kind is None or plain_name(inner).suffix.lower() == plain_name(output).suffix.lower():
        kind = source.kind
    kind = kind if SOURCES[kind].writer is not None else "csv"
    if kind == source.kind:
        return replace(source, compression=compression, member=source.member if compression == "zip" else None)
    return SourceFormat(
        kind=kind, delimiter=_DELIMITERS.get(kind), compression=compression,
        member=f"{short_name(output)}{SOURCES[kind].suffixes[0]}" if compression == "zip" else None,
    )  # fmt: skip


def default_output(where: Path, source: SourceFormat, *, word: str) -> Path:
    """`NAME.WORD.EXT` beside the input: `in.predicted.csv.gz` for `in.csv.gz`, `mails.predicted.csv` for `mails.mbox`."""
    beside = Path(str(where).partition(INSIDE)[0]) if not where.exists() else where
    if source.member is not None and beside == where:
        return where.with_name(f"{where.stem}.{word}.zip")
    plain = plain_name(Path(where.name))
    can_be_written = SOURCES[source.kind].writer is not None
    ending = plain.suffix if can_be_written and not where.is_dir() else ".csv"
    packed = where.suffix if plain.name != where.name else ""
    return beside.with_name(f"{plain.stem if not where.is_dir() else where.name}.{word}{ending}{packed}")


def _kind_of(path: Path) -> str | None:
    """The format that an ending names, among those that can be written."""
    suffix = plain_name(path).suffix.lower()
    return next((name for name, one in SOURCES.items() if suffix in one.suffixes and one.writer is not None), None)
