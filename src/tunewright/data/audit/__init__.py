"""The audit: what a person should know about the data before anything is trained on it. It looks, and changes nothing.

    findings = audit(fields, kind="single_label", config=AuditConfig()).findings

A check is a function `(View, AuditConfig) -> list[Finding]`; a new one is a function and a line in `AUDITS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunewright.data.audit.characters import (
    bidi_controls,
    chinese_mix,
    control_characters,
    mixed_scripts,
    width_mix,
    zero_width,
)
from tunewright.data.audit.duplicates import (
    contradictions,
    contradictory_groups,
    exact_duplicates,
    near_duplicates,
)
from tunewright.data.audit.giveaways import label_hierarchy, label_lists, telling_columns
from tunewright.data.audit.labels import (
    imbalance,
    label_in_text,
    label_typos,
    label_variants,
    one_class,
    rare_classes,
    unlabelled,
)
from tunewright.data.audit.languages import count_languages, language_mix
from tunewright.data.audit.pii import personal_data
from tunewright.data.audit.records import (
    Audit,
    AuditConfig,
    CountTokens,
    Finding,
    Lengths,
    Overlap,
    SplitCounts,
    TokenCounts,
    View,
)
from tunewright.data.audit.sameness import boilerplate, dominant_group, dominant_text, no_words
from tunewright.data.audit.splits import (
    count_splits,
    exact_overlaps,
    group_leaks,
    near_leaks,
    near_overlaps,
    split_leaks,
)
from tunewright.data.audit.texts import broken_characters, empty_texts, long_texts, markup
from tunewright.data.audit.tokens import count_sample, token_findings
from tunewright.data.keys import Kind, exact_keys, given_splits, group_names, groups_of_equal, label_values, texts
from tunewright.data.near import near_places

__all__ = [
    "AUDITS", "Audit", "AuditConfig", "CountTokens", "Finding", "Lengths", "Overlap", "SplitCounts", "TokenCounts", "View",
    "audit", "audit_view",
]  # fmt: skip

AUDITS: dict[str, Callable[[View, AuditConfig], list[Finding]]] = {
    "split_leaks": split_leaks,
    "near_leaks": near_leaks,
    "group_leaks": group_leaks,
    "exact_duplicates": exact_duplicates,
    "near_duplicates": near_duplicates,
    "contradictions": contradictions,
    "empty_texts": empty_texts,
    "long_texts": long_texts,
    "broken_characters": broken_characters,
    "markup": markup,
    "unlabelled": unlabelled,
    "one_class": one_class,
    "rare_classes": rare_classes,
    "imbalance": imbalance,
    "label_variants": label_variants,
    "label_typos": label_typos,
    "label_in_text": label_in_text,
    "label_lists": label_lists,
    "label_hierarchy": label_hierarchy,
    "telling_columns": telling_columns,
    "language_mix": language_mix,
    "chinese_mix": chinese_mix,
    "width_mix": width_mix,
    "mixed_scripts": mixed_scripts,
    "zero_width": zero_width,
    "bidi_controls": bidi_controls,
    "control_characters": control_characters,
    "boilerplate": boilerplate,
    "no_words": no_words,
    "dominant_text": dominant_text,
    "dominant_group": dominant_group,
    "personal_data": personal_data,
}

OF_LABELS = frozenset({
    "contradictions", "one_class", "rare_classes", "imbalance", "label_variants", "label_typos", "label_in_text",
    "label_lists", "label_hierarchy", "telling_columns",
})  # fmt: skip
"""Checks of labels: they say nothing of answers that are texts, which have `PAIR_AUDITS` and `DIALOGUE_AUDITS`."""


def audit(
    fields: pa.Table, *, kind: Kind, config: AuditConfig, others: Mapping[str, Sequence[str]] | None = None,
    count_tokens: CountTokens | None = None,
) -> Audit:  # fmt: skip
    """Everything found in a fields table, and the groups of rows that cleaning and splitting need.

    `others` are columns of the file that nothing reads, as text: one of them may give the answer away. `count_tokens`
    asks a tokenizer; without one, lengths in tokens are estimated.
    """
    view = _view(fields, kind=kind, config=config, others=others or {}, count_tokens=count_tokens)
    return audit_view(view, config=config)


def audit_view(view: View, *, config: AuditConfig) -> Audit:
    """`audit` of columns that were made ready elsewhere: those of a big file lie on disk."""
    tokens = count_sample(view, config)
    checks = [check for name, check in AUDITS.items() if view.kind != "text" or name not in OF_LABELS]
    found = [finding for check in checks for finding in check(view, config)]
    return Audit(
        rows=len(view.row_id),
        labelled=sum(label is not None for label in view.label),
        findings=found + token_findings(tokens, rows=len(view.row_id)),
        exact_groups=[view.ids(group) for group in view.exact],
        near_groups=[view.ids(group) for group in view.near],
        contradictions=[] if view.kind == "text" else [view.ids(group) for group in contradictory_groups(view)],
        by_split=count_splits(view),
        overlaps=exact_overlaps(view),
        near_overlaps=near_overlaps(view),
        lengths={name: _lengths(characters) for name, characters in view.characters.items() if characters},
        class_counts={} if view.kind == "text" else _class_counts(view),
        languages=count_languages(view, config),
        tokens=tokens,
    )


def _view(
    fields: pa.Table, *, kind: Kind, config: AuditConfig, others: Mapping[str, Sequence[str]],
    count_tokens: CountTokens | None,
) -> View:  # fmt: skip
    text, key = texts(fields), exact_keys(fields)
    text_fields = [name for name in ("text", "text_pair") if name in fields.column_names]
    return View(
        kind=kind,
        row_id=fields.column("row_id").to_pylist(),
        text=text,
        key=key,
        label=label_values(fields, kind=kind),
        split=given_splits(fields),
        group=group_names(fields),
        characters={name: pc.fill_null(pc.utf8_length(fields.column(name)), 0).to_pylist() for name in text_fields},
        tokens=_estimated_tokens(fields, text_fields),
        exact=groups_of_equal(key),
        near=_near_groups(text, key, config=config),
        others=others,
        count_tokens=count_tokens,
    )


def _near_groups(text: list[str], key: list[str], *, config: AuditConfig) -> list[list[int]]:
    return near_places(text, key, threshold=config.near_threshold if config.near_duplicates else None)


def _estimated_tokens(fields: pa.Table, names: list[str]) -> list[int]:
    """One token per CJK character (three bytes of UTF-8) and one per four others: near enough to warn by."""
    total = np.zeros(len(fields), np.int64)
    for name in names:
        column = pc.fill_null(fields.column(name), "")
        characters = pc.utf8_length(column).to_numpy()
        wide = (pc.binary_length(column).to_numpy() - characters) // 2
        total += np.minimum(wide, characters) + np.maximum(characters - wide, 0) // 4
    return [int(tokens) for tokens in total]


def _lengths(characters: list[int]) -> Lengths:
    median, p95, p99 = np.percentile(characters, [50, 95, 99])
    return Lengths(
        shortest=min(characters),
        median=float(median),
        mean=round(float(np.mean(characters)), 1),
        p95=float(p95),
        p99=float(p99),
        longest=max(characters),
    )


def _class_counts(view: View) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for label in view.label:
        if isinstance(label, str):
            counts[label] += 1
        elif isinstance(label, tuple):
            counts.update(label)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
