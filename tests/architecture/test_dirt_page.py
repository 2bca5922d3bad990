"""docs/dirt.md is about the catalogue as it is: every class once, each found as the catalogue says, and sums that are true."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.dirt.catalogue import CATALOGUE

PAGE = Path(__file__).parents[2] / "docs" / "dirt.md"
REMEDY = "run: python bench/dirt.py"


def tables(page: str) -> list[list[list[str]]]:
    """The cells of each table below its head."""
    found = re.findall(r"^\| .*\n\| ---.*\n((?:\|.*\n)+)", page, re.MULTILINE)
    return [[re.split(r" (?<!\\)\| ", f"{row[2:-2]} ") for row in table.splitlines()] for table in found]


def classes(page: str) -> list[str]:
    return [row[0].strip() for table in tables(page)[2:] for row in table]


def test_the_page_lists_each_class_of_the_catalogue_once_and_no_other() -> None:
    assert sorted(classes(PAGE.read_text(encoding="utf-8"))) == sorted(dirt.name for dirt in CATALOGUE), REMEDY


def test_the_page_says_what_the_catalogue_wants_of_tunewright() -> None:
    rows = {row[0].strip(): row for table in tables(PAGE.read_text(encoding="utf-8"))[2:] for row in table}
    for dirt in CATALOGUE:
        _, line, reason, _, _ = (cell.strip() for cell in rows[dirt.name])
        if dirt.bad:
            assert re.findall(r"\d+", line)[0] == str(dirt.bad[0].line), REMEDY
            assert re.findall(r"\d+", line)[-1] == str(dirt.bad[-1].line), REMEDY
            assert {bad.reason for bad in dirt.bad if bad.reason} <= {*re.findall(r"`(\w+)`", reason)}, REMEDY
        else:
            assert (line, reason) == ("", "refused: no table" if dirt.refused else "read to the letter"), REMEDY


@pytest.mark.parametrize(("system", "place"), [("Tunewright", 1), ("pandas", 2), ("datasets", 3)])
def test_the_sums_at_the_top_are_those_of_the_tables(system: str, place: int) -> None:
    first, second, *others = tables(PAGE.read_text(encoding="utf-8"))
    sums = Counter({row[0].strip(): int(row[place]) for row in first})
    assert sums.total() == len(CATALOGUE), REMEDY
    if system != "Tunewright":
        listed = Counter(row[place + 1].partition(":")[0].strip() for table in others for row in table)
        assert +sums == listed, REMEDY
    right = sum(sums[outcome] for outcome in ("located", "read right", "refused rightly"))
    assert second[0][place].strip() == f"{right} of {len(CATALOGUE)}", REMEDY


def test_a_page_that_lacks_a_class_would_be_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    without = re.sub(r"^\| a NUL character \|.*\n", "", page, flags=re.MULTILINE)
    assert len(classes(without)) == len(classes(page)) - 1
