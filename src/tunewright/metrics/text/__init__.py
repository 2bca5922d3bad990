"""Metrics of texts. Each is a function of sums over rows, so that resampling the rows costs one matrix product.

metric.py    what a metric of texts is               tokens.py       words, and characters where there are no spaces
sacre.py     BLEU, chrF, TER: sacreBLEU's own        overlap.py      exact match, token F1, ROUGE
faults.py    empty, copied, repeated, cut, length    losses.py       perplexity, from the losses of gold's tokens
target.py    the wrong language or characters        kept.py         numbers, addresses, tags and placeholders
numeric.py   answers that are a number               structured.py   JSON and calls of tools
terms.py     terms of a glossary                     json_schema.py  whether JSON follows a schema
edits.py     the edits of TER
"""

from __future__ import annotations

from tunewright.metrics.text import faults, kept, losses, numeric, overlap, sacre, structured, target
from tunewright.metrics.text.metric import Asked, Said, TextMetric

__all__ = ["TEXT_METRICS", "Asked", "Said", "TextMetric"]

TEXT_METRICS: dict[str, TextMetric] = {
    "exact_match": overlap.EXACT_MATCH,
    "token_f1": overlap.TOKEN_F1,
    "rouge1": overlap.ROUGE1,
    "rouge2": overlap.ROUGE2,
    "rougeL": overlap.ROUGE_L,
    "bleu": sacre.BLEU,
    "chrf": sacre.CHRF,
    "ter": sacre.TER,
    "empty_rate": faults.EMPTY_RATE,
    "copied_rate": faults.COPIED_RATE,
    "repeated_rate": faults.REPEATED_RATE,
    "cut_rate": faults.CUT_RATE,
    "length_ratio": faults.LENGTH_RATIO,
    "off_target_rate": target.OFF_TARGET_RATE,
    "off_variant_rate": target.OFF_VARIANT_RATE,
    "numbers_kept": kept.NUMBERS_KEPT,
    "addresses_kept": kept.ADDRESSES_KEPT,
    "placeholders_kept": kept.PLACEHOLDERS_KEPT,
    "numeric_accuracy": numeric.NUMERIC_ACCURACY,
    "json_valid_rate": structured.JSON_VALID_RATE,
    "json_match": structured.JSON_MATCH,
    "tool_name_accuracy": structured.TOOL_NAME_ACCURACY,
    "tool_call_accuracy": structured.TOOL_CALL_ACCURACY,
    "perplexity": losses.PERPLEXITY,
    "nll_per_token": losses.NLL_PER_TOKEN,
}
"""The metrics that need no settings. One that is about no row, as the JSON ones are of prose, has no score."""
