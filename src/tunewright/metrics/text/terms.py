"""Whether the terms of a glossary are translated as it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import Asked, Said, TextMetric, ratio
from tunewright.metrics.text.tokens import pieces

_Pieces = tuple[str, ...]


def term_accuracy(glossary: Mapping[str, Sequence[str]]) -> TextMetric:
    """Of the terms that stand in the sources, the share that stands in the answers in an accepted form.

    `glossary`: each term with its accepted translations. Words are compared folded and whole, Chinese by character. Of
    two terms that overlap in a source the longer counts.
    """
    by_first: dict[str, list[tuple[_Pieces, list[_Pieces]]]] = defaultdict(list)
    for term, translations in glossary.items():
        wanted = tuple(pieces(term))
        by_first[wanted[0]].append((wanted, [tuple(pieces(translation)) for translation in translations]))
    for entries in by_first.values():
        entries.sort(key=lambda entry: -len(entry[0]))

    def of_row(answer: str, source: str | None) -> tuple[float, float]:
        text, said = pieces(source or ""), pieces(answer)
        needed: dict[_Pieces, int] = defaultdict(int)
        targets: dict[_Pieces, list[_Pieces]] = {}
        place = 0
        while place < len(text):
            for wanted, accepted in by_first.get(text[place], ()):
                if tuple(text[place : place + len(wanted)]) == wanted:
                    needed[wanted] += 1
                    targets[wanted] = accepted
                    place += len(wanted) - 1
                    break
            place += 1
        found = sum(min(count, sum(_count(said, form) for form in targets[term])) for term, count in needed.items())
        total = sum(needed.values())
        return (found, total) if total else (np.nan, np.nan)

    def statistics(asked: Asked, said: Said) -> Floats:
        rows = [of_row(answer, source) for answer, source in zip(said.texts, asked.sources, strict=True)]
        return np.array(rows, np.float64).reshape(len(rows), 2)

    return TextMetric(
        shape="corpus", statistics=statistics, combine=ratio,
        signature=lambda references: f"terms of the source in an accepted form|{len(glossary):,} terms|whole words, folded",
    )  # fmt: skip


def _count(text: Sequence[str], form: _Pieces) -> int:
    """How often the form stands in the text, without overlap."""
    count, place = 0, 0
    while place <= len(text) - len(form):
        if tuple(text[place : place + len(form)]) == form:
            count += 1
            place += len(form)
        else:
            place += 1
    return count
