"""Whether an answer keeps what a translation should leave as it is: numbers, addresses, tags and placeholders.

Expected is what stands in the source and in a reference: a number that the reference has in words may be in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from tunewright.core.kept import addresses_in, numbers_in, placeholders_in
from tunewright.metrics.text.metric import OfRow, of_rows


def _keeps(marks_in: Callable[[str], Counter[str]], *, may_add: bool) -> OfRow:
    def value(answer: str, references: Sequence[str], source: str | None) -> bool | None:
        there = marks_in(source) if source is not None else Counter()
        if not there:
            return None
        said = marks_in(answer)
        expected = [there & marks_in(reference) for reference in references]
        if may_add:
            return any(wanted <= said for wanted in expected) if any(expected) else None
        # A tag that stands there twice, or that nobody asked for, breaks a file as surely as a missing one.
        return any(wanted == said for wanted in (*expected, *(marks_in(reference) for reference in references)))

    return value


NUMBERS_KEPT = of_rows(
    _keeps(numbers_in, may_add=True), shape="rate",
    signature="all numbers of source and reference in the answer|digits, of any width and grouping",
)  # fmt: skip
ADDRESSES_KEPT = of_rows(
    _keeps(addresses_in, may_add=True), shape="rate",
    signature="all web and mail addresses of source and reference in the answer",
)  # fmt: skip
PLACEHOLDERS_KEPT = of_rows(
    _keeps(placeholders_in, may_add=False), shape="rate",
    signature="the tags, placeholders and entities of the source, or those of a reference, each as often",
)  # fmt: skip
