"""Doubtful labels go to a table for people and come back by row id: in every format, whole or not at all, with a history."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.data.audit_tables import table
from tunewright.core.errors import DataError
from tunewright.data.audit import AuditConfig, audit
from tunewright.data.audit.suspects import Suspect, Suspects
from tunewright.data.edit import replace_value
from tunewright.data.relabel import HEADER, relabelling, write_relabelling_file
from tunewright.data.sources import read
from tunewright.pipeline.data.apply import apply_labels
from tunewright.pipeline.data.audit import audit_files, write_relabelling

WHEN = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ROWS = [
    ("1", "the parcel never came", "delivery"),
    ("007", "charged twice, 1.10 too much", "billing"),
    ("3", "包裹还没到", "delivery"),
    ("4", "=2+3 is no formula", "bug"),
    ("5", "it broke, \"badly\"", "refund"),
]  # fmt: skip


def write_csv(path: Path, *, encoding: str = "utf-8", delimiter: str = ",", newline: str = "\n") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator=newline)
        writer.writerows([("id", "text", "label"), *ROWS])
    return path


def write_jsonl(path: Path) -> Path:
    lines = [
        f'{{"id": {number}, "price": 1.10, "text": {json.dumps(text, ensure_ascii=False)}, "label": "{label}"}}\n'
        for number, (_, text, label) in enumerate(ROWS)
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def write_parquet(path: Path) -> Path:
    ids, texts, labels = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"id": list(ids), "text": list(texts), "label": list(labels)}), path)
    return path


def write_decisions(path: Path, data: Path, new: dict[int, str], **more: str) -> Path:
    """A relabelling file that gives rows of the data, by their number, new labels."""
    ids = read(data).table["row_id"].to_pylist()
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*HEADER, *more])
        writer.writerows(
            [ids[row], "", "", "", "", "", label, f"because {row}", *more.values()] for row, label in new.items()
        )
    return path


def labels_of(path: Path) -> list[Any]:
    return list(read(path).table["label"].to_pylist())


@pytest.mark.parametrize("make", [write_csv, write_jsonl, write_parquet])
def test_decisions_are_carried_out_and_no_other_cell_changes(make: Any, tmp_path: Path) -> None:
    data = make(tmp_path / f"data.{make.__name__.removeprefix('write_')}")
    decided = write_decisions(tmp_path / "decided.csv", data, {1: "refund", 3: "bug"})
    done = apply_labels(data, [decided], output=tmp_path / f"out{data.suffix}", when=WHEN)
    assert (done.rows, done.decided, done.changed, done.confirmed, done.problems) == (5, 2, 1, 1, [])
    before, after = read(data).table, read(done.output).table
    assert after["label"].to_pylist() == ["delivery", "refund", "delivery", "bug", "refund"]
    assert after.drop_columns(["label", "origin"]).equals(before.drop_columns(["label", "origin"]))  # row ids, too
    if data.suffix == ".jsonl":
        assert '"price": 1.10' in done.output.read_text(encoding="utf-8").splitlines()[1]


@pytest.mark.parametrize(("encoding", "delimiter", "newline"), [("gb18030", ",", "\r\n"), ("utf-16", ";", "\n")])
def test_the_output_has_the_encoding_and_layout_of_the_input(
    encoding: str, delimiter: str, newline: str, tmp_path: Path
) -> None:
    data = write_csv(tmp_path / "data.csv", encoding=encoding, delimiter=delimiter, newline=newline)
    decided = write_decisions(tmp_path / "decided.csv", data, {2: "refund"})
    done = apply_labels(data, [decided], output=tmp_path / "out.csv", when=WHEN)
    text = done.output.read_bytes().decode(encoding)
    expected = [delimiter.join(["3", "包裹还没到", "refund"])]
    assert [line.rpartition(delimiter)[0] for line in text.split(newline) if line.startswith("3")] == expected


def test_the_history_says_what_changed_and_goes_back_to_the_first_version(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "v1.csv")
    first = write_decisions(tmp_path / "ann.csv", data, {0: "bug", 2: "delivery"})
    v2 = apply_labels(data, [first], output=tmp_path / "v2.csv", when=WHEN).output
    second = write_decisions(tmp_path / "ben.csv", v2, {0: "refund"})
    done = apply_labels(v2, [second], output=tmp_path / "v3.csv", when=WHEN)
    entries = [json.loads(line) for line in done.history.read_text(encoding="utf-8").splitlines()]
    assert [(e["line"], e["action"], e["before"], e["after"], e["who"], e["why"]) for e in entries] == [
        (2, "changed", "delivery", "bug", "ann", "because 0"),
        (4, "confirmed", "delivery", "delivery", "ann", "because 2"),
        (2, "changed", "bug", "refund", "ben", "because 0"),
    ]
    assert entries[0]["row_id"] == entries[2]["row_id"] == read(data).table["row_id"][0].as_py()
    assert entries[0]["when"] == "2026-11-25T12:00:00+00:00"
    assert entries[0]["input_digest"] == read(data).source.input_digest
    assert entries[2]["relabelled_digest"] == read(second).source.input_digest


def test_a_row_that_changed_since_an_unknown_label_and_a_quarrel_are_named_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    data = write_csv(tmp_path / "data.csv")
    ann = write_decisions(tmp_path / "ann.csv", data, {0: "bug", 1: "refnud", 2: "bug"})
    ben = write_decisions(tmp_path / "ben.csv", data, {0: "refund"})
    gone = read(data).table["row_id"][2].as_py()
    data.write_text(data.read_text(encoding="utf-8").replace("包裹还没到", "包裹还没有到"), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        apply_labels(data, [ann, ben], output=tmp_path / "out.csv")
    message = str(caught.value)
    assert "3 decisions can't be carried out" in message
    assert f"row {gone}: not in the file" in message
    assert "ann says `bug`, ben says `refund`" in message
    assert "`refnud` is no label of this file. Did you mean `refund`?" in message
    assert not (tmp_path / "out.csv").exists()
    done = apply_labels(data, [ann, ben], output=tmp_path / "out.csv", partial=True)
    assert (done.changed, len(done.problems)) == (0, 3)
    assert labels_of(done.output) == labels_of(data)


def test_two_reviewers_in_one_file_are_told_apart(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv")
    row_id = read(data).table["row_id"][0].as_py()
    decided = tmp_path / "decided.csv"
    lines = [",".join([*HEADER, "reviewer"]), f"{row_id},,,,,,bug,,ann", f"{row_id},,,,,,refund,,ben"]
    decided.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="ann says `bug`, ben says `refund`"):
        apply_labels(data, [decided], output=tmp_path / "out.csv")


def test_a_new_label_is_taken_when_it_is_said_to_be_one(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv")
    decided = write_decisions(tmp_path / "decided.csv", data, {0: "loss"})
    with pytest.raises(DataError, match="`loss` is no label"):
        apply_labels(data, [decided], output=tmp_path / "out.csv")
    done = apply_labels(data, [decided], output=tmp_path / "out.csv", new_labels=True)
    assert labels_of(done.output)[0] == "loss"


def test_the_input_is_never_replaced(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv")
    decided = write_decisions(tmp_path / "decided.csv", data, {0: "bug"})
    with pytest.raises(DataError, match="would replace the input"):
        apply_labels(data, [decided], output=data)


def test_a_file_of_another_kind_is_refused_with_the_columns_that_are_wanted(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv")
    with pytest.raises(DataError, match="no column `new_label`"):
        apply_labels(data, [data], output=tmp_path / "out.csv")


def doubts() -> Any:
    fields = table(
        ["same text", "Same text", "same  text", "other", "else", "=1+1", *[f"text {n}" for n in range(30)]],
        ["a", "b", "a", "Billing ", "billing", "billing", *["billing"] * 30],
    )
    ids, lines = fields["row_id"].to_pylist(), fields["origin"].to_pylist()
    suspects = Suspects(
        found=[
            Suspect(row_id=ids[n], path="made.csv", line=lines[n]["line"], label=["billing"], suggested=["a"],
                    confidence=0.9 - 0.1 * n, quality=0.01 * n)
            for n in (5, 1)
        ],
        judge="tfidf", judged=30, eligible=30, too_rare=0, agreement=0.9,
    )  # fmt: skip
    found = audit(fields, kind="single_label", config=AuditConfig())
    return fields, ids, relabelling(fields, audit=found, suspects=suspects, separator=None)


def test_the_table_has_suspects_first_then_texts_with_two_labels_then_spellings() -> None:
    _, ids, made = doubts()
    assert [(row.row_id, row.why, row.suggested) for row in made.rows] == [
        (ids[5], ("suspected",), "a"),
        (ids[1], ("suspected", "two labels"), "a"),
        (ids[0], ("two labels",), ""),
        (ids[2], ("two labels",), ""),
        (ids[3], ("spelling",), "billing"),
    ]
    assert made.labels == ["a", "b", "billing"]


def test_the_csv_opens_in_excel_and_holds_no_formula(tmp_path: Path) -> None:
    _, _, made = doubts()
    path = tmp_path / "relabel.csv"
    write_relabelling_file(made, path)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert tuple(rows[0]) == HEADER
    assert rows[0]["text"] == "'=1+1"
    assert rows[0]["confidence"] == "0.40"


def test_the_workbook_has_a_list_to_choose_from_and_comes_back(tmp_path: Path) -> None:
    _, _, made = doubts()
    path = tmp_path / "relabel.xlsx"
    write_relabelling_file(made, path)
    sheet = openpyxl.load_workbook(path).active
    assert [cell.value for cell in sheet[1]] == list(HEADER)
    (choice,) = sheet.data_validations.dataValidation
    assert "G2" in str(choice.sqref)
    assert [sheet.cell(row, 1).value for row in range(2, 7)] == [row.row_id for row in made.rows]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_table_that_is_there_is_not_overwritten(ending: str, tmp_path: Path) -> None:
    _, _, made = doubts()
    path = tmp_path / f"relabel{ending}"
    path.write_bytes(b"decisions")
    with pytest.raises(DataError, match="this file exists, and it may hold decisions"):
        write_relabelling_file(made, path)
    assert path.read_bytes() == b"decisions"


def test_another_ending_is_refused(tmp_path: Path) -> None:
    _, _, made = doubts()
    with pytest.raises(DataError, match=r"ends in \.xlsx or \.csv"):
        write_relabelling_file(made, tmp_path / "relabel.ods")


def test_planted_errors_of_the_examples_are_at_the_top_of_the_table_and_can_be_put_right(tmp_path: Path) -> None:
    examples = Path(__file__).parents[3] / "examples"
    planted = json.loads((examples / "planted.json").read_text(encoding="utf-8"))["files"]["support_messages_zh.csv"]
    found = audit_files([examples / "support_messages_zh.csv"])
    assert found.suspects is not None
    wrong = set(planted["planted"]["wrong_labels"])
    lines = [suspect.line for suspect in found.suspects.found]
    assert len(wrong & set(lines)) >= 5
    assert len(wrong & set(lines[:20])) >= 4
    rows = write_relabelling(found, tmp_path / "relabel.csv").rows
    filled = (tmp_path / "relabel.csv").read_text(encoding="utf-8-sig").splitlines()
    table_of = {row.row_id: line for row, line in zip(rows, filled[1:], strict=True)}
    ids = {suspect.line: suspect.row_id for suspect in found.suspects.found}
    truth = {int(line): label for line, label in planted["truth"]["wrong_labels"].items() if int(line) in ids}
    decided = [filled[0]] + [
        ",".join([row_id, "", "", "", "", "", truth[line], ""]) for line, row_id in ids.items()
        if line in truth and row_id in table_of
    ]  # fmt: skip
    (tmp_path / "decided.csv").write_text("\n".join(decided) + "\n", encoding="utf-8")
    done = apply_labels(
        examples / "support_messages_zh.csv", [tmp_path / "decided.csv"], output=tmp_path / "mended.csv"
    )
    assert done.changed == len(truth) >= 5


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"a": 1.10, "b": "x"}', '{"a": 1.10, "b": "new"}'),
        ('{ "b" :"x\\"}" , "a":[{"b": 1}]}', '{ "b" :"new" , "a":[{"b": 1}]}'),
        ('{"a": 12345678901234567890}', '{"a": 12345678901234567890, "b": "new"}'),
        ("{}", '{"b": "new"}'),
        ('{"b": 1, "b": 2}', '{"b": 1, "b": "new"}'),
    ],
)
def test_one_value_of_an_object_is_exchanged_and_the_rest_stays_to_the_letter(raw: str, expected: str) -> None:
    assert replace_value(raw, "b", "new") == expected


def test_rows_that_could_not_be_read_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"a message of some length {n},{'yes' if n % 2 else 'no'}\n" for n in range(20))
    (tmp_path / "a.csv").write_text("text,label\n" + rows + "too,many,cells\n", "utf-8")
    ids = read(tmp_path / "a.csv").table["row_id"].to_pylist()
    (tmp_path / "b.csv").write_text(f"row_id,new_label\n{ids[0]},yes\n", "utf-8")
    done = apply_labels(tmp_path / "a.csv", [tmp_path / "b.csv"], output=tmp_path / "c.csv", label="label")
    assert (done.rows, done.unreadable, done.changed) == (20, 1, 1)


@pytest.mark.parametrize(("named", "column"), [(None, "label"), ("queue", "queue")])
def test_a_file_without_labels_gets_a_column_of_them(named: str | None, column: str, tmp_path: Path) -> None:
    data = tmp_path / "new.csv"
    data.write_text(
        "id,text\n1,where is the parcel that I ordered\n2,the app crashes all day\n3,please refund it\n", "utf-8"
    )
    decided = write_decisions(tmp_path / "decided.csv", data, {0: "delivery", 2: "refund"})
    done = apply_labels(data, [decided], output=tmp_path / "out.csv", label=named, when=WHEN)
    after = read(done.output).table
    assert after[column].to_pylist() == ["delivery", "", "refund"]
    assert after["text"].to_pylist() == read(data).table["text"].to_pylist()
    assert after["row_id"].to_pylist() == read(data).table["row_id"].to_pylist()
    history = [json.loads(line) for line in done.history.read_text("utf-8").splitlines()]
    assert [(entry["field"], entry["before"], entry["after"]) for entry in history] == [
        (column, "", "delivery"),
        (column, "", "refund"),
    ]


def test_a_misspelt_column_is_no_new_one(tmp_path: Path) -> None:
    data = write_csv(tmp_path / "data.csv")
    decided = write_decisions(tmp_path / "decided.csv", data, {1: "refund"})
    with pytest.raises(DataError, match="lable"):
        apply_labels(data, [decided], output=tmp_path / "out.csv", label="lable")
    assert not (tmp_path / "out.csv").exists()
