"""Predictions and everything that follows from them: scores, comparisons, calibration. Imports without torch.

predictions.py   the file of predictions              score.py        every metric with an interval
compare.py       is one system better than another    calibrate.py    temperature, thresholds, reliability, automation
fairness.py      gaps between groups                  sums.py         what metrics of texts and spans add up
texts.py         the metrics of texts by settings
test_ledger.py   how often a test set was scored      predict.py      a model over rows (needs torch; import it by name)
"""

from __future__ import annotations

from tunewright.evaluate.calibrate import (
    Automation,
    ReliabilityBin,
    Temperature,
    automation,
    confidence_of,
    fit_temperature,
    fit_temperatures,
    fit_thresholds,
    lowest_thresholds,
    reliability,
)
from tunewright.evaluate.compare import Comparison, compare, holm
from tunewright.evaluate.config import FairnessConfig
from tunewright.evaluate.fairness import Gap, GroupGaps, group_gaps, without_small_names
from tunewright.evaluate.predictions import (
    Predictions,
    from_answers,
    from_logits,
    from_spans,
    from_texts,
    read_predictions,
    write_predictions,
)
from tunewright.evaluate.score import Score, metrics_for, score, value_of

__all__ = [
    "Automation", "Comparison", "FairnessConfig", "Gap", "GroupGaps", "Predictions", "ReliabilityBin", "Score",
    "Temperature", "automation", "compare", "confidence_of", "fit_temperature", "fit_temperatures", "fit_thresholds",
    "from_answers", "from_logits", "from_spans", "from_texts", "group_gaps", "holm", "lowest_thresholds",
    "metrics_for", "read_predictions", "reliability", "score", "value_of", "without_small_names", "write_predictions",
]  # fmt: skip
