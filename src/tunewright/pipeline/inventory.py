"""`tunewright inventory RUN`: every file of a run that holds text, or what text could be guessed from; and why it is there.

Each file of a run falls under one line of `HOLDINGS`. A file that falls under none is listed as unknown: nothing is assumed
to be harmless.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tunewright.core.errors import FolderError
from tunewright.core.folder import RunFolder, read_json
from tunewright.pipeline.private import num_texts
from tunewright.report.found import SUSPECTS_SHOWN

Holds = Literal["texts", "learned", "labels", "no text", "unknown"]
"""Texts that can be read; what was learned from texts (weights, digests of words) and may give some away; names of labels,
columns and files; nothing of the kind."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """What files of one pattern hold, and why."""

    pattern: str
    """Of the path inside the run folder; the first that fits counts."""
    holds: Holds
    why: str
    rows_with_text: Callable[[Path], int] | None = None
    """How many rows of text are in it now. None: not counted."""
    without_texts: Holds = "no text"
    """What a file of texts holds where none is in it."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file of a run."""

    path: str
    holds: Holds
    rows: int | None
    """Rows of text, where they can be counted."""
    bytes: int
    why: str


def inventory(run: Path) -> list[Item]:
    """All files of a run, those with text first. Raises FolderError where there is no run."""
    folder = require_run(run)
    items = [_item(folder.path, file) for file in sorted(folder.path.rglob("*")) if file.is_file()]
    return sorted(items, key=lambda item: (_ORDER[item.holds], item.path))


def require_run(path: Path) -> RunFolder:
    """The run in a folder. Raises FolderError if it is none."""
    folder = RunFolder(path)
    if not folder.request.exists():
        raise FolderError(
            f"{path}: this is no run folder (it has no request.json). Expected a folder like runs/NAME-DIGEST."
        )
    return folder


def to_json(items: list[Item]) -> dict[str, Any]:
    """One object for `--json`."""
    return {"files": [asdict(item) for item in items]}


def _item(root: Path, file: Path) -> Item:
    name = file.relative_to(root).as_posix()
    size = file.stat().st_size
    for holding in HOLDINGS:
        if fnmatch(name, holding.pattern):
            rows = None if holding.rows_with_text is None else holding.rows_with_text(file)
            holds: Holds = holding.without_texts if rows == 0 and holding.holds == "texts" else holding.holds
            return Item(path=name, holds=holds, rows=rows, bytes=size, why=holding.why)
    return Item(
        path=name, holds="unknown", rows=None, bytes=size, why="Not written by this version; look at it yourself."
    )


def _rows_of(column: str) -> Callable[[Path], int]:
    def count(path: Path) -> int:
        table = pq.read_table(path)
        return pc.sum(pc.is_valid(table.column(column))).as_py() or 0 if column in table.column_names else 0

    return count


def _ledger_texts(path: Path) -> int:
    table: pa.Table = pq.read_table(path, columns=["field", "reason_code", "before", "after"])
    return sum(
        (row["before"] is not None or row["after"] is not None)
        and row["field"] not in ("duplicate_of", "split") and row["reason_code"] != "scrub"
        for row in table.to_pylist()
    )  # fmt: skip


def _raw_lines(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return sum(bool(json.loads(line).get("raw")) for line in lines if line.strip())


def _csv_texts(path: Path) -> int:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for row in csv.DictReader(file) if row.get("text"))


def _evidence_texts(path: Path) -> int:
    return num_texts(read_json(path))


def _shown_mistakes(path: Path) -> int:
    """Texts of mistakes and of training rows like them, and of suspected labels."""
    evidence = path.parent / "evidence.json"
    return (_evidence_texts(evidence) if evidence.exists() else 0) + _shown_suspects(RunFolder(path.parent))


def _shown_suspects(folder: RunFolder) -> int:
    """Texts of suspected labels on the page, which takes them from the rows."""
    if not folder.suspects.exists() or not folder.rows.exists():
        return 0
    value = read_json(folder.suspects)
    found = (value["suspects"] or {}).get("found") or []
    return 0 if value["private"] else min(len(found), SUSPECTS_SHOWN)


_ORDER: dict[Holds, int] = {"texts": 0, "unknown": 1, "learned": 2, "labels": 3, "no text": 4}

HOLDINGS: tuple[Holding, ...] = (
    Holding(pattern="data/rows.parquet", holds="texts", rows_with_text=_rows_of("text"),
            why="The rows that are trained and tested on; resume, cross-validation and pages of mistakes read them."),
    Holding(pattern="data/quarantine.jsonl", holds="texts", rows_with_text=_raw_lines,
            why="Rows that could not be read, as they stood in the file, so that they can be mended."),
    Holding(pattern="data/ledger.parquet", holds="texts", rows_with_text=_ledger_texts,
            why="What was changed or set aside, with the text before and after."),
    Holding(pattern="predictions/unlabelled.csv", holds="texts", rows_with_text=_csv_texts,
            why="Answers to rows without a label, beside their texts."),
    Holding(pattern="evidence.json", holds="texts", rows_with_text=_evidence_texts,
            why="The wrong answers the model was surest of and training rows like them, with their texts, for the report."),
    Holding(pattern="report.html", holds="texts", rows_with_text=_shown_mistakes,
            why="The page for people; it shows texts of mistakes unless the run is private."),
    Holding(pattern="tokens/*", holds="texts",
            why="Texts as token numbers, from which they can be read back; there until the run is finished."),
    Holding(pattern="stores/*", holds="texts",
            why="Texts as token numbers, from which they can be read back; there until all trials are finished."),
    Holding(pattern="trials/*/checkpoints/*", holds="learned",
            why="Weights on the way of a trial; there until it is finished."),
    Holding(pattern="checkpoints/*", holds="learned",
            why="Weights on the way, which may have learned pieces of texts by heart; there until the run is finished."),
    Holding(pattern="*/README.md", holds="labels", why="The card: figures and names of labels."),
    Holding(pattern="*/tunewright.json", holds="labels", why="Names of labels and columns, how texts are prepared, digests."),
    Holding(pattern="baseline/*", holds="learned",
            why="Word counting: digests of words and character n-grams. They can't be read, but one can ask whether a word "
                "or a piece of four characters stood in the training texts."),
    Holding(pattern="frozen*/*", holds="learned", why="A linear model over features of the texts."),
    Holding(pattern="model/*", holds="learned", why="The weights: a model may have learned pieces of texts by heart."),
    Holding(pattern="adapter/*", holds="learned", why="The weights: a model may have learned pieces of texts by heart."),
    Holding(pattern="trials/*.parquet", holds="labels", why="Answers of a trial to the validation rows, by row id."),
    Holding(pattern="trials/*", holds="labels", why="What a trial reached, and its diary: figures and row ids."),
    Holding(pattern="improve/*", holds="labels", why="What was tried to improve the run: figures, settings, row ids."),
    Holding(pattern="study.*", holds="labels", why="What is searched, and every trial's values and scores."),
    Holding(pattern="search.json", holds="labels", why="Trials in order: settings, figures, the path of the file."),
    Holding(pattern="best.yaml", holds="labels", why="Settings; the path of the file and names of columns."),
    Holding(pattern="curve.json", holds="labels", why="A learning curve: figures, and the path of the file."),
    Holding(pattern="ranking.json", holds="labels", why="Models and what was measured of them; the path of the file."),
    Holding(pattern="predictions/*.parquet", holds="texts", rows_with_text=_rows_of("source"), without_texts="labels",
            why="Answers by row id: labels and numbers; of a model that writes, its answers beside question and reference. "
                "The file `current` has the answers of the column you compare with."),
    Holding(pattern="request.json", holds="labels", why="Where the file lies, and its digest."),
    Holding(pattern="recipe.yaml", holds="labels", why="Settings; the path of the file and names of columns."),
    Holding(pattern="plan.json", holds="labels", why="What was found in the file: names of columns, reasons, digests."),
    Holding(pattern="audit.json", holds="labels", why="Findings: counts, row ids, names of labels."),
    Holding(pattern="data/suspects.json", holds="labels", why="Suspected labels: row ids, labels, what is suggested."),
    Holding(pattern="data/source.json", holds="labels", why="How the file was read: names of columns, row ids."),
    Holding(pattern="scores.json", holds="labels", why="Scores by label."),
    Holding(pattern="events.jsonl", holds="labels", why="The diary: stages, decisions, losses, row ids."),
    Holding(pattern="data/account.json", holds="no text", why="Counts."),
    Holding(pattern="runtime.json", holds="no text", why="Threads and precision."),
    Holding(pattern="smoke.json", holds="no text", why="How a few rows were learned by heart; their ids."),
    Holding(pattern="forecast.json", holds="no text", why="Time and memory ahead."),
    Holding(pattern="environment.json", holds="no text", why="Versions and machine."),
    Holding(pattern="finished.json", holds="no text", why="The digest of the weights."),
    Holding(pattern="purged.json", holds="no text", why="What was removed by `purge`."),
    Holding(pattern="forgotten.json", holds="no text", why="How many rows were removed by `forget`, and from where."),
    Holding(pattern="running.pid", holds="no text", why="Which process works in the folder."),
)  # fmt: skip
"""By path; the first that fits counts."""
