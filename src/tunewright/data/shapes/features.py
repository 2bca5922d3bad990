"""What a row has beyond the bare form, by name. A shape says which of these it holds; the rest would be lost in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from tunewright.data.shapes.calls import is_plain, parsed
from tunewright.data.shapes.spacing import join_tokens, overlap
from tunewright.data.shapes.types import Completion, Dialogue, Labelled, Message, Pair, Row, Tagged, Text

FEATURES: dict[str, str] = {
    "row_id": "row ids (made anew from the content when the file is read)",
    "columns": "columns besides the form's own",
    "typed_columns": "numbers, truth values and lists in other columns (they become text)",
    "nested_columns": "lists and objects in other columns (they become JSON text)",
    "empty_columns": "other columns with an empty text (the same as no value there)",
    "clashing_columns": "columns named like one of the shape's own",
    "system": "a system message",
    "empty_system": "a system message without text",
    "later_system": "a system message that is not the first",
    "odd_order": "turns that do not go user, assistant, user, assistant",
    "several_turns": "more than one question with its answer",
    "weights": "weights of single turns",
    "reasoning": "reasoning apart from the answer",
    "names": "names of speakers or tools",
    "tools": "declarations of tools",
    "tool_calls": "calls of tools and their results",
    "call_ids": "ids of tool calls",
    "text_beside_calls": "a turn with a text and a tool call",
    "broken_calls": "tool calls that do not parse",
    "call_layout": "the spelling of numbers in the arguments of tool calls",
    "turn_details": "other keys of single turns",
    "languages": "the names of the languages",
    "no_languages": "languages that are not known, or twice the same (--languages en-de says them)",
    "references": "more than one target",
    "unlabelled": "rows without an answer",
    "empty_target": "a target without text (the same as no target there)",
    "empty_label": "a label without text (the same as no label there)",
    "group": "the project or document of a row",
    "tmx_tags": "inline tags of TMX",
    "xliff1_tags": "inline tags of XLIFF 1.2",
    "xliff2_tags": "inline tags of XLIFF 2.0",
    "line_breaks": "line breaks inside a text",
    "control_characters": "control characters, which XML has no way to write",
    "spacing": "the space between tokens",
    "spans": "labels of parts of the text",
    "overlapping_spans": "spans that overlap",
    "uncut_spans": "spans that begin or end where no token does",
    "odd_tokens": "tokens that are empty, hold space or look like a comment",
    "odd_labels": "labels of spans that are empty or hold space",
    "span_details": "other keys of spans",
    "empty_second_text": "a second text that is empty (the same as none)",
    "second_text": "a second text",
    "several_labels": "several labels",
    "number_label": "a number as label",
    "label": "the label",
}
"""Each with the words for `row has ..., which SHAPE can't hold`."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile("[\r\n]")


def features(row: Row) -> set[str]:
    """Which of `FEATURES` this row has; clashing columns are for the shape to find."""
    found = set(_column_features(row.columns))
    for kind, of_form in _OF_FORM.items():
        if isinstance(row, kind):
            found.update(of_form(row))
    return found


def _column_features(columns: dict[str, Any]) -> Iterable[str]:
    if columns:
        yield "columns"
    for name, value in columns.items():
        if value == "":
            yield "empty_columns"
        elif not isinstance(value, str):
            yield "typed_columns"
        if isinstance(value, dict | list):
            yield "nested_columns"
        if _CONTROL.search(f"{name}{value}"):
            yield "control_characters"


def _of_dialogue(row: Dialogue) -> Iterable[str]:
    messages = list(row.messages)
    if row.tools:
        yield "tools"
    if messages and messages[0].role == "system":
        yield "system" if messages[0].content else "empty_system"
        messages = messages[1:]
    if any(message.role == "system" for message in messages):
        yield "later_system"
    if not is_plain_order(row.messages):
        yield "odd_order"
    if sum(message.role == "user" for message in messages) > 1:
        yield "several_turns"
    for message in row.messages:
        yield from _of_message(message)


def _of_message(message: Message) -> Iterable[str]:
    if message.weight is not None:
        yield "weights"
    if message.reasoning is not None:
        yield "reasoning"
    if message.name is not None:
        yield "names"
    if message.more:
        yield "turn_details"
    if message.tool_calls or message.role == "tool":
        yield "tool_calls"
    if message.tool_call_id is not None or any(call.call_id is not None for call in message.tool_calls):
        yield "call_ids"
    if message.tool_calls and (message.content or message.role != "assistant"):
        yield "text_beside_calls"
    for call in message.tool_calls:
        if not call.name or parsed(call) is None:
            yield "broken_calls"
        elif not is_plain(call.arguments):
            yield "call_layout"


def is_plain_order(messages: Iterable[Message]) -> bool:
    """Whether the turns go user, assistant, user, assistant..., behind a system message or none."""
    roles = [message.role for message in messages]
    if roles[:1] == ["system"]:
        roles = roles[1:]
    return len(roles) >= 2 and len(roles) % 2 == 0 and roles == ["user", "assistant"] * (len(roles) // 2)


def _of_completion(row: Completion) -> Iterable[str]:
    return ()


def _of_pair(row: Pair) -> Iterable[str]:
    if row.source_language is not None or row.target_language is not None:
        yield "languages"
    if row.source_language in (None, row.target_language) or row.target_language is None:
        yield "no_languages"
    if len(row.targets) > 1:
        yield "references"
    if not row.targets:
        yield "unlabelled"
    if "" in row.targets:
        yield "empty_target"
    if row.group is not None:
        yield "group"
    yield from (f"{tag.dialect}_tags" for tag in row.tags)
    yield from _of_texts((row.source, *row.targets))


def _of_texts(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        if _BREAK.search(text):
            yield "line_breaks"
        if _CONTROL.search(text):
            yield "control_characters"


def _of_tagged(row: Tagged) -> Iterable[str]:
    if join_tokens(row.words) != row.text:
        yield "spacing"
    if row.spans:
        yield "spans"
    if overlap(row.spans):
        yield "overlapping_spans"
    starts, ends = {start for start, _ in row.tokens}, {end for _, end in row.tokens}
    if any(span.start not in starts or span.end not in ends for span in row.spans):
        yield "uncut_spans"
    if not row.tokens or any(word.split() != [word] or word.startswith("-DOCSTART-") for word in row.words):
        yield "odd_tokens"
    if any(span.label.split() != [span.label] for span in row.spans):
        yield "odd_labels"
    if any(span.more for span in row.spans):
        yield "span_details"


def _of_labelled(row: Labelled) -> Iterable[str]:
    if len(row.texts) > 1:
        yield "empty_second_text" if not row.texts[1] else "second_text"
    if row.label is None:
        yield "unlabelled"
    elif isinstance(row.label, tuple):
        yield "several_labels"
    elif not isinstance(row.label, str):
        yield "number_label"
    if row.label == "":
        yield "empty_label"
    if row.label is not None:
        yield "label"


def _of_text(row: Text) -> Iterable[str]:
    return ()


_OF_FORM: dict[type[Row], Callable[[Any], Iterable[str]]] = {
    Dialogue: _of_dialogue, Completion: _of_completion, Pair: _of_pair, Tagged: _of_tagged,
    Labelled: _of_labelled, Text: _of_text,
}  # fmt: skip
