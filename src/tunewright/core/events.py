"""events.jsonl: what happened, one JSON object a line: `{v, attempt, seq, time, kind, step?, ...}`.

Everything shown (progress bar, curves, report) is a view of it. A run that was killed goes on in a new *attempt*; the
steps of earlier attempts from the step it resumed at are superseded. A torn last line is legal and ignored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tunewright.core.folder import not_written

Event = dict[str, Any]
VERSION = 1


class EventLog:
    """Appends events to a file and hands each one to the listeners (the screen, for one); without a file, does nothing."""

    def __init__(self, path: Path | None, *, listeners: tuple[Callable[[Event], None], ...] = ()) -> None:
        self.path = path
        self._listeners = listeners
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        earlier = read_events(path)
        self.attempt = 1 + max((event["attempt"] for event in earlier), default=0)
        self._seq = 1 + max((event["seq"] for event in earlier), default=-1)
        _end_torn_line(path)

    def emit(self, kind: str, **fields: Any) -> None:
        """Append one event; it is on its way to the disk when this returns, but not fsynced."""
        if self.path is None:
            return
        event: Event = {
            "v": VERSION, "attempt": self.attempt, "seq": self._seq, "time": time.time(), "kind": kind, **fields,
        }  # fmt: skip
        self._seq += 1
        line = json.dumps(event, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(line)
        except OSError as error:
            raise not_written(self.path, error) from error
        for listener in self._listeners:
            listener(event)


def read_events(path: Path) -> list[Event]:
    """All whole events of a log in order; a torn line (a crash in mid-write) is left out."""
    if not path.exists():
        return []
    events = []
    for line in path.read_bytes().split(b"\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and {"attempt", "seq", "kind"} <= event.keys():
            events.append(event)
    return events


def current_events(path: Path) -> list[Event]:
    """The events that count: a step that a later attempt did again is left out of the earlier attempt."""
    events = read_events(path)
    kept: list[Event] = []
    redone_from: float = float("inf")
    started_at: dict[int, int] = {}
    for event in events:
        if event["kind"] == "step":
            started_at.setdefault(event["attempt"], event["step"])
    later = None
    for event in reversed(events):
        if later is not None and event["attempt"] < later:
            redone_from = min(redone_from, started_at.get(later, redone_from))
        later = event["attempt"]
        if "step" not in event or _steps_done(event) <= redone_from:
            kept.append(event)
    return kept[::-1]


def _steps_done(event: Event) -> int:
    """A step is numbered from 0; an evaluation or checkpoint says how many steps were done by then."""
    done: int = event["step"] + (event["kind"] == "step")
    return done


def _end_torn_line(path: Path) -> None:
    if path.exists() and path.stat().st_size:
        with path.open("rb+") as file:
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                file.write(b"\n")
