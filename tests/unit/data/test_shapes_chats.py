"""Chats and instructions: each of the shapes in the wild, read to the same dialogue; what is no such thing is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunewright.core.errors import DataError
from tunewright.data.shapes import Completion, Dialogue, Message, ShapeRead, ToolCall, read_shape
from tunewright.data.shapes.find import find_shape

TOOL = {
    "name": "weather",
    "description": "天气",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def read(folder: Path, *records: Any, name: str = "a.jsonl", **asked: Any) -> ShapeRead:
    path = folder / name
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return read_shape(path, **asked)


def only(result: ShapeRead) -> Any:
    assert len(result.rows) == 1, result.refused
    return result.rows[0]


def test_a_tool_call_is_the_same_in_openai_and_sharegpt(tmp_path: Path) -> None:
    call = {"type": "function", "function": {"name": "weather", "arguments": '{"city":"北京"}'}}
    openai = only(
        read(
            tmp_path,
            {
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "天气"}, {"type": "text", "text": "?"}]},
                    {"role": "assistant", "content": None, "tool_calls": [call]},
                    {"role": "tool", "content": "晴"},
                    {"role": "assistant", "content": "It is sunny."},
                ],
                "tools": [{"type": "function", "function": TOOL}],
            },
        )
    )
    sharegpt = only(
        read(
            tmp_path,
            {
                "conversations": [
                    {"from": "human", "value": "天气?"},
                    {"from": "function_call", "value": json.dumps({"name": "weather", "arguments": {"city": "北京"}})},
                    {"from": "observation", "value": "晴"},
                    {"from": "gpt", "value": "It is sunny."},
                ],
                "tools": json.dumps([TOOL]),
            },
        )
    )
    assert openai.messages == sharegpt.messages
    assert openai.tools == sharegpt.tools == ({"type": "function", "function": TOOL},)
    assert openai.messages[1].tool_calls == (ToolCall(name="weather", arguments='{"city": "北京"}'),)


def test_reasoning_names_ids_and_weights_of_turns_are_read(tmp_path: Path) -> None:
    row = only(
        read(
            tmp_path,
            {
                "messages": [
                    {"role": "developer", "content": "Be brief."},
                    {"role": "user", "content": "1+1?", "name": "ana"},
                    {"role": "assistant", "content": "2", "reasoning_content": "easy", "weight": 0},
                    {"role": "assistant", "content": "two", "train": True, "stamp": 5},
                ],
                "topic": "maths",
            },
        )
    )
    assert row.messages[0] == Message(role="system", content="Be brief.")
    assert row.messages[1].name == "ana"
    assert (row.messages[2].reasoning, row.messages[2].weight) == ("easy", 0.0)
    assert (row.messages[3].weight, row.messages[3].more) == (1.0, {"stamp": 5})
    assert row.columns == {"topic": "maths"}


def test_pictures_unknown_roles_and_broken_turns_are_refused_with_their_row(tmp_path: Path) -> None:
    good = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
    picture = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}
    result = read(
        tmp_path, good, picture, {"messages": [{"role": "judge", "content": "?"}]}, {"messages": []},
        {"messages": [{"role": "user", "content": 5}]}, {"other": 1}, good,
    )  # fmt: skip
    assert [(one.line, one.reason_code) for one in result.refused] == [
        (2, "not_text_part"), (3, "unknown_role"), (4, "no_turns"), (5, "not_text"), (6, "not_a_list"),
    ]  # fmt: skip
    assert "image_url" in result.refused[0].detail
    assert result.read == 7
    assert result.rows[1].row_id == result.rows[0].row_id + "+1"


def test_alpaca_has_input_history_and_system(tmp_path: Path) -> None:
    row = only(
        read(
            tmp_path,
            {
                "instruction": "翻译",
                "input": "hello",
                "output": "你好",
                "system": "You translate.",
                "history": [["first", "一"]],
                "source": "book",
            },
        )  # fmt: skip
    )
    assert [(m.role, m.content) for m in row.messages] == [
        ("system", "You translate."), ("user", "first"), ("assistant", "一"), ("user", "翻译\nhello"), ("assistant", "你好"),
    ]  # fmt: skip
    assert row.columns == {"input": "hello", "source": "book"}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"prompt": "q", "completion": "a"}, ("q", "a")),
        ({"question": "how many?", "answer": "three"}, ("how many?", "three")),
        ({"问题": "几个？", "答案": "三个"}, ("几个？", "三个")),
    ],
)
def test_prompt_and_completion_go_by_many_names(
    tmp_path: Path, record: dict[str, str], expected: tuple[str, str]
) -> None:
    row = only(read(tmp_path, record))
    assert isinstance(row, Completion)
    assert (row.prompt, row.completion) == expected


def test_a_csv_and_a_json_list_hold_instructions_too(tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    csv.write_text('instruction,input,output,note\n"Say ""hi""",,你好,\n', encoding="utf-8")
    row = only(read_shape(csv))
    assert (row.messages[0].content, row.messages[1].content, row.columns) == ('Say "hi"', "你好", {})
    listed = tmp_path / "b.json"
    listed.write_text(json.dumps([{"instruction": "a", "output": "b"}, 5]), encoding="utf-8")
    result = read_shape(listed)
    assert (len(result.rows), [one.reason_code for one in result.refused]) == (1, ["not_an_object"])


@pytest.mark.parametrize(
    ("record", "names"),
    [
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "DPO"),
        ({"conversations": [{"from": "human", "value": "q"}], "chosen": {}, "rejected": {}}, "DPO"),
        ({"messages": [{"role": "user", "content": "q"}], "label": True}, "KTO"),
        ({"prompt": "q", "completion": "a", "label": False}, "KTO"),
    ],
)
def test_preference_data_is_refused_with_what_it_is(tmp_path: Path, record: dict[str, Any], names: str) -> None:
    with pytest.raises(DataError, match=names):
        read(tmp_path, record)


def dataset_info(folder: Path, **entries: Any) -> Path:
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_dataset_info_says_file_columns_and_tags(tmp_path: Path) -> None:
    turns = [{"who": "U", "says": "hi"}, {"who": "B", "says": "hello"}]
    (tmp_path / "chat.jsonl").write_text(json.dumps({"dialog": turns, "sys": "x"}) + "\n", encoding="utf-8")
    (tmp_path / "alpaca.json").write_text(json.dumps([{"q": "a", "more": "b", "r": "c"}]), encoding="utf-8")
    (tmp_path / "plain.jsonl").write_text('{"content": "some text"}\n', encoding="utf-8")
    path = dataset_info(
        tmp_path,
        chats={
            "file_name": "chat.jsonl", "formatting": "sharegpt", "columns": {"messages": "dialog"},
            "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "U", "assistant_tag": "B"},
        },
        told={"file_name": "alpaca.json", "columns": {"prompt": "q", "query": "more", "response": "r"}},
        plain={"file_name": "plain.jsonl", "columns": {"prompt": "content"}},
        hub={"hf_hub_url": "someone/something"},
        better={"file_name": "x.json", "ranking": True},
        kto={"file_name": "x.json", "columns": {"kto_tag": "label"}},
        away={"file_name": "../x.json"},
    )  # fmt: skip
    chat = only(read_shape(path, dataset="chats"))
    assert [(m.role, m.content) for m in chat.messages] == [("user", "hi"), ("assistant", "hello")]
    assert only(read_shape(tmp_path, dataset="told")).messages[0].content == "a\nb"
    assert only(read_shape(path, dataset="plain")).text == "some text"
    for asked, says in {
        "hub": "someone/something",
        "better": "DPO",
        "kto": "KTO",
        "away": "beside",
        "tolb": "told",
    }.items():
        with pytest.raises(DataError, match=says):
            read_shape(path, dataset=asked)
    with pytest.raises(DataError, match="7 data sets"):
        read_shape(path)


def test_a_table_for_classification_is_no_chat(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood film,pos\nbad film,neg\n", encoding="utf-8")
    found = find_shape(path)
    assert (found.shape.name, found.confidence) == ("labelled", 0.5)


def test_a_shape_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Did you mean `sharegpt`"):
        read(tmp_path, {"a": 1}, shape="sharegtp")


DEMO = Path(__file__).parents[4] / "shared" / "data" / "llamafactory_demo"


@pytest.mark.skipif(not DEMO.is_dir(), reason="the data sets of ../shared are not here")
@pytest.mark.parametrize(
    ("name", "rows", "shape"),
    [
        ("alpaca_en_demo", 999, "alpaca"), ("alpaca_zh_demo", 1000, "alpaca"), ("identity", 91, "alpaca"),
        ("glaive_toolcall_en_demo", 300, "sharegpt"), ("glaive_toolcall_zh_demo", 300, "sharegpt"),
    ],
)  # fmt: skip
def test_every_row_of_the_demo_files_is_read(name: str, rows: int, shape: str) -> None:
    result = read_shape(DEMO / f"{name}.jsonl")
    assert (len(result.rows), len(result.refused), result.found.shape.name) == (rows, 0, shape)
    calls = [call for row in result.rows if isinstance(row, Dialogue) for m in row.messages for call in m.tool_calls]
    assert all(call.name for call in calls)
