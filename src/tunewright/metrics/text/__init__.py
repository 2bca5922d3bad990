"""Metrics of texts. Each is a function of sums over rows, so that resampling the rows costs one matrix product.

metric.py    what a metric of texts is          tokens.py    words, and characters where a script has no spaces
sacre.py     BLEU, chrF, TER: sacreBLEU's own   overlap.py   exact match, token F1, ROUGE
faults.py    empty, copied, repeated, cut, length   losses.py    perplexity, from the losses of gold's tokens
"""

from __future__ import annotations

from tunewright.metrics.text import faults, losses, overlap, sacre
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
    "perplexity": losses.PERPLEXITY,
    "nll_per_token": losses.NLL_PER_TOKEN,
}
"""The metrics that need no settings."""
