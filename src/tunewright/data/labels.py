"""Spellings of labels: which differ in case, width or space only, and which look like typing errors of another."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass

from tunewright.core.text import fold, is_cjk

_TYPO_SHARE = 0.1
_MOST_LABELS = 2000  # above it the comparison of each with each would take minutes, and the labels are hardly classes


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """One spelling of a label, and the one that is meant."""

    written: str
    meant: str
    rows: int
    """How many rows are written so."""


def variants(counts: Counter[str]) -> list[Spelling]:
    """Spellings equal to a commoner one after folding case, width and space ("refund " and "Refund")."""
    by_fold: dict[str, list[str]] = {}
    for label in counts:
        by_fold.setdefault(fold(label), []).append(label)
    found: list[Spelling] = []
    for spellings in by_fold.values():
        meant = min(spellings, key=lambda label: (-counts[label], label != label.strip(), label))
        found.extend(
            Spelling(written=label, meant=meant, rows=counts[label]) for label in sorted(spellings) if label != meant
        )
    return found


def typos(counts: Counter[str]) -> list[Spelling]:
    """Rare labels one or two letters away from one at least ten times as common, digits being equal."""
    folded: Counter[str] = Counter()
    for label, count in counts.items():
        folded[fold(label)] += count
    if len(folded) > _MOST_LABELS:
        return []
    found = []
    for label, count in sorted(folded.items()):
        commoner = [other for other in folded if count <= _TYPO_SHARE * folded[other]]
        close = [other for other in commoner if _looks_like(label, other)]
        if close:
            found.append(Spelling(written=label, meant=max(close, key=lambda other: folded[other]), rows=count))
    return found


def _looks_like(label: str, other: str) -> bool:
    if (
        re.findall(r"\d+", label) != re.findall(r"\d+", other)
        or any(map(is_cjk, label))
        or min(len(label), len(other)) < 4
    ):
        return False
    if abs(len(label) - len(other)) > 2:
        return False
    return difflib.SequenceMatcher(None, label, other, autojunk=False).ratio() >= 0.85
