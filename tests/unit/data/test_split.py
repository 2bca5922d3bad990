from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from tests.unit.data.audit_tables import retouched, sentence, table
from tunewright.core.errors import DataError, FolderError, RecipeError
from tunewright.core.folder import RunFolder
from tunewright.data.audit import AuditConfig, audit
from tunewright.data.keys import Kind
from tunewright.data.ledger import Ledger
from tunewright.data.marks import UNDATED, marks
from tunewright.data.rows import read_rows, write_rows
from tunewright.data.shapes import Span, Tagged, answer_fields
from tunewright.data.split import SplitConfig, folds, split, subset_order


def divided(fields: pa.Table, *, kind: Kind = "single_label", **config: object) -> tuple[pa.Table, Ledger]:
    ledger = Ledger()
    near = audit(fields, kind=kind, config=AuditConfig()).near_groups
    settings = SplitConfig.model_validate(config)
    return split(fields, kind=kind, config=settings, near_groups=near, ledger=ledger), ledger


def sides(fields: pa.Table) -> dict[str, str | None]:
    return dict(zip(fields["row_id"].to_pylist(), fields["split"].to_pylist(), strict=True))


def sample(rows: int, classes: int = 3, seed: int = 0, **columns: list[str | None]) -> pa.Table:
    chance = random.Random(seed)
    return table([sentence(chance) for _ in range(rows)], [f"class {n % classes}" for n in range(rows)], **columns)


def test_sizes_are_the_shares_and_each_class_has_its_share_to_the_row() -> None:
    result, _ = divided(sample(1000, classes=7))
    assert Counter(result["split"].to_pylist()) == {"train": 700, "validation": 100, "test": 200}
    cells = Counter(zip(result["label"].to_pylist(), result["split"].to_pylist(), strict=True))
    for label, count in Counter(result["label"].to_pylist()).items():
        assert abs(cells[label, "test"] - 0.2 * count) < 1
        assert abs(cells[label, "validation"] - 0.1 * count) < 1


def test_many_tiny_classes_keep_the_sizes_and_all_stand_in_train() -> None:
    labels = [f"class {n // 2}" for n in range(400)]
    chance = random.Random(1)
    result, _ = divided(table([sentence(chance) for _ in labels], labels))
    counts = Counter(result["split"].to_pylist())
    assert counts == {"train": 280, "validation": 40, "test": 80}
    in_train = {row["label"] for row in result.to_pylist() if row["split"] == "train"}
    assert in_train == set(labels)


def test_a_class_with_one_row_is_in_train() -> None:
    chance = random.Random(1)
    labels = ["common"] * 30 + ["alone"]
    result, _ = divided(table([sentence(chance) for _ in labels], labels))
    assert [row["split"] for row in result.to_pylist() if row["label"] == "alone"] == ["train"]


@pytest.mark.parametrize("groups", [4, 6, 20, 150])
def test_groups_are_whole_and_sizes_near_their_shares(groups: int) -> None:
    chance = random.Random(3)
    group: list[str | None] = [f"customer {chance.randrange(groups)}" for _ in range(600)]
    result, _ = divided(sample(600, group=group), validation=0.25, test=0.25)
    side_of_group: dict[str, set[str]] = {}
    for row in result.to_pylist():
        side_of_group.setdefault(row["group"], set()).add(row["split"])
    assert all(len(found) == 1 for found in side_of_group.values())
    counts = Counter(result["split"].to_pylist())
    assert abs(counts["test"] - 150) <= 600 / groups
    assert abs(counts["validation"] - 150) <= 600 / groups


def test_a_class_that_lives_in_one_group_goes_to_train_with_it() -> None:
    chance = random.Random(4)
    for seed in range(30):
        labels = ["a", "b"] * 30 + ["rare"] * 4
        group = [f"g{n // 6}" for n in range(60)] + ["rare group"] * 4
        fields = table([sentence(chance) for _ in labels], labels, group=group)
        result, _ = divided(fields, seed=seed)
        assert {row["split"] for row in result.to_pylist() if row["label"] == "rare"} == {"train"}


def test_a_text_in_two_groups_never_stands_on_two_sides() -> None:
    chance = random.Random(5)
    texts = [sentence(chance) for _ in range(200)]
    texts += texts[:50] + [retouched(text, chance) for text in texts[50:100]]
    group = [f"g{n % 37}" for n in range(300)]
    fields = table(texts, ["a", "b"] * 150, group=group)
    near = audit(fields, kind="single_label", config=AuditConfig()).near_groups
    result, ledger = divided(fields)
    side = sides(result)
    for cluster in near:
        assert len({side[row] for row in cluster if row in side}) <= 1
    dropped = [entry for entry in ledger.entries if entry.action == "dropped"]
    assert {entry.reason_code for entry in dropped} == {"duplicate_across_groups"}
    assert len(result) == 300 - len(dropped) > 200


def test_rows_without_a_label_stay_and_belong_to_no_side() -> None:
    fields = table([f"text number {n}" for n in range(30)], (["a", "b"] * 10) + [None] * 10)
    result, _ = divided(fields)
    assert result["split"].to_pylist()[20:] == [None] * 10
    assert None not in result["split"].to_pylist()[:20]


def test_values_of_a_regression_are_spread_over_all_sides() -> None:
    chance = random.Random(6)
    fields = table([sentence(chance) for _ in range(300)], [n / 10 for n in range(300)], label_type=pa.float64())
    result, _ = divided(fields, kind="regression")
    rows = result.to_pylist()
    for name in ("train", "validation", "test"):
        values = sorted(row["label"] for row in rows if row["split"] == name)
        assert abs(sum(values) / len(values) - 15) < 1
        assert values[0] < 3
        assert values[-1] > 27


def test_each_label_of_a_multi_label_set_stands_in_train() -> None:
    chance = random.Random(7)
    labels = [["common"] + ([f"rare {n // 2}"] if n < 40 else []) for n in range(200)]
    fields = table([sentence(chance) for _ in labels], labels, label_type=pa.list_(pa.string()))
    result, _ = divided(fields, kind="multi_label")
    seen = {name for row in result.to_pylist() if row["split"] == "train" for name in row["label"]}
    assert seen == {name for row in labels for name in row}


def test_rare_labels_of_spans_have_their_share_on_each_side() -> None:
    chance = random.Random(9)
    rows = [Tagged(row_id=f"r{n}", text=sentence(chance), tokens=()) for n in range(300)]
    common, rare = Span(start=0, end=1, label="common"), Span(start=2, end=3, label="rare")
    rows = [
        replace(row, spans=(common, rare) if n % 15 == 0 else (common,) if n % 2 else ()) for n, row in enumerate(rows)
    ]
    for seed in range(5):
        result, _ = divided(answer_fields(rows), kind="text", seed=seed)
        cells = Counter((span["label"], row["split"]) for row in result.to_pylist() for span in row["spans"])
        assert [cells["rare", side] for side in ("train", "validation", "test")] == [14, 2, 4]


# --- splits that the file gives --------------------------------------------------------------------------------------


def leaky(near: bool = False) -> pa.Table:
    chance = random.Random(8)
    texts = [sentence(chance) for _ in range(120)]
    texts[100:104] = [text.upper() for text in texts[:4]]
    if near:
        texts[110:113] = [retouched(text, chance) for text in texts[10:13]]
    return table(texts, ["a", "b"] * 60, split=["Train"] * 80 + ["dev"] * 20 + ["TEST"] * 20)


def test_given_splits_are_taken_and_exact_leaks_leave_train() -> None:
    fields = leaky()
    result, ledger = divided(fields)
    assert Counter(result["split"].to_pylist()) == {"train": 76, "validation": 20, "test": 20}
    assert sorted(entry.row_id or "" for entry in ledger.entries) == sorted(fields["row_id"].to_pylist()[:4])
    assert {(entry.reason_code, entry.before, entry.after) for entry in ledger.entries} == {
        ("exact_leak", "train", "test")
    }


def test_a_leak_stays_only_when_the_recipe_says_so() -> None:
    result, ledger = divided(leaky(), exact_leaks="keep")
    assert len(result) == 120
    assert [entry.action for entry in ledger.entries] == ["noted"] * 4


def test_near_leaks_are_noted_and_dropped_on_request() -> None:
    fields = leaky(near=True)
    ids = fields["row_id"].to_pylist()
    result, ledger = divided(fields)
    assert [entry.row_id for entry in ledger.entries if entry.action == "noted"] == ids[10:13]
    assert len(result) == 116
    result, ledger = divided(fields, near_leaks="drop")
    assert [entry.row_id for entry in ledger.entries if entry.reason_code == "near_leak"] == ids[10:13]
    assert Counter(result["split"].to_pylist()) == {"train": 73, "validation": 20, "test": 20}


def test_texts_shared_by_given_validation_and_test_stay_in_both() -> None:
    fields = table(["one", "two", "same", "same"], list("abaa"), split=["train", "train", "dev", "test"])
    assert divided(fields)[0]["split"].to_pylist() == ["train", "train", "validation", "test"]


def test_a_missing_validation_split_is_cut_from_train_and_test_stays_whole() -> None:
    fields = sample(200, split=["train"] * 150 + ["test"] * 50)
    result, _ = divided(fields)
    assert Counter(result["split"].to_pylist()) == {"train": 135, "validation": 15, "test": 50}
    assert result["split"].to_pylist()[150:] == ["test"] * 50


def test_a_row_without_a_given_split_counts_as_train() -> None:
    fields = table(["one", "two", "three", "four"], list("abab"), split=["train", None, "dev", "test"])
    assert divided(fields)[0]["split"].to_pylist() == ["train", "train", "validation", "test"]


def test_given_splits_can_be_ignored() -> None:
    result, _ = divided(sample(200, split=["train"] * 150 + ["test"] * 50), given="ignore")
    assert Counter(result["split"].to_pylist()) == {"train": 140, "validation": 20, "test": 40}


# --- later runs ------------------------------------------------------------------------------------------------------


def test_rows_of_an_earlier_run_keep_their_side_and_new_ones_are_placed(tmp_path: Path) -> None:
    fields = sample(400)
    first, _ = divided(fields.slice(0, 200))
    write_rows(first, RunFolder(tmp_path).rows)
    later, _ = divided(fields, seed=99, **{"from": str(tmp_path)})
    before, after = sides(first), sides(later)
    assert {row: after[row] for row in before} == before
    new = Counter(side for row, side in after.items() if row not in before)
    assert new == {"train": 140, "validation": 20, "test": 40}


def test_a_new_row_goes_where_its_text_its_cluster_or_its_group_stands(tmp_path: Path) -> None:
    chance = random.Random(9)
    texts = [sentence(chance) for _ in range(60)]
    groups: list[str | None] = [None] * 30 + [f"g{n % 10}" for n in range(30)]
    labels = ["a", "b"] * 30
    first, _ = divided(table(texts, labels, group=groups), test=0.3, validation=0.3)
    write_rows(first, RunFolder(tmp_path).rows)
    added = [*(text.upper() for text in texts[:10]), *(retouched(text, chance) for text in texts[10:20])]
    grouped = [sentence(chance) for _ in range(10)]
    everything = table(
        [*texts, *added, *grouped],
        labels + ["a", "b"] * 15,
        group=[*groups, *[None] * 20, *(f"g{n}" for n in range(10))],
    )
    later, _ = divided(everything, from_run=str(tmp_path))
    after = later["split"].to_pylist()
    assert after[:60] == first["split"].to_pylist()
    assert after[60:80] == after[:20]
    side_of_group = dict(zip(groups[30:], after[30:60], strict=True))
    assert after[80:] == [side_of_group[f"g{n}"] for n in range(10)]
    assert len({*after[80:]}) > 1


def test_one_new_row_after_an_earlier_run_is_no_error(tmp_path: Path) -> None:
    fields = sample(101)
    first, _ = divided(fields.slice(0, 100))
    write_rows(first, RunFolder(tmp_path).rows)
    assert len(divided(fields, from_run=str(tmp_path))[0]) == 101


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="not a run folder"):
        divided(sample(20), from_run=str(tmp_path))
    RunFolder(tmp_path).rows.parent.mkdir()
    RunFolder(tmp_path).rows.write_bytes(b"PAR1 torn")
    with pytest.raises(FolderError, match="damaged"):
        read_rows(RunFolder(tmp_path).rows)


# --- what can't be divided -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        (table(["one", "two"], ["a", "b"]), "test"),
        (table(["same"] * 50, ["a"] * 50), "test"),
        (table([f"t{n}" for n in range(50)], ["a"] * 50, group=["one"] * 50), "test"),
    ],
)
def test_what_cannot_fill_the_sides_is_refused_with_the_way_out(fields: pa.Table, missing: str) -> None:
    with pytest.raises(DataError, match=f"nothing is left for {missing}.*split.validation"):
        divided(fields)


def test_four_rows_of_two_classes_are_enough() -> None:
    result, _ = divided(table(["one", "two", "three", "four"], ["a", "a", "b", "b"]))
    assert Counter(result["split"].to_pylist()) == {"train": 2, "validation": 1, "test": 1}


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave nothing to train on"):
        SplitConfig(validation=0.5, test=0.5)


def test_a_group_setting_without_a_group_column_is_refused() -> None:
    with pytest.raises(RecipeError, match="group_by names 'customer'"):
        divided(sample(20), group_by="customer")


def test_a_share_of_nothing_gives_an_empty_side() -> None:
    result, _ = divided(sample(50), test=0)
    assert Counter(result["split"].to_pylist()) == {"train": 45, "validation": 5}


# --- folds -----------------------------------------------------------------------------------------------------------


def test_folds_have_equal_sizes_and_equal_classes() -> None:
    fields = sample(203, classes=4)
    found = folds(fields, kind="single_label", k=5, seed=1)
    assert set(found) == set(range(5))
    assert max(Counter(found).values()) - min(Counter(found).values()) <= 1
    cells = Counter(zip(found, fields["label"].to_pylist(), strict=True))
    assert max(cells.values()) - min(cells.values()) <= 1


def test_duplicates_and_groups_share_a_fold_and_unlabelled_rows_have_none() -> None:
    chance = random.Random(12)
    texts = [sentence(chance) for _ in range(60)]
    texts += [retouched(text, chance) for text in texts[:30]]
    labels = [None if n in (5, 6) else "ab"[n % 2] for n in range(90)]
    groups = [None] * 40 + [f"g{n % 5}" for n in range(20)] + [None] * 30
    fields = table(texts, labels, group=groups)
    near = audit(fields, kind="single_label", config=AuditConfig()).near_groups
    found = folds(fields, kind="single_label", k=3, seed=1, near_groups=near)
    assert [n for n, fold in enumerate(found) if fold == -1] == [5, 6]
    assert all(found[n] == found[60 + n] for n in range(30) if n not in (5, 6))
    for name in {*groups} - {None}:
        assert len({found[n] for n in range(90) if groups[n] == name}) == 1


# --- by time ---------------------------------------------------------------------------------------------------------


def dated(times: list[int | None], *, texts: list[str] | None = None, **columns: list[str | None]) -> pa.Table:
    chance = random.Random(11)
    fields = table(texts or [sentence(chance) for _ in times], ["a", "b"] * (len(times) // 2), **columns)
    return fields.append_column("time", pa.array([UNDATED if time is None else time for time in times], pa.int64()))


def times_by_side(fields: pa.Table) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in fields.to_pylist():
        if row["time"] != UNDATED:
            found.setdefault(row["split"], []).append(row["time"])
    return found


def test_the_newest_rows_are_test_and_those_before_them_validation() -> None:
    chance = random.Random(2)
    times: list[int | None] = list(range(100))
    chance.shuffle(times)
    result, _ = divided(dated(times), by_time="when")
    found = times_by_side(result)
    assert sorted(found["train"]) == list(range(70))
    assert sorted(found["validation"]) == list(range(70, 80))
    assert sorted(found["test"]) == list(range(80, 100))


def test_rows_of_one_time_stay_together() -> None:
    result, _ = divided(dated([n // 25 for n in range(100)]), by_time="when")
    found = times_by_side(result)
    assert {side: set(times) for side, times in found.items()} == {"train": {0, 1}, "validation": {2}, "test": {3}}


def test_rows_without_a_time_go_to_train_and_are_noted() -> None:
    result, ledger = divided(dated([*range(96), None, None, None, None]), by_time="when")
    assert result["split"].to_pylist()[96:] == ["train"] * 4
    assert [entry.reason_code for entry in ledger.entries] == ["undated"] * 4
    assert [entry.action for entry in ledger.entries] == ["noted"] * 4


def test_the_past_keeps_neither_texts_nor_groups_of_the_future() -> None:
    chance = random.Random(5)
    texts = [sentence(chance) for _ in range(100)]
    texts[0], texts[1] = texts[95].upper(), retouched(texts[96], chance)
    group: list[str | None] = [f"g{n}" for n in range(100)]
    group[2] = group[97]
    result, ledger = divided(dated(list(range(100)), texts=texts, group=group), by_time="when")
    assert [(entry.reason_code, entry.line) for entry in ledger.entries] == [
        ("duplicate_across_time", 2), ("duplicate_across_time", 3), ("group_across_time", 4),
    ]  # fmt: skip
    assert len(result) == 97


def test_too_few_times_say_so() -> None:
    with pytest.raises(DataError, match="2 different times"):
        divided(dated([n % 2 for n in range(100)]), by_time="when")


def test_a_split_by_time_without_such_a_column_says_so() -> None:
    with pytest.raises(RecipeError, match="by_time"):
        divided(sample(20), by_time="when")


# --- subsets ---------------------------------------------------------------------------------------------------------


def test_each_beginning_of_the_order_has_the_shares_of_the_whole() -> None:
    labels = ["a"] * 600 + ["b"] * 300 + ["c"] * 100
    chance = random.Random(3)
    fields = table([sentence(chance) for _ in labels], labels)
    row_marks = marks(fields, kind="single_label", near_groups=[], seed=1)
    order = subset_order(
        row_marks, np.arange(1000), np.array([chance.random() for _ in labels]), kind="single_label"
    ).tolist()
    assert sorted(order) == list(range(1000))
    for size in (10, 50, 100, 333, 500):
        counts = Counter(labels[place] for place in order[:size])
        assert all(abs(counts[name] - size * share) <= 1 for name, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)))
