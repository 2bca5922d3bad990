"""Texts in another language than most: they are judged by what the model knows of that language, mostly nothing.

The scripts decide where they can; Latin and other letters go to py3langid. Its guess about three words means nothing, so
a short text, or one that it is not sure of, is called *uncertain* and never reported as foreign.
"""

from __future__ import annotations

from collections import Counter

from tunewright.data.audit.records import AuditConfig, Finding, View
from tunewright.data.language import language_of_text

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
