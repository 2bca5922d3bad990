"""`tunewright forget ROWS --runs FOLDER`: some rows out of every run, and the names of the models that were trained on them.

A row is known by its id (a digest of its cells, the same in every run of the same file) or by its text. Each file is rewritten
whole or not at all; a call that was interrupted is finished by the same call. A model can't forget a row: it has to be trained
again without it, and this says which.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.core.folder import RunFolder, discard, read_json, write_json, write_text, writing
from tunewright.core.text import fold
from tunewright.data.clean import apply_text_steps, chosen_text_steps
from tunewright.data.columns import ColumnsConfig, find_columns, to_fields
from tunewright.data.marks import Ints
from tunewright.data.sources import LikeWriter, RowChunk, find_source, iter_rows, read
from tunewright.data.write_back import take_rows
from tunewright.pipeline.request import locked
from tunewright.recipe import load_recipe
from tunewright.report import render

_ROW_ID = re.compile(r"[0-9a-f]{32}(?:\+\d+)?$")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The rows to forget: by id (every repeat of a row counts as the row) or by text, folded."""

    ids: frozenset[str]
    texts: frozenset[str] = frozenset()

    def has_id(self, row_id: str | None) -> bool:
        """Whether a row id is one of them, or a repeat of one."""
        return row_id is not None and row_id.partition("+")[0] in self.ids


@dataclass(frozen=True, kw_only=True)
class ForgottenRun:
    """What one run has forgotten."""

    run: str
    rows: int
    by_split: dict[str, int]
    """Rows by the side of the split they stood on; `unlabelled` for those without an answer."""
    by_text: int
    """Rows that are not among those given, but have the text of one: a repeat, or another person who wrote the same."""
    files: tuple[str, ...]
    """Files that were rewritten."""
    models: tuple[str, ...]
    """Bundles that were trained on such rows, or whose best epoch was chosen by them: they have to be trained again."""


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was forgotten where."""

    asked: int
    runs: list[ForgottenRun] = field(default_factory=list)
    looked_at: int = 0
    source_rows: int | None = None
    """Rows left out of the copy of the source; None where none was given."""

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`."""
        return asdict(self)


def forget(
    rows: str, *, runs: Path, source: Path | None = None, output: Path | None = None, text: str | None = None,
    ids_only: bool = False,
) -> Forgotten:  # fmt: skip
    """Remove rows from every run below `runs`, and write a copy of `source` without them to `output`.

    `rows` is a file (a list of row ids, one a line, or a table of rows in any format that is read) or row ids with commas
    between them. Rows of a file are also known by their texts, unless `ids_only`.

    Raises DataError where it is neither, FolderError where a run is being worked in.
    """
    wanted = rows_wanted(rows, text=text)
    wanted = replace(wanted, texts=frozenset()) if ids_only else wanted
    if source is not None and (output is None or output.resolve() == source.resolve()):
        raise DataError(
            f"{source}: give an `--output` for the copy without these rows; the source itself is not touched."
        )
    folders = [RunFolder(path.parent) for path in sorted(runs.rglob("request.json"))]
    if not folders:
        raise DataError(f"{runs}: there is no run below this folder.")
    done = [found for folder in folders if (found := _forget_in(folder, wanted)) is not None]
    left_out = None if source is None or output is None else _copy_without(source, output, wanted, text=text)
    return Forgotten(asked=len(wanted.ids), runs=done, looked_at=len(folders), source_rows=left_out)


def rows_wanted(rows: str, *, text: str | None = None) -> Wanted:
    """The rows that a person means: ids, or the rows of a file by their cells and their texts."""
    path = Path(rows)
    if not _is_file(path):
        ids = [part for part in re.split(r"[\s,]+", rows) if part]
        if not ids or not all(map(_ROW_ID.match, ids)):
            raise DataError(f"{rows}: neither a file nor row ids (32 hexadecimal digits, as in the column row_id).")
        return Wanted(ids=frozenset(row_id.partition("+")[0] for row_id in ids))
    lines = [
        line.strip() for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines() if line.strip()
    ]
    if lines and all(map(_ROW_ID.match, lines)):
        return Wanted(ids=frozenset(line.partition("+")[0] for line in lines))
    table = read(path).table
    columns = find_columns(table, chosen=ColumnsConfig(text=text))
    texts = to_fields(table, columns, entries=[]).column("text").to_pylist()
    return Wanted(
        ids=frozenset(row_id.partition("+")[0] for row_id in table.column("row_id").to_pylist()),
        texts=frozenset(folded for value in texts if value and (folded := fold(value))),
    )


def _forget_in(folder: RunFolder, wanted: Wanted) -> ForgottenRun | None:
    with locked(folder):
        gone, by_split = _matches(folder, wanted)
        by_text = sum(not wanted.has_id(row_id) for row_id in gone)
        files = [name for name, rewrite in _files(folder, wanted, gone) if rewrite()]
        if not files:
            return None
        models = _models_of(folder, by_split)
        for unfinished in (folder.store, folder.checkpoints):
            # Texts as tokens, and weights that have seen them: the run goes on from its rows without these.
            if unfinished.exists():
                discard(unfinished)
                files.append(unfinished.name)
        if folder.report.exists() and folder.recipe.exists():
            recipe = load_recipe(folder.recipe)
            write_text(folder.report, render(folder, language=recipe.report.language, private=recipe.report.private))
            files.append("report.html")
        done = ForgottenRun(
            run=str(folder.path), rows=len(gone), by_split=dict(by_split), by_text=by_text, files=tuple(files), models=models
        )  # fmt: skip
        earlier = read_json(folder.path / "forgotten.json") if (folder.path / "forgotten.json").exists() else []
        write_json(folder.path / "forgotten.json", [*earlier, asdict(done) | {"run": folder.path.name}])
        return done


def _matches(folder: RunFolder, wanted: Wanted) -> tuple[set[str], Counter[str]]:
    """Ids of the run's rows to forget, and how many stood on each side."""
    gone, by_split = set(), Counter[str]()
    if folder.rows.exists():
        table = pq.read_table(folder.rows)
        texts = wanted.texts
        if folder.recipe.exists() and (steps := chosen_text_steps(load_recipe(folder.recipe).clean)):
            texts = texts | {fold(apply_text_steps(one, steps)) for one in wanted.texts}
        for row in table.select([n for n in ("row_id", "text", "split") if n in table.column_names]).to_pylist():
            if wanted.has_id(row["row_id"]) or (texts and row["text"] and fold(row["text"]) in texts):
                gone.add(row["row_id"])
                by_split[row["split"] or "unlabelled"] += 1
    else:
        # The run was purged: its predictions still say which rows it had.
        for path in sorted((folder.path / "predictions").glob("*.parquet")):
            for row_id in pq.read_table(path, columns=["row_id"]).column("row_id").to_pylist():
                if wanted.has_id(row_id) and row_id not in gone:
                    gone.add(row_id)
                    by_split[path.stem.rpartition(".")[2]] += 1
    return gone, by_split


def _files(folder: RunFolder, wanted: Wanted, gone: set[str]) -> list[tuple[str, Callable[[], bool]]]:
    """Every file in which a row may stand, and what takes it out; each says whether there was anything to take out."""
    forgotten = lambda row_id: row_id in gone or wanted.has_id(row_id)  # noqa: E731
    tables = [folder.rows, folder.ledger, *sorted((folder.path / "predictions").glob("*.parquet"))]
    texts = [folder.audit, folder.suspects, folder.evidence, folder.path / "data" / "source.json"]
    jobs: list[tuple[Path, Callable[[Path], bool]]] = [(path, lambda p: _from_table(p, forgotten)) for path in tables]
    jobs += [(path, lambda p: _from_json(p, forgotten)) for path in texts]
    jobs += [
        (folder.path / "predictions" / "unlabelled.csv", lambda p: _from_csv(p, forgotten)),
        (folder.quarantine, lambda p: _from_quarantine(p, wanted)),
    ]
    there = [(path, job) for path, job in jobs if path.exists()]
    return [(path.relative_to(folder.path).as_posix(), lambda p=path, j=job: j(p)) for path, job in there]  # type: ignore[misc]


def _from_table(path: Path, forgotten: Callable[[str | None], bool]) -> bool:
    table = pq.read_table(path)
    stays = [not forgotten(row_id) for row_id in table.column("row_id").to_pylist()]
    if path.name == "ledger.parquet":
        # A row that was dropped as a repeat of a forgotten one names it.
        stays = [
            keep and not forgotten(after if field == "duplicate_of" else None)
            for keep, field, after in zip(
                stays, table.column("field").to_pylist(), table.column("after").to_pylist(), strict=True
            )
        ]
    if all(stays):
        return False
    with writing(path) as aside:
        pq.write_table(table.filter(pa.array(stays)), aside)
    return True


def _from_json(path: Path, forgotten: Callable[[str | None], bool]) -> bool:
    value = read_json(path)
    after = _pruned(value, forgotten)
    if after == value:
        return False
    write_json(path, after)
    return True


def _pruned(value: Any, forgotten: Callable[[str | None], bool]) -> Any:
    """A value without the list elements that are, or are about, a forgotten row."""
    if isinstance(value, list):
        return [_pruned(item, forgotten) for item in value if not _is_about(item, forgotten)]
    if isinstance(value, dict):
        return {key: _pruned(item, forgotten) for key, item in value.items()}
    return value


def _is_about(item: Any, forgotten: Callable[[str | None], bool]) -> bool:
    named = item.get("row_id") if isinstance(item, dict) else item
    return isinstance(named, str) and forgotten(named)


def _from_csv(path: Path, forgotten: Callable[[str | None], bool]) -> bool:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    kept = [row for i, row in enumerate(rows) if i == 0 or not forgotten(row[0])]
    if len(kept) == len(rows):
        return False
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(kept)
    write_text(path, "\ufeff" + out.getvalue())
    return True


def _from_quarantine(path: Path, wanted: Wanted) -> bool:
    """Rows that could not be read have no id: one that holds a wanted text goes."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not any(text in fold(json.loads(line).get("raw") or "") for text in wanted.texts)]
    if len(kept) == len(lines):
        return False
    write_text(path, "".join(line + "\n" for line in kept))
    return True


def _models_of(folder: RunFolder, by_split: Counter[str]) -> tuple[str, ...]:
    """Bundles that have seen such rows: train for the weights, validation for the choice of epoch and temperature."""
    refit = folder.recipe.exists() and load_recipe(folder.recipe).train.refit_on_all
    seen = by_split["train"] + by_split["validation"] + (by_split["test"] if refit else 0)
    bundles = [folder.bundle, folder.baseline_bundle, folder.frozen_bundle, folder.adapter]
    return tuple(str(bundle) for bundle in bundles if seen and bundle.exists())


def _copy_without(source: Path, output: Path, wanted: Wanted, *, text: str | None) -> int:
    columns = find_columns(read(source).table, chosen=ColumnsConfig(text=text))
    left_out = 0
    with LikeWriter(find_source(source), output) as writer:
        for chunk in iter_rows(source):
            texts = to_fields(chunk.table, columns, entries=[]).column("text").to_pylist()
            ids = chunk.table.column("row_id").to_pylist()
            keep = np.flatnonzero(
                [
                    not (wanted.has_id(row_id) or (value and fold(value) in wanted.texts))
                    for row_id, value in zip(ids, texts, strict=True)
                ]
            )
            left_out += len(ids) - len(keep)
            writer.write(_chunk_of(chunk, keep), {})
    return left_out


def _chunk_of(chunk: RowChunk, keep: Ints) -> RowChunk:
    return replace(chunk, table=chunk.table.take(pa.array(keep)), native=take_rows(chunk.native, keep))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
