"""Clusters, marks and sides of a big file: what `data/marks.py` makes of a table, made from columns on disk.

Letters: N rows, R distinct texts as read, K distinct texts after cleaning, G groups.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tunewright.core.text import squeeze
from tunewright.data.clean import STEPS, chosen_text_steps
from tunewright.data.earlier import Earlier, EarlierSides
from tunewright.data.keys import exact_keys, texts
from tunewright.data.marks import Ints, Marks, classes, cluster_order
from tunewright.data.passes.bands import NearSearch, join, resolved
from tunewright.data.passes.disk import DiskColumn, Limits, hex_digests, number_digests
from tunewright.data.passes.marking import FieldsOnDisk, Marked
from tunewright.data.passes.verdicts import STAYS, Verdicts


def near_roots(
    fields: FieldsOnDisk,
    key_N: Ints,
    blank_N: npt.NDArray[np.bool_],
    texts_in_all: int,
    *,
    folder: Path,
    limits: Limits,
) -> npt.NDArray[np.int32]:
    """For each distinct text as read the number of one that stands for its cluster of near duplicates."""
    config = fields.settings.audit
    root_R: npt.NDArray[np.int32] = np.arange(texts_in_all, dtype=np.int32)
    if not config.near_duplicates:
        return root_R
    folder.mkdir()
    search = NearSearch(folder, threshold=config.near_threshold, limits=limits)
    seen_R = np.zeros(texts_in_all, bool)
    key_of_doc = DiskColumn(folder / "keys", np.int32)
    for run, table in fields.tables():
        places = np.arange(run.first, run.first + run.rows)
        keys, first = np.unique(key_N[places], return_index=True)
        new = np.sort(first[~seen_R[keys] & ~blank_N[places[first]]])
        seen_R[keys] = True
        values = texts(table)
        search.add([squeeze(values[place]) for place in new.tolist()])
        key_of_doc.append(key_N[places[new]])
    root_D = search.clusters()
    key_D = key_of_doc.read(0, len(key_of_doc))
    root_R[key_D] = key_D[root_D]
    return root_R


def make_marks(
    fields: FieldsOnDisk, marked: Marked, verdicts: Verdicts, time_N: npt.NDArray[np.int64] | None, *, folder: Path,
    limits: Limits,
) -> Marks:  # fmt: skip
    """The marks of all rows; those that cleaning drops have no answer, and so take no part."""
    settings = fields.settings
    assert settings.split is not None
    stays_N = verdicts.why_N == STAYS
    key_N, raw_key_N, raw_texts = verdicts.key_N, verdicts.key_N, verdicts.texts
    if marked.clean_keys is not marked.keys:
        raw_key_N, raw_texts = number_digests(marked.keys, limits)
    root_R = near_roots(fields, raw_key_N, marked.blank_N, raw_texts, folder=folder / "near", limits=limits)
    blank = np.flatnonzero(marked.clean_blank_N & stays_N)
    if len(blank):  # texts without a word are each their own
        key_N = key_N.copy()
        key_N[blank] = verdicts.texts + np.arange(len(blank))
    count = verdicts.texts + len(blank)
    order_K = _orders(fields, marked, key_N, count, blank, limits)
    root_K = _roots_after_cleaning(key_N, raw_key_N, marked.blank_N, stays_N, root_R, count)
    del root_R, raw_key_N
    cluster_K = _named_by_smallest(fields, key_N, stays_N, root_K, limits)
    group_N, order_G = _groups(marked, limits)
    answer_N = np.where(stays_N, verdicts.answer_N, np.int32(-1))
    return Marks(
        key_N=key_N, answer_N=answer_N, group_N=group_N, answers=[classes(answer) for answer in verdicts.answers],  # type: ignore[arg-type]
        value_N=marked.value_N, cluster_K=cluster_K, order_K=order_K[cluster_K], order_G=order_G,
        given_N=marked.given_N, time_N=time_N,
    )  # fmt: skip


def earlier_of(sides: EarlierSides, fields: FieldsOnDisk, marked: Marked, *, limits: Limits) -> Earlier:
    """What an earlier split says of each row."""
    rows = fields.file.rows
    found = Earlier(
        row_N=np.full(rows, -1, np.int8), text_N=np.full(rows, -1, np.int8), group_N=np.full(rows, -1, np.int8)
    )
    for low in range(0, rows, limits.rows_per_part):
        high = min(low + limits.rows_per_part, rows)
        text_names, group_names = digests_of(marked, low, high)
        some = sides.of(fields.file.row_ids(low, high), text_names, group_names)
        found.row_N[low:high], found.text_N[low:high], found.group_N[low:high] = some.row_N, some.text_N, some.group_N
    return found


def digests_of(marked: Marked, low: int, high: int) -> tuple[list[str | None], list[str | None]]:
    """Digests of text and group of a range of rows; None where a row has none."""
    blank = marked.clean_blank_N[low:high].tolist()
    keys = hex_digests(marked.clean_keys.read(low, high))
    names: list[str | None] = [None if is_blank else key for key, is_blank in zip(keys, blank, strict=True)]
    if marked.groups is None:
        return names, [None] * (high - low)
    groups = hex_digests(marked.groups.read(low, high))
    no_group = marked.no_group
    return names, [None if group == no_group else group for group in groups]


def _orders(
    fields: FieldsOnDisk, marked: Marked, key_N: Ints, count: int, blank: Ints, limits: Limits
) -> npt.NDArray[np.uint64]:
    assert fields.settings.split is not None
    order_K = np.zeros(count, np.uint64)
    for low, block in marked.orders.blocks(limits.rows_per_part):
        order_K[key_N[low : low + len(block)]] = block
    for place in blank.tolist():
        name = f"empty {fields.file.row_ids(place, place + 1)[0]}"
        order_K[key_N[place]] = cluster_order(fields.settings.split.seed, name)
    return order_K


def _roots_after_cleaning(
    key_N: Ints,
    raw_key_N: Ints,
    blank_N: npt.NDArray[np.bool_],
    stays_N: npt.NDArray[np.bool_],
    root_R: Ints,
    count: int,
) -> npt.NDArray[np.int32]:
    """For each text after cleaning the number of one in its cluster: what was near before cleaning stays together."""
    root_K: npt.NDArray[np.int32] = np.arange(count, dtype=np.int32)
    first_of_R = np.full(len(root_R), -1, np.int32)
    rows = np.flatnonzero(stays_N & ~blank_N)
    raw_root = root_R[raw_key_N[rows]]
    first_of_R[raw_root[::-1]] = key_N[rows][::-1]
    other = first_of_R[raw_root]
    apart = np.flatnonzero(other != key_N[rows])
    join(root_K, other[apart], key_N[rows][apart])
    return resolved(root_K)


def _named_by_smallest(
    fields: FieldsOnDisk, key_N: Ints, stays_N: npt.NDArray[np.bool_], root_K: npt.NDArray[np.int32], limits: Limits
) -> npt.NDArray[np.int32]:
    """For each text the one with the smallest key among the rows of its cluster that stay."""
    present_K = np.zeros(len(root_K), bool)
    present_K[key_N[stays_N]] = True
    members = np.bincount(root_K[present_K], minlength=len(root_K))
    cluster_K = np.arange(len(root_K), dtype=np.int32)
    several = np.flatnonzero(members > 1)
    for low in range(0, len(several), limits.texts_per_pass):
        asked = np.zeros(len(root_K), bool)
        asked[several[low : low + limits.texts_per_pass]] = True
        best = _smallest_keys(fields, key_N, stays_N, root_K, asked)
        name_of_root = np.full(len(root_K), -1, np.int32)
        for root, (_, key) in best.items():
            name_of_root[root] = key
        inside = asked[root_K]
        cluster_K[inside] = name_of_root[root_K[inside]]
    return cluster_K


def _smallest_keys(
    fields: FieldsOnDisk, key_N: Ints, stays_N: npt.NDArray[np.bool_], root_K: Ints, asked_K: npt.NDArray[np.bool_]
) -> dict[int, tuple[str, int]]:
    """For each cluster that is asked for its smallest key and that key's number."""
    best: dict[int, tuple[str, int]] = {}
    names = chosen_text_steps(fields.settings.clean)
    for run, table in fields.tables():
        keys = key_N[run.first : run.first + run.rows]
        due = np.flatnonzero(stays_N[run.first : run.first + run.rows] & asked_K[root_K[keys]])
        if not len(due):
            continue
        some = table.take(due)
        for name in names:
            some = STEPS[name](some, fields.plan.kind, fields.settings.clean).fields
        for row, key, text in zip(due.tolist(), keys[due].tolist(), exact_keys(some), strict=True):
            text = text or f"empty {fields.file.row_ids(run.first + row, run.first + row + 1)[0]}"
            root = int(root_K[key])
            if root not in best or text < best[root][0]:
                best[root] = (text, key)
    return best


def _groups(marked: Marked, limits: Limits) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint64]]:
    if marked.groups is None or marked.group_orders is None:
        return np.full(len(marked.written_N), -1, np.int32), np.zeros(0, np.uint64)
    group_N, count = number_digests(marked.groups, limits)
    order_G = np.zeros(count, np.uint64)
    for low, block in marked.group_orders.blocks(limits.rows_per_part):
        order_G[group_N[low : low + len(block)]] = block
    for low, block in marked.groups.blocks(limits.rows_per_part):
        # Not joined by a name that they don't have.
        group_N[low : low + len(block)][block == marked.no_group_digest] = -1
    return group_N, order_G
