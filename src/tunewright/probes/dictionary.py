"""A list of names: each run of words that was mostly a span in training is one wherever it stands. The baseline of taggers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

WordSpan = tuple[int, int, str]
"""First word, last word and label."""

LONGEST = 12
"""Words of a phrase; longer ones hardly come twice."""
Phrase = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SpanDictionary:
    """Phrases and their labels."""

    label_of: dict[Phrase, str]

    def find(self, words: Sequence[str]) -> list[WordSpan]:
        """The phrases in a text, from its beginning on the longest first, without overlap."""
        longest = max(map(len, self.label_of), default=0)
        found: list[WordSpan] = []
        at = 0
        while at < len(words):
            lengths = range(min(longest, len(words) - at), 0, -1)
            length = next((n for n in lengths if tuple(words[at : at + n]) in self.label_of), 0)
            if length:
                found.append((at, at + length - 1, self.label_of[tuple(words[at : at + length])]))
            at += max(1, length)
        return found


def fit_dictionary(words: Sequence[Sequence[str]], spans: Sequence[Sequence[WordSpan]]) -> SpanDictionary:
    """From the words of N texts and their spans: each phrase that had one label more often than another or none.

    Of labels that are equally frequent none is more than half, so their phrase is left out.
    """
    labels: defaultdict[Phrase, Counter[str]] = defaultdict(Counter)
    for text, of_text in zip(words, spans, strict=True):
        for first, last, label in of_text:
            if last - first < LONGEST:
                labels[tuple(text[first : last + 1])][label] += 1
    longest = max(map(len, labels), default=0)
    occurrences: Counter[Phrase] = Counter()
    for text in words:
        for start in range(len(text)):
            phrases = (tuple(text[start : start + n]) for n in range(1, min(longest, len(text) - start) + 1))
            occurrences.update(phrase for phrase in phrases if phrase in labels)
    commonest = {phrase: counts.most_common(1)[0] for phrase, counts in labels.items()}
    return SpanDictionary(
        label_of={phrase: label for phrase, (label, n) in commonest.items() if 2 * n > occurrences[phrase]}
    )
