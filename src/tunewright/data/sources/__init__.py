"""Readers: what a person names in, a raw table and the rows that could not be read out. Nothing else is changed.

A name is a file, a folder, a pattern such as `data/*.csv`, a compressed file, or an archive (places.py).

SOURCES     the formats; a new one is one module and one line in formats.py
read        everything at once, as training needs it
iter_rows   in passes, for files of any size
LikeWriter  writes a file of the same kind, encoding and layout with columns added
"""

from __future__ import annotations

from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.outputs import default_output, written_as
from tunewright.data.sources.places import absolute, pinned, short_name, stored_files
from tunewright.data.sources.reading import find_source, iter_rows, read
from tunewright.data.sources.types import (
    Look,
    NativeRows,
    Note,
    Quarantined,
    ReadConfig,
    ReadResult,
    RowChunk,
    Source,
    SourceFormat,
)
from tunewright.data.sources.write import LikeWriter, write_like

__all__ = [
    "SOURCES", "LikeWriter", "Look", "NativeRows", "Note", "Quarantined", "ReadConfig", "ReadResult", "RowChunk", "Source",
    "SourceFormat", "absolute", "default_output", "find_source", "iter_rows", "pinned", "read", "short_name", "stored_files",
    "write_like", "written_as",
]  # fmt: skip
