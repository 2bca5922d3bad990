"""Surrogates: the same for the same value, nobody's, and back again with the key."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reference.pii_generators import POSITIVES, positives
from tunewright.cli.main import main
from tunewright.core.errors import DataError, FolderError
from tunewright.data.clean import apply_text_steps
from tunewright.data.pii import DETECTORS, find_pii
from tunewright.data.pii.rows import change_json
from tunewright.data.pii.scrub import find_in_cell, replace_spans, scrub
from tunewright.data.pii.surrogates import PATTERN, SURROGATES, Surrogates
from tunewright.pipeline.data.scrub import restore_file, scrub_file

PLANTED = [planted.text for name in POSITIVES for planted in positives(name, 150, seed=5)]


def with_surrogates(text: str, surrogates: Surrogates) -> str:
    return replace_spans(
        text, find_pii(text), lambda span: surrogates.replace(span.class_name, text[span.start : span.end])
    )


def test_each_class_has_a_surrogate_and_every_way_of_writing_it_is_recognised() -> None:
    assert set(SURROGATES) == set(DETECTORS)
    for name, render in SURROGATES.items():
        for number in (0, 1, 10**8, 2**64 - 1, *range(999, 10**6, 77_777)):
            forms = render(number)
            assert len(set(forms)) == len(forms)
            assert all(PATTERN.fullmatch(form) for form in forms), (name, forms)


def test_a_scrubbed_text_holds_no_personal_data_and_comes_back_to_the_letter() -> None:
    surrogates = Surrogates(b"k" * 32)
    for text in PLANTED:
        scrubbed = with_surrogates(text, surrogates)
        assert find_pii(scrubbed) == [], scrubbed
        assert surrogates.restore(scrubbed).text == text


def test_placeholders_hold_no_personal_data_and_stay_when_scrubbed_again() -> None:
    for text in PLANTED:
        once = scrub(text)
        assert find_pii(once) == []
        assert scrub(once) == once
        assert apply_text_steps(text, ["scrub"]) == once


def test_one_value_written_in_many_ways_has_one_number() -> None:
    surrogates = Surrogates(b"k" * 32)
    ways = [
        "13812345678",
        "138 1234 5678",
        "+86 138-1234-5678",
        "１３８１２３４５６７８",
        "008613812345678",
        "138-1234-5678",
    ]
    made = [surrogates.replace("phone", way) for way in ways]
    assert len(set(made)) == len(ways), "each can be turned back"
    assert len({"".join(filter(str.isdigit, one)) for one in made[:4]}) == 1
    assert surrogates.replace("phone", ways[0]) == made[0]
    emails = [surrogates.replace("email", way) for way in ("Ann@firm.de", "ann@firm.de")]
    assert emails[0].lower() == emails[1].lower()


def test_another_key_gives_other_surrogates_and_the_same_key_the_same() -> None:
    one, same, other = (Surrogates(key * 32).replace("email", "ann@firm.de") for key in (b"a", b"a", b"b"))
    assert one == same != other


def test_two_values_never_share_a_surrogate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SURROGATES, "email", lambda number: [f"user{number % 50:08d}@example.com"])
    surrogates = Surrogates(b"k" * 32)
    made = [surrogates.replace("email", f"person{i}@firm.de") for i in range(50)]
    assert len(set(made)) == 50
    assert surrogates.collisions > 0
    again = Surrogates(b"k" * 32)
    assert [again.replace("email", f"person{i}@firm.de") for i in range(50)] == made


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30), min_size=1, max_size=5))
def test_what_holds_no_personal_data_is_left_as_it_is(texts: list[str]) -> None:
    raw = json.dumps({"text": texts, "n": 1.10}, ensure_ascii=False)
    assert change_json(raw, lambda column, cell: cell) == raw


def test_the_name_of_a_column_is_the_word_before_its_cells() -> None:
    assert [span.class_name for span in find_in_cell("1990-05-06", "customer_dob")] == ["birth_date"]
    assert [span.class_name for span in find_in_cell("0301234567", "mobilePhone")] == ["phone"]
    assert find_in_cell("4111111111111111", "order_id") == []
    assert [span.start for span in find_in_cell("4111111111111111", "card")] == [0]


CSV = (
    "id;telefon;nachricht\r\n1;030 1234567;Meine IBAN ist DE89 3704 0044 0532 0130 00\r\n"
    '2;;"Größe; und 13812345678"\r\n3;030 1234567;nichts\r\n'
)
RECORDS = (
    '{"messages": [{"role": "user", "content": "打13812345678"}], "telefon": "030 1234567", '
    '"price": 1.10, "phone": 13912345678}\n'
)


def test_files_agree_through_the_key_file_and_come_back(tmp_path: Path) -> None:
    table, chat, key = tmp_path / "a.csv", tmp_path / "b.jsonl", tmp_path / "key.json"
    table.write_bytes(CSV.encode("cp1252", errors="replace"))
    chat.write_text(RECORDS, encoding="utf-8")
    first = scrub_file(table, output=tmp_path / "a2.csv", key_file=key)
    scrub_file(chat, output=tmp_path / "b2.jsonl", key_file=key)
    assert first.replaced == {"phone": 3, "iban": 1}
    assert first.by_column == {"telefon": 2, "nachricht": 2}
    scrubbed, records = (
        (tmp_path / "a2.csv").read_bytes(),
        json.loads((tmp_path / "b2.jsonl").read_text(encoding="utf-8")),
    )
    assert b"13812345678" not in scrubbed
    assert records["telefon"].encode() in scrubbed
    assert '"price": 1.10' in (tmp_path / "b2.jsonl").read_text(encoding="utf-8")
    assert records["phone"].startswith("+999"), "a number is no way around it"
    restore_file(tmp_path / "a2.csv", output=tmp_path / "a3.csv", key_file=key)
    assert (tmp_path / "a3.csv").read_bytes() == table.read_bytes()
    assert restore_file(tmp_path / "b2.jsonl", output=tmp_path / "b3.jsonl", key_file=key).unknown == 0


def test_a_phone_number_kept_as_a_number_is_found(tmp_path: Path) -> None:
    rows = [{"phone": 13812345678, "price": 42, "text": "打13812345678"}, {"phone": None, "price": 7, "text": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    done = scrub_file(tmp_path / "a.parquet", output=tmp_path / "b.parquet", key_file=tmp_path / "key.json")
    assert (done.retyped, done.unseen) == (("phone",), ("price",))
    first, second = pq.read_table(tmp_path / "b.parquet").to_pylist()
    assert first["text"] == "打" + first["phone"]
    assert (first["price"], second["phone"]) == (42, None)
    book = openpyxl.Workbook()
    for row in (["手机", "价格"], [13812345678, 42], [13912345678, 43]):
        book.active.append(row)  # type: ignore[union-attr]
    book.save(tmp_path / "a.xlsx")
    scrub_file(tmp_path / "a.xlsx", output=tmp_path / "b.xlsx", key_file=tmp_path / "key.json")
    written = list(openpyxl.load_workbook(tmp_path / "b.xlsx").active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert written[1] == (first["phone"], 42)


def test_without_the_key_file_nothing_comes_back(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\ncall 13812345678\n", encoding="utf-8")
    for name in ("one", "two"):
        scrub_file(tmp_path / "a.csv", output=tmp_path / f"{name}.csv", key_file=tmp_path / f"{name}.key")
    done = restore_file(tmp_path / "one.csv", output=tmp_path / "back.csv", key_file=tmp_path / "two.key")
    assert (done.replaced, done.unknown) == ({}, 1)
    with pytest.raises(FolderError, match="no such key file"):
        restore_file(tmp_path / "one.csv", output=tmp_path / "back.csv", key_file=tmp_path / "none.key")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_a_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    (tmp_path / "a.csv").write_text("text\ncall 13812345678\n", encoding="utf-8")
    scrub_file(tmp_path / "a.csv", output=tmp_path / "b.csv", key_file=key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    with pytest.raises(FolderError, match="chmod 600"):
        scrub_file(tmp_path / "a.csv", output=tmp_path / "b.csv", key_file=key)


def test_misuse_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text\ncall 13812345678\n", encoding="utf-8")
    with pytest.raises(DataError, match="Did you mean `phone`"):
        scrub_file(path, output=tmp_path / "b.csv", classes=["fone"])
    with pytest.raises(DataError, match="Did you mean `text`"):
        scrub_file(path, output=tmp_path / "b.csv", columns=["txt"])
    with pytest.raises(DataError, match="input file itself"):
        scrub_file(path, output=path)
    assert main(["data", "scrub", str(path), "-o", str(tmp_path / "b.csv"), "--restore"]) == 2
    assert main(["data", "scrub", str(path), "-o", str(tmp_path / "b.csv")]) == 0
    said = capsys.readouterr()
    assert "13812345678" not in said.out + said.err
    assert "not anonymisation" in said.out
