"""From rows to encoded examples: texts to tokens, answers to targets, weights to `w`."""

from __future__ import annotations

import numpy as np

from tunewright.batching import Examples
from tunewright.losses import LossSettings
from tunewright.models.tokenizer import Tokenizer
from tunewright.pipeline.prepare import Prepared
from tunewright.tasks import EncodeConfig, encode_texts
from tunewright.tasks.regression import Scale


def encode_rows(
    tokenizer: Tokenizer, prepared: Prepared, *, config: EncodeConfig, loss: LossSettings, scale: Scale | None
) -> Examples:
    """All rows of a run as examples; rows without an answer weigh nothing.

    `w` is the row's own weight times the loss's part in it (class weights, counted on the training rows).
    """
    targets = prepared.task.targets(prepared.answers, prepared.labels)
    if scale:
        targets = ((targets - scale.mean) / scale.deviation).astype(np.float32)
    weights = np.array([0.0 if answer is None else 1.0 for answer in prepared.answers])
    if "weight" in prepared.rows.column_names:
        weights *= np.array(prepared.rows.column("weight").to_pylist(), np.float64)
    train = prepared.places("train")
    if len(prepared.labels):
        weights[train] *= loss.row_weights(targets[train], num_classes=len(prepared.labels))
    return Examples(
        row_ids=prepared.row_ids,
        streams=encode_texts(tokenizer, prepared.texts, prepared.pairs, config=config),
        targets=targets,
        weights=weights,
    )
