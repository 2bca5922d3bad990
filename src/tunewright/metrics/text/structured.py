"""Answers that a program reads: JSON, and calls of tools, in the spellings of the common chat templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tunewright.metrics.text.metric import OfRow, TextMetric, of_rows

Call = tuple[str, Any]
"""Name and arguments of a tool."""

_NAME_BEFORE = re.compile(
    r"(?:<tool_call>|\[TOOL_CALLS\]|<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?|<function=|\bfunctions\.)\s*([\w.-]+)[^{}]*$"
)
"""What stands before the arguments where a template writes the name outside of the JSON."""
_ARGUMENTS = ("arguments", "parameters", "args")
_OPENING = re.compile(r"[\[{]")
_DECODER = json.JSONDecoder()


def parse_json(text: str) -> Any:
    """The value of a text that is one JSON value and nothing else. Raises ValueError for any other; NaN is no JSON."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: the order of keys and the spelling of numbers do not matter, true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def calls_in(text: str) -> list[Call]:
    """The calls of tools in a text: JSON objects with name and arguments, or arguments with a name before them."""
    calls: list[Call] = []
    behind_last = 0
    opening = _OPENING.search(text)
    while opening is not None:
        start = opening.start()
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            opening = _OPENING.search(text, start + 1)  # an array that is broken may hold objects that are not
            continue
        found = list(_calls_of(value))
        name = _NAME_BEFORE.search(text[behind_last:start]) if not found and isinstance(value, dict) else None
        calls += found or ([(name.group(1), value)] if name else [])
        behind_last = end
        opening = _OPENING.search(text, end)
    return calls


def same_calls(one: Sequence[Call], other: Sequence[Call]) -> bool:
    """Whether both call the same tools with the same arguments, in whatever order."""
    left = list(other)
    for name, arguments in one:
        place = next((i for i, call in enumerate(left) if call[0] == name and same_json(call[1], arguments)), None)
        if place is None:
            return False
        del left[place]
    return not left


def _calls_of(value: Any) -> Iterator[Call]:
    if isinstance(value, list):
        for one in value:
            yield from _calls_of(one)
    elif isinstance(value, dict):
        inner = value.get("function", value)
        inner = {**value, "name": inner} if isinstance(inner, str) else inner
        arguments = next((inner[key] for key in _ARGUMENTS if key in inner), None) if isinstance(inner, dict) else None
        if arguments is not None and isinstance(inner.get("name"), str):
            yield inner["name"], _unquoted(arguments)


def _unquoted(arguments: Any) -> Any:
    """Arguments that are JSON in a string, as OpenAI has them, as the value they stand for."""
    if isinstance(arguments, str):
        try:
            return parse_json(arguments)
        except ValueError:
            return arguments
    return arguments


def _refuse(name: str) -> None:
    raise ValueError(name)


def _parsed(text: str) -> Any:
    """The object or array that a text is, else None."""
    try:
        value = parse_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def _of_json(value: Callable[[Any, Sequence[Any]], bool]) -> OfRow:
    """About rows whose references are all objects or arrays."""

    def of_row(answer: str, references: Sequence[str], source: str | None) -> bool | None:
        wanted = [_parsed(reference) for reference in references]
        return None if any(one is None for one in wanted) else value(_parsed(answer), wanted)

    return of_row


def _of_calls(same: Callable[[Sequence[Call], Sequence[Call]], bool]) -> OfRow:
    """About rows whose references all call a tool."""

    def of_row(answer: str, references: Sequence[str], source: str | None) -> bool | None:
        wanted = [calls_in(reference) for reference in references]
        if not all(wanted):
            return None
        said = calls_in(answer)
        return any(same(calls, said) for calls in wanted)

    return of_row


JSON_VALID_RATE = of_rows(
    _of_json(lambda said, wanted: said is not None), shape="rate",
    signature="one JSON object or array and nothing else|where the references are",
)  # fmt: skip
JSON_MATCH = of_rows(
    _of_json(lambda said, wanted: any(same_json(said, one) for one in wanted)), shape="rate",
    signature="the same JSON value as a reference|order of keys aside",
)  # fmt: skip
TOOL_NAME_ACCURACY = of_rows(
    _of_calls(lambda wanted, said: sorted(name for name, _ in wanted) == sorted(name for name, _ in said)), shape="rate",
    signature="the same tools called|where the references call any",
)  # fmt: skip
TOOL_CALL_ACCURACY = of_rows(
    _of_calls(same_calls), shape="rate", signature="the same tools called with the same arguments|as JSON values"
)


def follows_schema(is_valid: Callable[[Any], bool]) -> TextMetric:
    """Answers that are JSON and pass this check."""

    def value(answer: str, references: Sequence[str], source: str | None) -> bool:
        try:
            return is_valid(parse_json(answer))
        except ValueError:
            return False

    return of_rows(value, shape="rate", signature="JSON that the schema allows")
