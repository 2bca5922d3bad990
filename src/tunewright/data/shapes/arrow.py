"""Canonical rows as an Arrow table and back: what stages after the reading take.

Every table has `row_id`, `origin` and `columns` (the other columns as one JSON text). `tools`, `more` and the like are
JSON text, too: JSON schemas have no type in common that Arrow could give them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from tunewright.data.shapes.types import (
    Completion,
    Dialogue,
    Form,
    Labelled,
    Message,
    Pair,
    Row,
    Span,
    Tag,
    Tagged,
    Text,
    ToolCall,
)
from tunewright.data.table import ORIGIN

_TEXT = pa.string()
_CALL = pa.struct([("name", _TEXT), ("arguments", _TEXT), ("call_id", _TEXT)])
_MESSAGE = pa.struct(
    [
        ("role", _TEXT), ("content", _TEXT), ("reasoning", _TEXT), ("tool_calls", pa.list_(_CALL)), ("tool_call_id", _TEXT),
        ("name", _TEXT), ("weight", pa.float64()), ("more", _TEXT),
    ]
)  # fmt: skip
_TAG = pa.struct([("side", pa.int32()), ("mark", _TEXT), ("xml", _TEXT), ("dialect", _TEXT)])
_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", _TEXT), ("more", _TEXT)])

SCHEMAS: dict[Form, dict[str, pa.DataType]] = {
    "dialogue": {"messages": pa.list_(_MESSAGE), "tools": _TEXT},
    "completion": {"prompt": _TEXT, "completion": _TEXT},
    "pair": {
        "source": _TEXT, "targets": pa.list_(_TEXT), "source_language": _TEXT, "target_language": _TEXT, "group": _TEXT,
        "tags": pa.list_(_TAG),
    },
    "tagged": {"text": _TEXT, "tokens": pa.list_(pa.list_(pa.int32())), "spans": pa.list_(_SPAN)},
    "labelled": {"texts": pa.list_(_TEXT), "label": _TEXT},
    "text": {"text": _TEXT},
}  # fmt: skip
"""The columns of each form besides `row_id`, `origin` and `columns`. A label is JSON text: it may be a number or a list."""

_FORM_KEY = b"tunewright.form"
FORM_OF: dict[type[Row], Form] = {
    Dialogue: "dialogue", Completion: "completion", Pair: "pair", Tagged: "tagged", Labelled: "labelled", Text: "text",
}  # fmt: skip


def to_table(rows: Sequence[Row], *, form: Form | None = None) -> pa.Table:
    """One table of rows of one form; `form` is needed where there are none."""
    form = form or FORM_OF[type(rows[0])]
    fields = SCHEMAS[form]
    cells: dict[str, list[Any]] = {name: [_cell(name, getattr(row, name)) for row in rows] for name in fields}
    origin = [{"path": row.path, "line": row.line} for row in rows]
    arrays = [
        pa.array([row.row_id for row in rows], _TEXT),
        pa.array(origin, ORIGIN),
        *(pa.array(cells[name], kind) for name, kind in fields.items()),
        pa.array([_json(row.columns) for row in rows], _TEXT),
    ]
    schema = pa.schema(
        list(zip(["row_id", "origin", *fields, "columns"], [array.type for array in arrays], strict=True)),
        metadata={_FORM_KEY: form.encode()},
    )
    return pa.table(arrays, schema=schema)


def _cell(name: str, value: Any) -> Any:
    if name == "messages":
        return [vars(message) | {"tool_calls": [vars(call) for call in message.tool_calls], "more": _json(message.more)}
                for message in value]  # fmt: skip
    if name == "tools":
        return _json(list(value))
    if name == "tags":
        return [vars(tag) for tag in value]
    if name == "spans":
        return [vars(span) | {"more": _json(span.more)} for span in value]
    if name == "label":
        return None if value is None else _json(list(value) if isinstance(value, tuple) else value)
    return list(value) if isinstance(value, tuple) else value


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def form_of(table: pa.Table) -> Form:
    """Which form a table of `to_table` has."""
    form: Form = (table.schema.metadata or {})[_FORM_KEY].decode()
    return form


def from_table(table: pa.Table) -> list[Row]:
    """The rows of a table of `to_table`."""
    make = _MAKERS[form_of(table)]
    rows = []
    for cells in table.to_pylist():
        origin, columns = cells.pop("origin"), json.loads(cells.pop("columns"))
        rows.append(make(cells | {"path": origin["path"], "line": origin["line"], "columns": columns}))
    return rows


def _dialogue(cells: dict[str, Any]) -> Dialogue:
    messages = tuple(
        Message(**message | {
            "tool_calls": tuple(ToolCall(**call) for call in message["tool_calls"]), "more": json.loads(message["more"])
        })
        for message in cells["messages"]
    )  # fmt: skip
    return Dialogue(**cells | {"messages": messages, "tools": tuple(json.loads(cells["tools"]))})


def _pair(cells: dict[str, Any]) -> Pair:
    return Pair(**cells | {"targets": tuple(cells["targets"]), "tags": tuple(Tag(**tag) for tag in cells["tags"])})


def _tagged(cells: dict[str, Any]) -> Tagged:
    spans = tuple(Span(**span | {"more": json.loads(span["more"])}) for span in cells["spans"])
    return Tagged(**cells | {"tokens": tuple((start, end) for start, end in cells["tokens"]), "spans": spans})


def _labelled(cells: dict[str, Any]) -> Labelled:
    label = None if cells["label"] is None else json.loads(cells["label"])
    return Labelled(
        **cells | {"texts": tuple(cells["texts"]), "label": tuple(label) if isinstance(label, list) else label}
    )


_MAKERS: dict[Form, Callable[[dict[str, Any]], Row]] = {
    "dialogue": _dialogue, "pair": _pair, "tagged": _tagged, "labelled": _labelled,
    "completion": lambda cells: Completion(**cells), "text": lambda cells: Text(**cells),
}  # fmt: skip
