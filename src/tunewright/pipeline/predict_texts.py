"""`tunewright predict` with a model that writes: every row of a file gets its answer, in a file of the same kind.

Tables, JSON and the like come back with a column `prediction`; files of translation tools (TMX, XLIFF) come back with their
empty targets filled, and rows that have one as they were.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError
from tunewright.data.shapes import FileShape, Found, Pair, Row, find_shape, read_found, write_rows
from tunewright.data.shapes.records import values_of
from tunewright.data.shapes.types import RecordShape, Unreadable
from tunewright.data.sources import LikeWriter, default_output, find_source, iter_rows, written_as
from tunewright.pipeline.added_columns import free_name, require_other_file
from tunewright.pipeline.journal import Listener
from tunewright.serve import WritingPredictor


def predict_texts(
    predictor: WritingPredictor, path: Path, *, output: Path | None, text: str | None, listener: Listener | None
) -> dict[str, Any]:
    """Answer every row of a file; see `predict_file`."""
    found = shape_for(predictor, path, text=text)
    if isinstance(found.shape, FileShape):
        return _fill_targets(predictor, found, path, output=output)
    return _add_column(predictor, found, path, output=output, listener=listener)


def shape_for(predictor: WritingPredictor, path: Path, *, text: str | None, label: str | None = None) -> Found:
    """How the rows of a file are read: as those that the model was taught with, or, with columns named, from these."""
    about = predictor.about
    shape = about.shape
    assert shape is not None, "bundles of models that write record the shape of their rows"
    languages = shape.languages
    first, second = text or about.columns.get("text", "text"), label or about.columns.get("label", "label")
    if about.form in ("pair", "completion"):
        found = find_shape(path, shape=_shape_name(path, about.form, languages), languages=languages)
        if isinstance(found.shape, FileShape):
            return found
        keys = ("source", "target") if about.form == "pair" else ("prompt", "completion")
        spoken = dict(zip(("source_language", "target_language"), languages, strict=True)) if languages else {}
        return replace(found, settings=found.settings | spoken | dict(zip(keys, (first, second), strict=True)))
    if about.form == "text":
        found = find_shape(path, shape="text")
        return replace(found, settings=found.settings | {"text": first})
    return find_shape(path)


def _shape_name(path: Path, form: str, languages: tuple[str, str] | None) -> str | None:
    """None: a file of a translation tool says itself what it is."""
    if form == "completion":
        return "completion"
    try:
        found = find_shape(path, languages=languages)
    except DataError:
        return "pairs"
    return None if isinstance(found.shape, FileShape) and found.shape.form == "pair" else "pairs"


def _add_column(
    predictor: WritingPredictor, found: Found, path: Path, *, output: Path | None, listener: Listener | None
) -> dict[str, Any]:
    assert isinstance(found.shape, RecordShape)
    source = find_source(found.path, several="first")
    output = output or default_output(path, source, word="predicted")
    require_other_file(output, path)
    target = written_as(source, output, where=path)
    num_rows = unreadable = too_long = 0
    with LikeWriter(target, output) as writer:
        for chunk in iter_rows(found.path, rows_per_chunk=256):
            rows = [_row(values, found) for values in values_of(chunk)]
            said = iter(predictor.answers([row for row in rows if row is not None]))
            written = [None if row is None else next(said) for row in rows]
            answers = [None if one is None else one.text for one in written]
            writer.write(chunk, {free_name("prediction", chunk.table.column_names): answers})
            num_rows += sum(answer is not None for answer in answers)
            broken = sum(row is None for row in rows)
            unreadable += len(chunk.quarantined) + broken
            too_long += sum(answer is None for answer in answers) - broken
            if listener:
                listener({"kind": "predicted", "rows": num_rows})
    return {"output": str(output), "format": target.kind, "rows": num_rows, "unreadable": unreadable, "cut": too_long}


def _fill_targets(predictor: WritingPredictor, found: Found, path: Path, *, output: Path | None) -> dict[str, Any]:
    read = read_found(found)
    output = output or path.with_name(f"{path.stem}.predicted{path.suffix}")
    require_other_file(output, path)
    empty = [row for row in read.rows if isinstance(row, Pair) and not any(row.targets)]
    said = iter(predictor.predict(empty))
    filled = [
        replace(row, targets=(next(said).text,)) if isinstance(row, Pair) and not any(row.targets) else row
        for row in read.rows
    ]
    write_rows(filled, found.shape, output)
    return {
        "output": str(output), "format": found.shape.name, "rows": len(empty), "unreadable": len(read.refused), "cut": 0,
    }  # fmt: skip


def _row(values: dict[str, Any], found: Found) -> Row | None:
    assert isinstance(found.shape, RecordShape)
    try:
        row: Row = found.shape.read(values, found.settings)
    except Unreadable:
        return None
    return row
