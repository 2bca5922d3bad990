"""BLEU, chrF and TER as sacreBLEU has them: its statistics of each segment, its signature, and its formula over sums.

The formulas are written anew because thousands of resamples go through them at once, and so is TER's search for edits
(`edits.py`), because sacreBLEU's is slow; tests hold them against sacreBLEU's own numbers. The cut into words follows from
the script of the references:

             BLEU                                  TER
    Chinese  `zh`: Han by character                normalized, with its support of Asian scripts
    Japanese `char`: every character (`ja-mecab`   the same
             needs a dictionary to be installed)
    other    `13a`, sacreBLEU's own default        sacreBLEU's own default: at spaces, lower case

All three are in percent, as the field writes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Literal

import numpy as np

from tunewright.core.scripts import script_of
from tunewright.metrics.metric import Floats
from tunewright.metrics.text.edits import count_edits
from tunewright.metrics.text.metric import Asked, References, Said, TextMetric

Cut = Literal["13a", "zh", "char", "intl", "ja-mecab", "ko-mecab", "none"]
"""How sacreBLEU cuts texts into words, by its names."""
ORDERS = 4
"""BLEU counts n-grams of 1 to 4 words."""
CHARACTER_ORDERS = 6
"""chrF counts n-grams of 1 to 6 characters."""
BETA = 2
"""How much more recall counts than precision in chrF."""


def cut_for(references: References) -> Cut:
    """sacreBLEU's name for how these references are cut into words, by the script of most of their letters."""
    letters = Counter(script for row in references for text in row for char in text if (script := script_of(char)))
    total = letters.total()
    if letters["kana"] > 0.1 * total:
        return "char"
    return "zh" if letters["han"] > 0.3 * total else "13a"


def bleu(sums: Floats) -> Floats:
    """Corpus BLEU with exponential smoothing from sums of (length, reference length, 4 matches, 4 n-grams)."""
    said, right = sums[..., 0], sums[..., 1]
    matches, ngrams = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    # An order without a match gets half a match, the next such order a quarter...
    smoothed = np.where(matches > 0, matches, 0.5 ** np.cumsum(matches == 0, axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        brevity = np.where(said < right, np.exp(1 - right / said), 1.0)
        value = brevity * np.exp(np.log(100 * smoothed / ngrams).mean(-1))
    return np.where((matches[..., 0] > 0) & (ngrams > 0).all(-1), value, 0.0)


def chrf(sums: Floats) -> Floats:
    """Corpus chrF from sums of (n-grams of the answer, of the reference, in both) for each order in turn."""
    by_order = sums.reshape(*sums.shape[:-1], CHARACTER_ORDERS, 3)
    said, right, both = by_order[..., 0], by_order[..., 1], by_order[..., 2]
    usable = (said > 0) & (right > 0)
    orders = np.maximum(usable.sum(-1), 1)
    precision, recall = (np.where(usable, both / np.maximum(side, 1), 0.0).sum(-1) / orders for side in (said, right))
    below = BETA**2 * precision + recall
    value: Floats = np.divide(
        100 * (1 + BETA**2) * precision * recall, below, out=np.zeros_like(below), where=below > 0
    )
    return value


def ter(sums: Floats) -> Floats:
    """Edits in percent of the reference words; 100 where there are edits and no such word."""
    edits, words = sums[..., 0], sums[..., 1]
    return 100 * np.where(words > 0, edits / np.where(words > 0, words, 1), edits > 0)


def _bleu(cut: Cut | None) -> Callable[[References], Any]:
    def build(references: References) -> Any:
        from sacrebleu.metrics.bleu import BLEU  # a seventh of a second, which not every run needs

        return BLEU(tokenize=cut or cut_for(references), force=True)

    return build


def _chrf(references: References) -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def _ter(references: References) -> Any:
    from sacrebleu.metrics.ter import TER

    asian = cut_for(references) != "13a"
    return TER(normalized=asian, asian_support=asian)


def _metric(build: Callable[[References], Any], combine: Callable[[Floats], Floats], width: int) -> TextMetric:
    def statistics(asked: Asked, said: Said) -> Floats:
        streams = list(zip_longest(*asked.references))  # as sacreBLEU wants them: all first references, all second...
        rows = build(asked.references)._extract_corpus_statistics(said.texts, streams) if len(asked) else []
        return np.array(rows, np.float64).reshape(len(asked), width)

    def signature(references: References) -> str:
        metric = build(references)
        counts = {len(row) for row in references}
        metric.num_refs = counts.pop() if len(counts) == 1 else -1
        return str(metric.get_signature())

    return TextMetric(shape="corpus", statistics=statistics, combine=combine, signature=signature)


def bleu_cut(cut: Cut | None) -> TextMetric:
    """BLEU over words as this cut makes them; None: by the script of the references."""
    return _metric(_bleu(cut), bleu, 2 + 2 * ORDERS)


def ter_statistics(asked: Asked, said: Said) -> Floats:
    """(N, 2): edits against the nearest reference, and the mean length of the references, in words as sacreBLEU cuts them.

    sacreBLEU's own search takes seconds for one long answer; `edits.py` gives the same number.
    """
    metric = _ter(asked.references)
    rows_N2 = np.zeros((len(asked), 2))
    for row, (answer, accepted) in enumerate(zip(said.texts, asked.references, strict=True)):
        words, *rights = (metric._preprocess_segment(text).split() for text in (answer, *accepted))
        rows_N2[row] = min(count_edits(words, right) for right in rights), sum(map(len, rights)) / len(rights)
    return rows_N2


BLEU = bleu_cut(None)
CHRF = _metric(_chrf, chrf, 3 * CHARACTER_ORDERS)
TER = replace(_metric(_ter, ter, 2), statistics=ter_statistics)
