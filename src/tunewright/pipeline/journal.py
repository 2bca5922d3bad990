"""The run's diary: which stage it is in, what was decided. Writes events; raises when a signal asks to stop."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tunewright.core.errors import StoppedBySignal
from tunewright.core.events import Event, EventLog
from tunewright.core.folder import RunFolder

Listener = Callable[[Event], None]
Stop = Callable[[], int | None]


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Events of one attempt at a run, and the way to hear that it should stop."""

    events: EventLog
    stop: Stop

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A named part of the run, timed; a signal that came during it is heeded at its end."""
        began = time.perf_counter()
        self.events.emit("stage_started", stage=name)
        yield
        self.events.emit("stage_finished", stage=name, seconds=round(time.perf_counter() - began, 3))
        self.heed_signal()

    def heed_signal(self) -> None:
        """Raise StoppedBySignal if a signal has come; what is written so far is taken up again by the next attempt."""
        number = self.stop()
        if number is not None:
            raise StoppedBySignal(number)

    def say(self, code: str, **values: object) -> None:
        """Something a person should know: shown on screen, kept in the events."""
        self.events.emit("notice", code=code, **values)


def open_journal(folder: RunFolder, *, listener: Listener | None, stop: Stop | None) -> Journal:
    """The journal of a new attempt in a run folder."""
    return Journal(
        events=EventLog(folder.events, listeners=(listener,) if listener else ()), stop=stop or (lambda: None)
    )
