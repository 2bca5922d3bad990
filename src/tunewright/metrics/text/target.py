"""Whether an answer is in the language that was wanted, and in the Chinese characters that were wanted.

Nobody can tell the language of three words. So a row counts as off where that is sure; short ones count as fine.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from tunewright.core.languages import base_language, scripts_of
from tunewright.core.scripts import Variant, chinese_variant, declared_variant, is_foreign
from tunewright.data.language import are_alike, find_language, language_of_text
from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import Asked, References, Said, TextMetric, beside_one, ratio

_MOST_OF_ONE = 0.9
"""Share of the references in one kind of Chinese characters from which that one is what is wanted."""


def is_off(text: str, language: str) -> bool:
    """Whether a text is surely not in this language (a code such as `de`)."""
    scripts, found = scripts_of(language), language_of_text(text)
    if scripts and is_foreign(text, scripts):
        return True
    return found is not None and found != language and not are_alike(found, language)


def off_target(language: str | None = None) -> TextMetric:
    """Answers in another language than this one (any code, `zh-TW` too), or where None, than most of the references.

    Rows whose first reference is itself not in that language are left out.
    """

    def wanted(references: References) -> str | None:
        found = base_language(language) or find_language([row[0] for row in references])[0]
        return None if found == "und" else found

    def statistics(asked: Asked, said: Said) -> Floats:
        code = wanted(asked.references)
        rows = [
            np.nan if code is None or is_off(accepted[0], code) else float(is_off(answer, code))
            for answer, accepted in zip(said.texts, asked.references, strict=True)
        ]
        return beside_one(np.array(rows, np.float64))

    return TextMetric(
        shape="rate", statistics=statistics, combine=ratio,
        signature=lambda references: f"surely not in {wanted(references)}|script, and py3langid from 40 letters on",
    )  # fmt: skip


def off_variant(language: str | None = None) -> TextMetric:
    """Chinese answers with characters of the other kind than the language code says, or where it says none, than nine
    references in ten have; about no row where neither says one.
    """

    def wanted(references: References) -> Variant | None:
        if base_language(language) not in (None, "zh"):
            return None
        if language is not None and (declared := declared_variant(language)) is not None:
            return declared
        counts = Counter(variant for row in references if (variant := chinese_variant(row[0])) is not None)
        if not counts:
            return None
        [(most, count)] = counts.most_common(1)
        return most if most != "both" and count >= _MOST_OF_ONE * counts.total() else None

    def statistics(asked: Asked, said: Said) -> Floats:
        kind = wanted(asked.references)
        fine = (None, kind)
        rows = [
            np.nan if kind is None or chinese_variant(accepted[0]) not in fine else chinese_variant(answer) not in fine
            for answer, accepted in zip(said.texts, asked.references, strict=True)
        ]
        return beside_one(np.array(rows, np.float64))

    return TextMetric(
        shape="rate", statistics=statistics, combine=ratio,
        signature=lambda references: f"characters that are not {wanted(references)}",
    )  # fmt: skip


OFF_TARGET_RATE = off_target()
OFF_VARIANT_RATE = off_variant()
