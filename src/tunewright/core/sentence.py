"""An English sentence that knows what it was made of, so that it can be said in Chinese as well.

    Sentence("encoding {encoding}: all bytes are valid UTF-8", encoding="utf-8")

A part that decides something says why in one of these. It is the English string, to be logged, joined and compared like any
other; its Chinese twin is found in `chinese.py` by the sentence without its values, and a test holds the two against each
other. What is said as a plain string stays English everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunewright.core.chinese import CHINESE
from tunewright.core.grammar import template_in_agreement

Both = dict[str, str]
"""`{"en": ..., "zh": ...}`: what an event or a file of the run holds of a sentence."""


class Sentence(str):
    """The English text; `chinese` is the same in Chinese. Values may be sentences themselves."""

    __slots__ = ("_template", "_values")

    _template: str
    _values: dict[str, Any]

    def __new__(cls, template: str, /, **values: Any) -> Sentence:
        """`template` has `{name}` where a value stands, with a format such as `{share:.0%}` if need be."""
        made = super().__new__(cls, template_in_agreement(template, values).format(**values))
        made._template, made._values = template, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:  # so that copies are sentences, too
        return (self._template,), self._values

    @property
    def chinese(self) -> str:
        """The sentence in Chinese; as it stands where there is no translation."""
        values = {name: in_chinese(value) if isinstance(value, str) else value for name, value in self._values.items()}
        return CHINESE.get(self._template, self._template).format(**values)


def joined(parts: Sequence[str], separator: Sentence) -> Sentence:
    """Sentences behind each other, each in its language."""
    names = [f"part_{i}" for i in range(len(parts))]
    template = "{separator}".join(f"{{{name}}}" for name in names)
    return Sentence(template, separator=separator, **dict(zip(names, parts, strict=True)))


def in_chinese(text: str) -> str:
    """A sentence's Chinese twin; any other string as it stands."""
    return text.chinese if isinstance(text, Sentence) else text


def in_both(value: Any) -> Any:
    """A sentence as `{"en", "zh"}`; any other value as it is."""
    return {"en": str(value), "zh": value.chinese} if isinstance(value, Sentence) else value
