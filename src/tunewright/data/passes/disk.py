"""Columns on disk: one fixed-width value a row, written once from front to back and read in blocks.

Grouping by digest needs no sorted file either: the column is read several times, and each time the rows of one part of
all digests are grouped in memory. Reading 16 bytes a row is so much cheaper than reading a text that this costs little.

Letters: N rows, R rows in a range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tunewright.core.folder import not_written
from tunewright.data.marks import Hashes, Ints

DIGEST = np.dtype([("high", np.uint64), ("low", np.uint64)])


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much is held in memory at a time. Small ones make many runs and parts of a small file, as tests want."""

    rows_per_run: int = 8192
    rows_per_part: int = 1 << 20
    sample_rows: int = 20_000
    sample_bytes: int = 32 << 20
    texts_per_pass: int = 50_000


class DiskColumn:
    """Values of one type in a file."""

    def __init__(self, path: Path, dtype: npt.DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._path = path
        self._file: IO[bytes] | None = path.open("wb")
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, values: npt.NDArray[Any]) -> None:
        """Add values at the end. Raises FolderError where the disk is full."""
        assert self._file is not None, "a column is written before it is read"
        try:
            self._file.write(np.ascontiguousarray(values, self.dtype).tobytes())
        except OSError as error:
            raise not_written(self._path, error) from error
        self._length += len(values)

    def read(self, low: int, high: int) -> npt.NDArray[Any]:
        """The values of a range of rows."""
        self._finish()
        return np.fromfile(self._path, self.dtype, count=high - low, offset=low * self.dtype.itemsize)

    def blocks(self, rows: int) -> Iterator[tuple[int, npt.NDArray[Any]]]:
        """All values, some rows at a time, each with the number of its first row."""
        for low in range(0, self._length, rows):
            yield low, self.read(low, min(low + rows, self._length))

    def pick(self, places: Ints, *, rows: int) -> npt.NDArray[Any]:
        """The values of some rows, given in any order."""
        found = np.empty(len(places), self.dtype)
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        for low, block in self.blocks(rows):
            first, last = np.searchsorted(ordered, [low, low + len(block)])
            found[order[first:last]] = block[ordered[first:last] - low]
        return found

    def _finish(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                raise not_written(self._path, error) from error
            self._file = None


def as_digests(data: bytes) -> npt.NDArray[Any]:
    """Digests of 16 bytes each, laid end to end, as two numbers that sort as the bytes do."""
    return np.frombuffer(data, ">u8").reshape(-1, 2).astype(np.uint64).view(DIGEST).reshape(-1)


def hex_digests(digests: npt.NDArray[Any]) -> list[str]:
    """The digests as 32 hex digits each."""
    text = np.stack([digests["high"], digests["low"]], axis=1).astype(">u8").tobytes().hex()
    return [text[at : at + 32] for at in range(0, len(text), 32)]


def parts_of(column: DiskColumn, limits: Limits) -> Iterator[tuple[Ints, npt.NDArray[Any]]]:
    """All rows in parts, in the order of their digests: the places of each part, ascending, and their digests."""
    count = 1 + len(column) // limits.rows_per_part
    for part in range(count):
        places, digests = [], []
        for low, block in column.blocks(limits.rows_per_part):
            # The upper half of the digest, scaled to the number of parts: equal digests meet, and parts are in order.
            inside = np.flatnonzero((block["high"] >> np.uint64(32)) * np.uint64(count) >> np.uint64(32) == part)
            places.append(inside + low)
            digests.append(block[inside])
        if places:
            yield np.concatenate(places), np.concatenate(digests)


def number_digests(column: DiskColumn, limits: Limits) -> tuple[npt.NDArray[np.int32], int]:
    """The same number for equal digests, from 0, and how many there are."""
    number_N = np.zeros(len(column), np.int32)
    count = 0
    for places, digests in parts_of(column, limits):
        order, first = _grouped(digests)
        number_N[places[order]] = count + np.cumsum(first) - 1
        count += int(first.sum())
    return number_N, count


def count_repeats(column: DiskColumn, limits: Limits) -> npt.NDArray[np.int32]:
    """How many equal digests stand before each row's."""
    repeat_N = np.zeros(len(column), np.int32)
    for places, digests in parts_of(column, limits):
        order, first = _grouped(digests)
        starts = np.flatnonzero(first)
        sizes = np.diff(np.append(starts, len(order)))
        repeat_N[places[order]] = np.arange(len(order)) - np.repeat(starts, sizes)
    return repeat_N


def _grouped(digests: npt.NDArray[Any]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The order in which equal digests stand together, by place among themselves, and which are the first of theirs."""
    high: Hashes = digests["high"]
    low: Hashes = digests["low"]
    order = np.lexsort((low, high))
    first = np.ones(len(order), bool)
    first[1:] = (high[order][1:] != high[order][:-1]) | (low[order][1:] != low[order][:-1])
    return order, first
