"""`tunewright predict`: a text in, an answer out; a file in, the same file out with columns added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, ModelError
from tunewright.data.sources import LikeWriter, default_output, find_source, iter_rows, written_as
from tunewright.pipeline.added_columns import free_name, require_other_file, texts_of_column
from tunewright.pipeline.journal import Listener
from tunewright.pipeline.predict_tags import predict_tags
from tunewright.pipeline.predict_texts import predict_texts
from tunewright.serve import Answer, AnyPredictor, TaggedText, TaggingPredictor, WritingPredictor, WrittenAnswer, load
from tunewright.serve.predictor import answers_of
from tunewright.tasks import TASKS


def predict_text(
    model: Path,
    text: str,
    *,
    pair: str | None = None,
    abstain_below: float | None = None,
    precision: float | None = None,
) -> Answer | TaggedText | WrittenAnswer:
    """The answer to one text; abstained where it is less sure than what was asked for."""
    predictor = load(model)
    threshold = abstain_threshold(predictor, abstain_below=abstain_below, precision=precision)
    if isinstance(predictor, (TaggingPredictor, WritingPredictor)):
        return predictor.predict(text)[0]
    return _sure_or_not(predictor.predict([text], pairs=None if pair is None else [pair]), threshold)[0]


def predict_file(
    model: Path, path: Path, *, output: Path | None = None, text: str | None = None, text_pair: str | None = None,
    abstain_below: float | None = None, precision: float | None = None, possible: bool = False,
    listener: Listener | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Answer every row of a file of any size; the output has the same format, encoding, order and columns, and
    `prediction` and `confidence` behind them. Rows that can't be read are counted and left out of it.

    With `abstain_below`, a row whose confidence is lower gets an empty `prediction`, and what would have been said stands in
    `suggested`; with `precision` that confidence is the one that was chosen on validation rows so that this share of the
    answers is right. With `possible`, a column has all labels that may be right (of numbers: `low` and `high`).

    The output's ending may name another format; e-mails and other formats that no column can be added to come out as CSV.
    """
    predictor = load(model)
    threshold = abstain_threshold(predictor, abstain_below=abstain_below, precision=precision)
    if possible and predictor.about.conformal is None:
        raise ModelError(
            f"{model}: this model holds nothing from which sets of possible answers could be made. Models of runs from this "
            "version on do, where answers are labels or numbers."
        )
    if isinstance(predictor, WritingPredictor):
        return predict_texts(predictor, path, output=output, text=text, listener=listener)
    if isinstance(predictor, TaggingPredictor):
        return predict_tags(predictor, path, output=output, text=text, listener=listener)
    source = find_source(path, several="first")
    output = output or default_output(path, source, word="predicted")
    require_other_file(output, path)
    rows = unreadable = cut = abstained = 0
    target = written_as(source, output, where=path)
    with LikeWriter(target, output) as writer:
        for chunk in iter_rows(path, rows_per_chunk=1024):
            columns = chunk.table.column_names
            named = text or predictor.about.columns.get("text", "text")
            texts = texts_of_column(chunk.table, named, path, option="--text")
            pairs = None
            if "text_pair" in predictor.about.fields:
                named_pair = text_pair or predictor.about.columns.get("text_pair", "text_pair")
                pairs = texts_of_column(chunk.table, named_pair, path, option="--text-pair")
            predictions = predictor.predictions(chunk.table.column("row_id").to_pylist(), texts, pairs=pairs)
            answers = _sure_or_not(answers_of(predictions, conformal=predictor.about.conformal), threshold)
            added = _added(answers, abstaining=threshold is not None, possible=possible)
            writer.write(chunk, {free_name(name, columns): cells for name, cells in added.items()})
            abstained += sum(answer.abstained for answer in answers)
            rows += len(answers)
            unreadable += len(chunk.quarantined)
            cut += predictor.num_cut(texts, pairs=pairs)
            if listener:
                listener({"kind": "predicted", "rows": rows})
    return {
        "output": str(output), "format": target.kind, "rows": rows, "unreadable": unreadable, "cut": cut,
        "abstained": abstained, "threshold": threshold,
    }  # fmt: skip


def abstain_threshold(
    predictor: AnyPredictor, *, abstain_below: float | None = None, precision: float | None = None
) -> float | None:
    """The confidence from which to answer; None: always. Raises DataError where the model can't do what is wanted."""
    if abstain_below is None and precision is None:
        return None
    kind = TASKS[predictor.about.task].kind
    if kind not in ("single_label", "multi_label"):
        other = " `--possible` adds the interval of each number." if kind == "regression" else ""
        raise DataError(f"this model's answers have no confidence to abstain by.{other}")
    if abstain_below is not None:
        if not 0 <= abstain_below <= 1:
            raise DataError(f"--abstain-below {abstain_below:g}: expected a confidence between 0 and 1, such as 0.8.")
        return abstain_below
    known = {float(wanted): threshold for wanted, threshold in predictor.about.alone.items()}
    if precision not in known:
        listed = ", ".join(f"{wanted:g}" for wanted in known) or "none"
        raise DataError(
            f"--precision {precision:g}: no confidence was found on the validation rows from which so many answers are right. "
            f"Found for: {listed}. `evaluate.wanted_precision` says which are looked for; `--abstain-below` takes any confidence."
        )
    return known[precision]


def _sure_or_not(answers: list[Answer], threshold: float | None) -> list[Answer]:
    return [
        replace(
            answer, abstained=threshold is not None and answer.confidence is not None and answer.confidence < threshold
        )
        for answer in answers
    ]


def _added(answers: list[Answer], *, abstaining: bool, possible: bool) -> dict[str, list[Any]]:
    """The new columns of some rows."""
    added = {"prediction": ["" if answer.abstained else _as_cell(answer.label) for answer in answers]}
    if abstaining:
        added["suggested"] = [_as_cell(answer.label) if answer.abstained else "" for answer in answers]
    if any(answer.confidence is not None for answer in answers):
        added["confidence"] = [round(answer.confidence or 0.0, 6) for answer in answers]
    if possible and any(answer.possible is not None for answer in answers):
        added["possible"] = [_as_cell(answer.possible) for answer in answers]
    elif possible:
        added |= {"low": [answer.low for answer in answers], "high": [answer.high for answer in answers]}
    return added


def _as_cell(label: Any) -> Any:
    return ";".join(label) if isinstance(label, list) else label
