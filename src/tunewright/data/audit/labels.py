"""What is wrong with the answers: missing, one only, rare, unequal, spelt in two ways, or written into the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tunewright.core.text import fold, is_cjk
from tunewright.data.audit.records import AuditConfig, Finding, View
from tunewright.data.labels import Spelling, typos, variants

_GIVEN_AWAY_SHARE = 0.3
_GIVEN_AWAY_PRECISION = 0.95
_GIVEN_AWAY_ROWS = 10


def unlabelled(view: View, config: AuditConfig) -> list[Finding]:
    """Rows without an answer."""
    rows = [position for position, label in enumerate(view.label) if label is None]
    if not rows:
        return []
    none_labelled = len(rows) == len(view.label)
    return [
        Finding(
            code="unlabelled",
            severity="error" if none_labelled else "info",
            count=len(rows),
            row_ids=view.ids(rows),
            message="No row has a label." if none_labelled else f"{len(rows):,} rows have no label.",
            fix="Name the column of the answers with `--label`."
            if none_labelled
            else "They take no part in training and testing; the finished model predicts them.",
            command="tunewright run FILE --label COLUMN" if none_labelled else "",
        )
    ]


def one_class(view: View, config: AuditConfig) -> list[Finding]:
    """All labelled rows have the same answer: nothing can be learnt."""
    labels = {label for label in view.label if label is not None}
    if len(labels) != 1:
        return []
    return [
        Finding(
            code="one_class",
            severity="error",
            count=1,
            row_ids=[],
            message="All labelled rows have the same label.",
            fix="A classifier needs two classes at least. Is it the right column? Name another with `--label`.",
            command="tunewright run FILE --label COLUMN",
        )
    ]


def rare_classes(view: View, config: AuditConfig) -> list[Finding]:
    """Classes with so few rows that their scores will say little."""
    counts = _counts(view)
    rare = {label for label, count in counts.items() if count < config.rare_class_rows}
    if not rare:
        return []
    alone = sum(counts[label] == 1 for label in rare)
    return [
        Finding(
            code="rare_classes",
            severity="warning",
            count=len(rare),
            row_ids=view.ids([p for p, labels in _labels(view) if rare & set(labels)]),
            message=f"{len(rare):,} of {len(counts):,} classes have fewer than {config.rare_class_rows} rows"
            + (f", {alone:,} of them one row only." if alone else "."),
            fix="Their scores will have wide intervals, and a class with one row can't be tested at all. "
            "Label more of them, or join them with a neighbour.",
            values={"classes": len(counts), "least": config.rare_class_rows, "alone": alone},
        )
    ]


def imbalance(view: View, config: AuditConfig) -> list[Finding]:
    """The largest class has many times the rows of the smallest."""
    counts = _counts(view).most_common()
    if len(counts) < 2 or counts[0][1] < config.imbalance_ratio * counts[-1][1]:
        return []
    return [
        Finding(
            code="imbalance",
            severity="info",
            count=len(counts),
            row_ids=[],
            message=f"The largest class has {counts[0][1]:,} rows, the smallest {counts[-1][1]:,}.",
            fix="Read macro F1 and the scores per class rather than accuracy; class weights are in the recipe "
            "(`loss.class_weights`).",
            command="tunewright run FILE --set loss.class_weights=balanced",
            values={"most": counts[0][1], "least": counts[-1][1]},
        )
    ]


def label_variants(view: View, config: AuditConfig) -> list[Finding]:
    """Spellings of one label that differ in case, width or space only."""
    return _spelling_finding(
        view,
        variants(_counts(view)),
        code="label_variants",
        what="labels differ from another in case, width or space only",
        fix="They are merged into the commonest spelling (`clean.label_variants: merge`).",
        command="tunewright data clean FILE --output OUT --set clean.label_variants=merge",
    )


def label_typos(view: View, config: AuditConfig) -> list[Finding]:
    """Rare labels that look like a typing error of a common one."""
    found = typos(_counts(view))
    written = {spelling.written for spelling in found}
    rows = [p for p, labels in _labels(view) if written & {fold(label) for label in labels}]
    return _spelling_finding(
        view,
        found,
        code="label_typos",
        what="rare labels look like typing errors of a common one",
        fix="Nothing is changed: correct them in the file if they are.",
        command="tunewright data audit FILE --relabel RELABEL.xlsx",
        rows=rows,
    )


def label_in_text(view: View, config: AuditConfig) -> list[Finding]:
    """Classes whose name stands in their own texts and in hardly any other: the text gives the answer away."""
    rows_of_label: dict[str, list[int]] = {}
    for position, labels in _labels(view):
        for label in labels:
            rows_of_label.setdefault(label, []).append(position)
    given_away = {}
    for label, rows in rows_of_label.items():
        pattern = _word_pattern(fold(label))
        if pattern is None or len(rows) < _GIVEN_AWAY_ROWS:
            continue
        own = [position for position in rows if pattern.search(view.key[position])]
        if len(own) < _GIVEN_AWAY_SHARE * len(rows):
            continue
        anywhere = sum(1 for position, _ in _labels(view) if pattern.search(view.key[position]))
        if len(own) >= _GIVEN_AWAY_PRECISION * anywhere:
            given_away[label] = own
    if not given_away:
        return []
    rows = sorted({position for own in given_away.values() for position in own})
    return [
        Finding(
            code="label_in_text",
            severity="warning",
            count=len(given_away),
            row_ids=view.ids(rows),
            message=f"{len(given_away):,} labels stand word for word in {_share(given_away, rows_of_label)} of the texts of "
            f"their class, and in hardly any other ({_some(sorted(given_away))}).",
            fix="If new messages will not hold them (a subject line, a tag added by hand), take them out of the text: "
            "the score would be too good to be true.",
            values={"names": _some(sorted(given_away)), "share": _share(given_away, rows_of_label)},
        )
    ]


def _share(given_away: dict[str, list[int]], rows_of_label: dict[str, list[int]]) -> str:
    own = sum(map(len, given_away.values()))
    return f"{own / sum(len(rows_of_label[label]) for label in given_away):.0%}"


def _word_pattern(label: str) -> re.Pattern[str] | None:
    """Matches the label in a folded text; `card_arrival` also as `card arrival`. None for what is no word."""
    cjk = any(map(is_cjk, label))
    if len(label) < (2 if cjk else 3) or not any(char.isalpha() for char in label):
        return None
    written = r"[\s_\-]+".join(re.escape(part) for part in re.split(r"[\s_\-]+", label) if part)
    return re.compile(written if cjk else rf"(?<!\w){written}(?!\w)")


def _spelling_finding(
    view: View, found: list[Spelling], *, code: str, what: str, fix: str, command: str, rows: list[int] | None = None
) -> list[Finding]:
    if not found:
        return []
    written = {spelling.written for spelling in found}
    if rows is None:
        rows = [position for position, labels in _labels(view) if written & set(labels)]
    pairs = _some([f"{spelling.written!r} for {spelling.meant!r}" for spelling in found])
    return [
        Finding(
            code=code,
            severity="warning",
            count=len(found),
            row_ids=view.ids(rows),
            message=f"{len(found):,} {what} ({pairs}).",
            fix=fix,
            command=command,
            values={"pairs": [[spelling.written, spelling.meant] for spelling in found]},
        )
    ]


def _labels(view: View) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each labelled row of a classification with its classes."""
    for position, label in enumerate(view.label):
        if isinstance(label, str):
            yield position, (label,)
        elif isinstance(label, tuple):
            yield position, label


def _counts(view: View) -> Counter[str]:
    return Counter(label for _, labels in _labels(view) for label in labels)


def _some(names: list[str], *, shown: int = 5) -> str:
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
