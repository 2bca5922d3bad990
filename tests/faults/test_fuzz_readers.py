"""No bytes, however damaged, may bring anything but rows or a DataError out of a reader, and the counts add up.

A bounded part of `bench/fuzz_readers.py`, with hypothesis to make a failure small.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dirt.catalogue import CATALOGUE
from tests.dirt.mutate import mutate
from tunewright.core.errors import DataError
from tunewright.data.sources import SOURCES, iter_rows, read

SEEDS = {name: [dirt.data for dirt in CATALOGUE if dirt.kind == name and len(dirt.data) < 4000] for name in SOURCES}
ALL = [data for files in SEEDS.values() for data in files]


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        result = read(path)
    except DataError as refusal:
        message = str(refusal)
        assert str(path) in message  # or else a person can't know which file is meant
        return
    assert result.read == len(result.table) + len(result.quarantined)
    ids = result.table["row_id"].to_pylist()
    assert len(set(ids)) == len(ids)
    chunks = list(iter_rows(path, rows_per_chunk=3))
    assert [id_ for chunk in chunks for id_ in chunk.table["row_id"].to_pylist()] == ids
    assert sum(len(chunk.quarantined) for chunk in chunks) == len(result.quarantined)


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_read_or_refused_and_add_up(tmp_path: Path, name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[name] or ALL))
    rng = random.Random(data.draw(st.integers(0, 1 << 32)))
    check(tmp_path / f"a{SOURCES[name].suffixes[0]}", mutate(seed, rng, other=rng.choice(ALL)))


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_every_format(tmp_path: Path, name: str, data: bytes) -> None:
    check(tmp_path / f"a{SOURCES[name].suffixes[0]}", data)


def test_a_reader_that_lets_another_error_out_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*_: object, **__: object) -> None:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    monkeypatch.setattr("tests.faults.test_fuzz_readers.read", careless)
    with pytest.raises(UnicodeDecodeError):
        check(tmp_path / "a.csv", b"\xff")
