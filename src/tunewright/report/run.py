"""What the report reads of a run folder: each file once, and a name for each that is missing or damaged.

A run that was stopped half-way is still worth a page, so nothing here insists: a file that is absent is `None`, and
the section that wanted it says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunewright.core.events import Event, current_events
from tunewright.core.folder import RunFolder, read_json

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One line of scores.json. `low` and `high` are None where no interval could be given."""

    metric: str
    value: float
    low: float | None
    high: float | None
    level: float
    interval_method: str
    n: int
    split: str
    slice: str | None
    system: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """The files of one run, as far as they are there."""

    folder: RunFolder
    plan: Json = field(default_factory=dict)
    evidence: Json = field(default_factory=dict)
    audit: Json = field(default_factory=dict)
    suspects: Json = field(default_factory=dict)
    """Suspected labels; empty where none were looked for."""
    environment: Json = field(default_factory=dict)
    forecast: Json = field(default_factory=dict)
    finished: Json = field(default_factory=dict)
    account: tuple[Json, ...] = ()
    scores: tuple[Score, ...] = ()
    events: tuple[Event, ...] = ()
    recipe: str = ""
    missing: frozenset[str] = frozenset()
    """Names of files that are not there, relative to the run folder."""
    damaged: frozenset[str] = frozenset()
    """Names of files that are there and can't be read as what they should be."""

    @property
    def kind(self) -> str:
        """The kind of task: single_label, multi_label or regression."""
        return str(self.evidence.get("kind") or self.plan.get("task") or "single_label")

    def lacks(self, path: Path) -> str | None:
        """The name of a file that is missing or damaged, or None when it was read."""
        name = relative(self.folder, path)
        return name if name in self.missing or name in self.damaged else None

    def score(self, metric: str, *, system: str, split: str = "test", slice_: str | None = None) -> Score | None:
        """The score of one system, or None."""
        for score in self.scores:
            if (score.metric, score.system, score.split, score.slice) == (metric, system, split, slice_):
                return score
        return None

    def systems(self, metric: str, *, split: str = "test") -> tuple[str, ...]:
        """All systems that have this score, the fine-tuned model first, then as the file has them."""
        names = [s.system for s in self.scores if s.metric == metric and s.split == split and s.slice is None]
        return tuple(sorted(dict.fromkeys(names), key=lambda name: name != "model"))

    def steps(self, kind: str) -> list[Event]:
        """All events of one kind, in order."""
        return [event for event in self.events if event["kind"] == kind]


def read_run(folder: RunFolder) -> Run:
    """Read what is there; never raises for a file that is missing, torn or of an unexpected shape."""
    missing: set[str] = set()
    damaged: set[str] = set()

    def get(path: Path, read: Callable[[Path], Any], shape: type) -> Any:
        name = relative(folder, path)
        if not path.exists():
            missing.add(name)
            return shape()
        try:
            value = read(path)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            value = None
        if not isinstance(value, shape):
            damaged.add(name)
            return shape()
        return value

    return Run(
        folder=folder,
        plan=get(folder.plan, read_json, dict),
        evidence=get(folder.evidence, read_json, dict),
        audit=get(folder.audit, read_json, dict),
        suspects=get(folder.suspects, read_json, dict),
        environment=get(folder.environment, read_json, dict),
        forecast=get(folder.forecast, read_json, dict),
        finished=get(folder.finished, read_json, dict),
        account=get(folder.account, _records, tuple),
        scores=get(folder.scores, _scores, tuple),
        events=get(folder.events, _events, tuple),
        recipe=get(folder.recipe, _text, str),
        missing=frozenset(missing),
        damaged=frozenset(damaged),
    )


def relative(folder: RunFolder, path: Path) -> str:
    """The path as the page names it: relative to the run folder, with forward slashes."""
    return path.relative_to(folder.path).as_posix()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _events(path: Path) -> tuple[Event, ...]:
    return tuple(current_events(path))


def _records(path: Path) -> tuple[Json, ...]:
    records = json.loads(_text(path))
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise TypeError("a list of objects is expected")
    return tuple(records)


def _scores(path: Path) -> tuple[Score, ...]:
    names = Score.__dataclass_fields__
    scores = []
    for record in _records(path):
        if record["value"] is None:
            continue  # A score that is undefined (a class without test rows, say) is not a number to show.
        fields: dict[str, Any] = {name: record.get(name) for name in names}
        for name in ("value", "low", "high"):
            fields[name] = None if fields[name] is None else float(fields[name])
        scores.append(Score(**fields))
    return tuple(scores)
