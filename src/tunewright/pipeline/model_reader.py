"""A pretrained model as a reader of any texts: tokens for the audit, features for simple judges. Nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.data.audit import TokenCounts
from tunewright.models.features import pooled_features
from tunewright.models.load import load_features_model, resolve
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import Tokenizer, load_tokenizer, tokenizer_fit
from tunewright.tasks import EncodeConfig, encode_texts

UNKNOWN_SAMPLE = 2_000
FEATURE_TOKENS = 256
"""Tokens of a text that features are made of: more cost time and move the ranking of suspects hardly at all."""


@dataclass(frozen=True)
class Streams:
    """Encoded texts."""

    streams: dict[str, Any]


@dataclass(frozen=True)
class ModelReader:
    """Reads texts with one model of this machine."""

    local: LocalModel

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's own."""
        return load_tokenizer(self.local)

    def count_tokens(self, texts: Sequence[str], pairs: Sequence[str] | None) -> TokenCounts:
        """Tokens of each text or pair, uncut; the unknown share is of the first texts."""
        fit = tokenizer_fit(self.tokenizer, texts[:UNKNOWN_SAMPLE], max_length=self.tokenizer.max_length)
        return TokenCounts(
            model=self.local.name, limit=self.tokenizer.max_length, unknown_share=fit.unknown_share,
            lengths=[int(length) for length in self.tokenizer.lengths(texts, pairs)],
        )  # fmt: skip

    @property
    def tokens_read(self) -> int:
        """Of a text, at most."""
        return min(FEATURE_TOKENS, self.tokenizer.max_length)

    def encoded(self, texts: Sequence[str], pairs: Sequence[str] | None) -> Streams:
        """Their tokens, as far as they are read."""
        config = EncodeConfig(max_length=self.tokens_read)
        return Streams(encode_texts(self.tokenizer, texts, pairs, config=config))

    def features(self, texts: Sequence[str], pairs: Sequence[str] | None) -> npt.NDArray[np.float32]:
        """Mean-pooled features (N, H) of the model as it came."""
        return pooled_features(load_features_model(self.local), self.encoded(texts, pairs))


def model_reader(model: str) -> ModelReader:
    """The reader of a local folder, a hub id or `starter`. Raises ModelError where it can't be had."""
    return ModelReader(resolve(model))
