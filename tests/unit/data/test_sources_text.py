"""CSV and TSV: cells come back as they stand, and a broken row costs no other row."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, ReadResult, iter_rows, read

ROWS = "\n".join(f"message number {i} reads well,{'good' if i % 2 else 'bad'}" for i in range(20))


def read_text(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "a.csv", **config: str) -> ReadResult:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return read(path, config=ReadConfig(**config))  # type: ignore[arg-type]


def columns(result: ReadResult) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k not in ("row_id", "origin")} for row in result.table.to_pylist()]


def bad_lines(result: ReadResult) -> list[tuple[int, str]]:
    return [(bad.line, bad.reason_code) for bad in result.quarantined]


def test_cells_stay_text_exactly_as_they_stand(tmp_path: Path) -> None:
    result = read_text(tmp_path, "id,text,label\n007, spaced ,NA\n1e5,null,\n0.10,ｆｕｌｌ\u00a0width,1.0\n")
    assert columns(result) == [
        {"id": "007", "text": " spaced ", "label": "NA"},
        {"id": "1e5", "text": "null", "label": ""},
        {"id": "0.10", "text": "ｆｕｌｌ\u00a0width", "label": "1.0"},
    ]


def test_line_numbers_are_physical_ones(tmp_path: Path) -> None:
    result = read_text(tmp_path, 'text,label\n"two\nlines",a\n\n"x\u2028y",b\nlast,a\n')
    assert [row["line"] for row in result.table["origin"].to_pylist()] == [2, 5, 6]
    assert result.blank_lines == 1


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_line_end_are_found(tmp_path: Path, delimiter: str, newline: str) -> None:
    text = f"text,label\n{ROWS}".replace(",", delimiter).replace("\n", newline)
    result = read_text(tmp_path, text)
    assert result.source.delimiter == delimiter
    assert result.source.newline == newline
    assert len(result.table) == 20
    assert set(result.table["label"].to_pylist()) == {"good", "bad"}


def test_a_comma_in_every_text_does_not_win_over_semicolons(tmp_path: Path) -> None:
    result = read_text(tmp_path, "Text;Kategorie\n" + "\n".join(f"Hallo, Welt {i};gut" for i in range(9)))
    assert result.source.delimiter == ";"
    assert result.source.header == ["Text", "Kategorie"]


def test_excel_separator_line_is_obeyed_and_not_a_row(tmp_path: Path) -> None:
    result = read_text(tmp_path, "sep=;\ntext;label\na, b;x\nc, d;y\n")
    assert columns(result) == [{"text": "a, b", "label": "x"}, {"text": "c, d", "label": "y"}]
    assert result.table["origin"][0].as_py()["line"] == 3


def test_file_without_header_gets_made_up_names_and_loses_no_row(tmp_path: Path) -> None:
    result = read_text(tmp_path, ROWS)
    assert not result.source.has_header
    assert result.table.column_names[2:] == ["column_1", "column_2"]
    assert len(result.table) == 20


def test_one_text_a_line_is_one_column_whatever_commas_it_has(tmp_path: Path) -> None:
    result = read_text(tmp_path, 'First, a text.\nSecond text\n"Quoted" start, too\nFourth\n', name="a.txt")
    assert result.table["text"].to_pylist() == ["First, a text.", "Second text", '"Quoted" start, too', "Fourth"]


def test_stray_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    lines = ROWS.split("\n")
    lines[3] = '"' + lines[3]
    result = read_text(tmp_path, "text,label\n" + "\n".join(lines))
    assert bad_lines(result) == [(5, "unclosed_quote")]
    assert len(result.table) == 19


def test_two_stray_quotes_do_not_swallow_the_rows_between(tmp_path: Path) -> None:
    lines = ROWS.split("\n")
    lines[3] = '"' + lines[3]
    lines[15] = lines[15].replace(",", '",')
    result = read_text(tmp_path, "text,label\n" + "\n".join(lines))
    assert bad_lines(result) == [(5, "stray_quote"), (17, "orphan_quote")]
    assert len(result.table) == 18


def test_a_line_inside_a_quoted_cell_is_no_row_for_having_as_many_commas(tmp_path: Path) -> None:
    text = "first line\n\nwords, and, others\nlast"
    lines = [f"message number {i} reads well,{'good' if i % 2 else 'bad'},n{i}" for i in range(20)]
    lines[7] = f'"{text}",bad,n7'
    result = read_text(tmp_path, "text,label,id\n" + "\n".join(lines))
    assert bad_lines(result) == []
    assert columns(result)[7] == {"text": text, "label": "bad", "id": "n7"}


def test_long_mail_in_one_cell_is_one_row_even_with_commas(tmp_path: Path) -> None:
    mail = "Hello,\nI want, please,\nmy money back\n\nThanks, bye"
    result = read_text(tmp_path, f'text,label\n{ROWS}\n"{mail}",bad\n')
    assert not result.quarantined
    assert result.table["text"].to_pylist()[-1] == mail


def test_quote_inside_a_bare_cell_is_a_character(tmp_path: Path) -> None:
    result = read_text(tmp_path, f'text,label\nthe 24" shelf,bad\n{ROWS}\n')
    assert result.table["text"][0].as_py() == 'the 24" shelf'


def test_tab_separated_quotes_are_characters_unless_they_wrap_cells(tmp_path: Path) -> None:
    plain = read_text(tmp_path, 'sentence\tlabel\n"an open quote\t1\nanother one\t0\nends "so"\t0\n', name="a.tsv")
    assert plain.table["sentence"].to_pylist() == ['"an open quote', "another one", 'ends "so"']
    wrapped = read_text(tmp_path, 'sentence\tlabel\n"say ""hi"""\t1\nanother one\t0\n', name="b.tsv")
    assert wrapped.table["sentence"][0].as_py() == 'say "hi"'


def test_tab_separated_cells_over_lines_are_wrapped_cells(tmp_path: Path) -> None:
    rows = "\n".join(f'"first line {i}\nsecond line"\ta' for i in range(9))
    result = read_text(tmp_path, f"text\tlabel\n{rows}\n", name="a.tsv")
    assert result.table["text"].to_pylist() == [f"first line {i}\nsecond line" for i in range(9)]


def test_backslash_quotes_are_read_where_a_file_has_them(tmp_path: Path) -> None:
    result = read_text(tmp_path, 'text,label\n"he said \\"hi, you\\"",a\n"C:\\\\dir",b\n"plain",a\n')
    assert result.table["text"].to_pylist() == ['he said "hi, you"', "C:\\dir", "plain"]


def test_space_before_a_quote_is_layout_where_the_file_does_so(tmp_path: Path) -> None:
    result = read_text(tmp_path, 'label, text\nx, "a, b"\ny, "c, d"\n')
    assert result.table["text"].to_pylist() == ["a, b", "c, d"]


def test_odd_headers_become_usable_names(tmp_path: Path) -> None:
    result = read_text(tmp_path, ",text,label,label,origin\n0,a,b,c,d\n")
    assert result.table.column_names == ["row_id", "origin", "column_1", "text", "label", "label_2", "origin_2"]
    assert result.source.header == ["", "text", "label", "label", "origin"]


def test_row_numbers_that_r_writes_without_a_name_are_a_column(tmp_path: Path) -> None:
    result = read_text(tmp_path, '"text","label"\n"1","a, b","x"\n"2","c","y"\n"3","d","x"\n')
    assert columns(result)[0] == {"column_1": "1", "text": "a, b", "label": "x"}
    assert not result.quarantined


def test_a_comma_in_every_text_is_no_extra_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 cells where the header has 2"):
        read_text(tmp_path, "text,label\n" + "\n".join(f"well, text {i},x" for i in range(9)))


def test_header_can_be_said_to_be_there_or_not(tmp_path: Path) -> None:
    text = "account,shipping\nwhere is my parcel today,shipping\nI can't log in any more,account\n"
    assert read_text(tmp_path, text, header="none").table["column_1"][0].as_py() == "account"
    assert read_text(tmp_path, text, header="first_row").table.column_names[2:] == ["account", "shipping"]


def test_a_class_named_like_a_column_does_not_make_a_header(tmp_path: Path) -> None:
    result = read_text(
        tmp_path, "Why can't I log in today?,account\nWhere is it?,shipping\nLogged out again!,account\n"
    )
    assert len(result.table) == 3


def test_header_in_the_middle_of_joined_files_is_no_row(tmp_path: Path) -> None:
    result = read_text(tmp_path, f"text,label\n{ROWS}\ntext,label\n{ROWS}\n")
    assert bad_lines(result) == [(22, "repeated_header")]
    assert len(result.table) == 40


def test_empty_cells_at_the_end_are_layout(tmp_path: Path) -> None:
    result = read_text(tmp_path, "text,label,,\na,b,,\nc,d,,,,\n")
    assert result.table.column_names[2:] == ["text", "label"]
    assert len(result.table) == 2


def test_ids_of_rows_written_by_us_are_taken_over(tmp_path: Path) -> None:
    first = read_text(tmp_path, "text,label\na,b\na,b\n").table["row_id"].to_pylist()
    again = read_text(tmp_path, f"row_id,text,label\n{first[0]},a,b\n{first[1]},a,b\n")
    assert again.table["row_id"].to_pylist() == first
    assert first[1] == first[0] + "+1"


def test_chunks_are_the_same_rows_with_the_same_ids(tmp_path: Path) -> None:
    text = "text,label\n" + ROWS + '\n"broken,bad\n' + ROWS + "\n"
    whole = read_text(tmp_path, text)
    parts = list(iter_rows(tmp_path / "a.csv", rows_per_chunk=7))
    assert [row for part in parts for row in part.table.to_pylist()] == whole.table.to_pylist()
    assert [bad for part in parts for bad in part.quarantined] == whole.quarantined


def test_empty_and_missing_files_say_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="empty"):
        read_text(tmp_path, "\n\n")
    (tmp_path / "reviews.csv").write_text(ROWS)
    with pytest.raises(DataError, match=r"Beside it: reviews\.csv"):
        read(tmp_path / "review.csv")
    (tmp_path / "book.csv").write_bytes(b"PK\x03\x04" + bytes(40))
    with pytest.raises(DataError, match="damaged or incomplete"):
        read(tmp_path / "book.csv")


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(CHARACTERS, min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(TEXTS, st.sampled_from(["good", "bad"])), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
)
def test_texts_come_back_codepoint_for_codepoint(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], newline: str) -> None:  # fmt: skip  # noqa: E501
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator=newline)
    writer.writerow(["id", "text", "label"])
    writer.writerows([str(i), *row] for i, row in enumerate(rows))
    result = read_text(tmp_path_factory.mktemp("a"), buffer.getvalue(), delimiter=",")
    assert not result.quarantined
    assert list(zip(result.table["text"].to_pylist(), result.table["label"].to_pylist(), strict=True)) == rows
