"""Shapes of training data: chats, instructions, translation, tagging. Any of them in, six canonical forms out, and back.

SHAPES       every shape, with what it can hold; a new one is one module and one line in catalog.py
find_shape   which shape a file has, by its content
read_shape   all rows of a file; `iter_shape` in passes
write_rows   rows into a file of a shape
to_table     rows as an Arrow table; `from_table` back
"""

from __future__ import annotations

from tunewright.data.shapes.arrow import from_table, to_table
from tunewright.data.shapes.catalog import SHAPES
from tunewright.data.shapes.config import ShapeConfig
from tunewright.data.shapes.features import FEATURES, features
from tunewright.data.shapes.fields import answer_fields, map_texts, plain_text, references, rows_of
from tunewright.data.shapes.find import Found, find_shape
from tunewright.data.shapes.preference import PreferenceDataError
from tunewright.data.shapes.reading import ShapeRead, content, iter_shape, read_found, read_shape
from tunewright.data.shapes.types import (
    Completion,
    Dialogue,
    FileShape,
    Form,
    Labelled,
    Message,
    Pair,
    RecordShape,
    Refused,
    Row,
    Shape,
    Span,
    Tag,
    Tagged,
    Text,
    ToolCall,
)
from tunewright.data.shapes.writing import write_rows

__all__ = [
    "FEATURES", "SHAPES", "Completion", "Dialogue", "FileShape", "Form", "Found", "Labelled", "Message", "Pair",
    "PreferenceDataError", "RecordShape", "Refused", "Row", "Shape", "ShapeConfig", "ShapeRead", "Span", "Tag", "Tagged",
    "Text", "ToolCall", "answer_fields", "content", "features", "find_shape", "from_table", "iter_shape", "map_texts", "plain_text",
    "read_found", "read_shape", "references", "rows_of", "to_table", "write_rows",
]  # fmt: skip
