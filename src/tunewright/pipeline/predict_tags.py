"""`tunewright predict` with a model that tags: the spans of every row of a file.

Tagged files (CoNLL, tokens with tags, texts with spans) come back in their own shape with the model's spans in place of
theirs; any other file comes back with a column `spans`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data.shapes import Found, Span, Tagged, find_shape, read_found, write_rows
from tunewright.data.sources import SOURCES, LikeWriter, default_output, find_source, iter_rows, written_as
from tunewright.pipeline.added_columns import free_name, require_other_file, texts_of_column
from tunewright.pipeline.journal import Listener
from tunewright.serve import TaggedText, TaggingPredictor
from tunewright.tasks.tag import words_of

SPANS = pa.list_(
    pa.struct(
        [
            ("start", pa.int64()), ("end", pa.int64()), ("label", pa.string()), ("text", pa.string()),
            ("confidence", pa.float64()),
        ]
    )
)  # fmt: skip


def predict_tags(
    predictor: TaggingPredictor, path: Path, *, output: Path | None, text: str | None, listener: Listener | None
) -> dict[str, Any]:
    """Tag every row of a file; see `predict_file`."""
    found = tagged_shape(path) if text is None else None
    if found is not None:
        return _in_its_shape(predictor, found, path, output=output)
    return _add_column(predictor, path, output=output, text=text, listener=listener)


def tagged_shape(path: Path) -> Found | None:
    """The shape of a file of tagged rows; None for any other file."""
    try:
        found = find_shape(path)
    except DataError:
        return None
    return found if found.shape.form == "tagged" else None


def _in_its_shape(predictor: TaggingPredictor, found: Found, path: Path, *, output: Path | None) -> dict[str, Any]:
    read = read_found(found)
    rows = [row for row in read.rows if isinstance(row, Tagged)]
    output = output or path.with_name(f"{path.stem}.predicted{path.suffix}")
    require_other_file(output, path)
    answers = predictor.predict(rows)
    write_rows([_with_spans(row, answer) for row, answer in zip(rows, answers, strict=True)], found.shape, output)
    return _summary(output, found.shape.name, answers, unreadable=len(read.refused))


def _with_spans(row: Tagged, answer: TaggedText) -> Tagged:
    spans = tuple(Span(start=span.start, end=span.end, label=span.label) for span in answer.spans)
    return replace(row, tokens=tuple(words_of(row)), spans=spans)


def _add_column(
    predictor: TaggingPredictor, path: Path, *, output: Path | None, text: str | None, listener: Listener | None
) -> dict[str, Any]:
    source = find_source(path, several="first")
    output = output or default_output(path, source, word="predicted")
    require_other_file(output, path)
    target = written_as(source, output, where=path)
    answers: list[TaggedText] = []
    unreadable = 0
    column = text or find_shape(path, shape="text").settings.get("text", "text")
    with LikeWriter(target, output) as writer:
        for chunk in iter_rows(path, rows_per_chunk=1024):
            said = predictor.predict(texts_of_column(chunk.table, column, path, option="--text"))
            spans = [[asdict(span) for span in one.spans] for one in said]
            name = free_name("spans", chunk.table.column_names)
            writer.write(chunk, {name: _cells(spans, holds=SOURCES[target.kind].holds)})
            answers += said
            unreadable += len(chunk.quarantined)
            if listener:
                listener({"kind": "predicted", "rows": len(answers)})
    return _summary(output, target.kind, answers, unreadable=unreadable)


def _cells(spans: list[list[dict[str, Any]]], *, holds: str) -> Any:
    """Lists where the format has such, JSON text in cells."""
    if holds == "columns":
        return pa.array(spans, SPANS)
    return [json.dumps(row, ensure_ascii=False) for row in spans] if holds == "cells" else spans


def _summary(output: Path, kind: str, answers: list[TaggedText], *, unreadable: int) -> dict[str, Any]:
    cut = sum(answer.num_unread > 0 for answer in answers)
    return {"output": str(output), "format": kind, "rows": len(answers), "unreadable": unreadable, "cut": cut}
