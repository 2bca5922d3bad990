"""Runs as `compare` finds them: what a path names, which rows all have answered, in which settings they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from tunewright.core.errors import DataError, FolderError
from tunewright.core.folder import RunFolder, read_json
from tunewright.core.yaml import parse_yaml
from tunewright.evaluate import Predictions, read_predictions

Split = Literal["test", "validation", "cv"]
BUNDLES = {"model": "model", "baseline": "tfidf", "frozen": "frozen"}
"""Model folders of a run, and the system that each holds."""
NO_MATTER = ("data.path", "train.seed", "train.save_seconds", "train.save_steps")
"""Settings that leave a recipe what it is; the rows themselves are compared by the digest of the file."""
MATTERS: dict[str, tuple[str, ...]] = {
    "model": ("model", "adapter", "encode", "loss", "optimizer", "schedule", "train"),
    "frozen": ("model", "encode", "probes.frozen"),
    "tfidf": ("probes.tfidf",),
}
"""The parts of a recipe that make a system what it is, beside `task`, `data`, `clean` and `split`. What is a matter of speed,
of measuring and of showing is in none."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A run as it was found."""

    name: str
    path: Path
    folder: RunFolder | None
    """None for predictions that lie in no run folder."""
    system: str
    predictions: Predictions
    settings: Mapping[str, Any]
    """The resolved recipe by dotted key; empty where there is none."""
    evidence: Mapping[str, Any]
    source_digest: str | None

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for runs of one recipe. Runs without one are each their own."""
        if not self.settings:
            return (self.path,)
        return (self.system, self.source_digest, tuple(sorted((key, repr(value)) for key, value in self.own.items())))

    @property
    def own(self) -> dict[str, Any]:
        """The settings that make the system what it is."""
        parts = ("task", "data", "clean", "split", *MATTERS.get(self.system, ()))
        return {
            key: value for key, value in self.settings.items()
            if any(key == part or key.startswith(f"{part}.") for part in parts) and key not in NO_MATTER
        }  # fmt: skip


def find_candidate(path: Path, *, split: Split) -> Candidate:
    """The run that a path names. Raises FolderError where it names none, or where that run has no such predictions."""
    if path.is_file() and path.suffix == ".parquet":
        folder = RunFolder(path.absolute().parent.parent)
        inside = path.parent.name == "predictions" and folder.request.exists()
        system = path.name.partition(".")[0].removesuffix("_cv")
        return _candidate(path, folder if inside else None, system, read_predictions(path))
    folder, system = RunFolder(path.absolute()), ""
    if path.name in BUNDLES and RunFolder(folder.path.parent).request.exists():
        folder, system = RunFolder(folder.path.parent), BUNDLES[path.name]
    if not folder.request.exists():
        raise FolderError(
            f"{path}: this is no run (it has no request.json). Expected a run folder like runs/NAME-DIGEST, a model folder "
            "inside one, or a file like runs/NAME-DIGEST/predictions/tfidf.test.parquet."
        )
    if not folder.evidence.exists():
        raise FolderError(
            f"{path}: this run is not finished: nothing was scored yet. The command that began it goes on."
        )
    system = system or str(read_json(folder.evidence)["system"])
    stored = folder.predictions(f"{system}_cv" if split == "cv" else system, split)
    if not stored.exists():
        why = "it was not cross-validated" if split == "cv" else f"it holds no {split} predictions of `{system}`"
        raise FolderError(f"{path}: {why}. Choose another `--split`, or a run that has them.")
    return _candidate(path, folder, system, read_predictions(stored))


def common_rows(candidates: Sequence[Candidate]) -> tuple[list[str], dict[str, int]]:
    """Row ids that all have answered and agree about, in the order of the first; and how many there were besides.

    Raises DataError where the kinds differ or no row is left.
    """
    kinds = {one.predictions.kind for one in candidates}
    if len(kinds) > 1:
        listed = ", ".join(f"{one.name} is {one.predictions.kind}" for one in candidates)
        raise DataError(f"can't compare runs of different kinds: {listed}.")
    gold_of = [
        dict(zip(rows.row_ids, rows.table.column("gold").to_pylist(), strict=True))
        for rows in (one.predictions.labelled for one in candidates)
    ]
    everywhere: set[str] = reduce(set.__and__, [set(of) for of in gold_of])
    agreed = [
        row_id for row_id, gold in gold_of[0].items()
        if row_id in everywhere and all(of[row_id] == gold for of in gold_of[1:])
    ]  # fmt: skip
    anywhere: set[str] = reduce(set.__or__, [set(of) for of in gold_of])
    if not agreed:
        listed = ", ".join(f"{one.name} has {len(of)}" for one, of in zip(candidates, gold_of, strict=True))
        raise DataError(
            f"these runs have no row in common with the same answer ({listed} of their own), so no test can pair them. Rows "
            "are the same where all their cells are. Run them on one file with one `split.seed`, or the second with "
            "`--set split.from_run=FIRST_RUN`."
        )
    left_out = {"not_in_all": len(anywhere) - len(everywhere), "other_gold": len(everywhere) - len(agreed)}
    return agreed, left_out


def named(candidates: list[Candidate]) -> list[Candidate]:
    """Each under a name of its own, with as much of its path as that takes; the same system twice is refused."""
    known: dict[tuple[Path, str], Path] = {}
    for one in candidates:
        key = (one.folder.path if one.folder else one.path.absolute(), one.system)
        if key in known:
            raise DataError(f"{one.path}: this is what {known[key]} names already; a run can't differ from itself.")
        known[key] = one.path
    names = [one.name for one in candidates]
    return [
        one
        if names.count(one.name) == 1
        else replace(one, name=(one.folder.path if one.folder else one.path).as_posix())
        for one in candidates
    ]


def differing_settings(candidates: Sequence[Candidate], places: Sequence[int]) -> list[dict[str, Any]]:
    """Per recipe its values of the settings in which any two recipes differ."""
    of = [candidates[place] for place in places]
    said = [{"system": one.system, **one.own} for one in of]
    if len({one.source_digest for one in of}) > 1:
        said = [one | {"data.path": of[i].settings.get("data.path")} for i, one in enumerate(said)]
    # What only one kind of system has says nothing about it that its name does not say.
    alike = [
        [one for one in said if one["system"] == system] for system in dict.fromkeys(one["system"] for one in said)
    ]
    differing = [
        key for key in dict.fromkeys(key for one in said for key in one)
        if (key == "system" and len(alike) > 1)
        or any(one.get(key) != same[0].get(key) for same in alike for one in same)
    ]  # fmt: skip
    return [{key: one.get(key) for key in differing} for one in said]


def with_places(rows: list[dict[str, Any]], candidates: Sequence[Candidate], *, private: bool) -> list[dict[str, Any]]:
    """Each row with file and line and, unless private, its texts, from the first run that has kept them."""
    wanted = {row["row_id"] for row in rows}
    known: dict[str, dict[str, Any]] = {}
    for one in candidates:
        if one.folder is None or not one.folder.rows.exists() or wanted <= known.keys():
            continue
        table = pq.read_table(one.folder.rows)
        names = [name for name in ("text", "text_pair", "origin") if name in table.column_names]
        ids = table.column("row_id").to_pylist()
        places = [i for i, row_id in enumerate(ids) if row_id in wanted and row_id not in known]
        taken = table.select(names).take(places).to_pylist()
        known |= {ids[i]: row for i, row in zip(places, taken, strict=True)}
    described = []
    for row in rows:
        found = known.get(row["row_id"], {})
        texts = {name: None if private else found.get(name) for name in ("text", "text_pair")}
        origin = found.get("origin") or {}
        described.append(row | {"path": origin.get("path"), "line": origin.get("line")} | texts)
    return described


def _candidate(path: Path, folder: RunFolder | None, system: str, predictions: Predictions) -> Candidate:
    settings: dict[str, Any] = {}
    evidence: dict[str, Any] = {}
    source_digest = None
    if folder is not None and folder.recipe.exists():
        settings = dotted(parse_yaml(folder.recipe.read_text(encoding="utf-8")))
        evidence = read_json(folder.evidence) if folder.evidence.exists() else {}
        source_digest = read_json(folder.request).get("request", {}).get("source_digest")
    usual = evidence.get("system", "model")
    name = path.name if folder is None else f"{folder.path.name}{'' if system == usual else f'/{system}'}"
    return Candidate(
        name=name, path=path, folder=folder, system=system, predictions=predictions, settings=settings,
        evidence=evidence, source_digest=source_digest,
    )  # fmt: skip


def dotted(tree: Any, prefix: str = "") -> dict[str, Any]:
    """A tree of settings as one level: `{"optimizer.learning_rate": 1e-4}`."""
    if not isinstance(tree, dict):
        return {prefix: tree}
    return {
        key: value for name, below in tree.items()
        for key, value in dotted(below, f"{prefix}.{name}" if prefix else str(name)).items()
    }  # fmt: skip
