"""Where the places of a text are once a step has changed it: for any function from text to text, known by what it does alone.

A place is found by one of two experiments. With a mark put there, the step makes of the text what it made of it before, and
the mark stands in the result. Or the text is cut there, and the halves, each changed by itself, are the whole changed text.
A place inside what a step takes out or replaces passes neither; a beginning then goes to the left and an end to the right, until
one does: so what was labelled in part is labelled whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tunewright.data.shapes.spacing import cut_tokens
from tunewright.data.shapes.types import Span, Tagged

Change = Callable[[str], str]
Places = tuple[int, int]
"""Start and end, end excluded."""
_MARKS = range(0xE000, 0xF8FF)
"""Code points that no one has given a meaning."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A tagged text after a change, and the way back."""

    row: Tagged
    before: Tagged
    places: Sequence[Places]
    """Where each token of `before` is now; start and end are equal where nothing is left of it."""
    gone: Sequence[Span]
    """Labelled parts of which nothing is left, as they were."""

    def back(self, start: int, end: int) -> Places | None:
        """Start of the first and end of the last token of `before` that is now among these characters; None if none is."""
        inside = [
            token
            for token, (first, last) in zip(self.before.tokens, self.places, strict=True)
            if first < end and start < last
        ]
        return (inside[0][0], inside[-1][1]) if inside else None


def moved(row: Tagged, change: Change) -> Moved:
    """The row after a change of its text, its spans and tokens where they are now. Tokens that are now one piece are one token.

    Tokens that were cut from the text are cut from the new one.
    """
    after = change(row.text)
    if after == row.text:
        return Moved(row=row, before=row, places=row.tokens, gone=())
    find = _Finder(row.text, after, change)
    find.look_for([place for part in (*row.tokens, *((s.start, s.end) for s in row.spans)) for place in part])
    places = [find.part(token) for token in row.tokens]
    tokens = _apart(places)
    parts = [_whole(find.part((span.start, span.end)), tokens) for span in row.spans]
    kept = [
        replace(span, start=start, end=end) for span, (start, end) in zip(row.spans, parts, strict=True) if start < end
    ]
    if row.tokens == tuple(cut_tokens(row.text, row.spans)):
        tokens = cut_tokens(after, kept)
    return Moved(
        row=replace(row, text=after, tokens=tuple(tokens), spans=tuple(kept)), before=row, places=places,
        gone=[span for span, (start, end) in zip(row.spans, parts, strict=True) if start == end],
    )  # fmt: skip


def _apart(places: Sequence[Places]) -> list[Places]:
    """Those of which something is left; what overlaps is one."""
    apart: list[Places] = []
    for start, end in places:
        if start == end:
            continue
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _whole(part: Places, tokens: Sequence[Places]) -> Places:
    """The part, and all of each token of which it has a character: no span begins or ends inside one."""
    start, end = part
    touched = [token for token in tokens if token[0] < end and start < token[1]]
    return (min(start, touched[0][0]), max(end, touched[-1][1])) if touched else part


class _Finder:
    """The places of one text, each looked for once."""

    def __init__(self, before: str, after: str, change: Change) -> None:
        self.before, self.after, self.change = before, after, change
        self.mark = next(mark for mark in map(chr, _MARKS) if mark not in before + after)
        self.found: dict[int, int | None] = {0: 0, len(before): len(after)}

    def look_for(self, places: Sequence[int]) -> None:
        """All at once, and where that disturbs the step, in ever smaller halves."""
        wanted = sorted(set(places) - self.found.keys())
        if not wanted:
            return
        among = self._marked(wanted)
        if among is not None:
            self.found |= dict(zip(wanted, among, strict=True))
        elif len(wanted) == 1:
            self.found[wanted[0]] = self._cut(wanted[0])
        else:
            self.look_for(wanted[: len(wanted) // 2])
            self.look_for(wanted[len(wanted) // 2 :])

    def part(self, places: Places) -> Places:
        """Where characters from start to end are now, without white space around them; empty where nothing is left."""
        start, end = self._outwards(places[0], -1), self._outwards(places[1], 1)
        said = self.after[start:end]
        start += len(said) - len(said.lstrip())
        return start, start + len(said.strip())

    def _outwards(self, place: int, step: int) -> int:
        self.look_for([place])
        while (now := self.found[place]) is None:
            place += step
            self.look_for([place])
        return now

    def _marked(self, places: Sequence[int]) -> list[int] | None:
        """Where marks at these places end up; None where they disturb the step, or get lost."""
        pieces = [self.before[start:end] for start, end in pairwise([0, *places, len(self.before)])]
        said = self.change(self.mark.join(pieces)).split(self.mark)
        if len(said) != len(pieces) or "".join(said) != self.after:
            return None
        ends, at = [], 0
        for piece in said[:-1]:
            at += len(piece)
            ends.append(at)
        return ends

    def _cut(self, place: int) -> int | None:
        left = self.change(self.before[:place])
        return len(left) if left + self.change(self.before[place:]) == self.after else None
