"""Which language a column of text is in: scripts first, then py3langid over chunks of a sample, by majority."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from tunewright.core.scripts import script_of
from tunewright.core.sentence import Sentence

_SAMPLE = 400
_CHUNKS = 12
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_LETTER = re.compile(r"[^\W\d_]")
_NOT_WORDS = re.compile(r"https?://\S+|\S+@\S+|[#@]\w+")
_MOST_CHARACTERS = 600
_LEAST_LETTERS = 40
"""Below this many letters a guess by n-grams is no better than a wish (of 2,000 questions to a bank of 30 letters and
more it took 1 in 40 for foreign; above this bound and at this certainty 1 in 500)."""
_LEAST_SURE = 0.99
_LEAST_HAN = 4
_ALIKE = (
    {"no", "nb", "nn", "da"},
    {"id", "ms"},
    {"hr", "sr", "bs", "sl"},
    {"cs", "sk"},
    {"gl", "pt", "es"},
    {"af", "nl"},
)
"""Languages that are taken for one another."""


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


def language_of_text(text: str) -> str | None:
    """The language of one text, or None where that can't be told."""
    text = _NOT_WORDS.sub(" ", text[:_MOST_CHARACTERS])
    letters = len(_LETTER.findall(text))
    han, kana, hangul = (len(script.findall(text)) for script in (_HAN, _KANA, _HANGUL))
    if kana + hangul >= 2 and kana + hangul > 0.1 * letters:
        return "ja" if kana > hangul else "ko"
    if han > 0.3 * letters:
        return "zh" if han >= _LEAST_HAN else None
    if letters < _LEAST_LETTERS or han > 0.1 * letters:
        return None
    code, sure = _identifier().classify(text)
    return str(code) if code is not None and sure >= _LEAST_SURE else None


@cache
def _identifier() -> Any:
    """py3langid with probabilities; loading it takes a quarter of a second, and it never changes."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def are_alike(one: str, other: str) -> bool:
    """Whether two languages (ISO 639-1) are so close that a guess by n-grams takes one for the other."""
    return any({one, other} <= alike for alike in _ALIKE)
