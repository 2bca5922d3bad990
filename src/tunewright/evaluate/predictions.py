"""What a system said about each row: the one file that scores, comparisons, calibration and error analysis read.

`row_id, gold, prediction, logits, scores, nll, weight`. gold and prediction are a string, a list of strings or a
number; logits are raw, scores calibrated; both are null for systems that give answers only. Answers that are texts
or spans have further columns (`FURTHER`). Rows without gold may be there: they are predictions to be used, and are left out of
every score. Shapes: N rows, C classes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.metrics import Asked, Said
from tunewright.metrics.metric import Booleans, Floats, Integers
from tunewright.metrics.spans import Span, tags_of_words

Kind = Literal["single_label", "multi_label", "regression", "text", "spans"]
Stop = Literal["end", "length", "stop_string"]


class Scaler(Protocol):
    """What may take the place of a temperature; see `scaling.py`."""

    def scores(self, logits_NC: Floats, *, link: Literal["softmax", "sigmoid"]) -> Floats:
        """Probabilities (N, C)."""
        ...


PLACE = [("start", pa.int32()), ("end", pa.int32())]
"""Characters of a text (code points), end excluded."""
ANSWER: dict[Kind, pa.DataType] = {
    "single_label": pa.string(), "multi_label": pa.list_(pa.string()), "regression": pa.float64(),
    "text": pa.string(), "spans": pa.list_(pa.struct([*PLACE, ("label", pa.string())])),
}  # fmt: skip

FURTHER: dict[Kind, dict[str, pa.DataType]] = {
    "text": {
        "references": pa.list_(pa.string()),  # all accepted answers; the first is gold
        "source": pa.string(),  # what the system was shown, as people read it
        "num_tokens": pa.int64(),  # of gold, over which nll is summed; null where it was not measured
        "stop": pa.string(),  # a `Stop`: why the answer ends; null for systems that copy
        "logprob": pa.float64(),  # of the generated tokens together, in nats
    },
    "spans": {"text": pa.string(), "tokens": pa.list_(pa.struct(PLACE))},
}
"""Columns that a kind has besides. The nll of a text is the sum over the target tokens of gold, in nats."""


def schema(kind: Kind) -> pa.Schema:
    """The columns of a predictions file for one kind of task."""
    return pa.schema(
        [
            ("row_id", pa.string()),
            ("gold", ANSWER[kind]),
            ("prediction", ANSWER[kind]),
            ("logits", pa.list_(pa.float64())),
            ("scores", pa.list_(pa.float64())),
            ("nll", pa.float64()),
            ("weight", pa.float64()),
            *FURTHER.get(kind, {}).items(),
        ]
    )


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """The table and numpy views of it. `labels` are the classes the system knows, in the order of its scores."""

    table: pa.Table
    kind: Kind
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """`labels`, and after them, sorted, classes that the system does not know but gold or an answer has."""
        if self.kind in ("regression", "text"):
            return ()
        seen: set[str] = set()
        for column in ("gold", "prediction"):
            values = self.table.column(column)
            values = pc.list_flatten(values) if self.kind in ("multi_label", "spans") else values
            values = pc.struct_field(values, "label") if self.kind == "spans" else values
            seen.update(value for value in pc.unique(values).to_pylist() if value is not None)
        return (*self.labels, *sorted(seen - set(self.labels)))

    @property
    def row_ids(self) -> list[str]:
        """Row ids in the order of the table."""
        ids: list[str] = self.table.column("row_id").to_pylist()
        return ids

    @property
    def gold_index_N(self) -> Integers:
        """Single-label: place of gold in `names`, -1 where there is none."""
        return self._index("gold")

    @property
    def prediction_index_N(self) -> Integers:
        """Single-label: place of the answer in `names`, -1 where there is none."""
        return self._index("prediction")

    @property
    def gold_sets_NC(self) -> Booleans:
        """Multi-label: which of `names` are in gold."""
        return self._sets("gold")

    @property
    def prediction_sets_NC(self) -> Booleans:
        """Multi-label: which of `names` were said."""
        return self._sets("prediction")

    @property
    def gold_value_N(self) -> Floats:
        """Regression: gold, NaN where there is none."""
        return self._numbers("gold")

    @property
    def prediction_value_N(self) -> Floats:
        """Regression: the number said."""
        return self._numbers("prediction")

    @property
    def answers(self) -> list[str]:
        """Text: what was answered; no answer is an empty one."""
        texts: list[str] = pc.fill_null(self.table.column("prediction"), "").to_pylist()
        return texts

    @property
    def references(self) -> list[list[str]]:
        """Text: all accepted answers of each row, gold first; none where there is no gold."""
        return [row or [] for row in self.table.column("references").to_pylist()]

    @property
    def sources(self) -> list[str | None]:
        """Text: what the system was shown; None where that is not known."""
        texts: list[str | None] = self.table.column("source").to_pylist()
        return texts

    @property
    def asked(self) -> Asked:
        """Text: what the answers are held against."""
        return Asked(references=self.references, sources=self.sources, num_tokens_N=self._numbers("num_tokens"))

    @property
    def said(self) -> Said:
        """Text: the answers, how likely gold was, and why the answers end."""
        stops = self.table.column("stop").to_pylist()
        return Said(texts=self.answers, nll_N=self._numbers("nll"), stops=stops)

    @property
    def gold_spans(self) -> list[list[Span]]:
        """Spans: of each row those of gold; none where there is no gold."""
        return self._spans("gold")

    @property
    def prediction_spans(self) -> list[list[Span]]:
        """Spans: of each row those that were said; no answer is none."""
        return self._spans("prediction")

    def tags(self, column: Literal["gold", "prediction"]) -> list[list[str] | None]:
        """Spans: the tags in BIO of each row's words, of gold or as said; None where the words are not known."""
        words = self.table.column("tokens").to_pylist()
        return [
            None if row is None else tags_of_words([(word["start"], word["end"]) for word in row], of_row)
            for row, of_row in zip(words, self._spans(column), strict=True)
        ]

    @property
    def has_scores(self) -> bool:
        """Whether every row has scores."""
        return len(self) > 0 and self.table.column("scores").null_count == 0

    @cached_property
    def scores_NC(self) -> Floats:
        """Calibrated scores for each of `names`; 0 for a class that the system does not know."""
        return self._matrix("scores", unknown=0.0)

    @cached_property
    def logits_NC(self) -> Floats:
        """Raw logits for each of `names`; -inf for a class that the system does not know."""
        return self._matrix("logits", unknown=-np.inf)

    def only(self, row_ids: Collection[str]) -> Predictions:
        """Some of the rows, in their order here."""
        wanted = frozenset(row_ids)  # a list would be searched from its beginning for every row
        chosen = [row_id in wanted for row_id in self.row_ids]
        return Predictions(table=self.table.filter(pa.array(chosen, pa.bool_())), kind=self.kind, labels=self.labels)

    def rows(self, start: int, end: int) -> Predictions:
        """Rows that stand together."""
        return Predictions(table=self.table.slice(start, end - start), kind=self.kind, labels=self.labels)

    @cached_property
    def labelled(self) -> Predictions:
        """The rows that can be scored: those with gold, and for regression with an answer, for which none is no number.

        Without an answer a row of the other kinds is wrong.
        """
        usable = pc.is_valid(self.table.column("gold"))
        if self.kind == "regression":
            usable = pc.and_(usable, pc.is_valid(self.table.column("prediction")))
        if pc.all(usable).as_py() is not False:
            return self
        return Predictions(table=self.table.filter(usable), kind=self.kind, labels=self.labels)

    def _index(self, column: str) -> Integers:
        places = pc.index_in(self.table.column(column), value_set=pa.array(self.names, pa.string()), skip_nulls=True)
        return np.asarray(pc.fill_null(places, -1).to_numpy(), np.int64)

    def _sets(self, column: str) -> Booleans:
        lists = self.table.column(column).combine_chunks()
        sets = np.zeros((len(self), len(self.names)), np.bool_)
        rows = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), np.int64)
        places = pc.index_in(pc.list_flatten(lists), value_set=pa.array(self.names, pa.string()))
        sets[rows, np.asarray(places.to_numpy(zero_copy_only=False), np.int64)] = True
        return sets

    def _numbers(self, column: str) -> Floats:
        return np.asarray(self.table.column(column).to_numpy(), np.float64)

    def _spans(self, column: str) -> list[list[Span]]:
        rows = self.table.column(column).to_pylist()
        return [[(span["start"], span["end"], span["label"]) for span in row or ()] for row in rows]

    def _matrix(self, column: str, *, unknown: float) -> Floats:
        width = len(self.labels) if self.kind != "regression" else 1
        flat = np.asarray(pc.list_flatten(self.table.column(column)).to_numpy(), np.float64)
        if len(flat) != len(self) * width:
            raise DataError(
                f"predictions, column `{column}`: {len(flat)} numbers for {len(self)} rows and {width} classes; "
                f"every row needs exactly {width}. This system may give answers only."
            )
        matrix = flat.reshape(len(self), width)
        extra = len(self.names) - width
        return np.pad(matrix, ((0, 0), (0, extra)), constant_values=unknown) if extra > 0 else matrix


def from_logits(
    row_ids: Sequence[str],
    *,
    kind: Kind,
    labels: Sequence[str],
    gold: Sequence[Any] | pa.Array | None,
    logits_NC: npt.NDArray[Any],
    temperature: float | Sequence[float] = 1.0,
    scaling: Scaler | None = None,
    thresholds: float | Sequence[float] = 0.5,
    weight: Sequence[float] | None = None,
) -> Predictions:
    """Predictions of a model: scores are softmax (one class) or sigmoid (sets) of logits / temperature in float64.

    `scaling` takes the temperature's place. The answer is the class with the highest score (of equals the highest logit), the
    set of labels at or above their threshold, or the number itself.
    """
    width = 1 if kind == "regression" else len(labels)
    logits = np.asarray(logits_NC, np.float64).reshape(len(row_ids), width)
    _check_logits(row_ids, logits)
    gold_array = _answers(gold, kind, len(row_ids))
    names = np.asarray(list(labels), object)
    scaled = logits / np.asarray(temperature, np.float64)
    nll: Floats | None = None
    scores: Floats | None = None
    answers: Any
    if kind == "regression":
        answers = logits[:, 0]
    elif kind == "single_label":
        if scaling is None:
            log_scores = log_softmax(scaled)
            scores = np.exp(log_scores)
        else:
            scores = scaling.scores(logits, link="softmax")
            log_scores = np.log(np.maximum(scores, np.finfo(np.float64).tiny))
        highest_NC = log_scores == log_scores.max(1, keepdims=True)
        answers = names[np.where(highest_NC, logits, -np.inf).argmax(1)].tolist()
        places = np.asarray(pc.fill_null(pc.index_in(gold_array, value_set=pa.array(labels, pa.string())), -1))
        nll = np.where(places >= 0, -np.take_along_axis(log_scores, places[:, None], axis=1)[:, 0], np.nan)
    else:
        scores = sigmoid(scaled) if scaling is None else scaling.scores(logits, link="sigmoid")
        said = scores >= np.asarray(thresholds, np.float64)
        answers = [names[row].tolist() for row in said]
    rows = Predictions(
        table=_table(kind, row_ids, gold_array, answers, logits=logits, scores=scores, nll=nll, weight=weight),
        kind=kind,
        labels=tuple(labels) if kind != "regression" else (),
    )
    return _with_set_nll(rows, scaled if scaling is None else _log_odds(scores)) if kind == "multi_label" else rows


def from_answers(
    row_ids: Sequence[str],
    *,
    kind: Kind,
    labels: Sequence[str],
    gold: Sequence[Any] | pa.Array | None,
    answers: Sequence[Any] | pa.Array,
    weight: Sequence[float] | None = None,
) -> Predictions:
    """Predictions of a system that gives answers without scores: the majority, a keyword list, a person."""
    table = _table(kind, row_ids, _answers(gold, kind, len(row_ids)), answers, weight=weight)
    return Predictions(table=table, kind=kind, labels=tuple(labels) if kind != "regression" else ())


def from_texts(
    row_ids: Sequence[str],
    *,
    references: Sequence[Sequence[str] | None] | None,
    answers: Sequence[str | None],
    sources: Sequence[str | None] | None,
    nll: Sequence[float | None] | None = None,
    num_tokens: Sequence[int | None] | None = None,
    stop: Sequence[Stop | None] | None = None,
    logprob: Sequence[float | None] | None = None,
    weight: Sequence[float] | None = None,
) -> Predictions:
    """Predictions of a system whose answers are texts. A row with no reference is one to be answered only.

    `nll` is the sum over gold's `num_tokens` target tokens of -log p, in nats; NaN and None are rows not measured.
    Raises `DataError` for columns of different lengths, an unknown `stop`, or losses without numbers of tokens.
    """
    unknown = sorted({str(reason) for reason in stop or ()} - {"None", *get_args(Stop)})
    if unknown:
        raise DataError(f"predictions, column `stop`: {unknown[0]!r} is none of {', '.join(get_args(Stop))}")
    if (nll is None) != (num_tokens is None):
        raise DataError("predictions: `nll` and `num_tokens` go together; a loss means nothing without its tokens")
    accepted = [list(row) if row else None for row in references] if references is not None else [None] * len(row_ids)
    further = {"references": accepted, "source": sources, "num_tokens": num_tokens, "stop": stop, "logprob": logprob}
    gold = _answers([row[0] if row else None for row in accepted], "text", len(accepted))
    table = _table("text", row_ids, gold, answers, nll=nll, weight=weight, further=further)
    return Predictions(table=table, kind="text", labels=())


def from_spans(
    row_ids: Sequence[str],
    *,
    labels: Sequence[str],
    gold: Sequence[Sequence[Span] | None] | None,
    answers: Sequence[Sequence[Span] | None],
    texts: Sequence[str],
    tokens: Sequence[Sequence[tuple[int, int]]] | None = None,
    nll: Sequence[float | None] | None = None,
    weight: Sequence[float] | None = None,
) -> Predictions:
    """Predictions of a system that says which parts of a text are what; a row with no spans has an empty list.

    `labels` are the classes of spans. Raises `DataError` for a span that is empty or not within its text.
    """
    for side in (gold or (), answers):
        for row_id, spans, text in zip(row_ids, side, texts, strict=False):  # lengths are checked below
            for start, end, label in spans or ():
                if not 0 <= start < end <= len(text):
                    raise DataError(
                        f"predictions, row {row_id}: the span {label} from {start} to {end} is not within its text of "
                        f"{len(text)} characters; places count code points from 0, and the end is excluded"
                    )
    further = {"text": texts, "tokens": tokens}
    gold_array = _answers(gold, "spans", len(row_ids))
    table = _table("spans", row_ids, gold_array, answers, nll=nll, weight=weight, further=further)
    return Predictions(table=table, kind="spans", labels=tuple(labels))


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write the Parquet file; kind and labels stand in its metadata, so it can be read by itself."""
    about = {"tunewright": json.dumps({"kind": predictions.kind, "labels": predictions.labels}, ensure_ascii=False)}
    with writing(path) as aside:
        pq.write_table(predictions.table.replace_schema_metadata(about), aside, compression="zstd")


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote."""
    try:
        table = pq.read_table(path)
        about = json.loads((table.schema.metadata or {})[b"tunewright"])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError) as error:
        raise DataError(f"{path}: not a predictions file of tunewright ({error})") from error
    return Predictions(table=table.replace_schema_metadata(), kind=about["kind"], labels=tuple(about["labels"]))


def log_softmax(logits_NC: Floats) -> Floats:
    """Logarithm of the softmax, stable for logits of any size."""
    shifted = logits_NC - logits_NC.max(1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return result


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + exp(-logits)), stable for logits of any size."""
    small = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)


def _log_odds(scores_NC: Floats | None) -> Floats:
    assert scores_NC is not None
    tiny = np.finfo(np.float64).tiny
    return np.log(np.maximum(scores_NC, tiny)) - np.log(np.maximum(1 - scores_NC, tiny))


def _with_set_nll(rows: Predictions, scaled_NC: Floats) -> Predictions:
    """Multi-label nll: softplus(logit) - gold * logit summed over the known labels; null where gold is."""
    gold_NC = rows.gold_sets_NC[:, : len(rows.labels)]
    losses = np.logaddexp(0.0, scaled_NC) - gold_NC * scaled_NC
    known = pc.is_valid(rows.table.column("gold")).to_numpy()
    nll = pa.array(np.where(known, losses.sum(1), np.nan), from_pandas=True)
    place = rows.table.column_names.index("nll")
    return Predictions(table=rows.table.set_column(place, "nll", nll), kind=rows.kind, labels=rows.labels)


def _answers(values: Sequence[Any] | pa.Array | None, kind: Kind, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, ANSWER[kind])
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values.cast(ANSWER[kind])
    return pa.array(values, ANSWER[kind], from_pandas=kind == "regression")


def _table(
    kind: Kind,
    row_ids: Sequence[str],
    gold: pa.Array,
    answers: Any,
    *,
    logits: Floats | None = None,
    scores: Floats | None = None,
    nll: Floats | Sequence[float | None] | None = None,
    weight: Sequence[float] | None = None,
    further: Mapping[str, Any] = MappingProxyType({}),
) -> pa.Table:
    rows = len(row_ids)
    columns = [
        pa.array(row_ids, pa.string()),
        gold,
        _answers(answers, kind, rows),
        _lists(logits, rows),
        _lists(scores, rows),
        pa.nulls(rows, pa.float64()) if nll is None else pa.array(nll, pa.float64(), from_pandas=True),
        pa.array(np.ones(rows) if weight is None else weight, pa.float64()),
        *(
            pa.nulls(rows, of) if further[name] is None else pa.array(further[name], of, from_pandas=True)
            for name, of in FURTHER.get(kind, {}).items()
        ),
    ]
    lengths = {name: len(column) for name, column in zip(schema(kind).names, columns, strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(f"predictions: columns of different lengths, {lengths}; each row needs one value in each")
    return pa.table(columns, schema=schema(kind))


def _lists(matrix: Floats | None, rows: int) -> pa.Array:
    if matrix is None:
        return pa.nulls(rows, pa.list_(pa.float64()))
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(matrix.shape[1])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(matrix).ravel()))


def _check_logits(row_ids: Sequence[str], logits_NC: Floats) -> None:
    bad = np.flatnonzero(~np.isfinite(logits_NC).all(1))
    if len(bad):
        raise DataError(
            f"the system gave a logit that is no finite number for {len(bad)} of {len(row_ids)} rows, "
            f"first for row {row_ids[bad[0]]}; a model that does this can't be scored"
        )
