"""What was decided, in order, with the reason and the way to overrule it: for the screen, the report and plan.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tunewright.core.sentence import in_both
from tunewright.pipeline.journal import Journal


@dataclass
class Decisions:
    """The decisions of one plan so far."""

    journal: Journal
    made: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, value: Any, why: str, overrule: str) -> None:
        """Note a decision and say it. Sentences are noted in both languages."""
        made = {"what": what, "value": in_both(value), "why": in_both(why), "overrule": in_both(overrule)}
        self.made.append(made)
        self.journal.events.emit("decided", **made)
