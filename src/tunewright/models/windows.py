"""What a model reads of long texts: windows of at most so many tokens, each in the frame of special tokens that the model knows.

N  texts     W  windows     T  tokens of all windows together
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
Offsets = npt.NDArray[np.int64]
LongTexts = Literal["head", "head_tail", "windows"]


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Ragged arrays of N texts; all windows of text i, one after another: `values[offsets[i]:offsets[i + 1]]`."""

    values: Ids
    """(T,) token ids, special ones included."""
    offsets: Offsets
    """(N + 1,)"""
    segments: npt.NDArray[np.uint8] | None
    """(T,) 0 for the first text of a pair and 1 for the second; None where the model has no token types."""
    window_lengths: Ids
    """(W,) tokens of each window."""
    window_offsets: Offsets
    """(N + 1,) which windows belong to which text."""
    full_lengths: Ids
    """(N,) tokens of each whole text, special ones included, had nothing been cut."""
    num_unread: int
    """Tokens that no window holds."""

    @property
    def num_cut(self) -> int:
        """Texts of which something is not read, or that need more than one window."""
        widest = np.maximum.reduceat(self.window_lengths, self.window_offsets[:-1]) if len(self.full_lengths) else 0
        return int((self.full_lengths > widest).sum())


@dataclass(frozen=True, kw_only=True)
class Placed:
    """`Encoded` texts, and for which characters each token stands."""

    encoded: Encoded
    piece_T: Ids
    """(T,) which of its text's pieces each token is; -1 for the special tokens around them."""
    places: list[npt.NDArray[np.int64]]
    """Of each text, (P, 2): start and end of all its pieces in code points, whether a window holds them or not."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The special tokens around one text or a pair, as the tokenizer's own template puts them."""

    before: Ids
    between: Ids
    after: Ids
    segments: tuple[int, int, int, int, int]
    """Token type of: before, first text, between, second text, after."""

    @property
    def size(self) -> int:
        """Tokens of the frame alone."""
        return len(self.before) + len(self.between) + len(self.after)

    def blank(self) -> Frame:
        """A frame as long, of -1."""
        before, between, after = (np.full_like(part, -1) for part in (self.before, self.between, self.after))
        return Frame(before=before, between=between, after=after, segments=self.segments)


class Windows:
    """Collects the windows of texts; `finish` lays them end to end."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._pieces: list[Ids] = []
        self._lengths: list[tuple[int, int]] = []
        self._windows_of: list[int] = []
        self._full: list[int] = []
        self._unread = 0

    def add(self, first: Ids, second: Ids | None, *, budget: int, strategy: LongTexts) -> None:
        """Take up the next text or pair, of which a window holds at most `budget` tokens besides the frame."""
        total = len(first) + (0 if second is None else len(second))
        self._full.append(total + self._frame.size)
        windows = list(_windows(first, second, budget=budget, strategy=strategy))
        self._windows_of.append(len(windows))
        for a, b in windows:
            self._lengths.append((len(a), len(b)))
            self._pieces += [self._frame.before, a, self._frame.between, b, self._frame.after]
        if strategy != "windows":
            self._unread += total - sum(len(a) + len(b) for a, b in windows)

    def finish(self, *, with_segments: bool) -> Encoded:
        """All that was taken up, as arrays."""
        frame = self._frame
        parts_W5 = np.array(
            [(len(frame.before), a, len(frame.between), b, len(frame.after)) for a, b in self._lengths], np.int64
        ).reshape(-1, 5)
        window_lengths = parts_W5.sum(axis=1)
        window_offsets = np.concatenate([[0], np.cumsum(np.array(self._windows_of, np.int64))]).astype(np.int64)
        token_offsets = np.concatenate([[0], np.cumsum(window_lengths)]).astype(np.int64)
        segments = np.tile(np.array(frame.segments, np.uint8), len(parts_W5)).repeat(parts_W5.reshape(-1))
        return Encoded(
            values=np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int32),
            offsets=token_offsets[window_offsets],
            segments=segments if with_segments else None,
            window_lengths=window_lengths.astype(np.int32),
            window_offsets=window_offsets,
            full_lengths=np.array(self._full, np.int32),
            num_unread=self._unread,
        )


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One whole text or pair in its frame, before anything is cut."""

    ids_T: Ids
    is_read_T: npt.NDArray[np.bool_]
    """Whether some window holds the token."""
    num_windows: int


def before_cutting(first: Ids, second: Ids | None, frame: Frame, *, budget: int, strategy: LongTexts) -> Whole:
    """All tokens of a text or pair, and which of them are read."""
    rest = _NOTHING if second is None else second
    places = np.arange(len(first) + len(rest), dtype=np.int32)
    a, b = places[: len(first)], None if second is None else places[len(first) :]
    windows = list(_windows(a, b, budget=budget, strategy=strategy))
    is_read = np.isin(places, np.concatenate([part for window in windows for part in window]))
    told = np.ones(frame.size, np.bool_)
    ends = len(frame.before), len(frame.before) + len(frame.between)
    return Whole(
        ids_T=np.concatenate([frame.before, first, frame.between, rest, frame.after]),
        is_read_T=np.concatenate(
            [told[: ends[0]], is_read[: len(first)], told[ends[0] : ends[1]], is_read[len(first) :], told[ends[1] :]]
        ),
        num_windows=len(windows),
    )


_NOTHING: Ids = np.zeros(0, np.int32)


def _windows(first: Ids, second: Ids | None, *, budget: int, strategy: LongTexts) -> Iterator[tuple[Ids, Ids]]:
    if second is None:
        for part in _parts(first, budget, strategy):
            yield part, _NOTHING
        return
    room_first, room_second = _share(len(first), len(second), budget)
    if strategy == "windows" and room_first < len(first) and room_second < len(second):
        yield from zip(*_same_number(first, room_first, second, room_second), strict=True)
    elif room_first < len(first):
        for part in _parts(first, room_first, strategy):
            yield part, next(_parts(second, room_second, "head" if strategy == "windows" else strategy))
    else:
        for part in _parts(second, room_second, strategy):
            yield first, part


def _same_number(first: Ids, room_first: int, second: Ids, room_second: int) -> tuple[list[Ids], list[Ids]]:
    """Windows over both texts of a pair side by side; the one that needs fewer stays at its last."""
    a, b = list(_parts(first, room_first, "windows")), list(_parts(second, room_second, "windows"))
    longest = max(len(a), len(b))
    return a + a[-1:] * (longest - len(a)), b + b[-1:] * (longest - len(b))


def _share(first: int, second: int, budget: int) -> tuple[int, int]:
    """Room for each text of a pair: the shorter stays whole if it fits in half (transformers' `longest_first`)."""
    if first + second <= budget:
        return first, second
    shorter = min(first, second)
    longer = max(shorter, budget - shorter)
    if shorter + longer > budget:
        shorter, longer = budget // 2, budget - budget // 2
    return (shorter, longer) if first <= second else (longer, shorter)


def _parts(ids: Ids, room: int, strategy: LongTexts) -> Iterator[Ids]:
    if len(ids) <= room or strategy == "head":
        yield ids[:room]
    elif strategy == "head_tail":
        head = room // 4
        yield np.concatenate([ids[:head], ids[len(ids) - (room - head) :]])
    else:
        step = max(1, room - room // 4)
        for start in range(0, len(ids) - room, step):
            yield ids[start : start + room]
        # The last window ends with the text, so it is as full as the others.
        yield ids[len(ids) - room :]
