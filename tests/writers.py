"""Tokenizers for the small generators of the laws, whose vocabulary is numbers: token 17 is the word `w17`."""

from __future__ import annotations

from typing import Any

import numpy as np
from tokenizers import Tokenizer as Backend
from tokenizers import models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.laws.generators import VOCABULARY
from tunewright.models.target_side import TargetSide
from tunewright.models.tokenizer import Tokenizer

SPECIAL = {"<pad>": 0, "<s>": 1, "</s>": 2, "<unk>": 3}
END_IDS = (2, 11, 22, 33, 44)
"""Several, so that models with random weights end some of their answers."""


def number_tokenizer(model: Any, *, forced_bos_id: int | None = None, pad_id: int = 0) -> Tokenizer:
    """A tokenizer that fits `tiny_generator`'s models."""
    words = SPECIAL | {f"w{i}": i for i in range(4, VOCABULARY)}
    backend = Backend(models.WordLevel(words, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    hf = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    reads_first = bool(model.config.is_encoder_decoder)
    side = TargetSide(
        backend=hf.backend_tokenizer, is_separate=False, before=np.zeros(0, np.int32), end_id=2, eos_ids=END_IDS,
        decoder_start_id=model.config.decoder_start_token_id if reads_first else None, forced_bos_id=forced_bos_id,
        special_ids=frozenset(SPECIAL.values()),
    )  # fmt: skip
    return Tokenizer(
        hf=hf,
        backend=hf.backend_tokenizer,
        max_length=256,
        pad_id=pad_id,
        has_segments=False,
        is_encoder_decoder=reads_first,
        languages=(),
        targets=side,
    )


def random_prompts(n: int, *, seed: int = 0, longest: int = 12) -> list[np.ndarray]:
    """N rows of tokens of different lengths, at least one each."""
    rng = np.random.default_rng(seed)
    return [rng.integers(4, VOCABULARY, int(rng.integers(1, longest + 1))).astype(np.int32) for _ in range(n)]
