"""What becomes of each row, decided on numbers: the same functions that decide in memory, over the marks of pass 2.

Letters: N rows, K distinct texts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.data.clean import as_list, chosen_steps, meanings
from tunewright.data.equal import contradicted, repeats
from tunewright.data.marks import Ints, numbered
from tunewright.data.passes.disk import Limits, number_digests
from tunewright.data.passes.marking import FieldsOnDisk, Marked, open_rows

STAYS, EMPTY, CONTRADICTION, OUTVOTED, REPEAT = range(5)
"""Why a row is dropped by cleaning."""


@dataclass(kw_only=True)
class Verdicts:
    """What cleaning makes of each row."""

    why_N: npt.NDArray[np.uint8]
    key_N: npt.NDArray[np.int32]
    """The number of each row's text after the steps that change text."""
    texts: int
    """How many there are."""
    meant: dict[str, str]
    """Spellings of labels that are merged."""
    answer_N: npt.NDArray[np.int32]
    """The number of each row's answer, spellings merged."""
    answers: list[object]
    """The answers in the form that compares (strings, sorted tuples); one that says nothing for a regression."""
    repeated: npt.NDArray[np.int64]
    """Rows that repeat another, ascending."""
    kept_instead: npt.NDArray[np.int64]
    """The row that is kept instead of each of them."""


def decide_cleaning(fields: FieldsOnDisk, marked: Marked, *, limits: Limits) -> Verdicts:
    """The steps that drop rows or merge labels, one after the other."""
    settings, rows = fields.settings, fields.file.rows
    steps = chosen_steps(settings.clean)
    key_N, texts = number_digests(marked.clean_keys, limits)
    found = Verdicts(
        why_N=np.zeros(rows, np.uint8), key_N=key_N, texts=texts, meant={}, answer_N=marked.written_N, answers=[],
        repeated=np.zeros(0, np.int64), kept_instead=np.zeros(0, np.int64),
    )  # fmt: skip
    if "empty_text" in steps:
        found.why_N[marked.clean_blank_N] = EMPTY
    _merge_answers(found, marked, merges="label_variants" in steps)
    may_go = open_rows(marked.given_N, rows) & (marked.written_N >= 0) & ~marked.clean_blank_N
    if "contradictions" in steps and marked.value_N is None:
        _contradictions(found, may_go, keep_majority=settings.clean.contradictions == "majority", limits=limits)
    if "exact_duplicates" in steps:
        _repeats(found, fields, marked, may_go, limits=limits)
    return found


def _merge_answers(found: Verdicts, marked: Marked, *, merges: bool) -> None:
    if marked.value_N is not None:
        found.answers = [()]
        return
    kept = marked.written_N[(found.why_N == STAYS) & (marked.written_N >= 0)]
    rows_of = np.bincount(kept, minlength=len(marked.written)).tolist()
    if merges:
        counts: Counter[str] = Counter()
        for answer, rows in zip(marked.written, rows_of, strict=True):
            for label in _labels(answer) if rows else ():
                counts[label] += rows
        found.meant = meanings(counts)
    merged = [_merged(answer, found.meant) for answer in marked.written]
    table, found.answers = numbered(merged)
    found.answer_N = np.append(table, np.int32(-1))[marked.written_N]


def _labels(answer: object) -> list[str]:
    return list(answer) if isinstance(answer, tuple) else as_list(str(answer))


def _merged(answer: Any, meant: dict[str, str]) -> object:
    if isinstance(answer, tuple):
        return tuple(sorted({meant.get(label, label) for label in as_list(list(answer))}))
    return meant.get(str(answer), answer)


def _contradictions(found: Verdicts, may_go: npt.NDArray[np.bool_], *, keep_majority: bool, limits: Limits) -> None:
    for places in _by_text(found, may_go, limits):
        verdict = contradicted(found.key_N[places], found.answer_N[places], keep_majority=keep_majority)
        found.why_N[places[verdict.dropped_N]] = CONTRADICTION
        found.why_N[places[verdict.outvoted_N]] = OUTVOTED


def _repeats(
    found: Verdicts, fields: FieldsOnDisk, marked: Marked, may_go: npt.NDArray[np.bool_], *, limits: Limits
) -> None:
    answers = found.answer_N if marked.value_N is None else marked.value_N.view(np.int64)
    repeated, kept_instead = [], []
    for places in _by_text(found, may_go, limits):
        # Ids are read only where a text stands twice at all.
        counts = np.bincount(found.key_N[places] - found.key_N[places].min()) if len(places) else np.zeros(0, np.int64)
        places = places[counts[found.key_N[places] - found.key_N[places].min()] > 1] if len(places) else places
        if not len(places):
            continue
        ids = fields.file.digests.pick(places, rows=limits.rows_per_part)
        order = np.lexsort((fields.file.repeat_N[places], ids["low"], ids["high"]))
        rank = np.empty(len(places), np.int64)
        rank[order] = np.arange(len(places))
        kept = repeats(found.key_N[places], answers[places], rank)
        repeated.append(places[kept >= 0])
        kept_instead.append(places[kept[kept >= 0]])
    if repeated:
        all_repeated, all_kept = np.concatenate(repeated), np.concatenate(kept_instead)
        order = np.argsort(all_repeated)
        found.repeated, found.kept_instead = all_repeated[order], all_kept[order]
        found.why_N[found.repeated] = REPEAT


def _by_text(found: Verdicts, may_go: npt.NDArray[np.bool_], limits: Limits) -> list[Ints]:
    """The places of rows that may go and still stay, in parts: all rows of a text are in one part."""
    chosen = may_go & (found.why_N == STAYS)
    parts = 1 + len(chosen) // limits.rows_per_part
    edges = np.linspace(0, found.texts, parts + 1).astype(np.int64)
    return [
        np.flatnonzero(chosen & (found.key_N >= low) & (found.key_N < high)) for low, high in pairwise(edges.tolist())
    ]
