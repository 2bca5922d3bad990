"""Alpaca: `{"instruction": "...", "input": "...", "output": "...", "system": "...", "history": [["q", "a"], ...]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from tunewright.data.shapes.calls import read_tools
from tunewright.data.shapes.cells import as_list, is_text, rest, share, text_of
from tunewright.data.shapes.types import Dialogue, Guess, Message, Sample, Unreadable

_ANSWERS = ("output", "response")
_INPUTS = ("input", "context")
JOIN = "\n"
"""Between instruction and input, as LLaMA-Factory has it."""


def detect(sample: Sample) -> Guess | None:
    """`instruction` with `output` or `response`, or with `instances` of input and output."""
    if share(sample, "instruction", is_text) < 0.5:
        return None
    if share(sample, "instances", lambda value: bool(as_list(value))) >= 0.5:
        return Guess(confidence=0.95, why="`instruction`, and `instances` with its inputs and outputs")
    for answer in _ANSWERS:
        if share(sample, answer, lambda value: isinstance(value, str)) >= 0.5:
            extra = next((key for key in _INPUTS if any(key in record for record in sample.records)), "input")
            return Guess(
                confidence=0.97,
                why=f"columns `instruction` and `{answer}`",
                settings={"input": extra, "output": answer},
            )
    return None


def read(record: dict[str, Any], settings: Mapping[str, Any]) -> Dialogue:
    """One dialogue. The input stays as a column, so that instruction and input can be told apart again."""
    first, second = settings.get("instruction", "instruction"), settings.get("input", "input")
    answer, past = settings.get("output", "output"), settings.get("history", "history")
    about = settings.get("system", "system")
    used = {first, second, answer, past, about, "tools", "instances"}
    columns = rest(record, used)
    if "instances" in record and answer not in record:
        record = record | _instance(record["instances"])
        answer, second = "output", "input"
    messages = []
    if system := text_of(record, about, missing=""):
        messages.append(Message(role="system", content=system))
    for turn in _history(record.get(past), past):
        messages += [Message(role="user", content=turn[0]), Message(role="assistant", content=turn[1])]
    instruction, extra = text_of(record, first), text_of(record, second, missing="")
    if instruction and extra:
        columns["input"] = extra
    messages.append(Message(role="user", content=JOIN.join(text for text in (instruction, extra) if text)))
    if record.get(answer) is not None:
        messages.append(Message(role="assistant", content=text_of(record, answer)))
    return Dialogue(messages=tuple(messages), tools=read_tools(record.get("tools")), columns=columns)


def _history(value: Any, key: str) -> list[list[str]]:
    if value in (None, ""):
        return []
    turns = as_list(value)
    if turns is None or not all(
        isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn) for turn in turns
    ):
        raise Unreadable("bad_history", f"`{key}` is a list of [question, answer]")
    return turns


def _instance(value: Any) -> dict[str, Any]:
    instances = as_list(value) or []
    if len(instances) != 1 or not isinstance(instances[0], dict):
        raise Unreadable("several_instances", f"`instances` holds {len(instances)}; one a row can be read")
    return {"input": instances[0].get("input"), "output": instances[0].get("output")}


def write(row: Dialogue) -> dict[str, Any]:
    """The record. A system text, then questions and answers, is all that fits."""
    messages = list(row.messages)
    system = messages.pop(0).content if messages[0].role == "system" else ""
    texts = [message.content for message in messages]
    turns = [[ask, answer] for ask, answer in zip(texts[::2], texts[1::2], strict=True)]
    columns = dict(row.columns)
    instruction, extra = turns[-1][0], columns.get("input")
    record: dict[str, Any] = {"instruction": instruction, "input": "", "output": turns[-1][1]}
    if is_input_of(extra, instruction):
        record |= {"instruction": instruction[: -len(JOIN + extra)], "input": columns.pop("input")}
    if system:
        record["system"] = system
    if len(turns) > 1:
        record["history"] = turns[:-1]
    return record | columns


def is_input_of(extra: Any, asked: str) -> TypeGuard[str]:
    """Whether the last question ends with this input, so that it can be cut off again."""
    return isinstance(extra, str) and bool(extra) and asked.endswith(JOIN + extra) and len(asked) > len(JOIN + extra)


def own_keys_of(row: Dialogue) -> frozenset[str]:
    """A column `input` that is not the end of the last question has no place."""
    asked = next((message.content for message in reversed(row.messages) if message.role == "user"), "")
    return frozenset() if is_input_of(row.columns.get("input"), asked) else frozenset(["input"])
