"""Texts that stand in the data more than once: exactly, nearly, or with two answers."""

from __future__ import annotations

from tunewright.data.audit.records import AuditConfig, Finding, View


def exact_duplicates(view: View, config: AuditConfig) -> list[Finding]:
    """Rows whose text (case, width and space folded) stands in an earlier row."""
    extra = [position for group in view.exact for position in group[1:]]
    if not extra:
        return []
    return [
        Finding(
            code="exact_duplicates",
            severity="warning",
            count=len(extra),
            row_ids=view.ids([position for group in view.exact for position in group]),
            message=f"{len(extra):,} rows repeat the text of an earlier row "
            f"({len(view.exact):,} texts stand twice or more).",
            fix="Repeats with the same label are dropped, one row is kept (`clean.exact_duplicates: drop`).",
            command="tunewright data clean FILE --output OUT --set clean.exact_duplicates=drop",
            values={"texts": len(view.exact)},
            examples=view.ids(view.exact[0][:2]),
        )
    ]


def near_duplicates(view: View, config: AuditConfig) -> list[Finding]:
    """Clusters of texts that differ in a few characters only."""
    clusters = [group for group in view.near if len({view.key[position] for position in group}) > 1]
    rows = [position for group in clusters for position in group]
    if not rows:
        return []
    findings = [
        Finding(
            code="near_duplicates",
            severity="info",
            count=len(rows),
            row_ids=view.ids(rows),
            message=f"{len(rows):,} rows lie in {len(clusters):,} clusters of nearly the same text.",
            fix="A cluster always goes to one side of the split, so that nothing in the test set was seen in training.",
            values={"clusters": len(clusters)},
            examples=view.ids(clusters[0][:2]),
        )
    ]
    largest = max(clusters, key=len)
    if len(largest) > max(20, len(view.row_id) // 10):
        findings.append(
            Finding(
                code="large_cluster",
                severity="warning",
                count=len(largest),
                row_ids=view.ids(largest),
                message=f"One cluster of nearly the same text holds {len(largest):,} of {len(view.row_id):,} rows: "
                "a template, most likely.",
                fix="It goes to one side of the split as a whole, which can bend the sizes. Remove the template's "
                "fixed words from the text, or raise `data.audit.near_threshold`.",
                command="tunewright run FILE --set data.audit.near_threshold=0.9",
                values={"rows": len(view.row_id)},
            )
        )
    return findings


def contradictions(view: View, config: AuditConfig) -> list[Finding]:
    """Texts that stand with two labels or more."""
    groups = contradictory_groups(view)
    if not groups:
        return []
    regression = view.kind == "regression"
    return [
        Finding(
            code="contradictions",
            severity="info" if regression else "warning",
            count=len(groups),
            row_ids=view.ids([position for group in groups for position in group]),
            message=f"{len(groups):,} texts stand with different {'values' if regression else 'labels'} "
            f"({sum(map(len, groups)):,} rows).",
            fix="Nothing is dropped: the model learns their mean."
            if regression
            else "The label that most rows of the text have is kept; without a majority all of its rows are dropped "
            "(`clean.contradictions: majority`). Look at them: they show where the labels are unclear.",
            command="" if regression else "tunewright data audit FILE --relabel RELABEL.xlsx",
            values={"rows": sum(map(len, groups))},
            examples=_two_labels(view, groups[0]),
        )
    ]


def _two_labels(view: View, group: list[int]) -> list[str]:
    """The first row of a text, and the first one that has another label."""
    other = next(position for position in group if view.label[position] != view.label[group[0]])
    return view.ids([group[0], other])


def contradictory_groups(view: View) -> list[list[int]]:
    """Positions of each text that has two labels or more: its labelled rows."""
    labelled = ([position for position in group if view.label[position] is not None] for group in view.exact)
    return [group for group in labelled if len({view.label[position] for position in group}) > 1]
