"""The run's diary: which stage it is in, what was decided. Writes events; raises when a signal asks to stop.

Of several ranks, the first one writes; all of them heed a signal that came to any.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tunewright.core.errors import StoppedBySignal
from tunewright.core.events import Event, EventLog
from tunewright.core.folder import RunFolder
from tunewright.core.sentence import in_both
from tunewright.runtime import World

Listener = Callable[[Event], None]
Stop = Callable[[], int | None]


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Events of one attempt at a run, and the way to hear that it should stop."""

    events: EventLog
    stop: Stop
    world: World

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A named part of the run, timed; a signal that came during it is heeded at its end."""
        began = time.perf_counter()
        self.events.emit("stage_started", stage=name)
        yield
        self.events.emit("stage_finished", stage=name, seconds=round(time.perf_counter() - began, 3))
        self.heed_signal()

    def heed_signal(self) -> None:
        """Raise StoppedBySignal if a signal has come; what is written so far is taken up again by the next attempt.

        All ranks come here together.
        """
        number = self.stop()
        if self.world.any_true(number is not None):
            raise StoppedBySignal(number or signal.SIGTERM)

    def say(self, code: str, **values: object) -> None:
        """Something a person should know: shown on screen, kept in the events."""
        self.events.emit("notice", code=code, **{name: in_both(value) for name, value in values.items()})


def open_journal(folder: RunFolder, *, world: World, listener: Listener | None, stop: Stop | None) -> Journal:
    """The journal of a new attempt in a run folder; other ranks than the first write to no file and tell nobody."""
    listeners = (listener,) if listener else ()
    events = EventLog(folder.events, listeners=listeners) if world.is_first else EventLog(None)
    return Journal(events=events, stop=stop or (lambda: None), world=world)
