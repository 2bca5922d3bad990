"""Which of two texts a language model finds likelier: probe sets of pairs of sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tunewright.data.counterfactual.probe_sets import TextPair
from tunewright.evaluate.config import BiasConfig
from tunewright.evaluate.preference import Preference, preferences
from tunewright.metrics.metric import Floats
from tunewright.models.likelihood import token_log_probs
from tunewright.pipeline.journal import Listener
from tunewright.serve import WritingPredictor


def likelier(
    predictor: WritingPredictor, pairs: Sequence[TextPair], *, name: str, config: BiasConfig,
    listener: Listener | None,
) -> tuple[Preference, ...]:  # fmt: skip
    """How often the stereotyped text of a pair is the likelier one, in all and by category."""
    texts = [text for pair in pairs for text in (pair.stereotyped, pair.other)]
    if listener:
        listener({"kind": "asking", "what": name, "texts": len(texts)})
    log_probs = text_log_probs(predictor, texts)
    return preferences(log_probs[0::2] - log_probs[1::2], [pair.category for pair in pairs], config=config)


def text_log_probs(predictor: WritingPredictor, texts: Sequence[str]) -> Floats:
    """log p of each whole text in nats, as a decoder has it: after its token of beginning, or that of ending where it has none."""
    tokenizer = predictor.tokenizer
    (start,) = tokenizer.encode_prompts([""])
    ids = tokenizer.encode_prompts(texts)
    rows = [row[len(start) :] if np.array_equal(row[: len(start)], start) else row for row in ids]
    found = token_log_probs(predictor.model, [start] * len(rows), rows, pad_id=tokenizer.pad_id, decoder_start_id=None)
    return np.array([values.sum() for values in found], np.float64)
