"""Every class of the catalogue: what is damaged is located with its reason, and all else is read to the letter."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.dirt.catalogue import CATALOGUE
from tests.dirt.record import Dirt
from tunewright.core.errors import DataError
from tunewright.data.sources import ReadResult, iter_rows, lines, read


def put(dirt: Dirt, folder: Path) -> Path:
    path = folder / dirt.file_name
    path.write_bytes(dirt.data)
    return path


def rows_of(result: ReadResult) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in ("row_id", "origin")}
        for row in result.table.to_pylist()
    ]


def wrong(dirt: Dirt, result: ReadResult) -> list[str]:
    """What is not as the catalogue says; `repr` because NaN equals nothing, and 1 is not to equal 1.0."""
    found = []
    rows = rows_of(result)
    if [repr(row) for row in rows] != [repr(row) for row in dirt.kept]:
        found.append(f"{len(rows)} rows were read, not the {len(dirt.kept)} that are good")
    places = [(bad.line, bad.reason_code) for bad in result.quarantined]
    if places != [(bad.line, bad.reason or code) for bad, (_, code) in zip(dirt.bad, places, strict=False)]:
        found.append(f"set aside {places}")
    if len(places) != len(dirt.bad):
        found.append(f"{len(places)} rows are set aside, not {len(dirt.bad)}")
    for bad, given in zip(dirt.bad, result.quarantined, strict=False):
        piece = dirt.data[given.byte_start : given.byte_end]
        if bad.piece is not None and piece.rstrip(b"\r\n") != bad.piece.rstrip(b"\r\n"):
            found.append(f"line {bad.line} is said to be {piece[:80]!r}")
    if result.read != len(result.table) + len(result.quarantined):
        found.append("the counts do not add up")
    if dirt.blank_lines not in (None, result.blank_lines):
        found.append(f"{result.blank_lines} blank lines")
    if not re.search(dirt.noted, " ".join(result.source.reasons)):
        found.append(f"not noted: {dirt.noted}")
    return found


def test_names_of_the_catalogue_are_unique_and_it_is_as_large_as_promised() -> None:
    counts = Counter(dirt.name for dirt in CATALOGUE)
    assert [name for name, count in counts.items() if count > 1] == []
    assert len(CATALOGUE) >= 150
    assert {dirt.outcome for dirt in CATALOGUE} == {"set aside", "kept", "refused"}


@pytest.mark.parametrize("dirt", CATALOGUE, ids=lambda dirt: dirt.name)
def test_damage_is_located_and_all_else_read_to_the_letter(tmp_path: Path, dirt: Dirt) -> None:
    path = put(dirt, tmp_path)
    if dirt.refused:
        with pytest.raises(DataError, match=dirt.refused) as refusal:
            read(path)
        assert str(refusal.value).startswith(str(path))
        return
    result = read(path)
    assert wrong(dirt, result) == []
    chunks = list(iter_rows(path, rows_per_chunk=3))
    assert [id_ for chunk in chunks for id_ in chunk.table["row_id"].to_pylist()] == result.table["row_id"].to_pylist()
    assert [bad for chunk in chunks for bad in chunk.quarantined] == result.quarantined


@pytest.mark.parametrize("dirt", [dirt for dirt in CATALOGUE if dirt.bad], ids=lambda dirt: dirt.name)
def test_every_reason_comes_with_a_sentence(tmp_path: Path, dirt: Dirt) -> None:
    for bad in read(put(dirt, tmp_path)).quarantined:
        assert re.fullmatch("[a-z_]+", bad.reason_code)
        assert len(bad.detail) > 10
        assert bad.raw or dirt.ending == "parquet" or bad.byte_start == bad.byte_end


def named(name: str) -> Dirt:
    return next(dirt for dirt in CATALOGUE if dirt.name == name)


def test_a_reader_that_replaces_bad_bytes_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dirt = named("a Latin-1 byte in UTF-8")
    path = put(dirt, tmp_path)
    assert wrong(dirt, read(path)) == []
    path.write_bytes(dirt.data.decode("utf-8", "replace").encode())
    assert len(wrong(dirt, read(path))) >= 2


def test_a_reader_that_takes_any_bytes_for_gb18030_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dirt = named("UTF-8 lines in a GB18030 file")
    path = put(dirt, tmp_path)
    monkeypatch.setattr(lines, "is_utf8_instead", lambda *_: False)
    assert len(wrong(dirt, read(path))) >= 2
