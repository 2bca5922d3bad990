"""What turns a system's logits into probabilities and answers: fitted on the validation split, for every system alike."""

from __future__ import annotations

from dataclasses import dataclass

from tunewright.evaluate import Predictions, fit_temperature, fit_thresholds
from tunewright.evaluate.predictions import sigmoid
from tunewright.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Of one system."""

    temperature: float = 1.0
    thresholds: tuple[float, ...] | None = None
    """Multi-label: the probability from which a label is given; None: one half."""


UNCALIBRATED = Calibration()


def calibrate(recipe: Recipe, validation: Predictions) -> Calibration:
    """Temperature, and for multi-label thresholds, from the logits of the validation split."""
    if not recipe.evaluate.calibrate or validation.kind in ("regression", "text") or not len(validation):
        return UNCALIBRATED
    if validation.kind == "single_label":
        return Calibration(temperature=fit_temperature(validation.logits_NC, validation.gold_index_N).temperature)
    temperature = fit_temperature(validation.logits_NC, validation.gold_sets_NC).temperature
    thresholds = fit_thresholds(sigmoid(validation.logits_NC / temperature), validation.gold_sets_NC)
    return Calibration(temperature=temperature, thresholds=tuple(float(t) for t in thresholds))
