"""Readers: a raw file or folder in, a raw table and the rows that could not be read out. Nothing else is changed.

SOURCES     the formats; a new one is one module and one line in formats.py
read        everything at once, as training needs it
iter_rows   in passes, for files of any size
LikeWriter  writes a file of the same kind, encoding and layout with columns added
"""

from __future__ import annotations

from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.reading import find_source, iter_rows, read
from tunewright.data.sources.types import (
    Look,
    NativeRows,
    Quarantined,
    ReadConfig,
    ReadResult,
    RowChunk,
    Source,
    SourceFormat,
)
from tunewright.data.sources.write import LikeWriter, write_like

__all__ = [
    "SOURCES", "LikeWriter", "Look", "NativeRows", "Quarantined", "ReadConfig", "ReadResult", "RowChunk", "Source",
    "SourceFormat", "find_source", "iter_rows", "read", "write_like",
]  # fmt: skip
