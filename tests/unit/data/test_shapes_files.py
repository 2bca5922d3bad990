"""Pairs and tags: TMX, XLIFF, CoNLL, parallel files, spans. What they hold is read, what they are not is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunewright.core.errors import DataError
from tunewright.data.shapes import SHAPES, Pair, Span, Tagged, read_shape, write_rows
from tunewright.data.shapes.convert import carry_out, plan_conversion
from tunewright.data.shapes.tokens import bio_of

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en" datatype="xml" o-tmf="x" segtype="sentence" adminlang="en" creationtool="x" creationtoolversion="1"/>
<body>
<tu tuid="7" creationid="ana">
<prop type="project">Manual</prop><note>check</note>
<tuv xml:lang="de"><seg>Klicken Sie <bpt i="1" x="1">&lt;b&gt;</bpt>hier<ept i="1">&lt;/b&gt;</ept> &amp; <ph x="2"/>.</seg></tuv>
<tuv xml:lang="en"><seg>Click <bpt i="1" x="1">&lt;b&gt;</bpt>here<ept i="1">&lt;/b&gt;</ept> &amp; <ph x="2"/>.</seg></tuv>
<tuv xml:lang="fr"><seg>Cliquez <hi type="bold">ici</hi>.</seg></tuv>
</tu>
<tu><tuv xml:lang="en-US"><seg>A &lt;1&gt; <ph x="9">x</ph></seg></tuv><tuv xml:lang="de"><seg>Ein</seg></tuv><tuv xml:lang="de"><seg>Eins</seg></tuv></tu>
<tu><tuv xml:lang="fr"><seg>seul</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>alone</seg></tuv></tu>
</body></tmx>
"""  # noqa: E501


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_tmx_gives_pairs_with_placeholders_groups_and_several_targets(tmp_path: Path) -> None:
    result = read_shape(file(tmp_path, "a.tmx", TMX))
    first, second, third = result.rows
    assert isinstance(first, Pair)
    assert (first.source, first.targets) == ("Click <1>here</1> & <2/>.", ("Klicken Sie <1>hier</1> & <2/>.",))
    assert (first.source_language, first.target_language, first.group, first.line) == ("en", "de", "Manual", 5)
    assert first.columns == {"tuid": "7", "creationid": "ana", "note": "check", "fr": "Cliquez ici."}
    assert {tag.mark: tag.xml for tag in first.tags if tag.side == 1}["<1>"] == '<bpt i="1" x="1">&lt;b&gt;</bpt>'
    assert second.source == "A <1> <2/>"  # type: ignore[attr-defined]  # its own <1> is left alone
    assert second.targets == ("Ein", "Eins")  # type: ignore[attr-defined]
    assert third.targets == ()  # type: ignore[attr-defined]
    assert [(one.line, one.reason_code) for one in result.refused] == [(12, "language_missing")]


def test_tmx_goes_out_with_its_tags_and_comes_back_equal(tmp_path: Path) -> None:
    result = read_shape(file(tmp_path, "a.tmx", TMX), languages=("en", "fr"))
    assert result.rows[0].tags[-1].xml == "</hi>"  # type: ignore[attr-defined]
    rows = [row for row in read_shape(tmp_path / "a.tmx").rows if isinstance(row, Pair)]
    out = tmp_path / "b.tmx"
    write_rows(rows, SHAPES["tmx"], out)
    assert '<bpt i="1" x="1">&lt;b&gt;</bpt>hier<ept i="1">&lt;/b&gt;</ept> &amp; <ph x="2"/>.' in out.read_text(
        "utf-8"
    )
    back = read_shape(out).rows
    assert [(r.source, r.targets, r.tags, r.group, r.columns) for r in back] == [  # type: ignore[attr-defined]
        (r.source, r.targets, r.tags, r.group, r.columns) for r in rows
    ]


def test_a_bomb_of_entities_and_references_to_files_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE tmx [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + TMX.split("]>")[-1].split("\n", 2)[2]
    with pytest.raises(DataError, match="entities"):
        read_shape(file(tmp_path, "a.tmx", bomb))
    reference = '<!DOCTYPE tmx [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + TMX.split("\n", 2)[2]
    with pytest.raises(DataError, match="entities"):
        read_shape(file(tmp_path, "a.tmx", reference))


def test_what_stands_before_the_damage_is_read(tmp_path: Path) -> None:
    result = read_shape(file(tmp_path, "a.tmx", TMX.replace("Eins</seg>", "Eins</sag>")))
    assert len(result.rows) == 1
    assert [(one.line, one.reason_code) for one in result.refused] == [(11, "bad_xml")]


XLIFF1 = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="app.json" source-language="en" target-language="zh-CN" datatype="plaintext"><body><group>
<trans-unit id="a"><source>Hello <g id="1">world</g><x id="2"/></source>
<target state="translated">你好<g id="1">世界</g><x id="2"/></target>
<note>greeting</note><alt-trans><source>x</source><target>y</target></alt-trans></trans-unit>
<trans-unit id="b"><source>Bye</source><target/></trans-unit>
</group></body></file></xliff>
"""
XLIFF2 = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en" trgLang="de"><file id="f1">
<unit id="1"><notes><note>greeting</note></notes><originalData><data id="d1">&lt;br&gt;</data></originalData>
<segment id="s1" state="translated"><source>Hi<ph id="1" dataRef="d1"/> <pc id="2">you</pc></source><target>Hallo<ph id="1" dataRef="d1"/> <pc id="2">du</pc></target></segment>
<segment><source>Bye</source></segment></unit></file></xliff>
"""  # noqa: E501


@pytest.mark.parametrize(
    ("text", "source", "target", "columns"),
    [
        (XLIFF1, "Hello <1>world</1><2/>", "你好<1>世界</1><2/>", {"id": "a", "note": "greeting", "state": "translated"}),
        (
            XLIFF2, "Hi<1/> <2>you</2>", "Hallo<1/> <2>du</2>",
            {"segment": "s1", "state": "translated", "id": "1", "note": "greeting", "original_data": {"d1": "<br>"}},
        ),
    ],
    ids=["1.2", "2.0"],
)  # fmt: skip
def test_xliff_is_read_and_written_back(
    tmp_path: Path, text: str, source: str, target: str, columns: dict[str, Any]
) -> None:
    result = read_shape(file(tmp_path, "a.xlf", text))
    first, second = (row for row in result.rows if isinstance(row, Pair))
    assert (first.source, first.targets, first.columns) == (source, (target,), columns)
    assert second.targets == ()
    out = tmp_path / "b.xlf"
    write_rows(result.rows, result.found.shape, out)
    back = [row for row in read_shape(out).rows if isinstance(row, Pair)]
    assert [(r.source, r.targets, r.tags, r.columns, r.group) for r in back] == [
        (r.source, r.targets, r.tags, r.columns, r.group) for r in (first, second)
    ]


def test_parallel_files_need_equal_counts(tmp_path: Path) -> None:
    file(tmp_path, "c.en", "one\ntwo\n")
    file(tmp_path, "c.zh", "一\n二\n")
    rows = read_shape(tmp_path / "c.zh", languages=("en", "zh")).rows
    assert [(r.source, r.targets, r.line) for r in rows] == [("one", ("一",), 1), ("two", ("二",), 2)]  # type: ignore[attr-defined]
    file(tmp_path, "c.zh", "一\n")
    with pytest.raises(DataError, match=r"2 lines, .*1\. "):
        read_shape(tmp_path / "c.en")
    file(tmp_path, "c.de", "eins\nzwei\n")
    with pytest.raises(DataError, match="--languages"):
        read_shape(tmp_path / "c.en")


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        (["B-PER", "I-PER", "O", "B-PER"], "tags in BIO"),
        (["I-PER", "I-PER", "O", "I-PER"], "IOB1"),
        (["B-PER", "E-PER", "O", "S-PER"], "BIOES"),
        (["B-PER", "L-PER", "O", "U-PER"], "BIOES"),
    ],
)
@pytest.mark.parametrize("separator", ["\t", " "])
def test_conll_in_any_scheme_gives_the_same_spans(tmp_path: Path, tags: list[str], scheme: str, separator: str) -> None:
    words = ["Ana", "Li", "met", "Bo"]
    lines = [separator.join((word, tag)) for word, tag in zip(words, tags, strict=True)]
    text = "-DOCSTART-" + separator + "O\n\n" + "\n".join(lines) + "\n\n" + separator.join(("他", "O")) + "\n"
    result = read_shape(file(tmp_path, "a.conll", text))
    row = result.rows[0]
    assert isinstance(row, Tagged)
    assert scheme in result.found.reasons[0]
    assert (row.text, row.line, row.columns) == ("Ana Li met Bo", 3, {"document": 1})
    assert row.spans == (Span(start=0, end=6, label="PER"), Span(start=11, end=13, label="PER"))
    assert bio_of(row) == ["B-PER", "I-PER", "O", "B-PER"]


def test_a_line_without_its_tag_spoils_its_sentence_only(tmp_path: Path) -> None:
    text = "".join(f"w{i}\tO\n\n" for i in range(20)) + "lost\n\nlast\tO\n"
    result = read_shape(file(tmp_path, "a.conll", text))
    assert (len(result.rows), [(one.line, one.reason_code) for one in result.refused]) == (21, [(41, "columns_differ")])


@pytest.mark.parametrize(
    "record",
    [
        {"text": "Ana lives in 北京", "spans": [[13, 15, "LOC"], [0, 3, "PER"]]},
        {"text": "Ana lives in 北京", "label": [[0, 3, "PER"], [13, 15, "LOC"]]},
        {
            "text": "Ana lives in 北京",
            "entities": [{"start": 0, "end": 3, "label": "PER"}, {"start": 13, "end": 15, "label": "LOC"}],
        },
        {
            "text": "Ana lives in 北京",
            "entities": [
                {"start_offset": 0, "end_offset": 3, "label": "PER"}, {"start_offset": 13, "end_offset": 15, "label": "LOC"},
            ],
        },
        {
            "data": {"text": "Ana lives in 北京"},
            "annotations": [{"result": [
                {"value": {"start": 0, "end": 3, "labels": ["PER"]}}, {"value": {"start": 13, "end": 15, "labels": ["LOC"]}},
            ]}],
        },
    ],
    ids=["lists", "doccano", "spacy", "doccano-offsets", "label-studio"],
)  # fmt: skip
def test_spans_of_many_tools_are_one_thing(tmp_path: Path, record: dict[str, Any]) -> None:
    (row,) = read_shape(file(tmp_path, "a.jsonl", json.dumps(record) + "\n")).rows
    assert isinstance(row, Tagged)
    assert row.spans == (Span(start=0, end=3, label="PER"), Span(start=13, end=15, label="LOC"))
    assert bio_of(row) == ["B-PER", "O", "O", "B-LOC", "I-LOC"]


def test_a_span_outside_its_text_is_refused(tmp_path: Path) -> None:
    records = [{"text": "short", "spans": [[0, 2, "A"]]}, {"text": "short", "spans": [[3, 9, "A"]]}]
    result = read_shape(file(tmp_path, "a.jsonl", "".join(json.dumps(record) + "\n" for record in records)))
    assert [(one.line, one.reason_code) for one in result.refused] == [(2, "span_outside")]


def test_columns_named_for_languages_are_pairs_in_either_direction(tmp_path: Path) -> None:
    path = file(tmp_path, "a.csv", "English,中文,Deutsch\nhello,你好,hallo\nbye,,tschüss\n")
    result = read_shape(path)
    assert [(r.source, r.targets) for r in result.rows] == [("hello", ("你好",)), ("bye", ())]  # type: ignore[attr-defined]
    (first, _) = read_shape(path, languages=("de", "en")).rows
    assert (first.source, first.targets, first.columns) == ("hallo", ("hello",), {"中文": "你好"})  # type: ignore[attr-defined]
    with pytest.raises(DataError, match="`fr` is not"):
        read_shape(path, languages=("en", "fr"))


def test_a_row_that_would_lose_something_is_refused_unless_losses_are_accepted(tmp_path: Path) -> None:
    chats = [
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]},
        {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello", "weight": 0}]},
        {"messages": [{"role": "assistant", "content": "hello"}]},
    ]
    path = file(tmp_path, "a.jsonl", "".join(json.dumps(chat) + "\n" for chat in chats))
    plan = plan_conversion(path, tmp_path / "b.json", to="alpaca")
    assert (plan.read, plan.written, plan.losses) == (3, 1, {"weights": 1, "odd_order": 1})
    plan = plan_conversion(path, tmp_path / "b.json", to="alpaca", lossy=True)
    assert (plan.written, [(one.line, one.reason_code) for one in plan.refused]) == (2, [(3, "can_not_hold")])
    carry_out(plan)
    assert [row["output"] for row in json.loads((tmp_path / "b.json").read_text("utf-8"))] == ["hello", "hello"]
    with pytest.raises(DataError, match="can't become"):
        plan_conversion(path, tmp_path / "b.conll")
