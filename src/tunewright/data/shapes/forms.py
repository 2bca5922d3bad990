"""From one form to another: a prompt and its completion is a dialogue of two turns, a label is an answer, and so on.

Each step says what a row would lose on the way. A row of which nothing sensible would be left is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tunewright.data.shapes.features import is_plain_order
from tunewright.data.shapes.types import Completion, Dialogue, Form, Labelled, Message, Pair, Row, Tagged, Text


@dataclass(frozen=True, kw_only=True)
class Step:
    """How one form becomes another."""

    change: Callable[[Any], Row | str]
    """The row in its new form, or why this one can't be had in it."""
    loses: frozenset[str] = frozenset()
    """Names of `FEATURES` that the new form has no place for, where a row has them."""


def _identity(row: Row) -> dict[str, Any]:
    return {"row_id": row.row_id, "path": row.path, "line": row.line, "columns": row.columns}


def _dialogue_of_completion(row: Completion) -> Row:
    turns = (Message(role="user", content=row.prompt), Message(role="assistant", content=row.completion))
    return Dialogue(messages=turns, **_identity(row))


def _completion_of_dialogue(row: Dialogue) -> Row | str:
    if not is_plain_order(row.messages) or len(row.messages) > 2:
        return "only one question with its answer is a prompt and a completion; a chat has to be rendered by a template"
    return Completion(prompt=row.messages[0].content, completion=row.messages[1].content, **_identity(row))


def _pair_of_completion(row: Completion) -> Row:
    return Pair(source=row.prompt, targets=(row.completion,), **_identity(row))


def _completion_of_pair(row: Pair) -> Row | str:
    if not row.targets:
        return "a pair without a target has no completion"
    return Completion(prompt=row.source, completion=row.targets[0], **_identity(row))


def _completion_of_labelled(row: Labelled) -> Row | str:
    if not isinstance(row.label, str) or len(row.texts) > 1:
        return "only one text with one label is a prompt and a completion"
    return Completion(prompt=row.texts[0], completion=row.label, **_identity(row))


def _labelled_of_completion(row: Completion) -> Row:
    return Labelled(texts=(row.prompt,), label=row.completion, **_identity(row))


def _text_of_labelled(row: Labelled) -> Row:
    return Text(text=row.texts[0], **_identity(row))


def _text_of_tagged(row: Tagged) -> Row:
    return Text(text=row.text, **_identity(row))


_TURN_FEATURES = frozenset(["weights", "reasoning", "names", "tools", "tool_calls", "call_ids", "turn_details"])
_PAIR_FEATURES = frozenset(["languages", "references", "group", "tmx_tags", "xliff1_tags", "xliff2_tags"])

STEPS: dict[tuple[Form, Form], Step] = {
    ("completion", "dialogue"): Step(change=_dialogue_of_completion),
    ("dialogue", "completion"): Step(change=_completion_of_dialogue, loses=_TURN_FEATURES),
    ("completion", "pair"): Step(change=_pair_of_completion),
    ("pair", "completion"): Step(change=_completion_of_pair, loses=_PAIR_FEATURES),
    ("labelled", "completion"): Step(change=_completion_of_labelled),
    ("completion", "labelled"): Step(change=_labelled_of_completion),
    ("labelled", "text"): Step(
        change=_text_of_labelled, loses=frozenset(["label", "second_text", "empty_second_text"])
    ),
    ("tagged", "text"): Step(change=_text_of_tagged, loses=frozenset(["spans"])),
}


def way(start: Form, end: Form) -> list[Step] | None:
    """The steps from one form to another, the shortest way; None where there is none."""
    ways: dict[Form, list[Step]] = {start: []}
    queue = [start]
    while queue:
        here = queue.pop(0)
        for (before, after), step in STEPS.items():
            if before == here and after not in ways:
                ways[after] = [*ways[here], step]
                queue.append(after)
    return ways.get(end)


def without(row: Row, features: set[str]) -> Row:
    """The row without these features, as far as something can be taken out of it."""
    if isinstance(row, Dialogue):
        messages = [message for message in row.messages if not ("tool_calls" in features and message.role == "tool")]
        messages = [_lighter(message, features) for message in messages]
        if "tool_calls" in features:
            messages = [m for m, before in zip(messages, [b for b in row.messages if b.role != "tool"], strict=True)
                        if m.content or not before.tool_calls]  # fmt: skip
        if "empty_system" in features or "system" in features:
            messages = messages[1:] if messages and messages[0].role == "system" else messages
        row = replace(row, messages=tuple(messages), tools=() if "tools" in features else row.tools)
    if isinstance(row, Pair):
        row = replace(
            row,
            targets=row.targets[:1] if "references" in features else row.targets,
            group=None if "group" in features else row.group,
            tags=tuple(tag for tag in row.tags if f"{tag.dialect}_tags" not in features),
        )
        if "references" in features:
            row = replace(row, tags=tuple(tag for tag in row.tags if tag.side < 2))
    return _without_columns(row, features)


def _lighter(message: Message, features: set[str]) -> Message:
    return replace(
        message,
        weight=None if "weights" in features else message.weight,
        reasoning=None if "reasoning" in features else message.reasoning,
        name=None if "names" in features else message.name,
        tool_calls=() if "tool_calls" in features else message.tool_calls,
        more={} if "turn_details" in features else message.more,
    )


def _without_columns(row: Row, features: set[str]) -> Row:
    columns = {} if "columns" in features else dict(row.columns)
    if "empty_columns" in features:
        columns = {name: value for name, value in columns.items() if value != ""}
    if features & {"typed_columns", "nested_columns"}:
        columns = {
            name: value if isinstance(value, str) or not ("typed_columns" in features or isinstance(value, dict | list))
            else json.dumps(value, ensure_ascii=False)
            for name, value in columns.items()
        }  # fmt: skip
    return replace(row, columns=columns)
