"""Texts to token streams, the same way for training and for answering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.batching import Ragged
from tunewright.models.tokenizer import Tokenizer
from tunewright.models.windows import Encoded
from tunewright.tasks.task import EncodeConfig


def encode_texts(
    tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, *, config: EncodeConfig
) -> dict[str, Ragged]:
    """The streams `input`, `segment` (where the model has token types) and `window` of N texts or pairs."""
    encoded = tokenizer.encode(
        texts, pairs, max_length=config.max_length or tokenizer.max_length, strategy=config.long_texts
    )
    return streams_of(encoded)


def streams_of(encoded: Encoded) -> dict[str, Ragged]:
    """Encoded texts as the streams of a token store."""
    streams = {
        "input": Ragged(encoded.values, encoded.offsets),
        "window": Ragged(encoded.window_lengths.astype(np.int32), encoded.window_offsets),
    }
    if encoded.segments is not None:
        streams["segment"] = Ragged(encoded.segments, encoded.offsets)
    return streams
