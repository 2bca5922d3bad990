"""Splits that the file itself gives: what each holds, and what two of them share."""

from __future__ import annotations

from itertools import combinations

from tunewright.data.audit.records import AuditConfig, Finding, Overlap, SplitCounts, View

_PAIRS = tuple(combinations(("train", "validation", "test"), 2))


def split_leaks(view: View, config: AuditConfig) -> list[Finding]:
    """Exact texts that two given splits share, one finding a pair."""
    return [
        Finding(
            code=f"leak_{first}_{second}",
            severity="error" if first == "train" else "warning",
            count=overlap.texts,
            row_ids=overlap.row_ids[0] + overlap.row_ids[1],
            message=f"{overlap.texts:,} texts stand in both {first} and {second} "
            f"({overlap.rows[1]:,} rows of {second}, {overlap.rows[0]:,} of {first}).",
            fix=f"The rows in {first} are dropped, {second} stays as it is (`split.exact_leaks: drop`)."
            if first == "train"
            else "Both are kept: they are the file's own; the choice of the best epoch has seen these test texts.",
            command="tunewright data split FILE --output FOLDER --set split.exact_leaks=drop"
            if first == "train"
            else "",
            values={"first": first, "second": second, "rows": list(overlap.rows)},
            examples=[overlap.row_ids[0][0], _same_text(view, overlap)],
        )
        for (first, second), overlap in exact_overlaps(view).items()
        if overlap.texts
    ]


def _same_text(view: View, overlap: Overlap) -> str:
    """A row of the second split with the text of the first row of the first one."""
    key_of = dict(zip(view.row_id, view.key, strict=True))
    return next(row for row in overlap.row_ids[1] if key_of[row] == key_of[overlap.row_ids[0][0]])


def near_leaks(view: View, config: AuditConfig) -> list[Finding]:
    """Near duplicates across given splits that are not exact ones."""
    return [
        Finding(
            code=f"near_leak_{first}_{second}",
            severity="warning",
            count=len(first_ids) + len(second_ids),
            row_ids=first_ids + second_ids,
            message=f"{len(first_ids):,} rows of {first} and {len(second_ids):,} rows of {second} nearly repeat a text "
            "of the other split.",
            fix=f"Reported only; `split.near_leaks: drop` leaves the rows out of {first}."
            if first == "train"
            else "Reported only.",
            command="tunewright data split FILE --output FOLDER --set split.near_leaks=drop"
            if first == "train"
            else "",
            values={"first": first, "second": second, "rows": [len(first_ids), len(second_ids)]},
        )
        for (first, second), (first_ids, second_ids) in near_overlaps(view).items()
        if first_ids or second_ids
    ]


def group_leaks(view: View, config: AuditConfig) -> list[Finding]:
    """Groups whose rows the file itself puts on two sides."""
    if view.split is None:
        return []
    rows_of_group: dict[str, list[int]] = {}
    for position, group in enumerate(view.group):
        if group is not None and view.split[position] is not None:
            rows_of_group.setdefault(group, []).append(position)
    crossing = [rows for rows in rows_of_group.values() if len({view.split[position] for position in rows}) > 1]
    if not crossing:
        return []
    return [
        Finding(
            code="group_leak",
            severity="warning",
            count=len(crossing),
            row_ids=view.ids([position for rows in crossing for position in rows]),
            message=f"{len(crossing):,} groups stand on two sides of the given splits.",
            fix="The given splits are kept as they are. `split.given: ignore` divides anew and keeps groups whole.",
            command="tunewright data split FILE --output FOLDER --set split.given=ignore",
        )
    ]


def count_splits(view: View) -> dict[str, SplitCounts]:
    """Each given split by itself: rows, repeats, contradictions, empty texts."""
    if view.split is None:
        return {}
    counts = {}
    for name in ("train", "validation", "test"):
        positions = [position for position, split in enumerate(view.split) if split == name]
        labels_of_key: dict[str, set[object]] = {}
        for position in positions:
            labels = labels_of_key.setdefault(view.key[position], set())
            if view.label[position] is not None:
                labels.add(view.label[position])
        empty = sum(not view.key[position] for position in positions)
        counts[name] = SplitCounts(
            rows=len(positions),
            duplicate_rows=len(positions) - empty - len(labels_of_key.keys() - {""}),
            contradictory_texts=sum(len(labels) > 1 for key, labels in labels_of_key.items() if key),
            empty=empty,
        )
    return {name: split for name, split in counts.items() if split.rows}


def exact_overlaps(view: View) -> dict[tuple[str, str], Overlap]:
    """For each two given splits the texts they share."""
    if view.split is None:
        return {}
    overlaps = {}
    for pair in _PAIRS:
        sides: tuple[list[int], list[int]] = ([], [])
        texts = 0
        for group in view.exact:
            members = [[position for position in group if view.split[position] == name] for name in pair]
            if all(members):
                texts += 1
                sides[0].extend(members[0])
                sides[1].extend(members[1])
        overlaps[pair] = Overlap(
            texts=texts, rows=(len(sides[0]), len(sides[1])), row_ids=(view.ids(sides[0]), view.ids(sides[1]))
        )
    return overlaps


def near_overlaps(view: View) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """For each two given splits the rows of one cluster whose exact text does not stand in the other split."""
    if view.split is None:
        return {}
    overlaps = {}
    for pair in _PAIRS:
        sides: tuple[list[int], list[int]] = ([], [])
        for group in view.near:
            members = [[position for position in group if view.split[position] == name] for name in pair]
            keys = [{view.key[position] for position in side} for side in members]
            if all(members):
                for side in (0, 1):
                    sides[side].extend(p for p in members[side] if view.key[p] not in keys[1 - side])
        overlaps[pair] = (view.ids(sides[0]), view.ids(sides[1]))
    return overlaps
