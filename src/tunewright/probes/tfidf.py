"""Word counting: TF-IDF over word and character n-grams with a linear model on top. The bar that a model has to clear.

    N  texts     F  features     C  outputs

Fitted in seconds, a few megabytes, English and Chinese alike. Where it is as good as a fine-tuned model, use it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.config import Config
from tunewright.core.errors import DataError
from tunewright.core.text import fold
from tunewright.probes import storage
from tunewright.probes.linear import Floats, Kind, Linear, fit_linear
from tunewright.probes.ngrams import Counts, Keys, count_characters, count_words

_SECOND = 1 << 40
"""Added to the salt of the second text of a pair, so that its n-grams are features of their own."""


class TfidfConfig(Config):
    """How words are counted. The defaults were chosen on English and Chinese review, intent and news data."""

    smallest_characters: int = 2
    """Shortest character n-gram."""
    largest_characters: int = 4
    """Longest character n-gram. 5 scored the same or lower on four sets and took half as long again."""
    min_rows: int = 2
    """A character n-gram that stands in fewer training texts is left out: it can't be told from chance."""
    max_features: int = 200_000
    """Most features of one block (words, characters), the most common first. Bounds memory and size on disk."""
    max_characters: int = 20_000
    """Characters of one text that are read; bounds the time that a whole book in one cell can cost."""
    max_rows: int = 100_000
    """Training rows used, evenly spaced over all of them; more move the score by less than its interval."""
    inverse_penalty: float = 5.0
    """C of the logistic regression: larger trusts the training rows more."""
    tolerance: float = 2e-4
    """The fit ends when no slope is steeper than this. 1e-3 is too early for long texts (5 points lost, as tried)."""
    max_steps: int = 200
    """The fit ends after this many steps in any case."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """The features that one way of cutting texts into n-grams yields."""

    keys_F: Keys
    """Sorted."""
    idf_F: npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class TfidfProbe:
    """A fitted word counter."""

    kind: Kind
    labels: tuple[str, ...]
    config: TfidfConfig
    with_pairs: bool
    num_rows: int
    """Rows it was fitted on."""
    blocks: tuple[Block, ...]
    linear: Linear

    def logits(self, texts: Sequence[str], *, pairs: Sequence[str] | None = None) -> Floats:
        """Logits (N, C); for regression the numbers, (N, 1). A text's logits don't depend on the texts beside it."""
        _check_pairs(texts, pairs, wanted=self.with_pairs)
        parts = []
        for start in range(0, len(texts), 2_048):
            chunk = slice(start, start + 2_048)
            counts = _count(texts[chunk], None if pairs is None else pairs[chunk], config=self.config)
            size = len(texts[chunk])
            features = [_features(c, block, num_rows=size) for c, block in zip(counts, self.blocks, strict=True)]
            parts.append(self.linear.logits(_side_by_side(features)))
        return np.concatenate(parts) if parts else np.zeros((0, len(self.linear.bias_C)))

    def save(self, folder: Path) -> None:
        """Write `probe.json` and `probe.safetensors`."""
        tensors: storage.Tensors = dict(self.linear.tensors)
        for i, block in enumerate(self.blocks):
            # Signed on disk: not every reader of the format knows unsigned 64-bit numbers.
            tensors[f"keys.{i}"], tensors[f"idf.{i}"] = block.keys_F.view(np.int64), block.idf_F
        about = {
            "probe": "tfidf", "kind": self.kind, "labels": list(self.labels), "with_pairs": self.with_pairs,
            "num_rows": self.num_rows, "num_blocks": len(self.blocks), "config": self.config.model_dump(),
        }  # fmt: skip
        storage.save(folder, about=about, tensors=tensors)


def fit_tfidf(
    texts: Sequence[str], targets: npt.NDArray[Any], *, kind: Kind, labels: Sequence[str],
    pairs: Sequence[str] | None = None, weights: Floats | None = None, config: TfidfConfig | None = None,
) -> TfidfProbe:  # fmt: skip
    """Fit on training rows. `targets`: class indices (N,), multi-hot (N, C) or numbers (N,), as a task makes them."""
    config = config or TfidfConfig()
    if not len(texts):
        raise DataError("There are no labelled training rows. Label some rows, or check the label column.")
    _check_pairs(texts, pairs, wanted=pairs is not None)
    rows = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), config.max_rows)).astype(np.int64))
    chosen = [texts[i] for i in rows]
    chosen_pairs = None if pairs is None else [pairs[i] for i in rows]
    blocks, features = [], []
    for i, counts in enumerate(_count(chosen, chosen_pairs, config=config)):
        is_words = i % 2 == 0
        block = _fit_block(counts, num_rows=len(rows), min_rows=1 if is_words else config.min_rows, config=config)
        blocks.append(block)
        features.append(_features(counts, block, num_rows=len(rows)))
    linear = fit_linear(
        _side_by_side(features), np.asarray(targets)[rows], kind=kind,
        num_outputs=1 if kind == "regression" else len(labels),
        # Ridge wants a much stronger penalty than logistic regression on the same features.
        inverse_penalty=config.inverse_penalty / 5 if kind == "regression" else config.inverse_penalty,
        tolerance=config.tolerance, max_steps=config.max_steps,
        weights_N=None if weights is None else np.asarray(weights, np.float64)[rows],
    )  # fmt: skip
    return TfidfProbe(
        kind=kind, labels=tuple(labels), config=config, with_pairs=pairs is not None, num_rows=len(rows),
        blocks=tuple(blocks), linear=linear,
    )  # fmt: skip


def load_tfidf(folder: Path) -> TfidfProbe:
    """The inverse of `TfidfProbe.save`. Raises ModelError on a missing or damaged file."""
    about, tensors = storage.load(folder, probe="tfidf", names=("weight", "bias", "keys.0", "idf.0", "keys.1", "idf.1"))
    blocks = tuple(
        Block(keys_F=tensors[f"keys.{i}"].view(np.uint64), idf_F=tensors[f"idf.{i}"])
        for i in range(int(about["num_blocks"]))
    )
    return TfidfProbe(
        kind=about["kind"], labels=tuple(about["labels"]), config=TfidfConfig(**about["config"]),
        with_pairs=about["with_pairs"], num_rows=about["num_rows"], blocks=blocks, linear=Linear.of(tensors),
    )  # fmt: skip


def _count(texts: Sequence[str], pairs: Sequence[str] | None, *, config: TfidfConfig) -> Iterator[Counts]:
    """Words, characters; of pairs also the words and characters of the second text, and what both texts share."""
    first = _count_both(texts, config=config, salt=0)
    yield from first
    if pairs is not None:
        second = _count_both(pairs, config=config, salt=_SECOND)
        yield from second
        same_salt = _count_both(pairs, config=config, salt=0)
        yield from (_shared(a, b) for a, b in zip(first, same_salt, strict=True))


def _count_both(texts: Sequence[str], *, config: TfidfConfig, salt: int) -> tuple[Counts, Counts]:
    # Cut before anything else, so that a huge cell costs nothing.
    texts = [unicodedata.normalize("NFKC", text[: config.max_characters]) for text in texts]
    return (
        count_words(texts, max_characters=config.max_characters, salt=salt),
        count_characters(
            [fold(text) for text in texts], smallest=config.smallest_characters, largest=config.largest_characters,
            max_characters=config.max_characters, salt=salt,
        ),
    )  # fmt: skip


def _shared(a: Counts, b: Counts) -> Counts:
    """The n-grams that stand in both texts of a row, each counted once."""
    rows, keys = np.concatenate([a.rows, b.rows]), np.concatenate([a.keys, b.keys])
    order = np.lexsort((keys, rows))
    rows, keys = rows[order], keys[order]
    # Within one text no n-gram is listed twice, so equal neighbours come from the two texts of a row.
    twice = np.flatnonzero((rows[1:] == rows[:-1]) & (keys[1:] == keys[:-1]))
    return Counts(rows=rows[twice], keys=keys[twice], counts=np.ones(len(twice), np.int64))


def _fit_block(counts: Counts, *, num_rows: int, min_rows: int, config: TfidfConfig) -> Block:
    keys, num_texts = np.unique(counts.keys, return_counts=True)
    # On very few rows nearly every n-gram is rare, and leaving them out would leave nothing.
    kept = num_texts >= (min_rows if num_rows >= 200 else 1)
    keys, num_texts = keys[kept], num_texts[kept]
    if len(keys) > config.max_features:
        commonest = np.sort(np.lexsort((keys, -num_texts))[: config.max_features])
        keys, num_texts = keys[commonest], num_texts[commonest]
    return Block(keys_F=keys, idf_F=(np.log((1 + num_rows) / (1 + num_texts)) + 1).astype(np.float32))


def _features(counts: Counts, block: Block, *, num_rows: int) -> Any:
    """(N, F) sparse: (1 + log count) * idf, each row of length one."""
    from scipy.sparse import csr_matrix

    if not len(block.keys_F):
        return csr_matrix((num_rows, 0), dtype=np.float32)
    column = np.minimum(np.searchsorted(block.keys_F, counts.keys), len(block.keys_F) - 1)
    known = block.keys_F[column] == counts.keys
    rows, columns = counts.rows[known], column[known]
    values = ((1 + np.log(counts.counts[known])) * block.idf_F[columns]).astype(np.float64)
    norms = np.sqrt(np.bincount(rows, weights=values**2, minlength=num_rows))
    values = (values / norms[rows]).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=num_rows))])
    return csr_matrix((values, columns, offsets), shape=(num_rows, len(block.keys_F)))


def _side_by_side(features: list[Any]) -> Any:
    from scipy.sparse import hstack

    return hstack(features, format="csr", dtype=np.float32)


def _check_pairs(texts: Sequence[str], pairs: Sequence[str] | None, *, wanted: bool) -> None:
    if (pairs is not None) != wanted:
        how = "with" if wanted else "without"
        raise DataError(f"This baseline was fitted {how} a second text per row; give it the same.")
    if pairs is not None and len(pairs) != len(texts):
        raise DataError(f"There are {len(texts)} texts but {len(pairs)} second texts; each row needs both.")
