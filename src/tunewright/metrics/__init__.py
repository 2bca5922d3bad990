"""Metrics as pure functions of numpy arrays or texts, and intervals for them.

Imports numpy, sacreBLEU and, of ours, `core` and what `data` knows of languages. `METRICS` is all there is; each entry
says what it reads, which way is better, and when it is undefined.
"""

from __future__ import annotations

from math import inf

from tunewright.metrics import counts, numbers, probability, ranking, spans
from tunewright.metrics.counts import ClassCounts, confusion_matrix, count_labels, count_sets
from tunewright.metrics.counts import of_labels as _labels
from tunewright.metrics.counts import of_sets as _sets
from tunewright.metrics.intervals import Interval, bca, ece_interval, wilson, wilson_effective, wilson_f1
from tunewright.metrics.metric import Input, Metric
from tunewright.metrics.spans import SPAN_METRICS
from tunewright.metrics.spans import of_spans as _spans
from tunewright.metrics.text import TEXT_METRICS, Asked, Said, TextMetric

__all__ = [
    "METRICS", "SPAN_METRICS", "TEXT_METRICS", "Asked", "ClassCounts", "Input", "Interval", "Metric", "Said",
    "TextMetric", "bca",
    "confusion_matrix", "count_labels", "count_sets", "ece_interval", "wilson", "wilson_effective", "wilson_f1",
]  # fmt: skip

_EMPTY = "there are no rows"
_ONE_CLASS = "gold has only one class"
_NO_SIDES = "no class has rows both with and without it"
_NO_LABELS = "no label is in gold or predicted"
_CONSTANT = "all values of one side are equal"
_NO_SOURCE = "what the system was shown is not known"
_NO_STOP = "why the answers end is not known"
_NO_LANGUAGE = "the language of the references can't be told"
_NO_JSON = "the references are no JSON"
_NO_CALLS = "the references call no tools"
_NO_SPANS = "there are no spans"
_NO_WORDS = "no reference has a word"
_NO_TOKENS = "no token of a right answer was measured"


# fmt: off
METRICS: dict[str, Metric] = {metric.name: metric for metric in (
    # of decisions
    Metric(name="accuracy", functions={"labels": _labels(counts.accuracy), "sets": counts.subset_accuracy},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="rows all right/rows"),
    Metric(name="balanced_accuracy", functions={"labels": _labels(counts.balanced_accuracy)},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="mean recall|classes in gold"),
    Metric(name="macro_f1", functions={"labels": _labels(counts.macro_f1), "sets": _sets(counts.macro_f1)},
           higher_is_better=True, range=(0, 1), undefined=_NO_LABELS, signature="mean F1|classes in gold or predicted"),
    Metric(name="micro_f1", functions={"labels": _labels(counts.micro_f1), "sets": _sets(counts.micro_f1)},
           higher_is_better=True, range=(0, 1), undefined=_NO_LABELS, signature="F1 of pooled decisions"),
    Metric(name="weighted_f1", functions={"labels": _labels(counts.weighted_f1), "sets": _sets(counts.weighted_f1)},
           higher_is_better=True, range=(0, 1), undefined=_NO_LABELS, signature="mean F1|weights: rows in gold"),
    Metric(name="mcc", functions={"labels": _labels(counts.mcc)},
           higher_is_better=True, range=(-1, 1), undefined=_ONE_CLASS, signature="Matthews|many classes: Gorodkin"),
    Metric(name="hamming_loss", functions={"sets": counts.hamming_loss},
           higher_is_better=False, range=(0, 1), undefined=_EMPTY, signature="wrong decisions/decisions"),
    # of the order that scores give
    Metric(name="auroc", functions={"label_scores": ranking.auroc_labels, "set_scores": ranking.auroc_sets},
           higher_is_better=True, range=(0, 1), undefined=_NO_SIDES, signature="one against rest|mean|ties half"),
    # of probabilities
    Metric(name="brier", functions={"label_scores": probability.brier, "set_scores": probability.brier_sets},
           higher_is_better=False, range=(0, 2), undefined=_EMPTY, signature="squared distance"),
    Metric(name="nll", functions={"label_scores": probability.nll, "set_scores": probability.nll_sets},
           higher_is_better=False, range=(0, inf), undefined=_EMPTY, signature="nats per row"),
    Metric(name="ece", functions={"label_scores": probability.ece, "set_scores": probability.ece_sets},
           higher_is_better=False, range=(0, 1), undefined=_EMPTY, signature="top label|15 equal bins|plug-in"),
    Metric(name="ece_debiased", functions={"label_scores": probability.ece_debiased},
           higher_is_better=False, range=(0, 1), undefined=_EMPTY, signature="top label|15 equal bins|debiased"),
    # of numbers
    Metric(name="mae", functions={"numbers": numbers.mae},
           higher_is_better=False, range=(0, inf), undefined=_EMPTY, signature="mean absolute error"),
    Metric(name="rmse", functions={"numbers": numbers.rmse},
           higher_is_better=False, range=(0, inf), undefined=_EMPTY, signature="root of the mean squared error"),
    Metric(name="pearson", functions={"numbers": numbers.pearson},
           higher_is_better=True, range=(-1, 1), undefined=_CONSTANT, signature="Pearson"),
    Metric(name="spearman", functions={"numbers": numbers.spearman},
           higher_is_better=True, range=(-1, 1), undefined=_CONSTANT, signature="Spearman|ties share their mean rank"),
    Metric(name="r2", functions={"numbers": numbers.r2},
           higher_is_better=True, range=(-inf, 1), undefined=_CONSTANT, signature="1 - squared error/variance of gold"),
    # of texts
    Metric(name="exact_match", functions={"texts": TEXT_METRICS["exact_match"], "spans": spans.all_right},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="equal to a reference"),
    Metric(name="token_f1", functions={"texts": TEXT_METRICS["token_f1"]},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="F1 of bags of words"),
    Metric(name="rouge1", functions={"texts": TEXT_METRICS["rouge1"]},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="F1 of unigrams"),
    Metric(name="rouge2", functions={"texts": TEXT_METRICS["rouge2"]},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="F1 of bigrams"),
    Metric(name="rougeL", functions={"texts": TEXT_METRICS["rougeL"]},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="F1 of the longest common subsequence"),
    Metric(name="bleu", functions={"texts": TEXT_METRICS["bleu"]},
           higher_is_better=True, range=(0, 100), undefined=_EMPTY, signature="sacreBLEU's BLEU|percent"),
    Metric(name="chrf", functions={"texts": TEXT_METRICS["chrf"]},
           higher_is_better=True, range=(0, 100), undefined=_EMPTY, signature="sacreBLEU's chrF2|percent"),
    Metric(name="ter", functions={"texts": TEXT_METRICS["ter"]},
           higher_is_better=False, range=(0, inf), undefined=_EMPTY, signature="sacreBLEU's TER|percent"),
    Metric(name="empty_rate", functions={"texts": TEXT_METRICS["empty_rate"]},
           higher_is_better=False, range=(0, 1), undefined=_EMPTY, signature="answers of nothing but space"),
    Metric(name="copied_rate", functions={"texts": TEXT_METRICS["copied_rate"]},
           higher_is_better=False, range=(0, 1), undefined=_NO_SOURCE, signature="answers that are the source"),
    Metric(name="repeated_rate", functions={"texts": TEXT_METRICS["repeated_rate"]},
           higher_is_better=False, range=(0, 1), undefined=_EMPTY, signature="answers that say one phrase over and over"),
    Metric(name="cut_rate", functions={"texts": TEXT_METRICS["cut_rate"]},
           higher_is_better=False, range=(0, 1), undefined=_NO_STOP, signature="answers cut off at the most tokens allowed"),
    Metric(name="length_ratio", functions={"texts": TEXT_METRICS["length_ratio"]}, aim=1.0,
           higher_is_better=True, range=(0, inf), undefined=_NO_WORDS, signature="words answered/words of the references"),
    Metric(name="off_target_rate", functions={"texts": TEXT_METRICS["off_target_rate"]},
           higher_is_better=False, range=(0, 1), undefined=_NO_LANGUAGE, signature="answers surely in another language"),
    Metric(name="off_variant_rate", functions={"texts": TEXT_METRICS["off_variant_rate"]},
           higher_is_better=False, range=(0, 1), undefined="the references are not in one kind of Chinese characters",
           signature="Chinese answers in the other characters, simplified or traditional"),
    # of what a program or a person has to find in the text
    Metric(name="numbers_kept", functions={"texts": TEXT_METRICS["numbers_kept"]},
           higher_is_better=True, range=(0, 1), undefined="no source has numbers", signature="all numbers in the answer"),
    Metric(name="addresses_kept", functions={"texts": TEXT_METRICS["addresses_kept"]},
           higher_is_better=True, range=(0, 1), undefined="no source has addresses", signature="all addresses in the answer"),
    Metric(name="placeholders_kept", functions={"texts": TEXT_METRICS["placeholders_kept"]},
           higher_is_better=True, range=(0, 1), undefined="no source has tags or placeholders",
           signature="the tags and placeholders of the source, each as often"),
    Metric(name="term_accuracy", functions={},
           higher_is_better=True, range=(0, 1), undefined="no source has a term of the glossary",
           signature="terms of the glossary in an accepted form"),
    Metric(name="numeric_accuracy", functions={"texts": TEXT_METRICS["numeric_accuracy"]},
           higher_is_better=True, range=(0, 1), undefined="the references are not numbers", signature="same number"),
    Metric(name="json_valid_rate", functions={"texts": TEXT_METRICS["json_valid_rate"]},
           higher_is_better=True, range=(0, 1), undefined=_NO_JSON, signature="one JSON object or array, nothing else"),
    Metric(name="json_match", functions={"texts": TEXT_METRICS["json_match"]},
           higher_is_better=True, range=(0, 1), undefined=_NO_JSON, signature="same JSON value"),
    Metric(name="schema_rate", functions={},
           higher_is_better=True, range=(0, 1), undefined=_EMPTY, signature="JSON that the schema allows"),
    Metric(name="tool_name_accuracy", functions={"texts": TEXT_METRICS["tool_name_accuracy"]},
           higher_is_better=True, range=(0, 1), undefined=_NO_CALLS, signature="same tools called"),
    Metric(name="tool_call_accuracy", functions={"texts": TEXT_METRICS["tool_call_accuracy"]},
           higher_is_better=True, range=(0, 1), undefined=_NO_CALLS, signature="same tools called with the same arguments"),
    # of the likelihood of texts
    Metric(name="perplexity", functions={"texts": TEXT_METRICS["perplexity"]},
           higher_is_better=False, range=(1, inf), undefined=_NO_TOKENS, signature="exp(nats/token)|of the first reference"),
    Metric(name="nll_per_token", functions={"texts": TEXT_METRICS["nll_per_token"]},
           higher_is_better=False, range=(0, inf), undefined=_NO_TOKENS, signature="nats/token|of the first reference"),
    # of spans
    Metric(name="span_f1", functions={"spans": _spans(SPAN_METRICS["span_f1"])},
           higher_is_better=True, range=(0, 1), undefined=_NO_SPANS, signature="F1 of spans|start, end and label right"),
    Metric(name="span_precision", functions={"spans": _spans(SPAN_METRICS["span_precision"])},
           higher_is_better=True, range=(0, 1), undefined="no span was said", signature="right/said"),
    Metric(name="span_recall", functions={"spans": _spans(SPAN_METRICS["span_recall"])},
           higher_is_better=True, range=(0, 1), undefined="gold has no spans", signature="right/gold"),
    Metric(name="span_macro_f1", functions={"spans": _spans(SPAN_METRICS["span_macro_f1"])},
           higher_is_better=True, range=(0, 1), undefined=_NO_SPANS, signature="mean F1|labels in gold or said"),
    Metric(name="span_weighted_f1", functions={"spans": _spans(SPAN_METRICS["span_weighted_f1"])},
           higher_is_better=True, range=(0, 1), undefined="gold has no spans",
           signature="mean F1|weights: spans in gold"),
    Metric(name="token_accuracy", functions={"tags": spans.tag_accuracy},
           higher_is_better=True, range=(0, 1), undefined="the words are not known", signature="words with the right tag in BIO"),
)}
# fmt: on
