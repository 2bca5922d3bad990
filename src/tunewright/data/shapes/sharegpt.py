"""ShareGPT: `{"conversations": [{"from": "human", "value": "..."}, ...], "system": "...", "tools": "[...]"}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tunewright.data.shapes.calls import bare_tool, parsed, read_calls, read_tools
from tunewright.data.shapes.cells import as_list, list_of, rest, share, text_of, without_null
from tunewright.data.shapes.openai import KEYS, ROLES
from tunewright.data.shapes.types import Dialogue, Guess, Message, Role, Sample, Unreadable

CALLS = ("function_call", "function-call", "tool_call", "tool_calls")
"""What a turn that calls a tool is from."""
SPEAKERS: dict[str, Role] = ROLES | {"chatgpt": "assistant", "bing": "assistant", "bard": "assistant"}
_NAMES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
_KNOWN = frozenset(["from", "value", "weight", "train", "name", "tool_call_id"])


def detect(sample: Sample) -> Guess | None:
    """A list of objects with `from` and `value`, under one of the usual keys."""
    for key in KEYS:
        if share(sample, key, _are_turns) >= 0.5:
            why = f"`{key}` holds lists of turns with `from` and `value`"
            return Guess(confidence=0.98, why=why, settings={"messages": key})
    return None


def _are_turns(value: Any) -> bool:
    turns = as_list(value)
    return bool(turns) and all(isinstance(turn, dict) and {"from", "value"} <= set(turn) for turn in turns or [])


def read(record: dict[str, Any], settings: Mapping[str, Any]) -> Dialogue:
    """One dialogue; the system text may be a column or the first turn. `settings["tags"]` renames keys and speakers."""
    key = settings.get("messages", "conversations")
    tags = settings.get("tags", {})
    turns = tuple(_message(turn, place, tags) for place, turn in enumerate(list_of(record, key), start=1))
    if not turns:
        raise Unreadable("no_turns", f"`{key}` is an empty list")
    if system := text_of(record, "system", missing=""):
        turns = (Message(role="system", content=system), *turns)
    return Dialogue(
        messages=turns, tools=read_tools(record.get("tools")), columns=rest(record, (key, "system", "tools"))
    )


def _message(turn: Any, place: int, tags: Mapping[str, str]) -> Message:
    if not isinstance(turn, dict):
        raise Unreadable("bad_turn", f"turn {place} is no object with `from` and `value`")
    turn = without_null(turn)
    by, what = tags.get("role_tag", "from"), tags.get("content_tag", "value")
    speaker = _speaker(turn.get(by), tags)
    value = turn.get(what)
    if not isinstance(value, str):
        raise Unreadable("not_text", f"turn {place}: `{what}` is a {type(value).__name__}; a text is expected")
    more = {key: part for key, part in turn.items() if key not in _KNOWN | {by, what}}
    weight = next((float(turn[key]) for key in ("weight", "train") if isinstance(turn.get(key), int | float)), None)
    name, call_id = turn.get("name"), turn.get("tool_call_id")
    named: dict[str, Any] = {
        "name": None if name is None else str(name), "tool_call_id": None if call_id is None else str(call_id),
        "weight": weight, "more": more,
    }  # fmt: skip
    if speaker == "call":
        return Message(role="assistant", tool_calls=read_calls(value), **named)
    if speaker is None:
        accepted = "human, gpt, system, function_call, observation"
        raise Unreadable("unknown_role", f"turn {place} is from {turn.get(by)!r}; accepted: {accepted}")
    return Message(role=speaker, content=value, **named)


_TAGS: dict[str, tuple[str, Any]] = {
    "user_tag": ("human", "user"), "assistant_tag": ("gpt", "assistant"), "observation_tag": ("observation", "tool"),
    "function_tag": ("function_call", "call"), "system_tag": ("system", "system"),
}  # fmt: skip


def _speaker(value: Any, tags: Mapping[str, str]) -> Any:
    """The role, "call" for a turn that calls a tool, or None."""
    if not isinstance(value, str):
        return None
    for tag, (_, role) in _TAGS.items():
        if tags.get(tag) == value:
            return role
    folded = value.casefold()
    return "call" if folded in CALLS else SPEAKERS.get(folded)


def write(row: Dialogue) -> dict[str, Any]:
    """The record. Declared tools are one JSON text, as in the files that are around."""
    record: dict[str, Any] = {"conversations": [_turn(message) for message in row.messages]}
    if row.tools:
        record["tools"] = json.dumps([bare_tool(tool) for tool in row.tools], ensure_ascii=False)
    return record | row.columns


def _turn(message: Message) -> dict[str, str]:
    if not message.tool_calls:
        return {"from": _NAMES[message.role], "value": message.content}
    # The arguments go in as they are spelled, so that a number such as 1.0 is not rewritten.
    calls = [
        f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {call.arguments}}}'
        if call.name and parsed(call) is not None
        else call.arguments
        for call in message.tool_calls
    ]
    return {"from": "function_call", "value": calls[0] if len(calls) == 1 else f"[{', '.join(calls)}]"}
