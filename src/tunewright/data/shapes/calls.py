"""Tool calls as text: one spelling of their arguments, and what of them parses."""

from __future__ import annotations

import json
from typing import Any

from tunewright.data.shapes.types import ToolCall, Unreadable


def arguments_text(value: Any) -> str:
    """The arguments of a call as JSON text, spaced as `json.dumps` does.

    Text that does not parse, or that would be spelled another way (`1.10`, a key twice), stays to the letter.
    """
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return _respaced(value) or value


def is_plain(text: str) -> bool:
    """Whether the text is what `json.dumps` makes of its own value."""
    return _respaced(text) == text


def _respaced(text: str) -> str | None:
    changed = False

    def number(spelled: str) -> float:
        nonlocal changed
        changed = changed or repr(float(spelled)) != spelled
        return float(spelled)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal changed
        found = dict(pairs)
        changed = changed or len(found) != len(pairs)
        return found

    try:
        value = json.loads(text, parse_float=number, parse_constant=_refuse, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return None
    return None if changed else json.dumps(value, ensure_ascii=False)


def _refuse(name: str) -> None:
    raise ValueError(name)


def parsed(call: ToolCall) -> dict[str, Any] | None:
    """The arguments as an object, or None where they are none."""
    try:
        value = json.loads(call.arguments, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_calls(value: Any) -> tuple[ToolCall, ...]:
    """Calls as found in the wild: OpenAI's list, one object with name and arguments, or either as JSON text.

    What can't be parsed becomes a call without a name that holds all of it.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return (ToolCall(name="", arguments=value),)
    whole = value
    calls = value if isinstance(value, list) else [value]
    found = []
    for call in calls:
        inner = call.get("function", call) if isinstance(call, dict) else None
        if isinstance(inner, str) and isinstance(call, dict):
            inner = {"name": inner, "arguments": call.get("arguments", {})}
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str) or not isinstance(call, dict):
            return (ToolCall(name="", arguments=json.dumps(whole, ensure_ascii=False)),)
        call_id = call.get("id")
        arguments: Any = next(
            (inner[key] for key in ("arguments", "parameters", "args") if inner.get(key) is not None), {}
        )
        found.append(
            ToolCall(
                name=inner["name"],
                arguments=arguments_text(arguments),
                call_id=None if call_id is None else str(call_id),
            )
        )
    return tuple(found)


def read_tools(value: Any) -> tuple[dict[str, Any], ...]:
    """Declarations of tools, each in OpenAI's wrapping. Raises Unreadable for what is no list of objects."""
    if value in (None, "", [], {}):
        return ()
    if isinstance(value, str):
        try:
            value = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Unreadable("bad_tools", "`tools` is a text that is not JSON") from None
    value = [value] if isinstance(value, dict) else value
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(tool, dict) for tool in value):
        raise Unreadable("bad_tools", "`tools` is a list of objects, each with name, description and parameters")
    return tuple(_wrapped(tool) for tool in value)


def _wrapped(tool: dict[str, Any]) -> dict[str, Any]:
    return tool if isinstance(tool.get("function"), dict) else {"type": "function", "function": tool}


def bare_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """The declaration without its wrapping, where that holds nothing else."""
    inner = tool.get("function")
    plain = set(tool) == {"type", "function"} and tool["type"] == "function" and isinstance(inner, dict)
    return inner if plain and not isinstance(inner.get("function"), dict) else tool  # type: ignore[return-value,union-attr]


def tool_name(tool: dict[str, Any]) -> str | None:
    """The name a declared tool is called by."""
    inner = tool.get("function")
    name = inner.get("name") if isinstance(inner, dict) else tool.get("name")
    return name if isinstance(name, str) else None
