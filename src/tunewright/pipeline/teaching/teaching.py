"""The record of functions that teaching a task consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from tunewright.adapters import HeadKind
from tunewright.batching import Batch, Examples, ExampleSource, TokenStore
from tunewright.data.ledger import Action, Entry
from tunewright.evaluate import Predictions
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import Tokenizer
from tunewright.pipeline.calibrate import Calibration
from tunewright.pipeline.prepare import Prepared
from tunewright.tasks.taught import Untaught

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """All rows of a run as examples, and what is to be said of single ones."""

    examples: Examples
    entries: list[Entry]
    """For the ledger: rows that can't be taught, and texts of which something is not read."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Tokens that stand together, and what each of them counts: see `Glimpse`."""

    name: Literal["text", "source", "answer"]
    ids_T: npt.NDArray[np.int32]
    weight_T: npt.NDArray[np.float64]
    """How much it counts that the token is predicted; 0 for what is only read."""
    is_read_T: npt.NDArray[np.bool_]
    """False for what is over the limit, and cut."""


@dataclass(frozen=True, kw_only=True)
class Glimpse:
    """What a model sees of one row: for people, before anything is trained."""

    parts: tuple[Part, ...]
    answer: str | None = None
    """The label or number to be learned, where that is no text."""
    weight: float
    """Of the whole row; 0 where it has no answer."""
    prompt: npt.NDArray[np.int32] | None = None
    """What is read before an answer is written, as at inference."""
    prompt_fits: bool = True
    """Whether the prompt is, token for token, what was read before the last answer that is learned."""
    num_windows: int = 1


def encoding_entry(
    prepared: Prepared, place: int, action: Action, reason_code: str, *, after: str, field: str = "text"
) -> Entry:
    """What is to be said of a row when it is encoded."""
    origin = prepared.rows.column("origin")[place].as_py()
    return Entry(
        row_id=prepared.row_ids[place], path=origin["path"], line=origin["line"], stage="encode", action=action,
        reason_code=reason_code, field=field, after=after,
    )  # fmt: skip


class Teaching(Protocol):
    """How one model is taught one task, and asked afterwards."""

    @property
    def local(self) -> LocalModel:
        """The pretrained model."""

    @property
    def tokenizer(self) -> Tokenizer:
        """Its tokenizer."""

    @property
    def metric(self) -> str:
        """What early stopping watches: a name in `metrics.METRICS`."""

    @property
    def head_kind(self) -> HeadKind:
        """What stands on the pretrained part."""

    @property
    def head_labels(self) -> tuple[str, ...]:
        """Classes or tags in the order of the logits; none for numbers and for what is written."""

    @property
    def new_ids(self) -> tuple[int, ...]:
        """Tokens that the recipe gives to the model."""

    def key(self) -> str:
        """A digest of all settings that `encode` depends on, besides rows and weights."""

    def encode(self) -> Encoding:
        """All rows as examples; rows without an answer weigh nothing."""

    def glimpse(self, place: int) -> Glimpse | Untaught:
        """What the model sees of one row, or why it can't be taught."""

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """Indices of the rows of a split that can be taught or asked; None: those without an answer."""

    def plain(self, store: TokenStore) -> ExampleSource:
        """All texts by themselves, without prompts and answers: what features of the model as it came are made of."""

    def load(self, *, seed: int) -> nn.Module:
        """The pretrained model with the head that the task needs, on the CPU."""

    def objective(self, model: nn.Module, store: TokenStore) -> Callable[[nn.Module, Batch], Tensor]:
        """model, batch -> `sum w*l` of each row, (B,)."""

    def drawn(self, store: TokenStore) -> Callable[[int], ExampleSource] | None:
        """epoch -> the store with what is read of its rows drawn anew; None: rows are read as they stand."""

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """The value of `metric` and the mean loss of some rows while the model is trained.

        Where the metric is not defined on these rows (no span to be found and none said) its value is 0, as scikit-learn
        and seqeval have it; it is then the same after each epoch, and the loss decides.
        """

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """Further figures of some validation rows, for people who watch."""

    def answer(self, model: nn.Module, store: TokenStore, rows: Rows, *, calibration: Calibration) -> Predictions:
        """What a finished model says of some rows."""

    def outputs(self, model: nn.Module, store: TokenStore, rows: Rows) -> npt.NDArray[Any]:
        """Numbers by which two models are told apart: (N, C) logits, or (N, 1) losses of the answers."""

    def finish(self, model: nn.Module) -> None:
        """Make a trained model give final answers."""

    def save(self, model: nn.Module, folder: Any) -> None:
        """Write model and tokenizer as plain transformers reads them."""

    def load_again(self, folder: Any) -> nn.Module:
        """Read what `save` wrote."""
