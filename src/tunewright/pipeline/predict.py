"""`tunewright predict`: a text in, an answer out; a file in, the same file out with columns added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.data.sources import LikeWriter, default_output, find_source, iter_rows, written_as
from tunewright.pipeline.journal import Listener
from tunewright.pipeline.predict_texts import predict_texts, require_other_file
from tunewright.serve import Answer, WritingPredictor, WrittenAnswer, load
from tunewright.serve.predictor import answers_of


def predict_text(model: Path, text: str, *, pair: str | None = None) -> Answer | WrittenAnswer:
    """The answer to one text."""
    predictor = load(model)
    if isinstance(predictor, WritingPredictor):
        return predictor.predict(text)[0]
    return predictor.predict([text], pairs=None if pair is None else [pair])[0]


def predict_file(
    model: Path, path: Path, *, output: Path | None = None, text: str | None = None, text_pair: str | None = None,
    listener: Listener | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Answer every row of a file of any size; the output has the same format, encoding, order and columns, and
    `prediction` and `confidence` behind them. Rows that can't be read are counted and left out of it.

    The output's ending may name another format; e-mails and other formats that no column can be added to come out as CSV.
    """
    predictor = load(model)
    if isinstance(predictor, WritingPredictor):
        return predict_texts(predictor, path, output=output, text=text, listener=listener)
    source = find_source(path, several="first")
    output = output or default_output(path, source, word="predicted")
    require_other_file(output, path)
    rows = unreadable = cut = 0
    target = written_as(source, output, where=path)
    with LikeWriter(target, output) as writer:
        for chunk in iter_rows(path, rows_per_chunk=1024):
            columns = chunk.table.column_names
            named = text or predictor.about.columns.get("text", "text")
            texts = _texts(chunk.table, named, columns, path, option="--text")
            pairs = None
            if "text_pair" in predictor.about.fields:
                named_pair = text_pair or predictor.about.columns.get("text_pair", "text_pair")
                pairs = _texts(chunk.table, named_pair, columns, path, option="--text-pair")
            predictions = predictor.predictions(chunk.table.column("row_id").to_pylist(), texts, pairs=pairs)
            answers = answers_of(predictions)
            added: dict[str, list[Any]] = {_free("prediction", columns): [_as_cell(a.label) for a in answers]}
            if predictions.kind != "regression":
                added[_free("confidence", columns)] = [round(a.confidence or 0.0, 6) for a in answers]
            writer.write(chunk, added)
            rows += len(answers)
            unreadable += len(chunk.quarantined)
            cut += predictor.num_cut(texts, pairs=pairs)
            if listener:
                listener({"kind": "predicted", "rows": rows})
    return {"output": str(output), "format": target.kind, "rows": rows, "unreadable": unreadable, "cut": cut}


def _texts(table: Any, name: str, columns: list[str], path: Path, *, option: str) -> list[str]:
    if name not in columns:
        readable = [column for column in columns if column not in ("row_id", "origin")]
        raise DataError(
            f"{path}: there is no column `{name}`, which the model was trained on.{nearest(name, readable)} "
            f"Columns here: {', '.join(readable)}. Name the right one with `{option} COLUMN`."
        )
    return ["" if value is None else str(value) for value in table.column(name).to_pylist()]


def _free(name: str, columns: list[str]) -> str:
    """A column name that the file does not have yet."""
    while name in columns:
        name += "_2"
    return name


def _as_cell(label: Any) -> Any:
    return ";".join(label) if isinstance(label, list) else label
