"""Which shape a file has: by its content, with a confidence and a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.data.shapes import llamafactory
from tunewright.data.shapes.catalog import SHAPES
from tunewright.data.shapes.preference import refuse_preferences
from tunewright.data.shapes.records import is_table_of_cells, records
from tunewright.data.shapes.types import FileShape, Guess, RecordShape, Refused, Sample, Shape

_HEAD_BYTES = 1 << 18
_SAMPLE_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file's shape, and what its reader has to know."""

    path: Path
    """The file with the rows; another one than was given where that is a `dataset_info.json`."""
    shape: Shape
    confidence: float
    reasons: list[str]
    settings: dict[str, Any] = field(default_factory=dict)


def find_shape(
    path: Path, *, shape: str | None = None, dataset: str | None = None, languages: tuple[str, str] | None = None
) -> Found:
    """The shape of a file; `shape` overrules what is found, `dataset` picks one of a `dataset_info.json`.

    Raises: DataError for preference data, and where no shape fits.
    """
    if shape is not None and shape not in SHAPES:
        raise DataError(f"there is no shape `{shape}`.{nearest(shape, SHAPES)} The shapes are: {', '.join(SHAPES)}.")
    entry = llamafactory.find_entry(path, dataset)
    if entry is not None:
        return Found(
            path=entry.path, shape=SHAPES[entry.shape], confidence=1.0, reasons=entry.reasons,
            settings=entry.settings | cells_of(entry.path),
        )  # fmt: skip
    if dataset is not None:
        raise DataError(f"{path}: --dataset is for LLaMA-Factory's `dataset_info.json`; this file is none.")
    if path.is_dir():
        raise DataError(f"{path}: this is a folder; name one file of it.")
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    return _by_content(path, shape, languages)


def _by_content(path: Path, asked: str | None, languages: tuple[str, str] | None) -> Found:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    sample = Sample(path=path, head=_decode(head), records=[], languages=languages)
    candidates = [SHAPES[asked]] if asked else list(SHAPES.values())
    for shape in candidates:
        if isinstance(shape, FileShape) and (guess := shape.detect(sample)) is not None:
            return Found(
                path=path, shape=shape, confidence=guess.confidence, reasons=[f"{shape.name}: {guess.why}"],
                settings=guess.settings,
            )  # fmt: skip
    if asked and isinstance(SHAPES[asked], FileShape):
        raise DataError(f"{path}: this is not {SHAPES[asked].title}.")
    sample = replace(sample, records=_first_records(path))
    refuse_preferences(sample)
    shape, guess = _best(sample, candidates)
    return Found(
        path=path, shape=shape, confidence=guess.confidence, reasons=[f"{shape.name}: {guess.why}"],
        settings=guess.settings | cells_of(path),
    )  # fmt: skip


def _best(sample: Sample, candidates: list[Shape]) -> tuple[RecordShape, Guess]:
    guesses = [
        (guess, shape) for shape in candidates
        if isinstance(shape, RecordShape) and (guess := shape.detect(sample)) is not None
    ]  # fmt: skip
    if not guesses and len(candidates) == 1 and isinstance(candidates[0], RecordShape):
        return candidates[0], Guess(confidence=0.0, why="as asked for, under its own names")
    if guesses:
        guess, shape = max(guesses, key=lambda pair: pair[0].confidence)  # the first of equals
        return shape, guess
    names = ", ".join(dict.fromkeys(name for record in sample.records for name in record)) or "none"
    raise DataError(
        f"{sample.path}: the rows are in no shape that is known. Their columns: {names}. Accepted: "
        + "; ".join(f"{shape.name} ({shape.title})" for shape in SHAPES.values())
        + "."
    )


def _first_records(path: Path) -> list[dict[str, Any]]:
    """The first rows that can be read; empty ones of a damaged beginning are passed over."""
    rows: Iterator[Any] = records(path, rows_per_chunk=_SAMPLE_ROWS)
    kept = (item.values for item in islice(rows, 5000) if not isinstance(item, Refused))
    return list(islice(kept, _SAMPLE_ROWS))


def cells_of(path: Path) -> dict[str, Any]:
    """That an empty cell means no value, where the file is a table of cells."""
    return {"cells": True} if is_table_of_cells(path) else {}


def _decode(head: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8")):
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    if b"\0" in head[:4096]:
        return ""
    return head.decode("utf-8", "replace")
