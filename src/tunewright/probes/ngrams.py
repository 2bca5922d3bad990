"""Word and character n-grams as 64-bit keys, made with array arithmetic: no list of strings, and nothing to pickle.

    N  texts     M  n-grams of all texts together

Two blocks of n-grams per text. *Words*: runs of letters and digits, each alone and each two neighbours; a Han, kana or
hangul character is a word of its own, so Chinese needs no word list. *Characters*: 2 to 5 neighbours inside a stretch
without spaces, the space before and behind it included. Words keep their case (it carries feeling: a point of F1 on
tweets), characters don't. Two different n-grams share a key once in about 2**64 pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tunewright.core.text import is_cjk

Keys = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.uint32]

_BASE = np.uint64(0x9E3779B97F4A7C15)
_SPACE = 32


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How often each n-gram stands in each text, sorted by text and then by key; all arrays are (M,)."""

    rows: npt.NDArray[np.int64]
    keys: Keys
    counts: npt.NDArray[np.int64]


def count_words(texts: Sequence[str], *, max_characters: int, salt: int = 0) -> Counts:
    """Single words and pairs of neighbouring words."""
    codes, rows = _codes(texts, max_characters=max_characters)
    kinds = _kinds(codes)
    inside = kinds > 0
    starts = inside & np.concatenate([[True], (kinds[1:] == 2) | (kinds[:-1] != 1) | (rows[1:] != rows[:-1])])
    word_M = np.cumsum(starts)[inside] - 1
    first = np.flatnonzero(starts)
    if not len(first):
        return _count(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    # A polynomial over the characters of each word: the power of the base starts again with each word.
    place = np.flatnonzero(inside) - first[word_M]
    terms = _mix(codes[inside].astype(np.uint64)) * _powers(int(place.max()) + 1)[place]
    begins = np.searchsorted(word_M, np.arange(len(first)))
    words = _mix(np.add.reduceat(terms, begins) + np.uint64(salt))
    word_rows = rows[first]
    pairs = word_rows[1:] == word_rows[:-1]
    both = _mix(words[:-1][pairs] * _BASE + words[1:][pairs] + np.uint64(1))
    return _count(np.concatenate([word_rows, word_rows[1:][pairs]]), np.concatenate([words, both]))


def count_characters(
    texts: Sequence[str], *, smallest: int, largest: int, max_characters: int, salt: int = 0
) -> Counts:
    """Neighbouring characters inside a stretch without spaces, `smallest` to `largest` of them."""
    apart = [f" {text[:max_characters].replace(' ', '  ')} " for text in texts]
    codes, rows = _codes(apart, max_characters=2 * max_characters + 2)
    # Every stretch now has a space of its own on both sides; the border between stretches lies between two spaces.
    border = (codes[1:] == _SPACE) & (codes[:-1] == _SPACE)
    stretch = np.concatenate([[0], np.cumsum(border | (rows[1:] != rows[:-1]))])[: len(codes)]
    mixed = _mix(codes.astype(np.uint64))
    keys_parts: list[Keys] = []
    rows_parts: list[npt.NDArray[np.int64]] = []
    rolling = np.zeros(len(codes), np.uint64)
    for size in range(1, min(largest, len(codes)) + 1):
        end = len(codes) - size + 1
        rolling = rolling[:end] * _BASE + mixed[size - 1 :]
        if size >= smallest:
            whole = stretch[:end] == stretch[size - 1 :]
            keys_parts.append(_mix(rolling[whole] + np.uint64(salt + size)))
            rows_parts.append(rows[:end][whole])
    if not keys_parts:
        return _count(np.zeros(0, np.int64), np.zeros(0, np.uint64))
    return _count(np.concatenate(rows_parts), np.concatenate(keys_parts))


def _codes(texts: Sequence[str], *, max_characters: int) -> tuple[Codes, npt.NDArray[np.int64]]:
    """Code points of all texts behind each other, and the text that each belongs to."""
    data = [text[:max_characters].encode("utf-32-le", "surrogatepass") for text in texts]
    lengths = np.fromiter((len(part) // 4 for part in data), np.int64, count=len(data))
    return np.frombuffer(b"".join(data), np.uint32), np.repeat(np.arange(len(data)), lengths)


def _kinds(codes: Codes) -> npt.NDArray[np.int8]:
    """0: between words; 1: letter, digit or underscore; 2: a character that is a word of its own."""
    unique, inverse = np.unique(codes, return_inverse=True)
    kinds = [2 if is_cjk(c) else int(c.isalnum() or c == "_") for c in map(chr, unique.tolist())]
    return np.array(kinds, np.int8)[inverse] if len(unique) else np.zeros(0, np.int8)


def _powers(count: int) -> Keys:
    powers = np.full(count, _BASE, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _mix(values: Keys) -> Keys:
    """Spread every bit over the whole word (the finaliser of splitmix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _count(rows: npt.NDArray[np.int64], keys: Keys) -> Counts:
    order = np.lexsort((keys, rows))
    rows, keys = rows[order], keys[order]
    new = np.concatenate([[True], (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])])[: len(rows)]
    first = np.flatnonzero(new)
    return Counts(rows=rows[first], keys=keys[first], counts=np.diff(np.concatenate([first, [len(rows)]])))
