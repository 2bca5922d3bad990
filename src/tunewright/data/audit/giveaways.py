"""What gives the answer away: labels that are lists or paths, the label's name in the text, a column that says it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from tunewright.core.text import fold
from tunewright.data.audit.records import AuditConfig, Finding, View

_SEPARATORS = ("；", "、", ";", "|", "，", ",", "/", "+", "&")
_PATHS = (" > ", ">", "/", "::", "->", "|", "-", ".", "：", ":")
_LEAST_PATHS = 3
_SAID_SHARE = 0.99
_LEAST_ROWS_A_VALUE = 2.0
_MOST_VALUES = 5_000


def label_lists(view: View, config: AuditConfig) -> list[Finding]:
    """Cells that read like several labels where the task takes them for one."""
    counts = _counts(view)
    for separator in _SEPARATORS:
        several = [label for label in counts if separator in label.strip(separator + " ")]
        parts = {part.strip() for label in several for part in label.split(separator)}
        alone = [label for label in several if all(part.strip() in counts for part in label.split(separator))]
        # Parts that come alone as well, or in several cells, are labels; those of `a/b` that never do are a name.
        used = Counter(part.strip() for label in several for part in label.split(separator))
        shared = sum(used[part] + (part in counts) > 1 for part in parts)
        if not alone and (len(several) < 2 or shared < 0.7 * len(parts)):
            continue
        chosen = alone or several
        rows = [row for row, label in enumerate(view.label) if label in set(chosen)]
        return [
            Finding(
                code="label_lists", severity="warning", count=len(chosen), row_ids=view.ids(rows),
                message=f"{len(chosen):,} labels look like several with `{separator}` between them ({_some(chosen)}); each "
                "is taken for a class of its own.",
                fix="If a text can have several labels, say so, and each is learned by itself.",
                command=f"tunewright run FILE --task multi_label --set data.columns.label_separator='{separator}'",
                values={"separator": separator, "names": _some(chosen)},
            )
        ]  # fmt: skip
    return []


def label_hierarchy(view: View, config: AuditConfig) -> list[Finding]:
    """Labels that are paths (`Card > Lost`): mistakes inside a branch weigh the same as mistakes between branches."""
    counts = _counts(view)
    for separator in _PATHS:
        branches: dict[str, list[str]] = defaultdict(list)
        paths = [label for label in counts if separator in label.strip(separator + " ")]
        for label in paths:
            branches[label.split(separator)[0].strip()].append(label)
        wide = [names for names in branches.values() if len(names) > 1]
        # Most labels must be paths, and most of them in branches with others: `e-mail` alone makes no tree.
        if len(paths) < max(_LEAST_PATHS, 0.6 * len(counts)) or sum(map(len, wide)) < 0.6 * len(paths):
            continue
        if len(branches) < 2 or len(branches) > 0.7 * len(paths):
            continue
        return [
            Finding(
                code="label_hierarchy", severity="info", count=len(paths), row_ids=[],
                message=f"{len(paths):,} of {len(counts):,} labels are paths with `{separator}`, in {len(branches):,} branches "
                f"({_some(sorted(branches))}).",
                fix="They are learned as classes without an order. Where the leaves are too rare or too alike, put the "
                "branch into a column of its own and learn that first.",
                command="tunewright run FILE --label BRANCH_COLUMN",
                values={"separator": separator, "branches": len(branches), "names": _some(sorted(branches)), "labels": len(counts)},
            )
        ]  # fmt: skip
    return []


def telling_columns(view: View, config: AuditConfig) -> list[Finding]:
    """Columns that nothing reads but whose value settles the label: written after the answer was known, mostly."""
    labelled = [row for row, label in enumerate(view.label) if isinstance(label, str)]
    names = Counter(str(view.label[row]) for row in labelled)
    if len(names) < 2:
        return []
    telling = [
        name for name, cells in view.others.items()
        if _settles(cells, view, labelled, commonest=names.most_common(1)[0][1])
    ]  # fmt: skip
    if not telling:
        return []
    return [
        Finding(
            code="telling_columns", severity="info", count=len(telling), row_ids=[],
            message=f"{len(telling):,} columns settle the label by themselves ({_some(telling)}).",
            fix="They are not read. Leave it so: don't join them to the text, unless they are known before the answer is. "
            "If one of them is known, a table does the job and no model is needed.",
            values={"names": _some(telling)},
        )
    ]  # fmt: skip


def _settles(cells: Sequence[str], view: View, labelled: list[int], *, commonest: int) -> bool:
    """Whether rows of one value have one label, with several rows a value and far more often than chance has it."""
    labels_of: dict[str, Counter[str]] = {}
    for row in labelled:
        labels_of.setdefault(fold(cells[row]), Counter())[str(view.label[row])] += 1
        if len(labels_of) > _MOST_VALUES:
            return False
    if len(labels_of) < 2 or len(labelled) < _LEAST_ROWS_A_VALUE * len(labels_of):
        return False
    right = sum(counts.most_common(1)[0][1] for counts in labels_of.values())
    # A value that stands once settles its own row and proves nothing.
    lonely = sum(sum(counts.values()) == 1 for counts in labels_of.values())
    proven = len(labelled) - lonely
    return proven >= 20 and right - lonely >= _SAID_SHARE * proven and commonest < 0.95 * len(labelled)


def _counts(view: View) -> Counter[str]:
    return Counter(label for label in view.label if isinstance(label, str))


def _some(names: Sequence[str], *, shown: int = 5) -> str:
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
