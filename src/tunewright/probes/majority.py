"""The answer that needs no text: the commonest class, the usual labels, the mean number. To be beaten by all else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import DataError
from tunewright.probes import storage
from tunewright.probes.linear import Floats, Kind


@dataclass(frozen=True, kw_only=True)
class MajorityProbe:
    """The same logits for every text."""

    kind: Kind
    labels: tuple[str, ...]
    logits_C: Floats

    def logits(self, rows: int | Sequence[str], *, pairs: Sequence[str] | None = None) -> Floats:
        """Logits (N, C), N equal rows; texts are only counted."""
        return np.tile(self.logits_C, (rows if isinstance(rows, int) else len(rows), 1))

    def save(self, folder: Path) -> None:
        """Write `probe.json` and `probe.safetensors`."""
        about = {"probe": "majority", "kind": self.kind, "labels": list(self.labels)}
        storage.save(folder, about=about, tensors={"logits": self.logits_C})


def fit_majority(
    targets: npt.NDArray[Any], *, kind: Kind, labels: Sequence[str], weights: Floats | None = None
) -> MajorityProbe:
    """Logits whose probabilities are the shares seen in training, half a row added to each so that none is zero."""
    if not len(targets):
        raise DataError("There are no labelled training rows. Label some rows, or check the label column.")
    weights_N = np.ones(len(targets)) if weights is None else np.asarray(weights, np.float64)
    if not weights_N.any():
        raise DataError("Every training row has the weight 0. Check the weight column.")
    if kind == "regression":
        logits_C = np.array([np.average(np.asarray(targets, np.float64), weights=weights_N)])
    elif kind == "multi_label":
        yes_C = weights_N @ np.asarray(targets, np.float64)
        logits_C = np.log(yes_C + 0.5) - np.log(weights_N.sum() - yes_C + 0.5)
    else:
        counts_C = np.bincount(targets, weights=weights_N, minlength=len(labels))
        logits_C = np.log((counts_C + 0.5) / (counts_C + 0.5).sum())
    return MajorityProbe(kind=kind, labels=tuple(labels), logits_C=np.asarray(logits_C, np.float64))


def load_majority(folder: Path) -> MajorityProbe:
    """The inverse of `MajorityProbe.save`. Raises ModelError on a missing or damaged file."""
    about, tensors = storage.load(folder, probe="majority", names=("logits",))
    return MajorityProbe(kind=about["kind"], labels=tuple(about["labels"]), logits_C=tensors["logits"])
