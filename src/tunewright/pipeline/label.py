"""`tunewright label RUN`: which rows to label next, and which labels to check first, as one table for people.

    found = rows_to_label("runs/reviews-1a2b3c4d", next_rows=50, check_rows=50)
    write_rows_to_label(found, "label.xlsx")

The table is the one that `data audit --relabel` writes, so `data apply` puts what people decide into the data. Rows to label come
from the rows without a label of the run, or from a further file; rows to check are the run's own suspects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tunewright.core.errors import DataError, FolderError
from tunewright.core.folder import RunFolder, read_json
from tunewright.core.sentence import Sentence, in_both, joined
from tunewright.data.relabel import Doubt, Relabelling, write_relabelling_file
from tunewright.data.sources import read
from tunewright.evaluate import Predictions, read_predictions
from tunewright.pipeline.added_columns import texts_of_column
from tunewright.planning.next_rows import Pick, doubt_of, pick_rows
from tunewright.probes.nearest import text_vectors
from tunewright.recipe import load_recipe

NEXT_ROWS, CHECK_ROWS = 50, 50
SEVERAL = 2
"""Rows that say much the same are mentioned from so many on."""


@dataclass(frozen=True, kw_only=True)
class RowToLabel:
    """One row of the table, with the reason why it is in it."""

    row_id: str
    text: str
    label: str
    """As it is; empty for a row to be labelled."""
    suggested: str
    confidence: float
    why: Sentence

    def to_json(self) -> dict[str, Any]:
        """As plain values, the reason in both languages."""
        return asdict(self) | {"why": in_both(self.why)}


@dataclass(frozen=True, kw_only=True)
class RowsToLabel:
    """All rows of the table: those to label, then those to check."""

    source: str
    """The file that the rows are in."""
    system: str
    """Which of the run's systems is unsure."""
    unlabelled: int
    """Rows without a label that were looked at."""
    labels: tuple[str, ...]
    """What a label can be."""
    several: bool
    """Whether a row may have more than one."""
    private: bool
    """Whether the run is: then texts stand in the table, where they are needed, and nowhere else."""
    to_label: tuple[RowToLabel, ...]
    to_check: tuple[RowToLabel, ...]

    def to_json(self) -> dict[str, Any]:
        """One object; without texts where the run is private."""
        hidden = {"text": None} if self.private else {}
        return asdict(self) | {
            name: [row.to_json() | hidden for row in getattr(self, name)] for name in ("to_label", "to_check")
        }


def rows_to_label(
    run: str | Path, *, file: str | Path | None = None, text: str | None = None, next_rows: int = NEXT_ROWS,
    check_rows: int = CHECK_ROWS,
) -> RowsToLabel:  # fmt: skip
    """The rows of a finished run that are worth a person's time, or of `file` those without a label.

    `text` names the file's column of texts, if it is called otherwise than in training. Raises FolderError for what is no
    finished run, DataError where its answers have no confidence or there is nothing to label or check.
    """
    folder = RunFolder(Path(run))
    if not folder.finished.exists():
        raise FolderError(f"{run}: this is no finished run. Expected a folder like runs/NAME-DIGEST.")
    recipe, system = load_recipe(folder.recipe), str(read_json(folder.evidence)["recommended"])
    kind = read_json(folder.plan)["task"]
    if kind not in ("single_label", "multi_label"):
        raise DataError(
            f"{run}: its answers are of the kind `{kind}`, and rows are chosen by how sure a model is of labels. "
            "Accepted: runs whose answers are labels."
        )
    separator = recipe.data.columns.label_separator or ";"
    pool = _of_run(folder, system) if file is None else _of_file(folder, system, Path(file), text)
    to_label = _to_label(pool, number=next_rows, separator=separator) if len(pool.predictions) and next_rows else ()
    to_check = _to_check(folder, number=check_rows, separator=separator) if file is None and check_rows else ()
    if not to_label and not to_check:
        raise DataError(
            f"{file or recipe.data.path}: no row is without a label, and no label is suspected, so there is nothing to ask "
            "a person. `tunewright label RUN FILE` takes rows from a further file."
        )
    return RowsToLabel(
        source=str(file or recipe.data.path), system=system, unlabelled=len(pool.predictions), labels=pool.labels,
        several=kind == "multi_label", private=recipe.report.private, to_label=to_label, to_check=to_check,
    )  # fmt: skip


def write_rows_to_label(found: RowsToLabel, path: str | Path, *, chinese: bool = False) -> None:
    """Write the table to be filled in, `.xlsx` or `.csv`. Raises DataError for another ending, or where the file exists."""
    rows = [
        Doubt(
            row_id=row.row_id, text=row.text, label=row.label, suggested=row.suggested, confidence=row.confidence,
            why=(row.why.chinese if chinese else str(row.why),),
        )
        for row in (*found.to_label, *found.to_check)
    ]  # fmt: skip
    labels = [] if found.several else list(found.labels)
    write_relabelling_file(Relabelling(rows=rows, labels=labels), Path(path))


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Rows without a label, and what a system says of them."""

    predictions: Predictions
    texts: list[str]
    labels: tuple[str, ...]


def _of_run(folder: RunFolder, system: str) -> Pool:
    texts = _texts(folder)
    path = folder.predictions(system, "unlabelled")
    known = read_predictions(folder.predictions(system, "validation"))
    predictions = read_predictions(path) if path.exists() else known.only([])
    return Pool(predictions=predictions, texts=[texts[one] for one in predictions.row_ids], labels=known.labels)


def _of_file(folder: RunFolder, system: str, path: Path, text: str | None) -> Pool:
    """The rows without a label of a further file, answered by the run's system."""
    from tunewright.serve import Predictor, load

    predictor = load(folder.bundle_of(system))
    assert isinstance(predictor, Predictor), "runs of labels have models that give labels"
    about, table = predictor.about, read(path).table
    texts = texts_of_column(table, text or about.columns.get("text", "text"), path, option="--text")
    pairs = None
    if "text_pair" in about.fields:
        pairs = texts_of_column(table, about.columns.get("text_pair", "text_pair"), path, option="--text")
    column = about.columns.get("label", "")
    cells = table.column(column).to_pylist() if column in table.column_names else [None] * len(table)
    places = [place for place, cell in enumerate(cells) if not cell and texts[place].strip()]
    ids = table.column("row_id").to_pylist()
    predictions = predictor.predictions(
        [ids[i] for i in places],
        [texts[i] for i in places],
        pairs=None if pairs is None else [pairs[i] for i in places],
    )
    return Pool(
        predictions=predictions, labels=about.labels,
        texts=[texts[i] if pairs is None else f"{texts[i]}\n—\n{pairs[i]}" for i in places],
    )  # fmt: skip


def _to_label(pool: Pool, *, number: int, separator: str) -> tuple[RowToLabel, ...]:
    predictions = pool.predictions
    assert predictions.kind in ("single_label", "multi_label"), "checked with the run"
    doubt_N = doubt_of(predictions.scores_NC, kind=predictions.kind)
    picked = pick_rows(doubt_N, text_vectors(pool.texts), number=number)
    return tuple(_picked(pool, pick, separator) for pick in picked)


def _picked(pool: Pool, pick: Pick, separator: str) -> RowToLabel:
    predictions, place = pool.predictions, pick.place
    scores = dict(zip(predictions.labels, predictions.scores_NC[place].tolist(), strict=True))
    first, *others = sorted(scores, key=lambda label: -scores[label])
    if predictions.kind == "multi_label":
        open_label = min(scores, key=lambda label: abs(scores[label] - 0.5))
        why = Sentence("unsure of `{label}`: {share:.0%}", label=open_label, share=scores[open_label])
    else:
        why = Sentence(
            "unsure: `{first}` {a:.0%}, `{second}` {b:.0%}",
            first=first, a=scores[first], second=others[0], b=scores[others[0]],
        )  # fmt: skip
    if pick.alike >= SEVERAL:
        why = joined([why, Sentence("{count} rows say much the same", count=pick.alike)], Sentence("; "))
    return RowToLabel(
        row_id=predictions.row_ids[place], text=pool.texts[place], label="", why=why, confidence=scores[first],
        suggested=_shown(predictions.table.column("prediction")[place].as_py(), separator),
    )  # fmt: skip


def _to_check(folder: RunFolder, *, number: int, separator: str) -> tuple[RowToLabel, ...]:
    """The run's suspected labels, the surest first."""
    suspects = read_json(folder.suspects)["suspects"] if folder.suspects.exists() else None
    texts = _texts(folder)
    return tuple(
        RowToLabel(
            row_id=one["row_id"], text=texts[one["row_id"]], label=_shown(one["label"], separator),
            suggested=_shown(one["suggested"], separator), confidence=one["confidence"],
            why=Sentence(
                "perhaps wrong: models that had not seen the row give its label {share:.0%}", share=one["quality"]
            ),
        )
        for one in (suspects["found"] if suspects else ())
        if one["row_id"] in texts
    )[:number]  # fmt: skip


def _texts(folder: RunFolder) -> dict[str, str]:
    """The texts of a run's rows by row id."""
    names = pq.read_schema(folder.rows).names
    table = pq.read_table(folder.rows, columns=[one for one in ("row_id", "text", "text_pair") if one in names])
    pairs = table.column("text_pair").to_pylist() if "text_pair" in table.column_names else [None] * len(table)
    rows = zip(table.column("row_id").to_pylist(), table.column("text").to_pylist(), pairs, strict=True)
    return {row_id: first if pair is None else f"{first}\n—\n{pair}" for row_id, first, pair in rows}


def _shown(label: str | Sequence[str], separator: str) -> str:
    return label if isinstance(label, str) else separator.join(label)
