"""Leaks: rows of a weaker side of the split whose text also stands on a stronger one, found and accounted for."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from tunewright.data.keys import Side
from tunewright.data.ledger import Entry
from tunewright.data.units import Marks

_STRENGTH: dict[Side, int] = {"train": 0, "validation": 1, "test": 2}


class Leaks:
    """Collects the rows of train (or of validation) that also stand on a stronger side, and why they go."""

    def __init__(self, fields: pa.Table, marks: Marks) -> None:
        self.entries: list[Entry] = []
        self.dropped: set[int] = set()
        self._origins = fields.column("origin")
        self._marks = marks

    def drop(self, sides: list[Side | None], places: list[int], *, by: list[str], reason: str) -> None:
        """Drop rows whose key also stands on a stronger side."""
        for place, stronger in self._weaker(sides, places, by=by, ours=reason == "duplicate_across_groups"):
            self.dropped.add(place)
            self._add(place, "dropped", reason, before=sides[place] or "train", after=stronger)

    def note(self, sides: list[Side | None], places: list[int]) -> None:
        """Note the near duplicates that stay where they are."""
        for place, stronger in self._weaker(sides, places, by=self._marks.cluster, ours=False):
            self._add(place, "noted", "near_leak", before=sides[place] or "train", after=stronger)

    def _weaker(
        self, sides: list[Side | None], places: list[int], *, by: list[str], ours: bool
    ) -> list[tuple[int, Side]]:
        """Rows of train, and those still to be placed, whose key stands in validation or test.

        Where the cut is `ours`, also rows of validation whose key stands in test; a validation split that the file
        gives is left as it is.
        """
        places = [place for place in places if place not in self.dropped]
        strongest: dict[str, Side] = {}
        for place in places:
            side = sides[place]
            if side is not None:
                strengthen(strongest, by[place], side)
        found: list[tuple[int, Side]] = []
        for place in places:
            stronger = strongest.get(by[place], "train")
            may_go = sides[place] in (None, "train") or (ours and sides[place] == "validation")
            if may_go and _STRENGTH[stronger] > _STRENGTH[sides[place] or "train"]:
                found.append((place, stronger))
        return found

    def _add(self, place: int, action: Literal["dropped", "noted"], reason: str, *, before: str, after: str) -> None:
        origin = self._origins[place].as_py()
        self.entries.append(
            Entry(
                row_id=self._marks.row_id[place],
                path=origin["path"],
                line=origin["line"],
                stage="split",
                action=action,
                reason_code=reason,
                field="split",
                before=before,
                after=after,
            )
        )


def strengthen(sides: dict[str, Side], name: str, side: Side) -> None:
    """Give a name the stronger of its side so far and this one: a test text stays a test text."""
    if name not in sides or _STRENGTH[side] > _STRENGTH[sides[name]]:
        sides[name] = side
