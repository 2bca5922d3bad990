"""The list of mistakes: what it can be narrowed down to is what it says, without a script; a private page shows no text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report.synthetic_run import CHINESE, build_run
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.report import render
from tunewright.report.blocks import MOST_CHOICES
from tunewright.report.page import _asset
from tunewright.report.sections.mistakes import PAIRS


def with_errors(tmp_path: Path, errors: list[dict[str, Any]], **evidence: Any) -> RunFolder:
    folder = build_run(tmp_path)
    write_json(folder.evidence, read_json(folder.evidence) | {"errors": errors} | evidence)
    return folder


def error(i: int, **fields: Any) -> dict[str, Any]:
    place = {"row_id": f"{i:032x}", "origin": {"path": "/home/x/mail.csv", "line": i}}
    return place | {"text": f"text {i}", "gold": "a", "prediction": "b", "confidence": 0.9, "doubted_by": 0} | fields


def near(*labels: str) -> list[dict[str, Any]]:
    return [error(900 + i, label=label, likeness=0.9) for i, label in enumerate(labels)]


def test_each_choice_shows_as_many_as_it_says(tmp_path: Path) -> None:
    kinds = [near("b", "b", "a"), near("a", "a", "b"), near("c", "a", "b")]
    errors = [error(i, doubted_by=i % 3, nearest=kinds[i % 3], gold="ac"[i % 2]) for i in range(30)]
    page = render(with_errors(tmp_path, errors), language="en", private=False)
    said = {int(place): text for place, text in re.findall(r'<option value="c(\d+)">([^<]+)</option>', page)}
    shown = {place: len(re.findall(rf'<li class="[^"]*\bc{place}\b', page)) for place in said}
    assert shown == {place: int(re.search(r"\d+", text)[0]) for place, text in said.items()}  # type: ignore[index]
    assert [said[0], said[1]] == ["the 20 worst", "all 30"]
    kinds_said = {"10 with a label that both judges doubt", "10 with a label that the model alone doubts"}
    assert {*kinds_said, "15 “c” answered “b”"} <= {*said.values()}
    assert page.count('<b class="answer">label in doubt</b>') == 10


def test_the_style_sheet_knows_every_choice_there_can_be() -> None:
    sheet = _asset("report.css")
    known = {int(place) for place in re.findall(r'\[value="c(\d+)"\]:checked\) li\[class\]:not\(\.c\1\)', sheet)}
    assert known == set(range(MOST_CHOICES))
    assert 7 + PAIRS <= MOST_CHOICES


def test_a_list_with_nothing_to_choose_has_no_choice(tmp_path: Path) -> None:
    page = render(with_errors(tmp_path, [error(1), error(2)]), language="en", private=False)
    assert "<select" not in page


def test_words_are_marked_where_they_stand_and_said_below(tmp_path: Path) -> None:
    mattered = [
        {"part": 1, "start": 0, "end": 3, "confidence": 0.43, "answer": "b"},
        {"part": 0, "start": 2, "end": 7, "confidence": 0.21, "answer": "c"},
    ]
    row = error(1, text="a <bad> day", text_pair="two", mattered=mattered)
    page = render(with_errors(tmp_path, [row]), language="en", private=False)
    assert "a <mark>&lt;bad&gt;</mark> day\n—\n<mark>two</mark>" in page
    assert "Leans on “two” (without it 43% sure), “&lt;bad&gt;” (without it: c)" in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_private_page_has_places_and_labels_alone(tmp_path: Path, language: Any) -> None:
    mattered = [{"part": 0, "start": 0, "end": 4, "confidence": 0.43, "answer": "b"}]
    folder = with_errors(tmp_path, [error(1, text="SECRET", mattered=mattered, nearest=near("a", "b", "b"))])
    assert "SECR" in render(folder, language=language, private=False)
    page = render(folder, language=language, private=True)
    assert not {"SECR", "text 900", "<mark>"} & {one for one in ("SECR", "text 900", "<mark>") if one in page}
    assert "mail.csv" in page


def test_doubted_labels_are_counted_with_what_they_would_be_worth(tmp_path: Path) -> None:
    doubts = {"found": 12, "confirmed": 4, "n": 400, "right": 0.9, "right_at_most": 0.91}
    page = render(with_errors(tmp_path, [error(1, doubted_by=2)], label_doubts=doubts), language="en", private=False)
    assert "the model doubts the labels of 12." in page
    assert "91.0 of 100 answers would be right instead of 90.0" in page
    assert "label in doubt" in page
    chinese = with_errors(tmp_path / "zh", [error(1, doubted_by=2)], label_doubts=doubts)
    assert "标签存疑" in render(chinese, language="zh", private=False)
    assert CHINESE.labels
