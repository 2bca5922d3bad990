"""What a task is: what differs between one kind of supervision and another.

A task with one answer a row (a class, several, a number) is a `RowTask`; where the answer is a text, taught token by token, a
`TextTask`; where parts of a text have labels, a `TagTask`; where words are hidden and to be found, a `MaskedTask`.

N  rows     B  rows of a batch     C  classes, or 1 for a number
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.batching import Batch
from tunewright.core.config import Config
from tunewright.losses import LossSettings

Kind = Literal["single_label", "multi_label", "regression", "text", "spans"]
RowKind = Literal["single_label", "multi_label", "regression"]
Label = str | list[str] | float | None


class EncodeConfig(Config):
    """How texts become tokens."""

    max_length: int | None = None
    """Tokens of one example, special ones included. None: long enough for 99 of 100 texts, within the model's own limit."""
    long_texts: Literal["head", "head_tail", "windows"] = "head"
    """What is read of a longer text: its beginning, its beginning and end, or all of it in windows whose logits are averaged.
    Where parts of a text have labels the default is `windows`, and each word is answered for in one of them.
    Answers that are texts are never cut: a row that is too long goes to the ledger; of a source its beginning is read."""
    max_target_length: int | None = None
    """Tokens of an answer of an encoder-decoder. None: as long as the longest one, within the model's own limit."""
    chat_template: str | None = None
    """How a decoder's chats are written: `plain` (ours, for models that have none), or a file with a template. None: the
    model's own."""
    prompt: str | None = None
    """What a model is asked for a row of parallel text, with `{source}`, `{source_language}` and `{target_language}` in it.
    None: the source alone, and for decoders a sentence that asks for the translation."""
    system: str | None = None
    """A system message put before chats that have none."""
    template_variables: dict[str, bool] | None = None
    """What a chat template is told when it asks for an answer, such as `enable_thinking: false`. None: what most answers of
    the file were written with."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of supervision."""

    name: str
    kind: Kind
    default_loss: str
    """Name in `losses.LOSSES`."""
    primary_metric: str
    """Name in `metrics.METRICS`: what comparisons are about, unless the recipe says otherwise."""
    measured_by: tuple[str, ...] | None = None
    """The only metrics that mean something; None: all that fit the kind of answer."""


@dataclass(frozen=True, kw_only=True)
class RowTask(Task):
    """One answer a row. All functions are pure."""

    kind: RowKind
    find_labels: Callable[[Sequence[Label]], list[str]]
    """The class names in their fixed order, from all answers; empty for numbers."""
    targets: Callable[[Sequence[Label], Sequence[str]], npt.NDArray[Any]]
    """Answers as an array (N,) or (N, C) for the token store; a missing answer gets any value (its weight is 0)."""
    objective: Callable[[torch.nn.Module, Batch, LossSettings], Tensor]
    """model, batch, loss -> `sum w*l` of each row, (B,), float32 or wider. Never averaged: there is one division, in the step."""
    logits: Callable[[torch.nn.Module, Batch], Tensor]
    """model, batch -> logits (B, C)."""


@dataclass(frozen=True, kw_only=True)
class TextTask(Task):
    """The answer is a text: `tasks/taught.py` makes tokens of it, `tasks/token_loss.py` its objective."""

    kind: Literal["text"] = "text"
    forms: tuple[str, ...]
    """Forms of rows that it is taught with: see `data/shapes/types.py`."""


@dataclass(frozen=True, kw_only=True)
class TagTask(Task):
    """The answer is a label for parts of the text: `tasks/tag.py` has the tags, `tasks/words.py` finds the tokens of words."""

    kind: Literal["spans"] = "spans"
    forms: tuple[str, ...]
    """Forms of rows that it is taught with."""


@dataclass(frozen=True, kw_only=True)
class MaskedTask(Task):
    """The answer is what was hidden of a text: `tasks/masked.py` says what that is."""

    kind: Literal["text"] = "text"
    forms: tuple[str, ...]
    """Forms of rows that it is taught with."""


def weighted_loss(model: torch.nn.Module, batch: Batch, loss: LossSettings) -> Tensor:
    """`w * l` of each row, (B,), for tasks with one answer a row."""
    assert batch.targets is not None, "rows without answers can't be trained on"
    loss_B = loss.per_row(row_logits(model, batch), batch.targets)
    return loss_B * batch.weights_B.to(loss_B.dtype)


def row_logits(model: torch.nn.Module, batch: Batch) -> Tensor:
    """Logits (B, C) of a sequence classifier: the mean over each row's windows, as wide as the model computes."""
    logits_WC: Tensor = model(**batch.inputs).logits
    num_rows = len(batch.weights_B)
    if len(logits_WC) == num_rows:
        return logits_WC
    sums_BC = logits_WC.new_zeros(num_rows, logits_WC.shape[1]).index_add(0, batch.row_of_window_W, logits_WC)
    windows_B = torch.bincount(batch.row_of_window_W, minlength=num_rows)
    return sums_BC / windows_B[:, None].to(logits_WC.dtype)
