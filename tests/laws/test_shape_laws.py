"""Laws of shapes: what is not said to be lost comes back equal, and every row read is kept or refused."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.laws.shape_rows import ALPHABET, BY_FORM, json_values
from tunewright.core.errors import DataError
from tunewright.data.shapes import (
    SHAPES,
    Dialogue,
    FileShape,
    Pair,
    RecordShape,
    Refused,
    Row,
    Shape,
    from_table,
    iter_shape,
    read_shape,
    to_table,
    write_rows,
)
from tunewright.data.shapes.convert import carry_out, plan_conversion
from tunewright.data.shapes.find import Found, find_shape
from tunewright.data.shapes.reading import content
from tunewright.data.shapes.writing import CONTAINERS_LOSE, holds, lost

MANY = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
"""No shrinking: files are written for every example, and a failure shows its rows anyway."""
FILES = {"tmx": "a.tmx", "xliff": "a.xlf", "xliff2": "a.xlf", "conll": "a.conll", "parallel": "a.en"}
CELLS = [
    (name, FILES[name]) if isinstance(shape, FileShape) else (name, f"a{suffix}")
    for name, shape in SHAPES.items()
    for suffix in ([""] if isinstance(shape, FileShape) else [".jsonl", ".csv", ".parquet"])
]


def bare(row: Row) -> Row:
    return replace(row, row_id="", path="", line=0)


def read_back(path: Path, shape: Shape, row: Row) -> list[Row | Refused]:
    """Read as this very shape, with the settings that its own names give."""
    languages = (row.source_language, row.target_language) if isinstance(row, Pair) and row.source_language else None
    if isinstance(shape, RecordShape):
        known = {"cells": True} if path.suffix == ".csv" else {}
        if shape.name == "translation":
            assert isinstance(row, Pair)
            known |= {"inside": "translation", "source": row.source_language, "target": row.target_language}
        found = Found(path=path, shape=shape, confidence=1, reasons=[], settings=known)
    elif shape.name == "conll":
        known = {"width": 2, "separator": "\t", "scheme": "BIO"}
        found = Found(path=path, shape=shape, confidence=1, reasons=[], settings=known)
    else:
        found = find_shape(path, shape=shape.name, languages=languages)  # type: ignore[arg-type]
    return list(iter_shape(found))


@pytest.mark.parametrize(("name", "file"), CELLS, ids=lambda value: value)
def test_what_is_not_said_to_be_lost_comes_back_equal(name: str, file: str) -> None:
    shape = SHAPES[name]
    kept = itertools.count()

    @MANY
    @given(rows=st.lists(BY_FORM[shape.form], min_size=1, max_size=3))
    def check(rows: list[Row]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file
            whole = [row for row in rows if not lost(row, shape, holds(shape, path))]
            if name == "parallel" or isinstance(shape, FileShape):
                whole = whole[:1] + [row for row in whole[1:] if isinstance(row, type(whole[0]))]
            if not whole:
                return
            next(kept)
            try:
                write_rows(whole, shape, path)
            except DataError as error:
                assert "several kinds" in str(error)  # noqa: PT017  # Parquet has one type a column, and says so
                return
            assert [bare(row) for row in read_back(path, shape, whole[0])] == whole  # type: ignore[arg-type]

    check()
    assert next(kept) > 2, "nearly every row was said to lose something: the law was not tried"


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if isinstance(shape, RecordShape)])
def test_a_loss_that_is_not_said_breaks_the_law(name: str) -> None:
    """The control: were a shape to claim all features, dropping one of them would be noticed."""
    shape = SHAPES[name]
    assert isinstance(shape, RecordShape)
    dropped = replace(shape, write=lambda row: shape.write(replace(row, columns={})))
    noticed = []

    @MANY
    @given(row=BY_FORM[shape.form])
    def check(row: Row) -> None:
        row = replace(row, columns=row.columns | {"topic": "x"})
        if lost(row, shape, holds(shape, Path("a.jsonl"))):
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.jsonl"
            write_rows([row], dropped, path)
            noticed.append([bare(one) for one in read_back(path, shape, row)] != [row])  # type: ignore[arg-type]

    check()
    assert noticed
    assert all(noticed)


def test_sharegpt_holds_no_weights_and_the_law_needs_it_to_say_so() -> None:
    row = Dialogue(messages=(_user("hi"), replace(_answer("hello"), weight=0.0)))
    shape = SHAPES["sharegpt"]
    assert lost(row, shape, holds(shape, Path("a.jsonl"))) == {"weights"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        write_rows([row], shape, path)
        assert [bare(one) for one in read_shape(path).rows] != [row]


def _user(text: str) -> Any:
    from tunewright.data.shapes import Message

    return Message(role="user", content=text)


def _answer(text: str) -> Any:
    from tunewright.data.shapes import Message

    return Message(role="assistant", content=text)


@pytest.mark.parametrize("form", list(BY_FORM))
def test_a_table_holds_everything_a_row_has(form: str) -> None:
    @MANY
    @given(rows=st.lists(BY_FORM[form], min_size=1, max_size=3))
    def check(rows: list[Row]) -> None:
        assert from_table(to_table(rows)) == rows

    check()


def test_equal_content_is_equal_rows() -> None:
    @MANY
    @given(one=BY_FORM["dialogue"], other=BY_FORM["dialogue"])
    def check(one: Row, other: Row) -> None:
        assert content(one) == content(replace(one, row_id="x", path="y", line=3))
        assert (content(one) == content(other)) == (one == other) or repr(one) != repr(other)

    check()


THERE_AND_BACK = [
    ("openai", "a.jsonl", "sharegpt", "b.json"), ("sharegpt", "a.jsonl", "openai", "b.parquet"),
    ("openai", "a.jsonl", "alpaca", "b.csv"), ("alpaca", "a.csv", "completion", "b.jsonl"),
    ("pairs", "a.jsonl", "tmx", "b.tmx"), ("pairs", "a.csv", "xliff", "b.xlf"), ("tmx", "a.tmx", "translation", "b.jsonl"),
    ("completion", "a.jsonl", "pairs", "b.csv"), ("spans", "a.jsonl", "conll", "b.conll"),
    ("tokens", "a.parquet", "spans", "b.json"), ("labelled", "a.csv", "completion", "b.json"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "file", "other", "output"), THERE_AND_BACK, ids=lambda value: value)
def test_convert_there_and_back_is_as_before(one: str, file: str, other: str, output: str) -> None:
    tried = itertools.count()

    @MANY
    @given(rows=st.lists(BY_FORM[SHAPES[one].form], min_size=1, max_size=3))
    def check(rows: list[Row]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path, there, back = Path(folder) / file, Path(folder) / output, Path(folder) / f"back_{file}"
            whole = [row for row in rows if not lost(row, SHAPES[one], holds(SHAPES[one], path))]
            try:
                write_rows(whole, SHAPES[one], path)
                plan = plan_conversion(path, there, to=other, shape=one)
                carry_out(plan)
                carry_out(plan_conversion(there, back, to=one, shape=other))
                first, last = read_shape(path, shape=one), read_shape(back, shape=one)
            except DataError:
                return  # nothing could be written, or too little to recognise a shape by
            next(tried)
            refused = {one.row_id for one in plan.refused}
            kept = [row for row in first.rows if row.row_id not in refused]
            assert [bare(row) for row in last.rows] == [bare(row) for row in kept]
            assert plan.read == plan.written + len(plan.refused) == len(whole)

    check()
    assert next(tried) > 0


KEYS = st.sampled_from(
    ["messages", "conversations", "role", "content", "from", "value", "instruction", "input", "output", "history", "system",
     "tools", "prompt", "completion", "source", "target", "targets", "en", "de", "translation", "tokens", "tags", "text",
     "spans", "entities", "label", "tool_calls", "weight", "name", "start", "end", "instances", "group", "row_id"]
)  # fmt: skip
WILD = st.recursive(
    json_values | st.sampled_from(["user", "human", "gpt", "assistant", "tool", "function_call", "[1]", "[]", "{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if isinstance(shape, RecordShape)])
def test_every_record_is_kept_or_refused(name: str) -> None:
    import json

    shape = SHAPES[name]

    @MANY
    @given(
        records=st.lists(st.dictionaries(KEYS, WILD, min_size=1, max_size=5), min_size=1, max_size=4), by=st.booleans()
    )
    def check(records: list[dict[str, Any]], by: bool) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.jsonl"
            path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
            found = Found(path=path, shape=shape, confidence=1, reasons=[])
            if by:
                try:
                    found = find_shape(path)
                except DataError:
                    return
            items = list(iter_shape(found))
            assert len(items) == len(records)
            assert all(one.line for one in items)
            rows = [item for item in items if not isinstance(item, Refused)]
            if rows:
                assert from_table(to_table(rows)) == rows

    check()


PIECES = st.sampled_from(
    ['<tmx version="1.4">', '<header srclang="en"/>', "<body>", "<tu>", '<tuv xml:lang="en">', '<tuv xml:lang="de">', "<seg>",
     "</seg>", "</tuv>", "</tu>", "</body>", "</tmx>", '<bpt i="1"/>', '<ept i="1"/>', "<ph>", "</ph>", "&lt;", "&x;", "text",
     '<xliff version="1.2">', '<file source-language="en" target-language="de" original="f">', '<trans-unit id="1">',
     "<source>", "</source>", "<target>", "</target>", "</trans-unit>", "</file>", "</xliff>", '<g id="1">', "</g>",
     '<xliff version="2.0" srcLang="en" trgLang="de">', '<unit id="1">', "<segment>", "</segment>", "</unit>", "<", "&", "\0",
     "tok\tO", "\n", "tok B-X", "-DOCSTART-\tO", "# c", "<!DOCTYPE tmx>", "中"]
)  # fmt: skip


@pytest.mark.parametrize("name", list(FILES))
def test_readers_of_files_raise_nothing_but_data_errors(name: str) -> None:
    @MANY
    @given(pieces=st.lists(PIECES, max_size=25) | st.lists(st.text(ALPHABET, max_size=8), max_size=10))
    def check(pieces: list[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / FILES[name]
            path.write_text("".join(pieces), encoding="utf-8", newline="")
            (Path(folder) / "a.de").write_text("x\n", encoding="utf-8")
            for given_name in (None, name):
                try:
                    for item in iter_shape(find_shape(path, shape=given_name)):
                        assert isinstance(item, Row | Refused)
                except DataError as error:
                    assert str(error)  # noqa: PT017

    check()


def test_every_container_of_records_has_its_losses_said() -> None:
    assert {".jsonl", ".json", ".csv", ".parquet"} <= set(CONTAINERS_LOSE)
