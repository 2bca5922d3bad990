"""What changed between two versions is said row by row: no change is missed, and none is made up."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.pipeline.data.apply import apply_labels
from tunewright.pipeline.data.diff import FilesDiff, diff_files

ROWS = [(f"k{n}", f"text number {n} 第{n}句", ["pos", "neg"][n % 2], "train" if n < 8 else "test") for n in range(12)]


def write(path: Path, rows: list[tuple[str, ...]], *, header: str = "key,text,label,split") -> Path:
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path


def changed(found: FilesDiff) -> list[tuple[str, str, str | None, str | None]]:
    return [(c.after_place.rpartition(":")[2], c.field, c.before, c.after) for c in found.diff.changed]


@pytest.mark.parametrize("key", ["key", None])
def test_changed_added_removed_and_moved_rows_are_each_found(key: str | None, tmp_path: Path) -> None:
    rows = list(ROWS)
    rows[2] = (*rows[2][:2], "neg", "train")
    rows[9] = (*rows[9][:3], "train")
    del rows[5]
    rows.append(("k99", "quite new", "pos", "test"))
    random.Random(4).shuffle(rows)
    before, after = write(tmp_path / "a.csv", ROWS), write(tmp_path / "b.csv", rows)
    found = diff_files(before, after, key=key)
    assert found.diff.by == ("key" if key else "text")
    line = str(rows.index((*ROWS[2][:2], "neg", "train")) + 2)
    assert changed(found) == [(line, "label", "pos", "neg")]
    assert [(m.before, m.after) for m in found.diff.moved] == [("test", "train")]
    assert [row.cells["text"] for row in found.diff.removed] == [ROWS[5][1]]
    assert [row.cells["text"] for row in found.diff.added] == ["quite new"]
    assert (found.diff.same_rows, found.diff.changed_rows) == (9, 2)
    assert found.before_fingerprint != found.after_fingerprint


def test_another_order_is_no_change(tmp_path: Path) -> None:
    before, after = write(tmp_path / "a.csv", ROWS), write(tmp_path / "b.csv", ROWS[::-1])
    found = diff_files(before, after)
    assert found.diff.is_empty
    assert found.before_fingerprint == found.after_fingerprint


def test_with_a_key_a_changed_text_is_a_changed_row_and_without_one_another_row(tmp_path: Path) -> None:
    rows = [("k0", "said otherwise", "pos", "train"), *ROWS[1:]]
    before, after = write(tmp_path / "a.csv", ROWS), write(tmp_path / "b.csv", rows)
    assert changed(diff_files(before, after, key="key")) == [("2", "text", ROWS[0][1], "said otherwise")]
    found = diff_files(before, after).diff
    assert (len(found.added), len(found.removed), found.changed) == (1, 1, [])


def test_rows_that_bring_their_ids_along_are_matched_by_them(tmp_path: Path) -> None:
    data = write(tmp_path / "v1.csv", ROWS)
    decide = tmp_path / "decided.csv"

    def relabel(source: Path, target: str, label: str) -> Path:
        from tunewright.data.sources import read

        row_id = read(source).table["row_id"][0].as_py()
        decide.write_text(f"row_id,new_label\n{row_id},{label}\nx,\n", encoding="utf-8")
        return apply_labels(source, [decide], output=tmp_path / target).output

    v2 = relabel(data, "v2.csv", "neg")
    v3 = relabel(v2, "v3.csv", "pos")
    found = diff_files(v2, v3)
    assert found.diff.by == "row_id"
    assert changed(found) == [("2", "label", "neg", "pos")]
    # The ids are the same, the content is not: the fingerprint must not be taken from the ids alone.
    assert found.before_fingerprint != found.after_fingerprint
    assert diff_files(data, v3).before_fingerprint == diff_files(data, v3).after_fingerprint


def test_a_key_that_names_two_rows_or_is_missing_is_refused(tmp_path: Path) -> None:
    before, after = write(tmp_path / "a.csv", ROWS), write(tmp_path / "b.csv", ROWS)
    with pytest.raises(DataError, match="more than once"):
        diff_files(before, after, key="label")
    with pytest.raises(DataError, match="Did you mean `key`"):
        diff_files(before, after, key="kay")


def test_new_and_lost_columns_are_named(tmp_path: Path) -> None:
    before = write(tmp_path / "a.csv", ROWS)
    after = write(tmp_path / "b.csv", [(*row[:3], "x") for row in ROWS], header="key,text,label,remark")
    found = diff_files(before, after, key="key").diff
    assert (found.new_columns, found.lost_columns) == (["remark"], ["split"])


def test_a_private_diff_holds_no_cell(tmp_path: Path) -> None:
    before = write(tmp_path / "a.csv", ROWS)
    after = write(tmp_path / "b.csv", [("k0", "a secret", "pos", "train"), *ROWS[1:-1]])
    value = str(diff_files(before, after, key="key").to_json(private=True))
    assert "secret" not in value
    assert "第" not in value


def test_repeated_texts_are_matched_one_to_one(tmp_path: Path) -> None:
    before = write(tmp_path / "a.csv", [("1", "same", "pos", "train"), ("2", "same", "pos", "train")])
    after = write(
        tmp_path / "b.csv", [("1", "same", "neg", "train"), ("2", "same", "pos", "train"), ("3", "same", "neg", "test")]
    )
    found = diff_files(before, after).diff
    assert (found.before_rows, found.after_rows, len(found.added), len(found.removed)) == (2, 3, 1, 0)
