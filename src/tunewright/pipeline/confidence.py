"""Whether confidence can be trusted, and what can be left to the machine because of it: the evidence of one system."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tunewright.evaluate import Predictions, Score, automation, from_logits, reliability, score
from tunewright.evaluate.abstain import risk_curve
from tunewright.evaluate.conformal import check_conformal
from tunewright.pipeline.calibrate import Calibration, calibrate
from tunewright.recipe import Recipe

CALIBRATION_METRICS = ("brier", "ece", "ece_debiased", "nll")


def confidence_evidence(
    shown: Predictions, validation: Predictions, scores: list[Score], *, system: str, recipe: Recipe
) -> dict[str, Any]:
    """`calibration`, `automation`, `risk_curve` and `conformal` of a system's test predictions; of numbers the last alone.

    Everything was chosen on the validation rows; here is what it does on the test rows.
    """
    settings = recipe.evaluate
    calibration = calibrate(recipe, validation)
    evidence: dict[str, Any] = {}
    if calibration.conformal is not None:
        check = check_conformal(shown, calibration.conformal, level=settings.level)
        evidence["conformal"] = asdict(check) | {"learned_from": calibration.conformal.rows}
    if shown.kind not in ("single_label", "multi_label"):
        return evidence
    curve = risk_curve(shown, level=settings.level)
    lines = automation(validation, shown, wanted=settings.wanted_precision, level=settings.level)
    return evidence | {
        "calibration": _before_and_after(shown, calibration, scores, system, recipe),
        "automation": [asdict(line) for line in lines],
        "risk_curve": None if curve is None else asdict(curve),
    }


def _before_and_after(
    shown: Predictions, calibration: Calibration, scores: list[Score], system: str, recipe: Recipe
) -> dict[str, Any]:
    """Brier score and calibration error of the same answers with and without what was fitted."""
    settings = recipe.evaluate
    raw = from_logits(
        shown.row_ids, kind=shown.kind, labels=shown.labels, gold=shown.table.column("gold"),
        logits_NC=shown.logits_NC[:, : len(shown.labels)],
    )  # fmt: skip
    before = score(
        raw, split="test", system=system, seed=settings.seed, level=settings.level, resamples=settings.resamples,
        metrics=CALIBRATION_METRICS,
    )  # fmt: skip

    def figures(of: list[Score]) -> dict[str, Any]:
        return {
            s.metric: {"value": s.value, "low": s.low, "high": s.high, "n": s.n}
            for s in of
            if s.metric in CALIBRATION_METRICS and (s.system, s.split, s.slice) == (system, "test", None)
        }

    return {
        "temperature": calibration.temperature,
        "scaling": "temperature" if calibration.scaling is None else calibration.scaling.name,
        "tried": [asdict(one) for one in calibration.tried],
        "before": figures(before),
        "after": figures(scores),
        "reliability_before": [asdict(b) for b in reliability(raw, level=settings.level)],
        "reliability_after": [asdict(b) for b in reliability(shown, level=settings.level)],
    }
