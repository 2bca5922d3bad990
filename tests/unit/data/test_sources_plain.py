"""Plain text: a text a line, and labels the fastText way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns
from tunewright.data.sources import find_source, read


def given(tmp_path: Path, text: str | bytes, name: str = "a.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


FASTTEXT = "".join(f"__label__{'good' if i % 2 else 'bad'} , this is text number {i} . \n" for i in range(40))


def test_fasttext_is_found_by_its_labels_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("a.txt", "a.train", "a.csv"):
        result = read(given(tmp_path, FASTTEXT, name))
        assert result.source.kind == "fasttext"
        assert set(result.table["label"].to_pylist()) == {"good", "bad"}
        assert result.table["text"][0].as_py() == ", this is text number 0 ."
    plan = find_columns(result.table)
    assert (plan.text, plan.label, plan.kind) == ("text", "label", "single_label")


def test_several_labels_a_line_make_it_multi_label(tmp_path: Path) -> None:
    sets = [("a", "b"), ("b", "c"), ("c",), ("a",), ("a", "c")]
    lines = [" ".join(f"__label__{label}" for label in sets[i % 5]) + f" text number {i} of these" for i in range(60)]
    text = "\n".join(lines) + "\n"
    plan = find_columns(read(given(tmp_path, text)).table)
    assert (plan.kind, plan.label_separator) == ("multi_label", ";")


def test_a_line_without_a_label_is_kept_unlabelled_and_one_with_it_behind_is_set_aside(tmp_path: Path) -> None:
    path = given(tmp_path, FASTTEXT + "no label here\ntext first __label__x\n\n")
    result = read(path)
    assert result.table["label"][-1].as_py() == ""
    assert result.table["text"][-1].as_py() == "no label here"
    (bad,) = result.quarantined
    assert (bad.line, bad.reason_code, bad.raw) == (42, "label_inside", "text first __label__x")
    assert result.blank_lines == 1


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_text_a_line_comes_back_to_the_letter(tmp_path: Path, encoding: str) -> None:
    lines = ["第一条评论，写得很好。", '"quoted, with a comma"', " spaces around ", "这家酒店的服务不错", "fünf, sechs"]
    result = read(given(tmp_path, ("\r\n".join(lines) + "\r\n").encode(encoding)))
    assert result.source.kind == "text"
    assert result.table["text"].to_pylist() == lines


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("text,label\n" + "a b c,x\nd e f,y\n" * 5, "csv"),
        ("text\tlabel\n" + "a b c\tx\nd e f\ty\n" * 5, "tsv"),
        ("good\tfirst text here\nbad\tsecond text here\n" * 5, "tsv"),
        ("text\nfirst text of these\nsecond one\n", "csv"),
        ('{"text": "a"}\n{"text": "b"}\n', "jsonl"),
        ("First text.\nSecond text, with a comma.\nThird.\n", "text"),
    ],
)
def test_a_txt_file_that_is_really_something_else_is_that(tmp_path: Path, text: str, kind: str) -> None:
    assert find_source(given(tmp_path, text)).kind == kind


def test_dirt_is_located(tmp_path: Path) -> None:
    result = read(
        given(
            tmp_path, b"First text.\nSecond text.\nna\0l\n" + b"caf\xe9 au lait\n" + "中文。\n好的。\n很好。\n".encode()
        )
    )
    assert [(bad.line, bad.reason_code) for bad in result.quarantined] == [
        (3, "nul_character"),
        (4, "undecodable_bytes"),
    ]
    assert len(result.table) == 5


def test_an_empty_file_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="empty"):
        read(given(tmp_path, "\n \n"))
