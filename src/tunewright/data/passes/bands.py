"""Near duplicates of a big file: MinHash bands on disk find candidates, the texts themselves decide.

Each text has 125 minima over hashes of its character 5-grams (Broder 1997), in bands of five; two texts that agree in one
whole band are candidates. At a Jaccard overlap of .8 a pair is missed with probability 5e-5, at .9 with 4e-10. Candidates
whose 64-bit sketches (one bit of each of 64 minima; Li and König 2010) differ too much are set aside, the others are read
again and compared exactly, so that nothing is called a near duplicate that is none.

A short text gets its minima from 125 permutations of each n-gram. For long ones that would be slow, and they have n-grams
enough to get them from one: each n-gram goes into one of 128 bins, each bin keeps its least (one-permutation hashing, Li,
Owen and Zhang 2012). A text in between gets both, so that it meets its likes of either kind: `SHORT` and `LONG` overlap by
more than sizes of near duplicates can differ.

Letters: D distinct texts, G n-grams, P pairs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tunewright.core.folder import not_written
from tunewright.data.marks import Hashes, Ints
from tunewright.data.near import all_ngram_hashes, mix, pair_overlap
from tunewright.data.passes.disk import DiskColumn, Limits

MINIMA = 125
BINS = 128
LONG = 256
"""Texts of at least so many n-grams get their minima from bins."""
CROWD = 50
"""Where more texts than this agree in a band, each is compared with some of them instead of all."""
PIVOTS = 32
MISSED = 1e-4
"""How likely a pair at the threshold may be missed; decides how many minima make a band."""

_BATCH_BYTES = 8 << 20
_HASHED_AT_A_TIME = 1 << 20
_LINES_TOGETHER = 1 << 15
_PAIRS_AT_A_TIME = 1 << 18
_SALTS = mix(np.arange(1, MINIMA + 1).astype(np.uint64))


class TextsOnDisk:
    """Squeezed texts, one after the other, each found by its number."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "squeezed"
        self._file = self._path.open("wb")
        self._ends = DiskColumn(folder / "squeezed_ends", np.int64)
        self._size = 0

    def append(self, texts: list[str]) -> None:
        """Add texts. Raises FolderError where the disk is full."""
        data = [text.encode("utf-8", "surrogatepass") for text in texts]
        try:
            self._file.write(b"".join(data))
        except OSError as error:
            raise not_written(self._path, error) from error
        ends = self._size + np.cumsum([len(one) for one in data], dtype=np.int64)
        self._ends.append(ends)
        self._size = int(ends[-1]) if len(ends) else self._size

    def ends(self) -> npt.NDArray[np.int64]:
        """Where each text ends, in bytes, and in front of them where the first begins."""
        self._file.close()
        return np.concatenate([[0], self._ends.read(0, len(self._ends))])

    def read(self, starts: Ints, ends: Ints) -> list[str]:
        """The texts in these places."""
        handle = os.open(self._path, os.O_RDONLY)
        try:
            found = []
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                os.lseek(handle, start, os.SEEK_SET)
                found.append(os.read(handle, end - start).decode("utf-8", "surrogatepass"))
            return found
        finally:
            os.close(handle)


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Texts whose minima were made in one way."""

    docs: DiskColumn
    sketches: DiskColumn
    bands: list[DiskColumn]


class NearSearch:
    """`add` all distinct squeezed texts, then `clusters`."""

    def __init__(self, folder: Path, *, threshold: float, limits: Limits) -> None:
        self._threshold = threshold
        self._limits = limits
        self._rows_per_band = rows_per_band(threshold)
        self._texts = TextsOnDisk(folder)
        self._short, self._long = (self._family(folder / name) for name in ("short", "long"))
        self._count = 0

    def add(self, texts: list[str]) -> None:
        """Take the next texts, squeezed and distinct as they may be."""
        self._texts.append(texts)
        low = 0
        while low < len(texts):
            high, characters = low, 0
            while high < len(texts) and (high == low or characters + len(texts[high]) <= _HASHED_AT_A_TIME // 4):
                characters += len(texts[high])
                high += 1
            self._add_hashed(texts[low:high], first=self._count + low)
            low = high
        self._count += len(texts)

    def clusters(self) -> npt.NDArray[np.int32]:
        """For each text the smallest number in its cluster: the connected components of near pairs."""
        parent_D: npt.NDArray[np.int32] = np.arange(self._count, dtype=np.int32)
        ends = self._texts.ends()
        for family in (self._short, self._long):
            self._join_family(family, parent_D, ends)
        return resolved(parent_D)

    def _family(self, folder: Path) -> _Family:
        folder.mkdir()
        return _Family(
            docs=DiskColumn(folder / "docs", np.int32), sketches=DiskColumn(folder / "sketches", np.uint64),
            bands=[
                DiskColumn(folder / f"band_{band}", np.uint64) for band in range(MINIMA // self._rows_per_band)
            ],
        )  # fmt: skip

    def _add_hashed(self, texts: list[str], *, first: int) -> None:
        hash_G, size_D = all_ngram_hashes(texts)
        short_G = (hash_G >> np.uint64(32)).astype(np.uint32)
        docs = np.arange(first, first + len(texts))
        for family, chosen, minima in (
            (self._short, size_D < LONG / self._threshold, _minima_of_permutations),
            (self._long, size_D >= LONG, _minima_of_bins),
        ):
            if chosen.any():
                inside = short_G if chosen.all() else short_G[np.repeat(chosen, size_D)]
                minima_DM = minima(inside, size_D[chosen])
                family.docs.append(docs[chosen])
                family.sketches.append(_sketches(minima_DM))
                for band, column in enumerate(family.bands):
                    low = band * self._rows_per_band
                    column.append(_band_keys(minima_DM[:, low : low + self._rows_per_band]))

    def _join_family(self, family: _Family, parent_D: npt.NDArray[np.int32], ends: npt.NDArray[np.int64]) -> None:
        docs = family.docs.read(0, len(family.docs))
        sketches = family.sketches.read(0, len(family.sketches))
        allowed = differing_bits(self._threshold)
        for band in family.bands:
            for places, keys in _parts(band, self._limits):
                # The pairs of a crowd depend on what was joined just before, so they don't wait for others.
                runs = _Runs(places, keys)
                for some in chain(_batches(runs.pairs()), runs.crowded_pairs(docs=docs, parent_D=parent_D)):
                    close = np.bitwise_count(sketches[some[0]] ^ sketches[some[1]]) <= allowed
                    self._verify(docs[some[0][close]], docs[some[1][close]], parent_D, ends)

    def _verify(self, a_P: Ints, b_P: Ints, parent_D: npt.NDArray[np.int32], ends: npt.NDArray[np.int64]) -> None:
        """Join those pairs that are near duplicates by their texts."""
        apart = np.flatnonzero(_roots(parent_D, a_P) != _roots(parent_D, b_P))
        a_P, b_P = a_P[apart], b_P[apart]
        bounds = np.cumsum(ends[a_P + 1] - ends[a_P] + ends[b_P + 1] - ends[b_P])
        low = 0
        while low < len(a_P):
            limit = (bounds[low - 1] if low else 0) + _BATCH_BYTES
            high = max(low + 1, int(np.searchsorted(bounds, limit, side="right")))
            a, b = a_P[low:high], b_P[low:high]
            # What an earlier batch has joined need not be compared.
            apart = _roots(parent_D, a) != _roots(parent_D, b)
            a, b = a[apart], b[apart]
            if len(a):
                docs, number = np.unique(np.concatenate([a, b]), return_inverse=True)
                overlap = pair_overlap(self._texts.read(ends[docs], ends[docs + 1]), number[: len(a)], number[len(a) :])
                near = overlap >= self._threshold
                join(parent_D, a[near], b[near])
            low = high


def _batches(pairs: Iterator[tuple[Ints, Ints]]) -> Iterator[tuple[Ints, Ints]]:
    """Few large lots of pairs out of many small ones."""
    waiting: list[tuple[Ints, Ints]] = []
    for pair in pairs:
        waiting.append(pair)
        if sum(len(a) for a, _ in waiting) >= _PAIRS_AT_A_TIME:
            yield np.concatenate([a for a, _ in waiting]), np.concatenate([b for _, b in waiting])
            waiting = []
    if waiting:
        yield np.concatenate([a for a, _ in waiting]), np.concatenate([b for _, b in waiting])


def rows_per_band(threshold: float) -> int:
    """How many minima make a band: as many as keep the chance to miss a pair at the threshold below `MISSED`."""
    sure = [rows for rows in range(1, 6) if (1 - threshold**rows) ** (MINIMA // rows) < MISSED]
    return max(sure, default=1)


def differing_bits(threshold: float) -> int:
    """How many bits of two sketches may differ: six standard deviations more than at the threshold."""
    share = (1 - threshold) / 2
    return int(64 * share + 6 * math.sqrt(64 * share * (1 - share))) + 1


def _minima_of_permutations(hash_G: npt.NDArray[np.uint32], size_D: Ints) -> npt.NDArray[np.uint32]:
    starts = np.cumsum(size_D) - size_D
    minima_DM = np.empty((len(size_D), MINIMA), np.uint32)
    by_size = np.argsort(size_D, kind="stable")
    low = 0
    while low < len(by_size):
        # Texts of about one length side by side, one n-gram of each a line: the processor then takes many at a time.
        high = min(len(by_size), low + max(16, _LINES_TOGETHER // int(size_D[by_size[low]])))
        docs = by_size[low:high]
        # Short ones repeat their last n-gram, which changes no minimum.
        lines = np.minimum(np.arange(int(size_D[docs[-1]]))[:, None], size_D[docs] - 1)
        hashes = hash_G[starts[docs] + lines]
        work = np.empty_like(hashes)
        for number, salt in enumerate(_SALTS.tolist()):
            np.bitwise_xor(hashes, np.uint32(salt >> 32), out=work)
            np.multiply(work, np.uint32(salt & 0xFFFFFFFF | 1), out=work)
            minima_DM[docs, number] = work.min(axis=0)
        low = high
    return minima_DM


def _minima_of_bins(hash_G: npt.NDArray[np.uint32], size_D: Ints) -> npt.NDArray[np.uint32]:
    owner_G = np.repeat(np.arange(len(size_D)), size_D)
    minima = np.full(len(size_D) * BINS, 0xFFFFFFFF, np.uint32)
    np.minimum.at(minima, owner_G * BINS + (hash_G >> np.uint32(25)), hash_G & np.uint32((1 << 25) - 1))
    return minima.reshape(-1, BINS)[:, :MINIMA]


def _sketches(minima_DM: npt.NDArray[np.uint32]) -> Hashes:
    bits = (mix(minima_DM[:, :64].astype(np.uint64)) >> np.uint64(63)).astype(np.uint8)
    sketches: Hashes = np.packbits(bits, axis=1, bitorder="little").view(np.uint64).reshape(-1)
    return sketches


def _band_keys(minima_DR: npt.NDArray[np.uint32]) -> Hashes:
    keys: Hashes = np.zeros(len(minima_DR), np.uint64)
    for column in minima_DR.T:
        keys = mix(keys ^ column.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
    return keys


def _parts(band: DiskColumn, limits: Limits) -> Iterator[tuple[Ints, Hashes]]:
    """The keys of a band in parts, equal ones in one part: places and keys."""
    count = 1 + len(band) // limits.rows_per_part
    for part in range(count):
        places, keys = [], []
        for low, block in band.blocks(limits.rows_per_part):
            inside = np.flatnonzero((block >> np.uint64(32)) * np.uint64(count) >> np.uint64(32) == part)
            places.append(inside + low)
            keys.append(block[inside])
        if places:
            yield np.concatenate(places), np.concatenate(keys)


class _Runs:
    """Texts that share a key, side by side."""

    def __init__(self, places: Ints, keys: Hashes) -> None:
        order = np.argsort(keys, kind="stable")
        self._places, keys = places[order], keys[order]
        first = np.ones(len(keys), bool)
        first[1:] = keys[1:] != keys[:-1]
        self._starts = np.flatnonzero(first)
        self._sizes = np.diff(np.append(self._starts, len(keys)))

    def pairs(self) -> Iterator[tuple[Ints, Ints]]:
        """Each with each, where there are few."""
        run_of = np.repeat(np.arange(len(self._starts)), self._sizes)
        inside = (self._sizes[run_of] > 1) & (self._sizes[run_of] <= CROWD)
        places, run = self._places[inside], run_of[inside]
        for away in range(1, int(self._sizes[self._sizes <= CROWD].max(initial=1))):
            same = run[away:] == run[:-away]
            yield places[:-away][same], places[away:][same]

    def crowded_pairs(self, *, docs: Ints, parent_D: npt.NDArray[np.int32]) -> Iterator[tuple[Ints, Ints]]:
        """Some pairs of each crowd."""
        for run in np.flatnonzero(self._sizes > CROWD).tolist():
            start = self._starts[run]
            yield from _pivot_pairs(self._places[start : start + self._sizes[run]], docs=docs, parent_D=parent_D)


def _pivot_pairs(places: Ints, *, docs: Ints, parent_D: npt.NDArray[np.int32]) -> Iterator[tuple[Ints, Ints]]:
    """Every text of a crowd against up to PIVOTS of them, each from a cluster that had none yet."""
    seen: list[int] = []
    for _ in range(PIVOTS):
        roots = _roots(parent_D, docs[places])
        fresh = np.flatnonzero(~np.isin(roots, _roots(parent_D, np.array(seen, np.int64))))
        if not len(fresh) or (roots == roots[0]).all():
            return
        pivot = fresh[len(fresh) // 2]
        seen.append(int(docs[places[pivot]]))
        others = places[np.arange(len(places)) != pivot]
        yield np.full(len(others), places[pivot]), others


def join(parent_D: npt.NDArray[np.int32], a_P: Ints, b_P: Ints) -> None:
    """Connect a[i] with b[i] for all i; the smaller root stays root."""
    parent = memoryview(parent_D)  # type: ignore[arg-type]  # numbers of Python, many times as fast as those of numpy
    for a, b in zip(a_P.tolist(), b_P.tolist(), strict=True):
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        parent[max(a, b)] = min(a, b)


def resolved(parent_D: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The root of every member."""
    while True:
        higher = parent_D[parent_D]
        if (higher == parent_D).all():
            return higher
        parent_D = higher


def _roots(parent_D: npt.NDArray[np.int32], members: Ints) -> Ints:
    roots = parent_D[members]
    while True:
        higher = parent_D[roots]
        if (higher == roots).all():
            return roots
        roots = higher
