"""Arrow columns of types that later stages don't know, as text: exactly, and never by way of a Python value that holds
less (a nanosecond, a year beyond 9999)."""

from __future__ import annotations

import pyarrow as pa

from tunewright.data.sources.json_text import json_text


def text_or_known(column: pa.ChunkedArray) -> pa.Array:
    """Numbers, truth values, strings and lists of strings as they are; decimals and times as Arrow writes them; all else
    as JSON text."""
    kind = column.type
    spelt = column if _is_known(kind) else _cast(column, _spelt(kind))
    if _is_known(spelt.type):
        return spelt.combine_chunks()
    texts = [None if v is None else v if isinstance(v, str) else json_text(v) for v in spelt.to_pylist()]
    return pa.array(texts, pa.string())


def _spelt(kind: pa.DataType) -> pa.DataType:
    """The type with times, decimals and bytes as strings, wherever they stand in it."""
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(part.name, _spelt(part.type)) for part in kind])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_spelt(kind.value_type))
    if pa.types.is_dictionary(kind):
        return _spelt(kind.value_type)
    return kind if _is_number(kind) or pa.types.is_map(kind) or pa.types.is_union(kind) else pa.string()


def _is_known(kind: pa.DataType) -> bool:
    is_texts = pa.types.is_list(kind) and pa.types.is_string(kind.value_type)
    return bool(_is_number(kind) or pa.types.is_string(kind) or is_texts)


def _is_number(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return bool(is_number or pa.types.is_boolean(kind) or pa.types.is_null(kind))


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except pa.ArrowException:  # bytes that are no text, and what Arrow can't spell
        return column
