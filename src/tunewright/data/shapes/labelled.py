"""Texts with labels, and text alone: what is left when no other shape fits. Columns are found as `run` finds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns
from tunewright.data.shapes.cells import names_of, rest, text_of
from tunewright.data.shapes.types import Guess, Labelled, Sample, Text, Unreadable


def detect(sample: Sample) -> Guess | None:
    """A text column and a label column."""
    if {"text", "label"} <= set(names_of(sample)):
        return Guess(confidence=0.5, why="columns `text` and `label`")
    found = _columns(sample)
    if found is None or found["label"] is None:
        return None
    texts = [name for name in (found["text"], found["text_pair"]) if name]
    why = f"text in {' and '.join(f'`{name}`' for name in texts)}, label in `{found['label']}`"
    return Guess(confidence=0.5, why=why, settings={"texts": texts, "label": found["label"]})


def detect_text(sample: Sample) -> Guess | None:
    """A text column, and none with labels."""
    found = _columns(sample)
    if found is None:
        return None
    return Guess(confidence=0.4, why=f"text in `{found['text']}`, no label", settings={"text": found["text"]})


def _columns(sample: Sample) -> dict[str, Any] | None:
    names = [name for name in names_of(sample) if name not in ("row_id", "origin")]
    columns = {name: [_cell(record.get(name)) for record in sample.records] for name in names}
    if not columns:
        return None
    try:
        plan = find_columns(pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    except DataError:
        return None
    return {"text": plan.text, "text_pair": plan.text_pair, "label": plan.label}


def _cell(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else str(value)


def read(record: dict[str, Any], settings: Mapping[str, Any]) -> Labelled:
    """One text, or two, with the answer."""
    second = record.get("text_pair") is not None and not (settings.get("cells") and record["text_pair"] == "")
    keys = settings.get("texts") or (["text", "text_pair"] if second else ["text"])
    label_key = settings.get("label", "label")
    texts = tuple(text_of(record, key) for key in keys)
    label = _label(record.get(label_key), label_key)
    if label == "" and settings.get("cells"):
        label = None
    used = (*keys, label_key, *([] if "texts" in settings else ["text_pair"]))
    return Labelled(texts=texts, label=label, columns=rest(record, used))


def _label(value: Any, key: str) -> str | float | tuple[str, ...] | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise Unreadable(
        "bad_label", f"`{key}` holds a {type(value).__name__}; a text, a list of texts or a number is a label"
    )


def write(row: Labelled) -> dict[str, Any]:
    """The record: `text`, `text_pair` where there is one, `label` where there is one."""
    record: dict[str, Any] = {"text": row.texts[0]}
    if len(row.texts) > 1:
        record["text_pair"] = row.texts[1]
    if row.label is not None:
        record["label"] = list(row.label) if isinstance(row.label, tuple) else row.label
    return record | row.columns


def read_text(record: dict[str, Any], settings: Mapping[str, Any]) -> Text:
    """One text."""
    key = settings.get("text", "text")
    return Text(text=text_of(record, key), columns=rest(record, (key,)))


def write_text(row: Text) -> dict[str, Any]:
    """The record: `text` and the other columns."""
    return {"text": row.text, **row.columns}
