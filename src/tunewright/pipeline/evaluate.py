"""`tunewright evaluate`: a model's scores on a labelled file, with intervals, and an account of the rows behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tunewright.bundle import About
from tunewright.core.errors import DataError, FolderError, closest
from tunewright.core.folder import RunFolder, read_json
from tunewright.core.text import fold
from tunewright.data.columns import ColumnsConfig, find_columns, to_fields
from tunewright.data.keys import exact_keys
from tunewright.data.labels import Spelling
from tunewright.data.ledger import Entry
from tunewright.data.shapes import Tagged, answer_fields, read_found
from tunewright.data.sources import ReadResult, read
from tunewright.evaluate import Predictions, Score, score, value_of
from tunewright.evaluate.slices import Slices, find_slices
from tunewright.evaluate.test_ledger import record
from tunewright.pipeline.evaluate_texts import answer_rows
from tunewright.pipeline.predict_tags import tagged_shape
from tunewright.pipeline.slices import attributes_of, columns_of
from tunewright.serve import TaggingPredictor, WritingPredictor, load
from tunewright.tasks import ROW_TASKS

SEED = 17


@dataclass(frozen=True, kw_only=True)
class UnknownLabel:
    """A label of the file that the model was not trained on: it can't be answered, so its rows count as wrong."""

    label: str
    rows: int
    nearest: str | None
    """The label of the model that is most like it."""


@dataclass(frozen=True, kw_only=True)
class StoredScore:
    """The test score of the run that made the model, and the same rows scored now."""

    metric: str
    stored: float
    now: float


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All scores of a model on a file, and what became of the file's rows: read = scored + the three below it."""

    scores: list[Score]
    rows_read: int
    rows_scored: int
    unreadable: int
    unlabelled: int
    """Rows without an answer, or with one that is no number where the model gives numbers."""
    empty: int
    """Labelled rows without any text: training leaves such rows out, too."""
    merged: list[Spelling]
    """Spellings of a label taken for the label, as training does: case, width and space apart they are equal."""
    unknown: list[UnknownLabel]
    seen: dict[str, int] | None
    """Scored rows whose text stands in the model's own train, validation and test split; None where its run is not there."""
    stored: StoredScore | None
    """Where the file holds all test rows of the model's run."""
    times_scored: int | None
    """How many runs and models have been scored on just these rows; None where that can't be written down."""
    slices: Slices | None = None
    """Where it is weaker; None where that was not asked for."""


def evaluate_file(
    model: str | Path, path: str | Path, *, text: str | None = None, text_pair: str | None = None,
    label: str | None = None, slices: Sequence[str] | None = None,
) -> Evaluation:  # fmt: skip
    """Score a bundle on a file. The columns are those of training unless they are named.

    With `slices`, names of columns or none, the rows are also sliced by these, and by what their texts are like.

    Raises DataError where the file has no answers, ModelError where the folder is no bundle.
    """
    bundle, path = Path(model), Path(path)
    predictor = load(bundle)
    if isinstance(predictor, WritingPredictor):
        return _evaluate_writer(predictor, bundle, path, text=text, label=label, slices=slices)
    if isinstance(predictor, TaggingPredictor):
        return _evaluate_tagger(predictor, bundle, path, slices=slices)
    about = predictor.about
    result = read(path)
    chosen = columns_as_trained(result, about, text=text, text_pair=text_pair, label=label)
    columns = find_columns(result.table, chosen=chosen)
    if columns.label is None:
        raise DataError(f"{path}: no column with answers was found. Name it with `--label COLUMN`.")
    not_numbers: list[Entry] = []
    fields = to_fields(result.table, columns, entries=not_numbers)
    labelled = fields.filter([answer is not None for answer in fields.column("label").to_pylist()])
    if not len(labelled):
        raise DataError(f"{path}: column `{columns.label}` is empty on every row, so there is nothing to score.")
    texts = exact_keys(labelled)
    rows = labelled.filter([bool(key) for key in texts])
    if not len(rows):
        raise DataError(f"{path}: column `{columns.text}` is empty on every row that has an answer.")
    gold, merged = answers_as_trained(rows.column("label").to_pylist(), about.labels)
    row_ids = rows.column("row_id").to_pylist()
    predictions = predictor.predictions(
        row_ids,
        rows.column("text").to_pylist(),
        pairs=rows.column("text_pair").to_pylist() if "text_pair" in rows.column_names else None,
        gold=gold,
    )
    folder = RunFolder(bundle.parent)
    return Evaluation(
        scores=score(predictions, split=path.name, system=about.system, seed=SEED),
        rows_read=result.read,
        rows_scored=len(rows),
        unreadable=len(result.quarantined),
        unlabelled=len(fields) - len(labelled),
        empty=len(labelled) - len(rows),
        merged=merged,
        unknown=_unknown(gold, about.labels),
        seen=_seen(texts, folder) if folder.rows.exists() else None,
        stored=_stored(predictions, about.system, folder),
        times_scored=note_in_test_ledger(row_ids, about),
        slices=None if slices is None else _slices(predictions, rows, result.table, folder, slices, where=str(path)),
    )


def _evaluate_writer(
    predictor: WritingPredictor, bundle: Path, path: Path, *, text: str | None, label: str | None,
    slices: Sequence[str] | None,
) -> Evaluation:  # fmt: skip
    written = answer_rows(predictor, path, text=text, label=label)
    folder, about = RunFolder(bundle.parent), predictor.about
    return Evaluation(
        scores=score(written.predictions, split=path.name, system=about.system, seed=SEED), rows_read=written.rows_read,
        rows_scored=len(written.rows), unreadable=written.unreadable, unlabelled=written.unlabelled, empty=0, merged=[],
        unknown=[], seen=_seen(exact_keys(answer_fields(written.rows)), folder) if folder.rows.exists() else None,
        stored=_stored(written.predictions, about.system, folder),
        times_scored=note_in_test_ledger(written.predictions.row_ids, about),
        slices=_slices_of_texts(written.predictions, [text or "" for text in written.predictions.sources], folder, slices),
    )  # fmt: skip


def _evaluate_tagger(
    predictor: TaggingPredictor, bundle: Path, path: Path, *, slices: Sequence[str] | None
) -> Evaluation:
    found = tagged_shape(path)
    if found is None:
        raise DataError(
            f"{path}: these are no tagged rows, so there is nothing to hold the model's spans against. Give CoNLL, tokens with "
            "tags, or texts with spans; `tunewright predict` tags any text."
        )
    read = read_found(found)
    rows = [row for row in read.rows if isinstance(row, Tagged)]
    predictions = predictor.predictions(rows)
    folder, about = RunFolder(bundle.parent), predictor.about
    return Evaluation(
        scores=score(predictions, split=path.name, system=about.system, seed=SEED), rows_read=read.read,
        rows_scored=len(rows), unreadable=len(read.refused), unlabelled=0, empty=0, merged=[],
        unknown=_unknown([[span.label for span in row.spans] for row in rows], about.labels),
        seen=_seen(exact_keys(answer_fields(rows)), folder) if folder.rows.exists() else None,
        stored=_stored(predictions, about.system, folder),
        times_scored=note_in_test_ledger(predictions.row_ids, about),
        slices=_slices_of_texts(predictions, predictions.table.column("text").to_pylist(), folder, slices),
    )  # fmt: skip


def _slices(
    predictions: Predictions, rows: pa.Table, raw: pa.Table, folder: RunFolder, columns: Sequence[str], *, where: str
) -> Slices:
    """By the named columns, and by what the texts are like; rows that a number was not given for take no part."""
    scored = predictions.labelled
    place_of = {row_id: place for place, row_id in enumerate(rows.column("row_id").to_pylist())}
    kept = rows.take(pa.array([place_of[row_id] for row_id in scored.row_ids], pa.int64()))
    paths = [origin["path"] for origin in kept.column("origin").to_pylist()]
    attributes = columns_of(raw, columns, scored.row_ids, where=where)
    attributes += attributes_of(kept.column("text").to_pylist(), paths=paths, train=_train_texts(folder))
    return find_slices(scored, attributes, seed=SEED)


def _slices_of_texts(
    predictions: Predictions, texts: Sequence[str], folder: RunFolder, columns: Sequence[str] | None
) -> Slices | None:
    if columns is None:
        return None
    if columns:
        raise DataError(
            "`--slices COLUMN` is for models that answer with labels or numbers; without a column, the rows are sliced by "
            "what their texts are like."
        )
    attributes = attributes_of(texts, paths=[None] * len(texts), train=_train_texts(folder))
    return find_slices(predictions, attributes, seed=SEED)


def _train_texts(folder: RunFolder) -> list[str] | None:
    """The texts that the model was trained on, where its run is there."""
    if not folder.rows.exists():
        return None
    rows = pq.read_table(folder.rows, columns=["text", "split"])
    texts: list[str] = rows.filter(pc.equal(rows.column("split"), "train")).column("text").to_pylist()
    return texts


def columns_as_trained(
    result: ReadResult, about: About, *, text: str | None, text_pair: str | None, label: str | None
) -> ColumnsConfig:
    """The columns that were named, else those of training where the file has them; the others are to be found."""
    names = set(result.table.column_names)

    def column(given: str | None, field: str) -> str | None:
        trained = about.columns.get(field)
        return given or (trained if trained in names else None)

    return ColumnsConfig(
        text=column(text, "text"),
        text_pair=column(text_pair, "text_pair") if "text_pair" in about.fields else "none",
        label=column(label, "label"), task=ROW_TASKS[about.task].kind,
    )  # fmt: skip


def answers_as_trained(answers: list[Any], labels: Sequence[str]) -> tuple[list[Any], list[Spelling]]:
    """The answers with each spelling that is new, but equal to one label of the model after folding, taken for it."""
    by_fold: dict[str, list[str]] = {}
    for label in labels:
        by_fold.setdefault(fold(label), []).append(label)
    counts: Counter[str] = Counter()

    def meant(written: str) -> str:
        known = by_fold.get(fold(written), [])
        if written in labels or len(known) != 1:
            return written
        counts[written] += 1
        return known[0]

    def mended(answer: Any) -> Any:
        if isinstance(answer, str):
            return meant(answer)
        return list(dict.fromkeys(map(meant, answer))) if isinstance(answer, list) else answer

    gold = [mended(answer) for answer in answers]
    return gold, [
        Spelling(written=written, meant=by_fold[fold(written)][0], rows=rows)
        for written, rows in sorted(counts.items())
    ]


def _unknown(gold: list[Any], labels: Sequence[str]) -> list[UnknownLabel]:
    said = Counter(label for answer in gold for label in (answer if isinstance(answer, list) else [answer]))
    return [
        UnknownLabel(label=label, rows=rows, nearest=closest(label, labels))
        for label, rows in sorted(said.items(), key=lambda pair: (-pair[1], str(pair[0])))
        if isinstance(label, str) and label not in labels
    ]


def _seen(texts: list[str], folder: RunFolder) -> dict[str, int]:
    known = pq.read_table(folder.rows)
    split_of = dict(zip(exact_keys(known), known.column("split").to_pylist(), strict=True))
    counts = Counter(split_of.get(key) for key in texts if key)
    return {name: counts[name] for name in ("train", "validation", "test")}


def _stored(predictions: Predictions, system: str, folder: RunFolder) -> StoredScore | None:
    """The stored score beside the same rows as they are answered now; None where the file lacks any of the test rows."""
    path = folder.predictions(system, "test")
    if not (path.exists() and folder.evidence.exists() and folder.scores.exists()):
        return None
    test = set(pq.read_table(path, columns=["row_id"]).column("row_id").to_pylist())
    if not test <= set(predictions.row_ids):
        return None
    metric = read_json(folder.evidence)["primary_metric"]
    now = value_of(predictions.only(test), metric)
    stored = next(
        (
            s["value"]
            for s in read_json(folder.scores)
            if (s["metric"], s["system"], s["split"], s["slice"]) == (metric, system, "test", None)
        ),
        None,
    )
    return None if now is None or stored is None else StoredScore(metric=metric, stored=stored, now=now)


def note_in_test_ledger(row_ids: list[str], about: About) -> int | None:
    """How many runs and models have been scored on these rows, this one included; None where that can't be written down."""
    try:
        return record(row_ids, about.recipe_digest)
    except FolderError:
        return None
