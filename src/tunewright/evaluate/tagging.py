"""What a model says of each word of many rows: sorted by length, in the order asked for, one pass.

U  words of a row     W  windows     T  tokens, padded     C  tags
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from tunewright.batching import CutConfig, ExampleSource, make_batch
from tunewright.evaluate.predict import groups_of
from tunewright.models.evaluating import evaluating
from tunewright.runtime import Machine, attention_kernel

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def logits_of_words(
    model: torch.nn.Module, store: ExampleSource, rows: Ints, *, token_of_word: Sequence[Ints], pad_id: int,
    batching: CutConfig, machine: Machine,
) -> list[Floats]:  # fmt: skip
    """Logits (U, C) of each of the rows; zeros where `token_of_word` is below 0, as no token answers for that word.

    Runs in evaluation mode, without gradients. `token_of_word` has one entry for each of `rows`.
    """
    place = {int(row): i for i, row in enumerate(rows)}
    found: list[Floats] = [np.zeros((0, 0))] * len(rows)
    with evaluating(model):
        for group in groups_of(store, rows, batching=batching):
            batch = make_batch(
                store, group, pad_id=pad_id, pad_to_multiple_of=batching.pad_to_multiple_of, device=machine.device
            )
            with machine.autocast(), attention_kernel(batch.length, device=machine.device):
                logits_WTC = model(**batch.inputs).logits
            # Without padding, line by line, tokens stand in the order of the store.
            logits_NC = logits_WTC[batch.inputs["attention_mask"].bool()].double().cpu().numpy()
            ends = np.cumsum([len(store.streams["input"][row]) for row in group])
            for row, logits_TC in zip(group, np.split(logits_NC, ends[:-1]), strict=True):
                token_U = token_of_word[place[int(row)]]
                found[place[int(row)]] = np.where((token_U >= 0)[:, None], logits_TC[token_U], 0.0)
    return found
