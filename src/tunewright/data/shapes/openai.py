"""OpenAI's messages: `{"messages": [{"role": "user", "content": "..."}, ...], "tools": [...]}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunewright.data.shapes.calls import read_calls, read_tools
from tunewright.data.shapes.cells import as_list, list_of, rest, share, without_null
from tunewright.data.shapes.types import Dialogue, Guess, Message, Role, Sample, ToolCall, Unreadable

KEYS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "turns")
ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "model": "assistant", "gpt": "assistant", "bot": "assistant", "ai": "assistant", "tool": "tool", "function": "tool",
    "observation": "tool", "tool_response": "tool", "ipython": "tool",
}  # fmt: skip
"""What roles are called, in OpenAI's files and in those that are like them."""
_REASONING = ("reasoning_content", "reasoning", "thinking")
_WEIGHTS = ("weight", "train", "training")
_KNOWN = frozenset(["role", "content", "tool_calls", "function_call", "tool_call_id", "name", *_REASONING, *_WEIGHTS])


def detect(sample: Sample) -> Guess | None:
    """A list of objects with `role`, under one of the usual keys."""
    for key in KEYS:
        if share(sample, key, _are_turns) >= 0.5:
            why = f"`{key}` holds lists of turns with `role` and `content`"
            return Guess(confidence=0.98, why=why, settings={"messages": key})
    return None


def _are_turns(value: Any) -> bool:
    turns = as_list(value)
    return bool(turns) and all(isinstance(turn, dict) and "role" in turn for turn in turns or [])


def read(record: dict[str, Any], settings: Mapping[str, Any]) -> Dialogue:
    """One dialogue. Content parts that are text are joined; pictures and sound are refused."""
    key = settings.get("messages", "messages")
    messages = tuple(_message(turn, place) for place, turn in enumerate(list_of(record, key), start=1))
    if not messages:
        raise Unreadable("no_turns", f"`{key}` is an empty list")
    tools_key = "tools" if record.get("tools") is not None else "functions"
    return Dialogue(
        messages=messages, tools=read_tools(record.get(tools_key)), columns=rest(record, (key, "tools", "functions"))
    )


def _message(turn: Any, place: int) -> Message:
    if not isinstance(turn, dict):
        raise Unreadable("bad_turn", f"turn {place} is no object with `role` and `content`")
    turn = without_null(turn)
    role = turn.get("role")
    if not isinstance(role, str) or role.casefold() not in ROLES:
        accepted = "system, user, assistant, tool"
        raise Unreadable("unknown_role", f"turn {place} has the role {role!r}; accepted: {accepted}")
    content, thought = _content(turn.get("content"), place)
    reasoning = next((turn[key] for key in _REASONING if isinstance(turn.get(key), str)), thought)
    calls = turn.get("tool_calls") or turn.get("function_call")
    more = {
        key: value for key, value in turn.items()
        if key not in _KNOWN or (key in _REASONING and not isinstance(value, str))
    }  # fmt: skip
    call_id = turn.get("tool_call_id")
    name = turn.get("name")
    return Message(
        role=ROLES[role.casefold()],
        content=content,
        reasoning=reasoning,
        tool_calls=read_calls(calls) if calls else (),
        tool_call_id=None if call_id is None else str(call_id),
        name=None if name is None else str(name),
        weight=_weight(turn, place),
        more=more,
    )


def _content(value: Any, place: int) -> tuple[str, str | None]:
    """The text, and the reasoning where it stands as a part of its own."""
    if value is None or isinstance(value, str):
        return value or "", None
    if not isinstance(value, list):
        raise Unreadable("not_text", f"turn {place}: `content` is a {type(value).__name__}; text or a list of parts")
    texts: list[str] = []
    thoughts: list[str] = []
    for part in value:
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        words = part if isinstance(part, str) else None
        if isinstance(part, dict):
            words = next(
                (part[key] for key in ("text", "thinking", "reasoning") if isinstance(part.get(key), str)), None
            )
        if words is None:
            raise Unreadable("not_text_part", f"turn {place} holds a part of type {kind!r}; only text can be read")
        (thoughts if kind in ("thinking", "reasoning") else texts).append(words)
    return "".join(texts), "".join(thoughts) if thoughts else None


def _weight(turn: Mapping[str, Any], place: int) -> float | None:
    value = next((turn[key] for key in _WEIGHTS if turn.get(key) is not None), None)
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise Unreadable("bad_weight", f"turn {place}: the weight {value!r} is no number from 0 on, true or false")
    return float(value)


def write(row: Dialogue) -> dict[str, Any]:
    """The record: `messages`, `tools` where there are any, then the other columns."""
    record: dict[str, Any] = {"messages": [_turn(message) for message in row.messages]}
    if row.tools:
        record["tools"] = list(row.tools)
    return record | row.columns


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        turn["reasoning_content"] = message.reasoning
    if message.tool_calls:
        turn["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        turn["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        turn["name"] = message.name
    if message.weight is not None:
        turn["weight"] = int(message.weight) if message.weight.is_integer() else message.weight
    return turn | {key: value for key, value in message.more.items() if key not in turn}


def _call(call: ToolCall) -> dict[str, Any]:
    named: dict[str, Any] = {} if call.call_id is None else {"id": call.call_id}
    return named | {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
