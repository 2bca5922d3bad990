"""What is wrong with chats: the order of turns, tool calls, answers that are none, placeholders left in.

A check is a function `(dialogues) -> list[Finding]`; a new one is a function and a line in `DIALOGUE_AUDITS`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from tunewright.core.text import fold
from tunewright.data.audit.records import Finding, Severity, found_in
from tunewright.data.shapes.calls import parsed, tool_name
from tunewright.data.shapes.types import Dialogue, Message

Dialogues = Sequence[Dialogue]

_TEMPLATE = re.compile(r"\{\{\s*[A-Za-z_]\w*\s*\}\}")
_FILL_IN = re.compile(r"\[(?:your|insert|name|author)[^\]\n]{0,30}\]|<(?:NAME|AUTHOR|YOUR_\w+)>", re.IGNORECASE)
_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m sorry|i am sorry|sorry|i apologi[sz]e)[^.!?]{0,40}?[,.]?\s*(?:but\s+)?(?:i|as an)\b.{0,80}?"
    r"(?:can['’]?t|cannot|can not|unable|not able|don['’]?t have|do not have|won['’]?t)"
    r"|^\W*as an (?:ai|artificial)[^.]{0,60}?\bi\b.{0,40}?(?:can['’]?t|cannot|unable|not able|don['’]?t|do not)"
    r"|^\W*(?:i (?:can['’]?t|cannot|am unable to|won['’]?t) (?:help|assist|answer|provide|do|fulfil))"
    r"|^\W*(?:很?抱歉|对不起|對不起|非常抱歉|不好意思)[^。！？]{0,40}(?:不能|无法|無法|没有|沒有|不可以|不会)"
    r"|^\W*作为(?:一个|一名)?(?:人工智能|AI|语言模型)[^。]{0,40}(?:不能|无法|没有)",
    re.IGNORECASE | re.DOTALL,
)
_CLOSING = set(".!?…。！？」』”’\"')]}）】》`*;；:：~～|>")
_LONG_ANSWER = 200
"""Answers shorter than this often end without punctuation; from here on a missing end means that it was cut off."""


def first_not_user(rows: Dialogues) -> list[Finding]:
    """Dialogues in which somebody else speaks before the user."""
    bad = [row for row in rows if (turns := _spoken(row)) and turns[0].role != "user"]
    return _found(
        "first_turn_not_user", "warning", bad, "{n} dialogues do not begin with the user.",
        "Most chat templates refuse these or drop the first turn. Take the turn out, or put the question before it.",
    )  # fmt: skip


def odd_roles(rows: Dialogues) -> list[Finding]:
    """Two turns of one speaker in a row, and system messages in the middle."""
    twice = {role: [row for row in rows if _repeats(row, role)] for role in ("assistant", "user")}
    later = [row for row in rows if any(message.role == "system" for message in row.messages[1:])]
    return [
        *_found(
            "two_assistants", "warning", twice["assistant"], "{n} dialogues have two answers in a row.",
            "Join them into one turn, or put the question between them that is missing.",
        ),
        *_found(
            "two_users", "info", twice["user"], "{n} dialogues have two questions in a row.",
            "Join them into one turn; many chat templates refuse them as they are.",
        ),
        *_found(
            "later_system", "warning", later, "{n} dialogues have a system message that is not the first.",
            "Many chat templates know a system message only at the beginning.",
        ),
    ]  # fmt: skip


def empty_turns(rows: Dialogues) -> list[Finding]:
    """Turns without text and without a tool call."""
    answers = [row for row in rows if any(m.role == "assistant" and _says_nothing(m) for m in row.messages)]
    others = [row for row in rows if any(m.role in ("user", "system") and _says_nothing(m) for m in row.messages)]
    return [
        *_found(
            "empty_answer", "error", answers, "{n} dialogues have an answer without any text.",
            "A model trained on them learns to say nothing. Leave these rows out.",
        ),
        *_found(
            "empty_question", "warning", others, "{n} dialogues have a question or system message without any text.",
            "Leave these rows out, or find the text that was lost.",
        ),
    ]  # fmt: skip


def unanswered(rows: Dialogues) -> list[Finding]:
    """Dialogues that end before the assistant has answered."""
    none = [row for row in rows if not any(m.role == "assistant" for m in row.messages)]
    answered = (row for row in rows if any(m.role == "assistant" for m in row.messages))
    open_end = [row for row in answered if row.messages[-1].role in ("user", "tool")]
    return [
        *_found(
            "no_answer", "error", none, "{n} dialogues have no answer at all.",
            "There is nothing to learn from them. Leave these rows out.",
        ),
        *_found(
            "unanswered_question", "warning", open_end, "{n} dialogues end with a question or a tool's result.",
            "The last turn teaches nothing. Take it out, or add its answer.",
        ),
    ]  # fmt: skip


def tool_calls(rows: Dialogues) -> list[Finding]:
    """Calls that do not parse, name an undeclared tool, lack a result; results without a call."""
    broken = [row for row in rows if any(not call.name or parsed(call) is None for call in _calls(row))]
    undeclared = [row for row in rows if row.tools and not {c.name for c in _calls(row) if c.name} <= _declared(row)]
    bare = [row for row in rows if not row.tools and any(True for _ in _calls(row))]
    missing = [row for row in rows if _unmatched(row)[0]]
    orphans = [row for row in rows if _unmatched(row)[1]]
    return [
        *_found(
            "broken_tool_call", "error", broken, "{n} dialogues have a tool call that does not parse.",
            "A call is a name and an object of arguments, as JSON. Mend or leave out these rows.",
        ),
        *_found(
            "undeclared_tool", "error", undeclared, "{n} dialogues call a tool that they do not declare.",
            "The model would learn to call tools that are not offered. Declare the tool in `tools`.",
        ),
        *_found(
            "no_tools_declared", "warning", bare, "{n} dialogues call tools but declare none.",
            "Add `tools` with the JSON schema of each, as they will be offered when the model is used.",
        ),
        *_found(
            "call_without_result", "warning", missing, "{n} dialogues have a tool call without its result.",
            "Add the tool's result, or end the dialogue with the call.",
        ),
        *_found(
            "result_without_call", "error", orphans, "{n} dialogues have a tool's result that no call asked for.",
            "Add the call before it, or leave the row out.",
        ),
    ]  # fmt: skip


def duplicate_dialogues(rows: Dialogues) -> list[Finding]:
    """Dialogues whose turns all equal those of an earlier one (case, width and space folded)."""
    groups: dict[Any, list[Dialogue]] = defaultdict(list)
    for row in rows:
        groups[tuple((m.role, fold(m.content), m.tool_calls) for m in row.messages)].append(row)
    same = [group for group in groups.values() if len(group) > 1]
    asked: dict[Any, set[Any]] = defaultdict(set)
    asked_rows: dict[Any, list[Dialogue]] = defaultdict(list)
    for key, group in groups.items():
        question = tuple(part for part in key[:-1]) if key and key[-1][0] == "assistant" else None
        if question:
            asked[question].add(key)
            asked_rows[question] += group
    several = [question for question, keys in asked.items() if len(keys) > 1]
    return [
        *_found(
            "duplicate_dialogues", "warning", [row for group in same for row in group[1:]],
            "{n} dialogues repeat an earlier one word for word.", "Keep one of each, or the model learns them by heart.",
        ),
        *_found(
            "several_answers", "info", [row for question in several for row in asked_rows[question]],
            f"{{n}} dialogues ask {len(several):,} questions that have several answers.",
            "Different answers to one question are normal in chats. They belong on one side of the split.",
        ),
    ]  # fmt: skip


def system_prompts(rows: Dialogues) -> list[Finding]:
    """How many system prompts there are, and how the rows share them."""
    prompts = Counter(row.messages[0].content if row.messages[0].role == "system" else None for row in rows)
    without = prompts.pop(None, 0)
    if not prompts:
        return []
    commonest = prompts.most_common(1)[0][1]
    having = [row for row in rows if row.messages[0].role == "system"]
    return _found(
        "system_prompts", "info", having,
        f"{{n}} dialogues have a system message ({len(prompts):,} different ones, the commonest in {commonest:,} rows); "
        f"{without:,} have none.",
        "Use the model with the same system message that it was trained with."
        if len(prompts) == 1 else "A model that is used with one of them should have seen it often.",
    )  # fmt: skip


def refusals(rows: Dialogues) -> list[Finding]:
    """Answers that say they can't."""
    bad = [row for row in rows if any(_REFUSAL.search(text[:300]) for text in _answers(row))]
    return _found(
        "refusals", "info", bad, "{n} dialogues have an answer that refuses or apologises.",
        "Look at some: refusals are learned quickly, also where they are not meant.",
    )  # fmt: skip


def truncated(rows: Dialogues) -> list[Finding]:
    """Long answers without an end."""
    bad = [row for row in rows if any(_is_cut(text) for text in _answers(row))]
    return _found(
        "truncated_answers", "info", bad,
        f"{{n}} dialogues have an answer of {_LONG_ANSWER} characters or more that ends without punctuation.",
        "They may have been cut off by a limit on length. Look at their ends.",
    )  # fmt: skip


def identical_answers(rows: Dialogues) -> list[Finding]:
    """One last answer in many dialogues."""
    groups: dict[str, list[Dialogue]] = defaultdict(list)
    for row in rows:
        last = row.messages[-1]
        if last.role == "assistant" and len(key := fold(last.content)) >= 12:
            groups[key].append(row)
    same = [group for group in groups.values() if len({_question(row) for row in group}) > 1]
    bad = [row for group in same for row in group]
    return _found(
        "identical_answers", "info", bad, f"{{n}} dialogues share {len(same):,} answers with others that ask something else.",
        "A stock answer in many rows outweighs the others. Look whether it answers each question.",
    )  # fmt: skip


def repeated_input(rows: Dialogues) -> list[Finding]:
    """Alpaca's input standing in the instruction, too."""
    bad = []
    for row in rows:
        extra = row.columns.get("input")
        asked = next((m.content for m in reversed(row.messages) if m.role == "user"), "")
        joined = isinstance(extra, str) and len(extra) >= 4 and asked.endswith("\n" + extra)
        if joined and fold(str(extra)) in fold(asked[: -len(str(extra))]):
            bad.append(row)
    return _found(
        "input_in_instruction", "warning", bad, "{n} instructions hold their input a second time.",
        "The model would see it twice. Take it out of one of the two.",
    )  # fmt: skip


def placeholders(rows: Dialogues) -> list[Finding]:
    """Marks that somebody was to fill in: {{name}} by a program, [Your Name] by the reader."""
    left, by_hand = (
        [row for row in rows if any(_in_answer(m, marks) for m in row.messages)] for marks in (_TEMPLATE, _FILL_IN)
    )
    return [
        *_found(
            "placeholders", "error", left, f"{{n}} dialogues hold marks that were to be filled in: {_named(left, _TEMPLATE)}.",
            "The model would learn to say them. Replace them by the names that are meant.",
        ),
        *_found(
            "fill_ins", "info", by_hand, f"{{n}} dialogues leave something to fill in: {_named(by_hand, _FILL_IN)}.",
            "In the draft of a letter that is right; elsewhere it was forgotten.",
        ),
    ]  # fmt: skip


def _in_answer(message: Message, marks: re.Pattern[str]) -> bool:
    return message.role in ("assistant", "system") and marks.search(message.content) is not None


def _named(rows: Dialogues, marks: re.Pattern[str]) -> str:
    """The commonest of these marks."""
    names = Counter(mark for row in rows for message in row.messages for mark in set(marks.findall(message.content)))
    return ", ".join(name for name, _ in names.most_common(4))


DIALOGUE_AUDITS: dict[str, Callable[[Dialogues], list[Finding]]] = {
    "first_not_user": first_not_user,
    "odd_roles": odd_roles,
    "empty_turns": empty_turns,
    "unanswered": unanswered,
    "tool_calls": tool_calls,
    "placeholders": placeholders,
    "repeated_input": repeated_input,
    "duplicate_dialogues": duplicate_dialogues,
    "identical_answers": identical_answers,
    "refusals": refusals,
    "truncated": truncated,
    "system_prompts": system_prompts,
}


def _question(row: Dialogue) -> tuple[tuple[str, str], ...]:
    return tuple((message.role, message.content) for message in row.messages[:-1])


def _spoken(row: Dialogue) -> list[Message]:
    return [message for message in row.messages if message.role != "system"]


def _repeats(row: Dialogue, role: str) -> bool:
    turns = _spoken(row)
    return any(a.role == b.role == role and not (a.tool_calls or b.tool_calls) for a, b in pairwise(turns))


def _says_nothing(message: Message) -> bool:
    return not message.content.strip() and not message.tool_calls


def _answers(row: Dialogue) -> Iterable[str]:
    return (message.content for message in row.messages if message.role == "assistant" and message.content)


def _is_cut(text: str) -> bool:
    end = text.rstrip()
    last_line = end.rsplit("\n", 1)[-1]
    # Code, tables, lists and addresses end as they like.
    listed = bool(re.match(r"\s*(?:[-*+•]|\d+[.)、]|\||```|#)", last_line)) or "://" in last_line
    return (
        len(end) >= _LONG_ANSWER and end[-1] not in _CLOSING and end[-1].isalnum() and not listed and "```" not in end
    )


def _calls(row: Dialogue) -> Iterable[Any]:
    return (call for message in row.messages for call in message.tool_calls)


def _declared(row: Dialogue) -> set[str]:
    return {name for tool in row.tools if (name := tool_name(tool))}


def _unmatched(row: Dialogue) -> tuple[int, int]:
    """How many calls have no result before the next turn, and how many results no call. A last call may be open."""
    waiting = missing = orphans = 0
    for message in row.messages:
        if message.role == "tool":
            # One result for several calls is how ShareGPT has it: the turn answers them all.
            orphans += not waiting
            waiting = max(0, waiting - 1) if message.tool_call_id is not None else 0
        else:
            missing += waiting
            waiting = len(message.tool_calls)
    return missing, orphans


def _found(code: str, severity: Severity, rows: Iterable[Dialogue], message: str, fix: str) -> list[Finding]:
    return found_in([row.row_id for row in rows], code=code, severity=severity, message=message, fix=fix)
