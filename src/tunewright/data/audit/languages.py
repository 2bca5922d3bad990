"""Texts in another language than most: they are judged by what the model knows of that language, mostly nothing.

The scripts decide where they can; Latin and other letters go to py3langid. Its guess about three words means nothing, so
a short text, or one that it is not sure of, is called *uncertain* and never reported as foreign.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

from tunewright.data.audit.records import AuditConfig, Finding, View

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
_LEAST_ROWS = 3
_LEAST_SHARE = 0.005


def count_languages(view: View, config: AuditConfig) -> dict[str, int]:
    """Rows of the sample by language, commonest first; "uncertain" for those too short or too mixed to tell."""
    counts = Counter(language_of_text(view.text[row]) or "uncertain" for row in view.sample(config.language_rows))
    return dict(counts.most_common())


def language_mix(view: View, config: AuditConfig) -> list[Finding]:
    """Rows whose language is not that of most, in a sample where there are many."""
    sample = view.sample(config.language_rows)
    of_row = {row: code for row in sample if (code := language_of_text(view.text[row]))}
    counts = Counter(of_row.values())
    if not counts:
        return []
    main = counts.most_common(1)[0][0]
    foreign = [row for row, code in of_row.items() if code != main]
    if len(foreign) < max(_LEAST_ROWS, _LEAST_SHARE * len(of_row)):
        return []
    others = {code: count for code, count in counts.most_common() if code != main}
    uncertain = len(sample) - len(of_row)
    where = f"a sample of {len(sample):,} rows" if len(sample) < len(view.text) else f"{len(sample):,} rows"
    named = ", ".join(f"{code} {count:,}" for code, count in list(others.items())[:6])
    return [
        Finding(
            code="language_mix", severity="warning" if len(foreign) > 0.05 * len(of_row) else "info",
            count=len(foreign), row_ids=view.ids(foreign),
            message=f"{len(foreign):,} texts seem to be in another language than {main} ({named}), in {where}; "
            f"{uncertain:,} are too short or too mixed to tell.",
            fix="Choose a multilingual model, or leave them out: a model of one language answers the others by chance.",
            command="tunewright models list",
            values={"main": main, "named": named, "sample": len(sample), "uncertain": uncertain},
        )
    ]  # fmt: skip


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
