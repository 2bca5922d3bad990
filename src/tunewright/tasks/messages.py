"""Rows of any form as the messages that chat templates take, and as a prompt with what follows it."""

from __future__ import annotations

import json
from typing import Any

from tunewright.core.errors import DataError
from tunewright.core.languages import english_name
from tunewright.data.shapes import Dialogue, Message, Pair, Row
from tunewright.data.shapes.fields import answer, last_answer, question

TRANSLATION_PROMPT = "Translate from {source_language} into {target_language}:\n{source}"


def chat_messages(
    row: Row, *, system: str | None, prompt: str | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The turns of a row and its tools, as templates expect them; a turn's `weight` stays with it."""
    if isinstance(row, Dialogue):
        return _with_system([_turn(message) for message in row.messages], system), [dict(tool) for tool in row.tools]
    messages, tools = asked_messages(row, system=system, prompt=prompt)
    if (said := answer(row)) is not None:
        messages.append({"role": "assistant", "content": said})
    return messages, tools


def asked_messages(
    row: Row, *, system: str | None, prompt: str | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The turns before the row's last answer, and its tools: what a model sees before it answers."""
    if isinstance(row, Dialogue):
        messages = row.messages[: last_answer(row)]
        return _with_system([_turn(message) for message in messages], system), [dict(tool) for tool in row.tools]
    return _with_system([{"role": "user", "content": asked(row, prompt=prompt)}], system), []


def asked(row: Row, *, prompt: str | None) -> str:
    """What a model without turns is asked: the source in its prompt, or the question of a chat."""
    if not isinstance(row, Pair):
        return question(row)
    if prompt is None:
        if row.source_language is None or row.target_language is None:
            return row.source
        prompt = TRANSLATION_PROMPT
    return prompt.format(
        source=row.source, source_language=_name(row.source_language), target_language=_name(row.target_language)
    )


def check_prompt(prompt: str | None) -> None:
    """Raises DataError for a prompt that has unknown places, or none for the source."""
    if prompt is None:
        return
    try:
        filled = prompt.format(source="\0", source_language="a", target_language="b")
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise DataError(
            f"encode.prompt: {error!r} has no meaning. Places that are filled: {{source}}, {{source_language}}, "
            "{target_language}; a brace of its own is written twice."
        ) from None
    if "\0" not in filled:
        raise DataError("encode.prompt: the place {source} is missing, so the model would not see the text.")


def _with_system(messages: list[dict[str, Any]], system: str | None) -> list[dict[str, Any]]:
    if system is None or any(message["role"] == "system" for message in messages):
        return messages
    return [{"role": "system", "content": system}, *messages]


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        turn["reasoning_content"] = message.reasoning
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "type": "function",
                "id": call.call_id,
                "function": {"name": call.name, "arguments": _parsed(call.arguments)},
            }
            for call in message.tool_calls
        ]
    for name in ("tool_call_id", "name", "weight"):
        if getattr(message, name) is not None:
            turn[name] = getattr(message, name)
    return turn


def _parsed(arguments: str) -> Any:
    """Templates write the arguments of a call as JSON themselves; what is no object stays as it stands."""
    try:
        value = json.loads(arguments)
    except ValueError:
        return arguments
    return value if isinstance(value, dict) else arguments


def _name(code: str | None) -> str:
    return "" if code is None else english_name(code)
