"""Masked words: an encoder goes on learning the language of a domain from its texts alone (continued pretraining).

    T  tokens of a row, special ones included

Which words are hidden is drawn anew in every epoch, by the seed, the epoch and the row alone: so a resumed run hides what it
would have hidden, and each cut of a step hides the same. What held-out rows are asked is drawn once. A row weighs the number
of tokens that should be hidden of it, whatever a draw comes to, so that the weight of a step is known without drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from tunewright.batching import Examples, Stream, TokenStore
from tunewright.core.config import Config
from tunewright.core.errors import ModelError
from tunewright.models.tokenizer import Tokenizer
from tunewright.tasks.task import MaskedTask

Ids = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MASKED = MaskedTask(
    name="masked", forms=("text",), default_loss="cross_entropy", primary_metric="nll_per_token",
    measured_by=("nll_per_token", "perplexity"),
)  # fmt: skip

HELD_OUT = 0
"""The draw by which rows are measured; training epoch e has the draw e + 1."""
_NAME = 2
"""Stands in the name of each draw, so that it is no other random choice's: names of orders of rows have other lengths."""
_DRAWS_KEPT = 4096
NO_WORD = -1
"""In the stream `word`: special tokens and what stands between words, which are never hidden."""


class MaskConfig(Config):
    """Which words are hidden, and what stands in their place (Devlin et al. 2019)."""

    share: float = Field(default=0.15, gt=0, lt=1)
    """Of a text's tokens; at least one word of each."""
    unit: Literal["word", "token"] = "word"
    """What is hidden as a whole. `word`: all pieces of a word, so that the rest of it does not give one away; in Chinese each
    character is one."""
    mask: float = Field(default=0.8, ge=0, le=1)
    """Share of the hidden tokens that become the mask token."""
    random: float = Field(default=0.1, ge=0, le=1)
    """Share that becomes any token; the rest is left as it is, and has to be predicted all the same."""

    @model_validator(mode="after")
    def _shares_of_one_whole(self) -> MaskConfig:
        if self.mask + self.random > 1:
            raise ValueError(
                f"`mask` {self.mask:g} and `random` {self.random:g} are shares of what is hidden: together they may be 1 at most"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class Mask:
    """How one model's texts are masked."""

    config: MaskConfig
    mask_id: int
    ordinary_ids: Ids
    """All tokens but the special ones: what may stand in for a hidden one."""

    @classmethod
    def of(cls, tokenizer: Tokenizer, config: MaskConfig) -> Mask:
        """For a tokenizer. Raises ModelError where it has no mask token."""
        if tokenizer.hf.mask_token_id is None:
            raise ModelError(
                "the model's tokenizer has no mask token, so no word can be hidden from it. Encoders such as BERT, RoBERTa and "
                "ModernBERT have one; decoders learn plain texts with `--task continue`."
            )
        special = set(tokenizer.hf.all_special_ids)
        ordinary = sorted(set(tokenizer.backend.get_vocab(with_added_tokens=False).values()) - special)
        return cls(config=config, mask_id=int(tokenizer.hf.mask_token_id), ordinary_ids=np.array(ordinary, np.int32))

    def num_hidden(self, word_T: Ints) -> int:
        """Tokens of a row that should be hidden; 0 where there is none that could be."""
        maskable = int((word_T != NO_WORD).sum())
        return max(1, round(self.config.share * maskable)) if maskable else 0

    def draw(self, ids_T: Ids, word_T: Ints, *, seed: int, draw: int, row: int) -> Drawn:
        """What is hidden of a row, and what is read in its place; a pure function of the arguments."""
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, draw, row, _NAME))))
        maskable = np.flatnonzero(word_T != NO_WORD)
        if self.config.unit == "token":
            word_T = np.where(word_T != NO_WORD, np.arange(len(word_T)), NO_WORD)
        words, sizes = np.unique(word_T[maskable], return_counts=True)
        order = rng.permutation(len(words))
        # Words in random order until there are enough tokens; the last one where at least half of it is wanted.
        enough = np.cumsum(sizes[order]) - sizes[order] / 2 <= self.num_hidden(word_T)
        enough[:1] = True
        hidden = np.flatnonzero(np.isin(word_T, words[order[enough]]) & (word_T != NO_WORD))
        chance = rng.random(len(hidden))
        other = rng.choice(self.ordinary_ids, len(hidden))
        read_T = ids_T.copy()
        becomes_mask = chance < self.config.mask
        becomes_other = ~becomes_mask & (chance < self.config.mask + self.config.random)
        read_T[hidden[becomes_mask]] = self.mask_id
        read_T[hidden[becomes_other]] = other[becomes_other]
        return Drawn(read_T=read_T, hidden=hidden)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One draw of one row."""

    read_T: Ids
    hidden: Ints
    """Places of the tokens that are to be predicted."""

    def weight_T(self, weight: float) -> Floats:
        """(T,) how much each token counts, where the row weighs `weight`."""
        found = np.zeros(len(self.read_T))
        if len(self.hidden):
            found[self.hidden] = weight / len(self.hidden)
        return found


@dataclass(frozen=True)
class MaskedExamples:
    """The rows of a store with the words of one draw hidden: all else is the store's own. See `ExampleSource`."""

    store: TokenStore | Examples
    streams: Mapping[str, Stream]

    @property
    def row_ids(self) -> Sequence[str]:
        """See `Examples`."""
        return self.store.row_ids

    @property
    def targets(self) -> None:
        """There are none but those of tokens."""

    @property
    def weights(self) -> Floats:
        """See `ExampleSource`."""
        return self.store.weights

    @property
    def lengths(self) -> Ints:
        """See `ExampleSource`."""
        return self.store.lengths

    @property
    def num_windows(self) -> Ints:
        """See `ExampleSource`."""
        return self.store.num_windows


def masked_anew(store: TokenStore | Examples, mask: Mask, *, seed: int, epoch: int) -> MaskedExamples:
    """The rows as they are read in an epoch. `store` has the streams `target` (the tokens themselves) and `word`."""

    @lru_cache(maxsize=_DRAWS_KEPT)
    def drawn(row: int) -> Drawn:
        ids_T, word_T = (np.asarray(store.streams[name][row]) for name in ("target", "word"))
        return mask.draw(ids_T, word_T, seed=seed, draw=epoch + 1, row=row)

    streams = dict(store.streams) | {
        "input": _Lazy(lambda row: drawn(row).read_T),
        "token_weight": _Lazy(lambda row: drawn(row).weight_T(float(store.weights[row]))),
    }
    return MaskedExamples(store, streams)


@dataclass(frozen=True)
class _Lazy:
    """A stream whose rows are made when they are asked for."""

    make: Callable[[int], npt.NDArray[np.generic]]

    def __getitem__(self, row: int) -> npt.NDArray[np.generic]:
        return self.make(int(row))
