"""Personal data by its format: how much, of which class, in which rows. The values themselves are never repeated."""

from __future__ import annotations

from collections import Counter

from tunewright.data.audit.records import AuditConfig, Finding, View
from tunewright.data.pii import NOT_FOUND, find_pii


def personal_data(view: View, config: AuditConfig) -> list[Finding]:
    """One finding for all classes. What has no format (names, addresses) is not seen, and the finding says so."""
    rows: list[int] = []
    spans: Counter[str] = Counter()
    rows_of: Counter[str] = Counter()
    for position, text in enumerate(view.text):
        here = Counter(span.class_name for span in find_pii(text))
        if here:
            rows.append(position)
            spans.update(here)
            rows_of.update(here.keys())
    if not rows:
        return []
    counts = ", ".join(f"{name} {count:,} in {rows_of[name]:,} rows" for name, count in spans.most_common())
    return [
        Finding(
            code="personal_data",
            severity="warning",
            count=len(rows),
            row_ids=view.ids(rows),
            message=f"{len(rows):,} texts hold personal data by its format: {counts}. "
            f"Not looked for, as it has no format: {', '.join(NOT_FOUND[:4])}.",
            fix="`clean.scrub: true`, which `--private` turns on, puts placeholders in its place, here and in every later "
            "prediction; `tunewright data scrub` makes a file with surrogates. "
            "That is pseudonymisation, not anonymisation: who knows the context may still know the person.",
            command="tunewright data scrub FILE --output OUT",
            values={"counts": ", ".join(f"{name} {count:,}" for name, count in spans.most_common())},
        )
    ]
