"""Linear models over any features: logistic regression for classes and labels, ridge regression for numbers.

    N  rows     F  features     C  classes, labels, or 1 for a number

All probes share this one shape, `logits = features @ weight + bias`, so they are saved as plain arrays and need no
scikit-learn to be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["single_label", "multi_label", "regression"]
Floats = npt.NDArray[np.float64]

_ABSENT = 12.0
"""How far below the least likely seen class a class stands that no training row has."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A fitted linear map."""

    weight_FC: npt.NDArray[np.float32]
    bias_C: npt.NDArray[np.float32]

    def logits(self, features_NF: Any) -> Floats:
        """Logits (N, C) of a dense array or a scipy sparse matrix; for regression the number itself, (N, 1)."""
        return np.asarray(features_NF @ self.weight_FC, np.float64) + self.bias_C

    @property
    def tensors(self) -> dict[str, npt.NDArray[Any]]:
        """What is stored."""
        return {"weight": np.ascontiguousarray(self.weight_FC), "bias": np.ascontiguousarray(self.bias_C)}

    @classmethod
    def of(cls, tensors: dict[str, npt.NDArray[Any]]) -> Linear:
        """The inverse of `tensors`."""
        return cls(weight_FC=tensors["weight"], bias_C=tensors["bias"])


def fit_linear(
    features_NF: Any, targets: npt.NDArray[Any], *, kind: Kind, num_outputs: int, inverse_penalty: float,
    tolerance: float, max_steps: int, weights_N: Floats | None = None,
) -> Linear:  # fmt: skip
    """Fit; `targets` are class indices (N,), multi-hot (N, C) or numbers (N,), as a task's `targets` makes them."""
    fitting = _Fitting(
        inverse_penalty=inverse_penalty, tolerance=tolerance, max_steps=max_steps, weights_N=weights_N
    )  # fmt: skip
    if kind == "regression":
        return _fit_numbers(features_NF, targets, fitting)
    if kind == "multi_label":
        columns = [_fit_yes_no(features_NF, targets[:, c] > 0.5, fitting) for c in range(num_outputs)]
        return Linear(
            weight_FC=np.stack([weight for weight, _ in columns], axis=1).astype(np.float32),
            bias_C=np.array([bias for _, bias in columns], np.float32),
        )
    return _fit_classes(features_NF, targets, num_outputs, fitting)


@dataclass(frozen=True, kw_only=True)
class _Fitting:
    inverse_penalty: float
    tolerance: float
    max_steps: int
    weights_N: Floats | None

    def logistic(self, features_NF: Any, targets_N: npt.NDArray[Any]) -> Any:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=self.inverse_penalty, tol=self.tolerance, max_iter=self.max_steps)
        with warnings.catch_warnings():
            # Stopping at `max_steps` is meant: more steps change the answer by less than another seed would.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(features_NF, targets_N, sample_weight=self.weights_N)


def _fit_classes(features_NF: Any, targets_N: npt.NDArray[Any], num_classes: int, fitting: _Fitting) -> Linear:
    present = np.unique(targets_N)
    weight_FC = np.zeros((features_NF.shape[1], num_classes), np.float32)
    bias_C = np.zeros(num_classes, np.float32)
    if len(present) == 2:
        weight_F, bias = _fit_yes_no(features_NF, targets_N == present[1], fitting)
        # One score s for two classes: logits -s/2 and s/2, whose softmax is sigmoid(s).
        weight_FC[:, present] = np.stack([-weight_F / 2, weight_F / 2], axis=1)
        bias_C[present] = [-bias / 2, bias / 2]
    elif len(present) > 2:
        model = fitting.logistic(features_NF, targets_N)
        weight_FC[:, present] = model.coef_.T
        bias_C[present] = model.intercept_
    absent = np.setdiff1d(np.arange(num_classes), present)
    if len(absent) and len(present):
        weight_FC[:, absent] = weight_FC[:, present].mean(axis=1, keepdims=True)
        bias_C[absent] = bias_C[present].min() - _ABSENT
    return Linear(weight_FC=weight_FC, bias_C=bias_C)


def _fit_yes_no(features_NF: Any, targets_N: npt.NDArray[np.bool_], fitting: _Fitting) -> tuple[Floats, float]:
    if targets_N.all() or not targets_N.any():
        # Nothing to tell apart: always the one answer seen, with the odds of having seen nothing else in N rows.
        odds = float(np.log(2 * len(targets_N) + 1))
        return np.zeros(features_NF.shape[1]), odds if targets_N.all() else -odds
    model = fitting.logistic(features_NF, targets_N.astype(np.int64))
    return model.coef_[0], float(model.intercept_[0])


def _fit_numbers(features_NF: Any, targets_N: npt.NDArray[Any], fitting: _Fitting) -> Linear:
    from sklearn.linear_model import Ridge

    values_N = np.asarray(targets_N, np.float64)
    scale = float(values_N.std()) or 1.0
    solver = "cholesky" if isinstance(features_NF, np.ndarray) else "sparse_cg"
    model = Ridge(alpha=1 / fitting.inverse_penalty, solver=solver, tol=fitting.tolerance)
    model.fit(features_NF, (values_N - values_N.mean()) / scale, sample_weight=fitting.weights_N)
    bias = float(model.intercept_) * scale + float(values_N.mean())
    return Linear(
        weight_FC=(np.asarray(model.coef_) * scale).reshape(-1, 1).astype(np.float32),
        bias_C=np.array([bias], np.float32),
    )
