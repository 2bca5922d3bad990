"""The token store: encoded examples as memory-mapped arrays, one file an array, keyed by what they were made from.

A *stream* is ragged: the values of all rows behind each other, and N + 1 offsets. Streams in use: `input` (token ids of
all windows of a row), `segment` (token types, same shape), `window` (the lengths of a row's windows; most rows have one).
Where answers are taught token by token: `target` (what is to be predicted at each place), `token_weight` (how much each
counts; a row's weight is their sum) and `decoder` (what an encoder-decoder's decoder reads; as long as `target`). Of tags and
masked words `word`: which token answers for each word, or which word each token is a piece of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tunewright.core.folder import discard, read_json, write_json, writing

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """N rows of different lengths: row i is `values[offsets[i]:offsets[i + 1]]`."""

    values: npt.NDArray[Any]
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> npt.NDArray[Any]:
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> Ints:
        """The length of each row, (N,)."""
        return np.diff(self.offsets)

    @classmethod
    def of(cls, rows: list[npt.NDArray[Any]], *, dtype: npt.DTypeLike) -> Ragged:
        """From a list of 1-D arrays."""
        lengths = np.fromiter((len(row) for row in rows), np.int64, count=len(rows))
        values = np.concatenate(rows).astype(dtype) if rows else np.zeros(0, dtype)
        return cls(values, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


class Stream(Protocol):
    """Rows of different lengths, one at a time: a `Ragged`, or one that is made when it is asked for."""

    def __getitem__(self, row: int) -> npt.NDArray[Any]:
        """The values of a row."""


class ExampleSource(Protocol):
    """Where batches read their rows: `Examples` in memory, a `TokenStore` on disk, or one of them with masks drawn anew."""

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The streams by name."""

    @property
    def targets(self) -> npt.NDArray[Any] | None:
        """(N,) class indices (int64) or values (float32), or (N, C) multi-hot float32; None where no row has an answer."""

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """(N,) how much each row counts; 0 for rows without an answer."""

    @property
    def lengths(self) -> Ints:
        """(N,) the longest window of each row in tokens: what padding and sorting go by."""

    @property
    def num_windows(self) -> Ints:
        """(N,) how many windows each row has."""


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Encoded rows in memory. All parts have the same number of rows N; see `ExampleSource`."""

    row_ids: list[str]
    streams: dict[str, Ragged]
    targets: npt.NDArray[Any] | None
    weights: npt.NDArray[np.float64]

    @cached_property
    def lengths(self) -> Ints:
        """See `ExampleSource`."""
        return _longest(self.streams)

    @cached_property
    def num_windows(self) -> Ints:
        """See `ExampleSource`."""
        return self.streams["window"].lengths


@dataclass(frozen=True)
class TokenStore:
    """Encoded examples on disk. Opening reads no tokens; a row is read when a batch wants it."""

    path: Path

    @classmethod
    def build(cls, path: Path, examples: Examples, *, key: str) -> TokenStore:
        """Write the examples to the folder `path`; `key` is the digest of data, tokenizer and task settings."""
        discard(path)
        with writing(path) as aside:
            aside.mkdir()
            for name, stream in examples.streams.items():
                np.save(aside / f"{name}.values.npy", stream.values)
                np.save(aside / f"{name}.offsets.npy", stream.offsets)
            if examples.targets is not None:
                np.save(aside / "targets.npy", examples.targets)
            np.save(aside / "weights.npy", examples.weights)
            write_json(
                aside / "store.json",
                {"version": 1, "key": key, "streams": list(examples.streams), "row_ids": examples.row_ids},
            )
        return cls(path)

    @classmethod
    def open(cls, path: Path, *, key: str) -> TokenStore | None:
        """The store at `path` if it is there and was made under the same key, else None."""
        try:
            found = read_json(path / "store.json")
        except (FileNotFoundError, ValueError):
            return None
        return cls(path) if found["key"] == key else None

    @cached_property
    def _about(self) -> dict[str, list[str]]:
        about: dict[str, list[str]] = read_json(self.path / "store.json")
        return about

    @property
    def row_ids(self) -> list[str]:
        """The row id of each example, in the order of their indices."""
        return self._about["row_ids"]

    @cached_property
    def streams(self) -> dict[str, Ragged]:
        """The ragged streams by name."""
        return {
            name: Ragged(self._array(f"{name}.values"), self._array(f"{name}.offsets"))
            for name in self._about["streams"]
        }

    @cached_property
    def targets(self) -> npt.NDArray[Any] | None:
        """See `ExampleSource`."""
        return self._array("targets") if (self.path / "targets.npy").exists() else None

    @cached_property
    def weights(self) -> npt.NDArray[np.float64]:
        """See `ExampleSource`."""
        return self._array("weights")

    @cached_property
    def lengths(self) -> Ints:
        """See `ExampleSource`."""
        return _longest(self.streams)

    @cached_property
    def num_windows(self) -> Ints:
        """See `ExampleSource`."""
        return self.streams["window"].lengths

    def __len__(self) -> int:
        return len(self.row_ids)

    def _array(self, name: str) -> npt.NDArray[Any]:
        path = self.path / f"{name}.npy"
        # An empty file can't be memory-mapped.
        array: npt.NDArray[Any] = np.load(
            path, mmap_mode="r" if path.stat().st_size > 200 else None, allow_pickle=False
        )
        return array


def _longest(streams: dict[str, Ragged]) -> Ints:
    """The longest window of each row; of an encoder-decoder the longer of the two sides."""
    windows = streams["window"]
    if len(windows.values) == len(windows):
        longest = np.asarray(windows.values, np.int64)
    else:
        longest = np.array([windows[i].max() for i in range(len(windows))], np.int64)
    return np.maximum(longest, streams["decoder"].lengths) if "decoder" in streams else longest
