"""A linear model over the features of a pretrained model that is not trained: what the model knows before fine-tuning.

    N  rows     H  feature size     C  outputs

The features come in as an array; this file knows nothing of the model that made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.config import Config
from tunewright.core.errors import DataError
from tunewright.probes import storage
from tunewright.probes.linear import Floats, Kind, Linear, fit_linear

Features = npt.NDArray[np.float32]


class FrozenConfig(Config):
    """How the linear model over frozen features is fitted."""

    inverse_penalty: float = 0.03
    """C of the logistic regression over standardised features: many dense features want a strong penalty. Between
    0.01 and 0.1 the score moved by less than its interval on sst2, banking77 and tweeteval_emotion with MiniLM-L6."""
    tolerance: float = 1e-3
    """The fit ends when no slope is steeper than this."""
    max_steps: int = 200
    """The fit ends after this many steps in any case."""
    max_rows: int = 100_000
    """Training rows used, evenly spaced over all of them."""


@dataclass(frozen=True, kw_only=True)
class FrozenProbe:
    """A fitted linear model over standardised features."""

    kind: Kind
    labels: tuple[str, ...]
    config: FrozenConfig
    mean_H: Features
    deviation_H: Features
    linear: Linear

    def logits(self, features_NH: Features) -> Floats:
        """Logits (N, C); for regression the numbers, (N, 1)."""
        return self.linear.logits(_standardised(features_NH, self.mean_H, self.deviation_H))

    def save(self, folder: Path) -> None:
        """Write `probe.json` and `probe.safetensors`."""
        about = {
            "probe": "frozen", "kind": self.kind, "labels": list(self.labels), "config": self.config.model_dump(),
        }  # fmt: skip
        storage.save(
            folder, about=about, tensors={**self.linear.tensors, "mean": self.mean_H, "deviation": self.deviation_H}
        )


def fit_frozen(
    features_NH: Features, targets: npt.NDArray[Any], *, kind: Kind, labels: Sequence[str],
    weights: Floats | None = None, config: FrozenConfig | None = None,
) -> FrozenProbe:  # fmt: skip
    """Fit on training rows. `targets`: class indices (N,), multi-hot (N, C) or numbers (N,), as a task makes them."""
    config = config or FrozenConfig()
    if not len(features_NH):
        raise DataError("There are no labelled training rows. Label some rows, or check the label column.")
    rows = np.unique(np.linspace(0, len(features_NH) - 1, min(len(features_NH), config.max_rows)).astype(np.int64))
    chosen_NH = np.asarray(features_NH, np.float32)[rows]
    mean_H, deviation_H = chosen_NH.mean(axis=0), chosen_NH.std(axis=0)
    # A feature that never changes says nothing; dividing by its rounding noise would make it say something.
    deviation_H = np.where(deviation_H > 1e-6, deviation_H, np.float32(np.inf)).astype(np.float32)
    linear = fit_linear(
        _standardised(chosen_NH, mean_H, deviation_H), np.asarray(targets)[rows], kind=kind,
        num_outputs=1 if kind == "regression" else len(labels),
        # Ridge's penalty counts against the sum over rows; this scale suits some hundred standardised features.
        inverse_penalty=config.inverse_penalty / 10 if kind == "regression" else config.inverse_penalty,
        tolerance=config.tolerance, max_steps=config.max_steps,
        weights_N=None if weights is None else np.asarray(weights, np.float64)[rows],
    )  # fmt: skip
    # Stored as "divide by 1 and multiply by 0" would be: zero the rows, so that no infinity is written to disk.
    silent_H = np.isinf(deviation_H)
    weight_HC = np.where(silent_H[:, None], np.float32(0), linear.weight_FC).astype(np.float32)
    return FrozenProbe(
        kind=kind, labels=tuple(labels), config=config, mean_H=mean_H,
        deviation_H=np.where(silent_H, np.float32(1), deviation_H),
        linear=Linear(weight_FC=weight_HC, bias_C=linear.bias_C),
    )  # fmt: skip


def load_frozen(folder: Path) -> FrozenProbe:
    """The inverse of `FrozenProbe.save`. Raises ModelError on a missing or damaged file."""
    about, tensors = storage.load(folder, probe="frozen", names=("weight", "bias", "mean", "deviation"))
    return FrozenProbe(
        kind=about["kind"], labels=tuple(about["labels"]), config=FrozenConfig(**about["config"]),
        mean_H=tensors["mean"], deviation_H=tensors["deviation"], linear=Linear.of(tensors),
    )  # fmt: skip


def _standardised(features_NH: Features, mean_H: Features, deviation_H: Features) -> Features:
    return ((np.asarray(features_NH, np.float32) - mean_H) / deviation_H).astype(np.float32)
