from __future__ import annotations

import json

import numpy as np
import pytest

from tests.chat_templates import DEEPSEEK, GLM, GPT_OSS, MISTRAL, QWEN_3
from tunewright.metrics import TEXT_METRICS, Asked, Said
from tunewright.metrics.text.structured import calls_in, same_calls, same_json


def value(metric: str, answers: list[str], references: list[str]) -> float | None:
    unknown, rows = np.full(len(answers), np.nan), len(answers)
    asked = Asked(references=[[text] for text in references], sources=[None] * rows, num_tokens_N=unknown)
    return TEXT_METRICS[metric](asked, Said(texts=answers, nll_N=unknown, stops=[None] * rows))


def test_json_is_valid_by_itself_and_where_json_was_wanted() -> None:
    answers = [
        '{"a": 1}',
        " [1] \n",
        'Here it is: {"a": 1}',
        '```json\n{"a": 1}\n```',
        '{"a": NaN}',
        "[" * 100_000,
        "5",
    ]
    assert value("json_valid_rate", answers, ['{"a": 1}'] * len(answers)) == 2 / 7
    assert value("json_valid_rate", answers, ["prose"] * len(answers)) is None
    assert value("json_valid_rate", ["5", "true"], ["5", "true"]) is None  # a number alone is a number, not a document


def test_json_matches_whatever_the_order_of_keys_and_the_spelling_of_numbers() -> None:
    right = '{"name": "张三", "age": 30, "tags": ["a", "b"]}'
    answers = [
        '{"age": 30.0, "tags": ["a", "b"], "name": "\\u5f20\\u4e09"}', '{"name": "张三", "age": 30, "tags": ["b", "a"]}',
        '{"name": "张三", "age": "30", "tags": ["a", "b"]}', right[:-1],
    ]  # fmt: skip
    assert value("json_match", answers, [right] * 4) == 1 / 4
    assert not same_json(True, 1)
    assert not same_json([0], [False])
    assert not same_json({"a": None}, {})
    assert same_json({"a": [1, {"b": 2}]}, {"a": [1.0, {"b": 2}]})


ARGUMENTS = {"city": "北京", "days": 3, "units": {"temp": "C"}}


@pytest.mark.parametrize("template", [QWEN_3, MISTRAL, DEEPSEEK, GLM, GPT_OSS])
def test_calls_are_read_as_the_templates_write_them(template: str) -> None:
    from jinja2 import Environment

    call = {"function": {"name": "get_weather", "arguments": ARGUMENTS}}
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "", "tool_calls": [call, call]}]
    environment = Environment()
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    text = environment.from_string(template).render(messages=messages, bos_token="<s>", eos_token="</s>")
    assert calls_in(text) == [("get_weather", ARGUMENTS)] * 2


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "f", "parameters": {"x": 1}}',
        '<|python_tag|>{"type": "function", "name": "f", "parameters": {"x": 1}}',
        '[{"function": {"name": "f", "arguments": "{\\"x\\": 1}"}, "id": "1"}]',
        'Let me look (a {curly} aside). <tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call> Done.',
        '[TOOL_CALLS]f[ARGS]{"x": 1}',
        '<function=f>{"x": 1}</function>',
        '<|tool_call|>[{"name": "f", "arguments": {"x": 1}}]<|/tool_call|>',
    ],
)
def test_other_spellings_of_a_call_are_read_too(text: str) -> None:
    assert calls_in(text) == [("f", {"x": 1})]


@pytest.mark.parametrize(
    "text", ["", "no call", '{"x": 1}', '{"name": "f"}', '<tool_call>\n{"name": "f", "arguments": {', "[{"]
)
def test_what_is_no_call_is_none(text: str) -> None:
    assert calls_in(text) == []


def test_calls_are_the_same_in_any_order_and_each_as_often() -> None:
    a, b = ("f", {"x": 1}), ("g", {})
    assert same_calls([a, b], [b, a])
    assert not same_calls([a, a], [a])
    assert not same_calls([a], [a, a])
    assert not same_calls([a], [("f", {"x": True})])


def test_names_and_arguments_are_scored_apart() -> None:
    right = '{"name": "f", "arguments": {"x": 1}}'
    answers = [right, '{"name": "f", "arguments": {"x": 2}}', '{"name": "g", "arguments": {"x": 1}}', "I can't."]
    assert value("tool_name_accuracy", answers, [right] * 4) == 2 / 4
    assert value("tool_call_accuracy", answers, [right] * 4) == 1 / 4
    assert value("tool_call_accuracy", ["x"], ["no call"]) is None
