"""Which language a column of text is in: scripts first, then py3langid over chunks of a sample, by majority."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tunewright.core.sentence import Sentence
from tunewright.core.text import script_of

_SAMPLE = 400
_CHUNKS = 12


def find_language(texts: Sequence[str]) -> tuple[str, Sentence]:
    """ISO 639-1 code ("en", "zh"...; "und" where nothing is sure), and why."""
    sample = [text[:500] for text in texts[:: max(1, len(texts) // _SAMPLE)] if text.strip()][:_SAMPLE]
    letters = Counter(script for text in sample for char in text if (script := script_of(char)))
    total = sum(letters.values())
    if total < 20:
        return "und", Sentence("too few letters to tell; --set data.columns.language=en says it")
    east = {"ja": letters["kana"], "ko": letters["hangul"]}
    for code, count in east.items():
        if count > 0.1 * total:
            return code, Sentence("{share:.0%} of the letters are of its script", share=count / total)
    if letters["han"] > 0.3 * total:
        return "zh", Sentence("{share:.0%} of the letters are Chinese characters", share=letters["han"] / total)
    return _by_vote(sample)


def _by_vote(sample: list[str]) -> tuple[str, Sentence]:
    from py3langid import classify  # loading its model takes a quarter of a second

    size = max(1, -(-len(sample) // _CHUNKS))
    chunks = [" ".join(sample[i : i + size]) for i in range(0, len(sample), size)]
    votes = Counter(str(classify(chunk)[0]) for chunk in chunks)
    code, count = votes.most_common(1)[0]
    if count <= 0.5 * len(chunks):
        return "und", Sentence("no single one; the texts seem to be in {languages}", languages=", ".join(sorted(votes)))
    return code, Sentence("{count} of {total} samples", count=count, total=len(chunks))
