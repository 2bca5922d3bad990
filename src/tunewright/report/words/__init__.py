"""Every sentence of the report, in English and in Chinese, under one key each.

`words("verdict.primary", metric="accuracy", ...)` gives the sentence with its values put in. The sentences may hold a
little markup (`<b>`); what is put in is escaped, so a label called `<b>` stays `<b>` on the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from tunewright.core.grammar import template_in_agreement
from tunewright.core.text import is_cjk
from tunewright.report import numbers
from tunewright.report.numbers import Language
from tunewright.report.words import (
    behaviour_en,
    behaviour_zh,
    bias_en,
    bias_zh,
    choose_en,
    choose_zh,
    compared_en,
    compared_zh,
    en,
    failing_en,
    failing_zh,
    findings_en,
    findings_zh,
    import_en,
    import_zh,
    preview_en,
    preview_zh,
    zh,
)

_AS_WRITTEN = frozenset({"chrF"})
"""Names that begin with a small letter wherever they stand."""
_MEASURES = "条个篇封句对段则份行张"

__all__ = ["SENTENCES", "Language", "Words"]

SENTENCES: dict[Language, dict[str, str]] = {
    "en": en.SENTENCES
    | findings_en.FINDINGS
    | choose_en.CHOOSE
    | compared_en.COMPARED
    | bias_en.BIAS
    | preview_en.PREVIEW
    | failing_en.FAILING
    | import_en.IMPORT
    | behaviour_en.BEHAVIOUR,
    "zh": zh.SENTENCES
    | findings_zh.FINDINGS
    | choose_zh.CHOOSE
    | compared_zh.COMPARED
    | bias_zh.BIAS
    | preview_zh.PREVIEW
    | failing_zh.FAILING
    | import_zh.IMPORT
    | behaviour_zh.BEHAVIOUR,
}


class Words:
    """The sentences of one language, and numbers as that language writes them."""

    def __init__(self, language: Language) -> None:
        if language not in SENTENCES:
            raise ValueError(f"report language is {language!r}; accepted: {', '.join(SENTENCES)}")
        self.language = language
        self._sentences = SENTENCES[language]

    def __call__(self, key: str, **values: Any) -> Markup:
        """The sentence with its values put in and escaped."""
        sentence = self._sentences[key].replace("n = {", "n\u00a0=\u00a0{")
        if self.language == "en":
            sentence = template_in_agreement(sentence, values)
        return Markup(sentence).format(**values)

    def find(self, key: str, **values: Any) -> Markup | None:
        """The sentence, or None where there is none for this key or a value it needs is not given."""
        try:
            return self(key, **values)
        except (KeyError, IndexError):
            return None

    def name(self, group: str, key: str) -> str | Markup:
        """The word for a name in our files (a metric, a system, a stage); the name itself where there is none."""
        return self.find(f"{group}.{key}") or key.replace("_", " ")

    def pick(self, value: Any) -> str:
        """One language of `{"en": ..., "zh": ...}`; anything else as it stands."""
        if isinstance(value, dict):
            value = value.get(self.language) or value.get("en") or next(iter(value.values()), "")
        return "" if value is None else str(value)

    def decided(self, value: Any) -> str:
        """A decided value as plain text: counts by split, a known name, one language of a sentence, or as it stands."""
        if isinstance(value, dict) and not value.keys() <= {"en", "zh"}:
            counts = [self("data.reason", reason=self.name("split", str(key)), n=n) for key, n in value.items()]
            return self("data.list_comma").join(counts).striptags()
        known = self.find(f"value.{value}") if isinstance(value, str) else None
        return self.pick(value) if known is None else known.striptags()

    def why_recommended(self, rule: Mapping[str, Any]) -> Markup | None:
        """The rule by which a system was recommended, in a sentence; None where the run has none."""
        equal = str(rule.get("equal") or "")
        return self.find(f"verdict.why.{rule.get('reason')}", equal=self.name("the", equal))

    def heading(self, group: str, key: str) -> str:
        """`name` with a capital first letter, as it stands alone in a table."""
        word = str(self.name(group, key))
        return word if word in _AS_WRITTEN else word[:1].upper() + word[1:]

    def units(self, text_unit: str) -> dict[str, str]:
        """What the rows are called: `messages` and `new messages`; in Chinese with the measure word, `条新消息`."""
        if self.language == "en":
            return {"unit": text_unit, "new_unit": f"new {text_unit}", "noun": text_unit, "measure": ""}
        chinese = (text_unit[0], text_unit[1:]) if text_unit[0] in _MEASURES else ("条", text_unit)
        known = zh.UNITS.get(text_unit.lower(), zh.UNITS["texts"])
        measure, noun = chinese if any(map(is_cjk, text_unit)) else known
        return {"unit": measure + noun, "new_unit": f"{measure}新{noun}", "noun": noun, "measure": measure}

    def interval(self, value: float, low: float | None, high: float | None, *, decimals: int) -> str:
        """`87 (84–90)` as it stands in a table."""
        return numbers.interval(value, low, high, decimals=decimals, language=self.language)

    def span(self, low: float, high: float, *, decimals: int) -> str:
        """`84–90` in this language."""
        return numbers.span(low, high, decimals=decimals, language=self.language)

    def metric(self, metric: str, value: float, low: float | None, high: float | None) -> str:
        """A score on the scale people read it, so many of a hundred or its own, as it stands in a table."""
        by = numbers.scale(metric)
        bounds = [None if bound is None else bound * by for bound in (low, high)]
        return self.interval(value * by, *bounds, decimals=numbers.metric_decimals(metric, value * by, *bounds))

    def inline(self, figure: str) -> Markup:
        """A figure inside a sentence: kept on one line, with the brackets of the language."""
        if self.language == "zh":
            figure = figure.replace(" (", "（").replace(")", "）")
        return Markup('<span class="nb">{}</span>').format(figure)

    def duration(self, seconds: float) -> str:
        """Seconds, minutes or hours in this language."""
        return numbers.duration(seconds, language=self.language)
