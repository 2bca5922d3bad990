"""`tunewright purge RUN`: the texts out of a finished run; scores, account and models stay. Says what can't be done any more."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.folder import RunFolder, discard, read_json, write_json, write_text, writing
from tunewright.data.ledger import SCHEMA, Entry
from tunewright.pipeline.inventory import inventory, require_run
from tunewright.pipeline.private import without_text, without_texts
from tunewright.pipeline.request import locked
from tunewright.recipe import load_recipe
from tunewright.report import render
from tunewright.report.card import model_card

LOST = (
    "another cross-validation, refit or threshold on these rows; `split.from` this run; relabelling from its findings",
    "the report can't show texts any more: mistakes have file and line only",
    "what was set aside can't be looked at here; lines and reasons stay",
    "`tunewright run` with the same request shows this report; `--new` starts again, if the source file is still there",
)
LOST_MODELS = ("`predict`, `evaluate` and going on from this model: model, baseline and features are gone",)


@dataclass(frozen=True, kw_only=True)
class Purged:
    """What was taken out of a run, and what can't be done any more."""

    run: str
    removed: tuple[str, ...]
    """Files that are gone."""
    rewritten: tuple[str, ...]
    """Files that are there without their texts."""
    kept_learned: tuple[str, ...]
    """Files that were learned from the texts and stay; `--learned` takes them, too."""
    lost: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`."""
        return asdict(self)


def plan_purge(run: Path, *, learned: bool = False) -> list[str]:
    """The files that `purge` would remove or rewrite."""
    wanted = ("texts", "learned") if learned else ("texts",)
    return [item.path for item in inventory(run) if item.holds in wanted]


def purge(run: Path, *, learned: bool = False) -> Purged:
    """Take all texts out of a run's folder; with `learned` also the models and what else was learned from them.

    Raises FolderError where the folder is no run or another process works in it.
    """
    folder = require_run(run)
    with locked(folder):
        planned = plan_purge(run, learned=learned)
        rewritten = [name for name, without in _REWRITTEN.items() if name in planned and without(folder.path / name)]
        removed = [name for name in planned if name not in _REWRITTEN and name not in ("report.html", "running.pid")]
        for name in removed:
            discard(folder.path / name)
        if learned:
            # Without their weights the cards and records of bundles would promise what is not there.
            for bundle in (folder.bundle, folder.baseline_bundle, folder.frozen_bundle, folder.adapter):
                discard(bundle)
        for path in (folder.store, folder.checkpoints, *(folder.path / Path(name).parent for name in removed)):
            if path.is_dir() and path != folder.path and not any(path.iterdir()):
                path.rmdir()
        if "report.html" in planned:
            rewritten.append("report.html")
        _say_again(folder)
        kept = [item.path for item in inventory(run) if item.holds == "learned"]
        done = Purged(
            run=str(run), removed=tuple(removed), rewritten=tuple(rewritten), kept_learned=tuple(kept),
            lost=LOST + (LOST_MODELS if learned else ()),
        )  # fmt: skip
        write_json(folder.path / "purged.json", done.to_json() | {"run": run.name})
    return done


def _say_again(folder: RunFolder) -> None:
    """The report and the cards once more from what is there, without texts and the name of the file."""
    if not folder.recipe.exists():
        return
    recipe = load_recipe(folder.recipe)
    for system, bundle in (
        ("model", folder.bundle),
        ("tfidf", folder.baseline_bundle),
        ("frozen", folder.frozen_bundle),
    ):
        if (bundle / "README.md").exists():
            write_text(bundle / "README.md", model_card(folder, private=True, system=system))  # type: ignore[arg-type]
    if folder.report.exists():
        write_text(folder.report, render(folder, language=recipe.report.language, private=True))


def _ledger(path: Path) -> bool:
    entries = without_text([Entry(**row) for row in pq.read_table(path).to_pylist()])
    with writing(path) as aside:
        pq.write_table(pa.Table.from_pylist([asdict(entry) for entry in entries], schema=SCHEMA), aside)
    return True


def _quarantine(path: Path) -> bool:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row | {"raw": "", "detail": row["reason_code"].replace("_", " ")} for row in rows]
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return True


def _unlabelled(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [[cell for name, cell in row.items() if name != "text"] for row in csv.DictReader(file)]
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = [name for name in next(csv.reader(file)) if name != "text"]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    write_text(path, "\ufeff" + out.getvalue())
    return True


def _evidence(path: Path) -> bool:
    evidence = read_json(path)
    answers = ("gold", "prediction", "label") if evidence["kind"] == "text" else ()
    evidence = without_texts(evidence, names=("text", "text_pair", "original", *answers))
    for one in (evidence.get("slices") or {}).get("found") or []:
        one["label"] = None  # words of texts
    write_json(path, evidence)
    return True


_REWRITTEN = {
    "data/ledger.parquet": _ledger,
    "data/quarantine.jsonl": _quarantine,
    "predictions/unlabelled.csv": _unlabelled,
    "evidence.json": _evidence,
}
"""Files of which the account, the answers or the figures stay when their texts go."""
