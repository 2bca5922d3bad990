"""Laws of the passes: a file that is read in many small runs has the verdicts of one that is read at once."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tunewright.core.errors import TunewrightError
from tunewright.data.clean import CleanConfig
from tunewright.data.decided import DataSettings, Decided, decide_in_memory
from tunewright.data.passes import Limits, decide_in_passes, entries, placing, reading
from tunewright.data.write_back import write_back
from tunewright.pipeline.data.settings import data_settings

SMALL = Limits(rows_per_run=7, rows_per_part=13, sample_rows=10**6, texts_per_pass=3)


@st.composite
def dirty_files(draw: st.DrawFn) -> tuple[bytes, str, dict[str, Any]]:
    """A file full of trouble, its ending, and the settings to read it with."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    kind = draw(st.sampled_from(["single_label", "multi_label", "regression"]))
    ending = draw(st.sampled_from([".csv", ".jsonl"]))
    alphabet = draw(st.sampled_from(["abcdefghij ", "好坏大小房间酒店服务早餐", "aB ｃé好"]))
    texts: list[str] = []
    for _ in range(draw(st.integers(6, 80))):
        way = chance.random()
        base = chance.choice(texts) if texts else "first"
        place = chance.randrange(len(base) + 1)
        texts.append(
            base if way < 0.1 else base.upper() + "  " if way < 0.2 else base[:place] + "z" + base[place:] if way < 0.35
            else "" if way < 0.4 else f"<b>{base}</b>" if way < 0.45 else chance.choice(["<i></i>", "&amp;&#32;"]) if way < 0.48
            else "".join(chance.choice(alphabet) for _ in range(chance.choice([3, 30, 60, 400])))
        )  # fmt: skip
    names = ["refund", "Refund", "refund ", "other", "third", "第一"]
    answer: dict[str, Callable[[], str]] = {
        "single_label": lambda: chance.choice(names),
        "multi_label": lambda: "|".join(chance.sample(names, chance.randint(1, 3))),
        "regression": lambda: chance.choice(["1,5", "-0,0", "0", "2", "x"]),
    }
    rows = [
        {
            "text": text, "label": "" if chance.random() < 0.1 else answer[kind](),
            "customer": chance.choice(["", *"pqrstuvw"]), "part": chance.choice(["train", "train", "dev", "test", ""]),
            "day": chance.choice(["", "soon", *(f"2024-01-{n:02d}" for n in range(1, 25))]),
        }
        for text in texts
    ]  # fmt: skip
    if ending == ".csv":
        lines = ['"' + '","'.join(row.values()) + '"' for row in rows]
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    for _ in range(draw(st.integers(0, 3))):
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(["broken", "{", '"a","b"', ""]))
    header = ['"text","label","customer","part","day"'] if ending == ".csv" else []
    columns = {
        "text": "text", "label": "label", "task": kind, "weight": "none", "language": "en",
        "group": "customer" if draw(st.booleans()) else "none", "split": "part" if draw(st.booleans()) else "none",
        "label_separator": "|" if kind == "multi_label" else None,
    }  # fmt: skip
    return ("\n".join([*header, *lines]) + "\n").encode(), ending, columns


@st.composite
def all_settings(draw: st.DrawFn) -> dict[str, Any]:
    """How to clean and divide."""
    overrides = [
        *(["clean.strip_markup=true"] if draw(st.booleans()) else []),
        f"clean.empty_text={draw(st.sampled_from(['drop', 'keep']))}",
        f"clean.label_variants={draw(st.sampled_from(['merge', 'keep']))}",
        f"clean.contradictions={draw(st.sampled_from(['majority', 'drop', 'keep']))}",
        f"clean.exact_duplicates={draw(st.sampled_from(['drop', 'keep']))}",
        f"split.near_leaks={draw(st.sampled_from(['report', 'drop']))}",
        f"data.audit.near_duplicates={draw(st.sampled_from(['true', 'false']))}",
    ]
    way = draw(st.sampled_from(["none", "cut", "ignore", "time", "folds", "subsets"]))
    split: dict[str, Any] | None = None if way == "none" else {"seed": draw(st.integers(0, 5))}
    if split is not None and way == "ignore":
        split["given"] = "ignore"
    if split is not None and way == "time":
        split["by_time"] = "day"
    return {
        "overrides": overrides, "split": split, "folds": 3 if way == "folds" else None,
        "subsets": (1, 3) if way == "subsets" else (),
    }  # fmt: skip


def both(path: Path, config: DataSettings, *, limits: Limits = SMALL) -> tuple[Decided | str, Decided | str]:
    folder = path.parent / "passes"
    folder.mkdir()

    def attempt(decide: Callable[..., Decided], name: str, **more: Any) -> Decided | str:
        try:
            return decide(
                path, settings=config, ledger_path=path.parent / f"{name}.parquet",
                quarantine_path=path.parent / f"{name}.jsonl", **more,
            )  # fmt: skip
        except TunewrightError as error:
            return str(error)

    return attempt(decide_in_memory, "memory"), attempt(decide_in_passes, "passes", folder=folder, limits=limits)


def shown(decided: Decided, path: Path, config: DataSettings, name: str) -> dict[str, Any]:
    """Everything that a person could see of the verdicts."""
    rows = len(decided.kept_N)
    output = path.parent / f"{name}{path.suffix}"
    write_back(decided, {0: output}, output_N=np.where(decided.kept_N, 0, -1), settings=config)
    return {
        "accounts": decided.accounts, "kept": decided.kept_N.tolist(), "sides": decided.side_N.tolist(),
        "folds": None if decided.fold_N is None else decided.fold_N.tolist(),
        "subsets": None if decided.subset_N is None else decided.subset_N.tolist(),
        "meant": decided.meant, "steps": decided.text_steps, "ids": decided.row_ids(0, rows),
        "keys": decided.keys(0, rows), "fingerprint": decided.fingerprint, "blank": decided.blank_lines,
        "ledger": pq.read_table(path.parent / f"{name}.parquet").to_pylist(),
        "quarantine": (path.parent / f"{name}.jsonl").read_bytes(), "output": output.read_bytes(),
    }  # fmt: skip


def assert_same(path: Path, config: DataSettings) -> None:
    memory, passes = both(path, config)
    if isinstance(memory, str) or isinstance(passes, str):
        assert memory == passes
        return
    one, other = shown(memory, path, config, "memory"), shown(passes, path, config, "passes")
    for what in one:
        assert one[what] == other[what], what


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(file=dirty_files(), how=all_settings())
def test_a_file_in_many_runs_has_the_verdicts_of_one_read_at_once(
    file: tuple[bytes, str, dict[str, Any]], how: dict[str, Any]
) -> None:
    data, ending, columns = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{ending}"
        path.write_bytes(data)
        assert_same(path, data_settings(columns=columns, **how))


# --- controls: with a part taken away the law is seen to break -------------------------------------------------------


@pytest.fixture
def trouble(tmp_path: Path) -> tuple[Path, DataSettings]:
    """Rows that stand twice, and near repeats, some in other runs than what they repeat."""
    chance = random.Random(3)
    texts = ["".join(chance.choice("abcdefghijklmnop ") for _ in range(70)) for _ in range(60)]
    texts += texts[:20] + [text[:30] + "#" + text[31:] for text in texts[20:50]]
    path = tmp_path / "trouble.csv"
    path.write_text("text,label\n" + "".join(f"{text},{'ab'[n % 2]}\n" for n, text in enumerate(texts)), "utf-8")
    columns = {"text": "text", "label": "label", "task": "single_label", "language": "en"}
    return path, data_settings(columns=columns, split={}, cleans=False)


def test_the_planted_trouble_is_the_same_both_ways(trouble: tuple[Path, DataSettings]) -> None:
    assert_same(*trouble)


def test_control_identical_rows_that_are_not_counted_have_one_name(
    trouble: tuple[Path, DataSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "count_repeats", lambda column, limits: np.zeros(len(column), np.int32))
    with pytest.raises(AssertionError, match="ids"):
        assert_same(*trouble)


def test_control_without_the_search_near_duplicates_part(
    trouble: tuple[Path, DataSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "near_roots", lambda fields, key_N, blank_N, count, **rest: np.arange(count))
    with pytest.raises(AssertionError, match="sides"):
        assert_same(*trouble)


def test_control_a_dropped_row_without_an_entry_stops_the_passes(
    trouble: tuple[Path, DataSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, config = trouble
    monkeypatch.setattr(entries, "_repeats", lambda *args: [])
    with pytest.raises(AssertionError, match="exact_duplicates"):
        both(path, config.model_copy(update={"clean": CleanConfig()}))
