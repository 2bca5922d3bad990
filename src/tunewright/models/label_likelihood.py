"""Classification by the text of labels: log p(label | text) for every label, so that models that write have probabilities, too.

What stands before the labels is the same for all of them and is computed once: an encoder-decoder's source is encoded once, a
decoder's prompt is read once into its cache. Whether a model can be used so is tried on two rows; where it gives other numbers
than reading every row with every label as a whole, that is done instead.

N  rows     C  labels     B  rows at a time     L  labels at a time     T  tokens before     U  tokens of a label, padded
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.models.evaluating import evaluating
from tunewright.models.likelihood import negative_log_prob, token_log_probs
from tunewright.models.rectangles import groups_by_length, rectangle

Tokens = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]
Normalize = Literal["none", "length"]

_TRIED_ROWS = 2
_AGREEMENT = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Largest difference in nats at which two ways count as the same, over the largest number; in lower precisions 0.02."""


def label_log_probs(
    model: Any, contexts: Sequence[Tokens], labels: Sequence[Tokens], *, pad_id: int, decoder_start_id: int | None,
    most_tokens: int = 8192, device: torch.device | None = None,
) -> Numbers:  # fmt: skip
    """The sum of log p over each label's tokens after each context, (N, C) in nats.

    `contexts` and `decoder_start_id` as for `token_log_probs`; `labels` are tokens with the one that ends an answer, without which
    a label that begins as another does would always win.
    """
    asked = _Labels(
        model=model, labels=labels, pad_id=pad_id, start=decoder_start_id, most_tokens=most_tokens,
        device=device or model.device,
    )  # fmt: skip
    with evaluating(model):
        return asked.shared(contexts) if asked.can_share(contexts) else asked.one_by_one(contexts)


def label_logits(log_probs_NC: Numbers, *, num_tokens_C: Sequence[int], normalize: Normalize = "none") -> Numbers:
    """Logits (N, C) whose softmax is p(label | text, one of the labels).

    `length` takes the mean over tokens instead of the sum: long labels are no longer less likely for being long, but what
    comes out is no probability of the model's own.
    """
    return log_probs_NC if normalize == "none" else log_probs_NC / np.asarray(num_tokens_C, np.float64)[None, :]


@dataclass(frozen=True, kw_only=True)
class _Labels:
    """The labels of a task, and the model that is asked for them."""

    model: Any
    labels: Sequence[Tokens]
    pad_id: int
    start: int | None
    most_tokens: int
    device: torch.device

    def one_by_one(self, contexts: Sequence[Tokens]) -> Numbers:
        """Every context with every label as a text of its own."""
        pairs = [(context, label) for context in contexts for label in self.labels]
        sums = [
            values.sum()
            for values in token_log_probs(
                self.model, [a for a, _ in pairs], [b for _, b in pairs], pad_id=self.pad_id, decoder_start_id=self.start,
                most_tokens=self.most_tokens, device=self.device,
            )
        ]  # fmt: skip
        return np.array(sums).reshape(len(contexts), len(self.labels))

    def can_share(self, contexts: Sequence[Tokens]) -> bool:
        """Whether reading a context once gives the same numbers; tried on the shortest and the longest of a few."""
        lengths = np.array([len(context) for context in contexts])
        if not len(contexts) or (self.start is None and lengths.max() < 2):
            return False
        tried = [contexts[row] for row in dict.fromkeys([int(lengths.argmax()), int(lengths.argmin())])][:_TRIED_ROWS]
        expected = self.one_by_one(tried)
        try:
            found = self.shared(tried)
        except Exception:  # whatever an architecture that keeps its past otherwise raises, this is not its way
            return False
        return bool(np.abs(found - expected).max() <= _AGREEMENT.get(self.model.dtype, 0.02) * np.abs(expected).max())

    def shared(self, contexts: Sequence[Tokens]) -> Numbers:
        """Every context once, and then the labels behind it."""
        longest = max(len(label) for label in self.labels)
        lengths = np.array([len(context) + longest for context in contexts], np.int64)
        found = np.zeros((len(contexts), len(self.labels)))
        behind = self._behind_prompts if self.start is None else self._behind_sources
        for group in groups_by_length(lengths, most_tokens=self.most_tokens, copies=len(self.labels)):
            size = max(1, self.most_tokens // int(len(group) * lengths[group].max()))
            parts = [self.labels[first : first + size] for first in range(0, len(self.labels), size)]
            found[group] = np.concatenate(list(behind([contexts[row] for row in group], parts)), axis=1)
        return found

    def _behind_sources(self, contexts: Sequence[Tokens], parts: Sequence[Sequence[Tokens]]) -> Any:
        """(B, L) for each part of the labels: sources are encoded once."""
        from transformers.modeling_outputs import BaseModelOutput

        ids_BT, mask_BT = rectangle(contexts, fill=self.pad_id, side="right", device=self.device)
        hidden_BTH = self.model.get_encoder()(input_ids=ids_BT, attention_mask=mask_BT)[0]
        first = np.array([self.start], np.int32)
        for labels in parts:
            read_LU, _ = rectangle(
                [np.concatenate([first, label[:-1]]) for label in labels],
                fill=self.pad_id, side="right", device=self.device,
            )  # fmt: skip
            logits = self.model(
                encoder_outputs=BaseModelOutput(last_hidden_state=hidden_BTH.repeat_interleave(len(labels), dim=0)),
                attention_mask=mask_BT.repeat_interleave(len(labels), dim=0),
                decoder_input_ids=read_LU.repeat(len(contexts), 1), use_cache=False,
            ).logits  # fmt: skip
            yield self._sums(logits, labels, num_contexts=len(contexts))

    def _behind_prompts(self, contexts: Sequence[Tokens], parts: Sequence[Sequence[Tokens]]) -> Any:
        """(B, L) for each part of the labels: all but a prompt's last token is read once, and that one with the labels."""
        ids_BT, mask_BT = rectangle([row[:-1] for row in contexts], fill=self.pad_id, side="left", device=self.device)
        lengths_B = mask_BT.sum(dim=1)
        positions_BT = (mask_BT.cumsum(dim=1) - 1).clamp(min=0)
        past = self.model(
            input_ids=ids_BT, attention_mask=mask_BT, position_ids=positions_BT, use_cache=True
        ).past_key_values
        last_B = torch.tensor([int(row[-1]) for row in contexts], device=self.device)
        for labels in parts:
            own = copy.deepcopy(past)  # reading on changes it
            own.batch_repeat_interleave(len(labels))
            label_LU, real_LU = rectangle(labels, fill=self.pad_id, side="right", device=self.device)
            read_LU = label_LU[:, :-1].repeat(len(contexts), 1)
            read = torch.cat([last_B.repeat_interleave(len(labels))[:, None], read_LU], dim=1)
            mask = torch.cat([mask_BT.repeat_interleave(len(labels), dim=0), real_LU.repeat(len(contexts), 1)], dim=1)
            steps = torch.arange(read.shape[1], device=self.device)
            logits = self.model(
                input_ids=read, attention_mask=mask, past_key_values=own, use_cache=True,
                position_ids=lengths_B.repeat_interleave(len(labels))[:, None] + steps[None, :],
            ).logits  # fmt: skip
            yield self._sums(logits, labels, num_contexts=len(contexts))

    def _sums(self, logits: Tensor, labels: Sequence[Tokens], *, num_contexts: int) -> Numbers:
        """From logits (B*L, U, V) to the log-probability of each label, (B, L)."""
        targets_LU, real_LU = rectangle(labels, fill=0, side="right", device=self.device)
        targets, real = targets_LU.repeat(num_contexts, 1), real_LU.repeat(num_contexts, 1).bool()
        values = torch.zeros(targets.shape, dtype=torch.float64, device=self.device)
        values[real] = -negative_log_prob(logits[real], targets[real]).double()
        sums: Numbers = values.sum(dim=1).reshape(num_contexts, len(labels)).cpu().numpy()
        return sums
