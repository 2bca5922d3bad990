"""What turns a system's logits into probabilities and answers: fitted on the validation split, for every system alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tunewright.evaluate import Predictions, fit_temperature, fit_thresholds, from_logits, lowest_thresholds
from tunewright.evaluate.conformal import Conformal, fit_conformal
from tunewright.evaluate.predictions import Kind
from tunewright.evaluate.scaling import (
    Gold,
    IsotonicScaling,
    Tried,
    VectorScaling,
    choose_scaling,
    fit_isotonic,
    fit_vector,
)
from tunewright.metrics.metric import Floats
from tunewright.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Of one system."""

    temperature: float = 1.0
    """Logits are divided by it, unless there is another `scaling`."""
    scaling: VectorScaling | IsotonicScaling | None = None
    """What takes the temperature's place, where it was shown to be better or the recipe wants it."""
    tried: tuple[Tried, ...] = ()
    """Scalings in cross-validation over the validation rows, where there were rows enough to try."""
    thresholds: tuple[float, ...] | None = None
    """Multi-label: the probability from which a label is given; None: one half."""
    conformal: Conformal | None = None
    """What makes sets of possible answers."""
    alone: dict[str, float] = field(default_factory=dict)
    """By wanted share of right answers: the confidence from which the system may answer alone, where there is one."""

    def predictions(
        self, row_ids: Sequence[str], *, kind: Kind, labels: Sequence[str], gold: Any, logits_NC: Floats,
        weight: Sequence[float] | None = None,
    ) -> Predictions:  # fmt: skip
        """What the system says of some rows."""
        return from_logits(
            row_ids, kind=kind, labels=labels, gold=gold, logits_NC=logits_NC, temperature=self.temperature,
            scaling=self.scaling, thresholds=0.5 if self.thresholds is None else self.thresholds, weight=weight,
        )  # fmt: skip


UNCALIBRATED = Calibration()


def calibrate(recipe: Recipe, validation: Predictions) -> Calibration:
    """All of it from the logits of the validation split; of numbers only how far they may be off."""
    settings, rows = recipe.evaluate, validation.labelled
    if not settings.calibrate or not len(rows):
        return UNCALIBRATED
    if rows.kind == "regression":
        return Calibration(conformal=fit_conformal(rows, coverage=settings.coverage))
    if rows.kind not in ("single_label", "multi_label"):
        return UNCALIBRATED
    logits_NC = rows.logits_NC[:, : len(rows.labels)]
    gold: Gold = rows.gold_index_N if rows.kind == "single_label" else rows.gold_sets_NC
    found = _scaled(recipe, logits_NC, gold)

    def answered() -> Predictions:
        of = {"kind": rows.kind, "labels": rows.labels, "gold": rows.table.column("gold"), "logits_NC": logits_NC}
        return found.predictions(rows.row_ids, **of)

    if rows.kind == "multi_label":
        thresholds = fit_thresholds(answered().scores_NC, rows.gold_sets_NC)
        found = replace(found, thresholds=tuple(float(t) for t in thresholds))
    calibrated = answered()
    return replace(
        found, conformal=fit_conformal(calibrated, coverage=settings.coverage),
        alone={str(wanted): t for wanted, t in lowest_thresholds(calibrated, settings.wanted_precision).items()},
    )  # fmt: skip


def _scaled(recipe: Recipe, logits_NC: Floats, gold: Gold) -> Calibration:
    """The temperature, and what takes its place."""
    wanted = recipe.evaluate.scaling
    found = Calibration(temperature=fit_temperature(logits_NC, gold).temperature)
    if wanted == "vector":
        return replace(found, scaling=fit_vector(logits_NC, gold))
    if wanted == "isotonic":
        return replace(found, scaling=fit_isotonic(logits_NC, gold))
    if wanted == "temperature":
        return found
    chosen = choose_scaling(logits_NC, gold, seed=recipe.evaluate.seed)
    better = None if chosen.scaling.name == "temperature" else chosen.scaling
    return replace(found, scaling=better, tried=chosen.tried)
