"""`tunewright data clean` and `data split`, as a person gives them: files in, files out."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tunewright.cli.main import main
from tunewright.core.errors import DataError, RecipeError
from tunewright.data.sources import read
from tunewright.pipeline.data.clean import clean_file
from tunewright.pipeline.data.split import split_file

CSV = (
    "\ufeffid;text;label\r\n"
    "007;the room was clean;good\r\n"
    "008;THE  room was clean;good\r\n"
    "009;早餐很好吃;good\r\n"
    "010;the bill was wrong;Bad \r\n"
    '011;"<b>loud</b> &amp; cold";bad\r\n'
    "012;;bad\r\n"
    "013;one cell too many;bad;x\r\n"
    '014;"a ""quoted"" word, and a tab\t";bad\r\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_bytes(CSV.encode())
    return path


def test_clean_changes_what_the_account_says_and_no_other_byte(file: Path, tmp_path: Path) -> None:
    done = clean_file(file, output=tmp_path / "out.csv", with_row_id=False)
    lines = CSV.split("\r\n")
    # Which of two equal rows is kept depends on their ids.
    gone = next(line for line in lines if "room was clean" in line and line not in done.output.read_text("utf-8-sig"))
    expected = [line for line in lines if line not in (gone, lines[6], lines[7])]
    expected[expected.index("010;the bill was wrong;Bad ")] = "010;the bill was wrong;bad"
    assert done.output.read_bytes().decode() == "\r\n".join(expected)
    assert done.quarantine is not None
    assert json.loads(done.quarantine.read_text("utf-8"))["line"] == 8
    assert [(stage.stage, stage.read, stage.kept) for stage in done.accounts] == [
        ("read", 8, 7), ("columns", 7, 7), ("clean.empty_text", 7, 6), ("clean.label_variants", 6, 6),
        ("clean.contradictions", 6, 6), ("clean.exact_duplicates", 6, 5),
    ]  # fmt: skip


def test_nothing_is_fixed_that_the_settings_do_not_say(file: Path, tmp_path: Path) -> None:
    off = [f"clean.{step}=keep" for step in ("empty_text", "label_variants", "contradictions", "exact_duplicates")]
    done = clean_file(file, output=tmp_path / "out.csv", overrides=off, with_row_id=False)
    assert done.output.read_bytes().decode() == CSV.replace("013;one cell too many;bad;x\r\n", "")


def test_each_fix_is_listed_row_by_row(file: Path, tmp_path: Path) -> None:
    markup = clean_file(
        file, output=tmp_path / "a.csv", overrides=["clean.strip_markup=true"], listing="strip_markup"
    ).listed
    assert markup is not None
    assert [(row["line"], row["before"], row["after"]) for row in markup] == [
        (6, "<b>loud</b> &amp; cold", " loud  & cold")
    ]
    assert " loud  & cold" in (tmp_path / "a.csv").read_text("utf-8")
    labels = clean_file(file, output=tmp_path / "b.csv", listing="label_variants").listed
    assert labels is not None
    assert [(row["line"], row["before"], row["after"]) for row in labels] == [(5, "Bad ", "bad")]
    with pytest.raises(RecipeError, match="Did you mean `exact_duplicates`"):
        clean_file(file, output=tmp_path / "c.csv", listing="exact_duplicate")


def test_the_ids_of_rows_outlast_cleaning(file: Path, tmp_path: Path) -> None:
    before = dict(zip(read(file).table["id"].to_pylist(), read(file).table["row_id"].to_pylist(), strict=True))
    done = clean_file(file, output=tmp_path / "out.csv", overrides=["clean.strip_markup=true"])
    after = read(done.output).table
    assert {one: before[one] for one in after["id"].to_pylist()} == dict(
        zip(after["id"].to_pylist(), after["row_id"].to_pylist(), strict=True)
    )


def test_json_values_that_no_step_names_stay_to_the_letter(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = ['{"n": 1.10, "text": "a b", "label": "x", "id": 123456789012345678901}',
            '{"text": "c d" ,  "label": "X ", "n": 1e3, "more": {"label": "X "}}', '{"text":"e f","label":"x"}']  # fmt: skip
    path.write_text("\n".join(rows) + "\n", "utf-8")
    clean_file(path, output=tmp_path / "out.jsonl", text="text", label="label", with_row_id=False)
    rows[1] = rows[1].replace('"label": "X ", "n"', '"label": "x", "n"')
    assert (tmp_path / "out.jsonl").read_text("utf-8") == "\n".join(rows) + "\n"


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "text": ["one text", "another one", "ONE text"],
            "label": ["a", "A ", "a"],
            "n": pa.array([1, 2, 1], pa.int16()),
        }
    )
    pq.write_table(table, path)
    clean_file(path, output=tmp_path / "out.parquet", with_row_id=False)
    result = pq.read_table(tmp_path / "out.parquet")
    assert result.schema.equals(table.schema)
    assert result["label"].to_pylist() == ["a", "a"]


def test_the_input_is_never_overwritten(file: Path) -> None:
    with pytest.raises(DataError, match="this is the input file itself"):
        clean_file(file, output=file)


def test_nothing_is_left_behind_but_what_was_asked_for(file: Path, tmp_path: Path) -> None:
    clean_file(file, output=tmp_path / "out" / "a.csv", ledger=tmp_path / "out" / "ledger.parquet")
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "a.csv", "a.quarantine.jsonl", "ledger.parquet",
    ]  # fmt: skip
    with pytest.raises(DataError):
        split_file(file, output=tmp_path / "split", test=0.4, validation=0.5)
    assert list((tmp_path / "split").iterdir()) == []


# --- split -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def large(tmp_path: Path) -> Path:
    chance = random.Random(4)
    letters = ["abcdefghijklmnopq ", "好坏大小房间酒店服务早餐干净"]
    rows = [
        {
            "text": "".join(chance.choice(letters[n % 2]) for _ in range(40)), "label": f"class {n % 3}",
            "branch": f"c{n % 97}", "when": f"2024年{1 + n % 12}月{1 + n % 28}日",
        }
        for n in range(600)
    ]  # fmt: skip
    rows += [{**rows[0], "label": None}]
    path = tmp_path / "large.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_split_writes_each_row_once_in_the_format_of_the_input(large: Path, tmp_path: Path) -> None:
    done = split_file(large, output=tmp_path / "s", with_row_id=False)
    assert done.rows == {"train": 420, "validation": 60, "test": 120, "unlabelled": 1}
    written = [
        line for name in done.rows for line in (tmp_path / "s" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    assert sorted(written) == sorted(large.read_text("utf-8").splitlines())


def test_the_same_command_gives_the_same_split_and_another_order_too(large: Path, tmp_path: Path) -> None:
    first = split_file(large, output=tmp_path / "s")
    again = split_file(large, output=tmp_path / "s")
    lines = large.read_text("utf-8").splitlines()
    random.Random(1).shuffle(lines)
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("\n".join(lines) + "\n", "utf-8")
    other = split_file(mixed, output=tmp_path / "m")
    control = split_file(large, output=tmp_path / "c", seed=18)
    digests = [done.manifest["assignment"]["digest"] for done in (first, again, other, control)]
    assert digests[0] == digests[1] == digests[2] != digests[3]
    assert first.manifest["input"]["fingerprint"] == other.manifest["input"]["fingerprint"]


def test_a_later_split_keeps_the_sides_of_an_earlier_one(large: Path, tmp_path: Path) -> None:
    split_file(large, output=tmp_path / "s")
    old = {
        row["row_id"]: side
        for side in ("train", "validation", "test")
        for row in rows_of(tmp_path / "s" / f"{side}.jsonl")
    }
    chance = random.Random(9)
    more = [{"text": "".join(chance.choice("xyz uvw") for _ in range(40)), "label": "class 1"} for _ in range(100)]
    # A new row with a text of the old test set belongs to the test set.
    text = rows_of(tmp_path / "s" / "test.jsonl")[0]["text"]
    more.append({"text": text.upper(), "label": "class 2"})
    grown = tmp_path / "grown.jsonl"
    grown.write_text(large.read_text("utf-8") + "".join(json.dumps(row) + "\n" for row in more), "utf-8")
    split_file(grown, output=tmp_path / "g", seed=99, from_run=tmp_path / "s")
    new = {
        row["row_id"]: side
        for side in ("train", "validation", "test")
        for row in rows_of(tmp_path / "g" / f"{side}.jsonl")
    }
    assert {row: new[row] for row in old} == old
    assert text.upper() in [row["text"] for row in rows_of(tmp_path / "g" / "test.jsonl")]
    assert len(new) == len(old) + 101


def test_groups_time_folds_and_subsets(large: Path, tmp_path: Path) -> None:
    split_file(large, output=tmp_path / "g", group="branch")
    sides = [
        {row["branch"] for row in rows_of(tmp_path / "g" / f"{side}.jsonl")} for side in ("train", "validation", "test")
    ]
    assert sum(map(len, sides)) == 97

    split_file(large, output=tmp_path / "t", by_time="when")
    months = [
        {int(row["when"][5:].split("月")[0]) for row in rows_of(tmp_path / "t" / f"{side}.jsonl")}
        for side in ("train", "validation", "test")
    ]
    assert max(months[0]) <= min(months[1]) <= max(months[1]) <= min(months[2])

    split_file(large, output=tmp_path / "f", folds=5)
    folds = [row["fold"] for row in rows_of(tmp_path / "f" / "folds.jsonl")]
    assert Counter(folds) == {0: 120, 1: 120, 2: 120, 3: 120, 4: 120, None: 1}

    split_file(large, output=tmp_path / "n", subsets=[30, 100, 300])
    train = rows_of(tmp_path / "n" / "train.jsonl")
    counts = Counter(row["subset"] for row in train)
    assert counts == {30: 30, 100: 70, 300: 200, None: 120}
    for size in (30, 100, 300):
        chosen = Counter(row["label"] for row in train if row["subset"] and row["subset"] <= size)
        assert all(abs(count - size / 3) <= 1 for count in chosen.values())


def test_a_folder_with_other_files_is_left_alone(large: Path, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(DataError, match=r"thesis\.txt"):
        split_file(large, output=tmp_path / "s")


def test_the_manifest_holds_no_text_and_no_path_of_this_machine(large: Path, tmp_path: Path) -> None:
    done = split_file(large, output=tmp_path / "s", group="branch")
    split_file(large, output=tmp_path / "s2", from_run=tmp_path / "s", group="branch")
    shown = (tmp_path / "s2" / "manifest.json").read_text("utf-8")
    assert str(tmp_path) not in shown
    assignment = pq.read_table(done.folder / "assignment.parquet")
    cells = " ".join(str(value) for name in assignment.column_names for value in assignment[name].to_pylist())
    assert not any(row["text"] in cells or row["branch"] in cells.split() for row in rows_of(large))


def test_the_commands_print_the_account(large: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "clean", str(large), "--output", str(tmp_path / "c.jsonl"), "--list", "exact_duplicates"]) == 0
    shown = capsys.readouterr().out
    assert "clean.exact_duplicates" in shown
    assert f"601 rows in {tmp_path / 'c.jsonl'}" in shown
    assert main(["data", "split", str(large), "--output", str(tmp_path / "s"), "--test", ".3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"]["test.jsonl"] == 180
    assert main(["data", "split", str(large), "--output", str(tmp_path / "s"), "--set", "split.tset=.3"]) == 2
    assert "Did you mean `test`?" in capsys.readouterr().err
