"""Audits of chats and of parallel text: each check finds what was planted, names its rows, and is silent on clean data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tunewright.data.audit import Finding
from tunewright.data.audit.dialogues import DIALOGUE_AUDITS
from tunewright.data.audit.pairs import PAIR_AUDITS
from tunewright.data.audit.shapes import audit_rows, audit_shape
from tunewright.data.shapes import Completion, Dialogue, Message, Pair, ToolCall, to_table
from tunewright.pipeline.data.audit_shape import audit_shaped_file

TOOLS = ({"type": "function", "function": {"name": "find", "parameters": {}}},)


def say(role: Any, text: str = "", **more: Any) -> Message:
    return Message(role=role, content=text, **more)


def call(name: str = "find", arguments: str = "{}", **more: Any) -> Message:
    return Message(role="assistant", tool_calls=(ToolCall(name=name, arguments=arguments, **more),))


def chat(*messages: Message, row_id: str = "planted", **more: Any) -> Dialogue:
    return Dialogue(messages=messages, row_id=row_id, **more)


CLEAN = [
    chat(say("user", f"What is {i} plus one?"), say("assistant", f"It is {i + 1}."), row_id=f"en{i}") for i in range(5)
] + [chat(say("user", f"{i}加一是多少？"), say("assistant", f"答案是{i + 1}。"), row_id=f"zh{i}") for i in range(5)]
LONG = "a sentence that goes on " * 12

CHATS = {
    "first_turn_not_user": [chat(say("assistant", "Hello."), say("user", "Hi"), say("assistant", "Yes?"))],
    "two_assistants": [chat(say("user", "q"), say("assistant", "one."), say("assistant", "two."))],
    "two_users": [chat(say("user", "q"), say("user", "r"), say("assistant", "two."))],
    "later_system": [chat(say("user", "q"), say("system", "x"), say("assistant", "two."))],
    "empty_answer": [chat(say("user", "问"), say("assistant", " \n"))],
    "empty_question": [chat(say("user", ""), say("assistant", "two."))],
    "no_answer": [chat(say("user", "q"))],
    "unanswered_question": [chat(say("user", "q"), say("assistant", "a."), say("user", "and?"))],
    "broken_tool_call": [chat(say("user", "q"), call(arguments="{'city': 1}"), tools=TOOLS)],
    "undeclared_tool": [chat(say("user", "q"), call("fetch"), tools=TOOLS)],
    "no_tools_declared": [chat(say("user", "q"), call())],
    "call_without_result": [chat(say("user", "q"), call(), say("user", "r"), say("assistant", "a."), tools=TOOLS)],
    "result_without_call": [chat(say("user", "q"), say("tool", "5"), say("assistant", "a."), tools=TOOLS)],
    "placeholders": [chat(say("user", "你是谁"), say("assistant", "我是 {{name}}，由 {{author}} 开发。"))],
    "fill_ins": [chat(say("user", "a letter"), say("assistant", "Dear Sir,\nyours, [Your Name]"))],
    "input_in_instruction": [
        chat(say("user", "翻译 hello world\nhello world"), say("assistant", "你好。"), columns={"input": "hello world"})
    ],
    "duplicate_dialogues": [replace(CLEAN[0], row_id="planted")],
    "several_answers": [chat(say("user", "What is 0 plus one?"), say("assistant", "One."))],
    "identical_answers": [
        chat(say("user", "first?"), say("assistant", "That depends on many things.")),
        chat(say("user", "second?"), say("assistant", "That depends on many things.")),
    ],
    "refusals": [
        chat(say("user", "q"), say("assistant", "I'm sorry, but I can't help with that.")),
        chat(say("user", "问"), say("assistant", "抱歉，作为一个人工智能，我无法回答。")),
        chat(say("user", "问"), say("assistant", "作为一个AI语言模型，我不能预测未来。")),
    ],
    "truncated_answers": [chat(say("user", "q"), say("assistant", LONG + "and then the"))],
    "system_prompts": [chat(say("system", "Be kind."), say("user", "q"), say("assistant", "a."))],
}


def codes(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.code: finding for finding in findings}


def test_clean_chats_have_no_findings() -> None:
    assert audit_rows(list(CLEAN)) == []


@pytest.mark.parametrize("code", list(CHATS))
def test_what_was_planted_in_chats_is_found_and_named(code: str) -> None:
    rows = [replace(row, row_id=f"planted{i}") for i, row in enumerate(CHATS[code])]
    found = codes(audit_shape(to_table([*CLEAN, *rows])))
    assert code in found
    assert {row.row_id for row in rows} <= set(found[code].row_ids)
    assert found[code].count == len(found[code].row_ids)
    assert found[code].fix


def test_a_call_with_its_result_is_fine() -> None:
    one = chat(say("user", "q"), call(), say("tool", "5"), say("assistant", "Five."), tools=TOOLS)
    two = (ToolCall(name="find", arguments="{}", call_id="a"), ToolCall(name="find", arguments="{}", call_id="b"))
    both = chat(
        say("user", "r"), Message(role="assistant", tool_calls=two), say("tool", "5", tool_call_id="a"),
        say("tool", "6", tool_call_id="b"), say("assistant", "Five and six."), tools=TOOLS,
    )  # fmt: skip
    last = chat(say("user", "open"), call(), tools=TOOLS)
    assert audit_rows([one, both, last]) == []


def test_prompts_with_completions_are_looked_at_as_chats() -> None:
    rows = [Completion(prompt=f"q{i}", completion="" if i == 3 else f"a{i}", row_id=str(i)) for i in range(5)]
    assert codes(audit_rows(list(rows)))["empty_answer"].row_ids == ["3"]


def pair(source: str, target: str | None, *more: str, languages: tuple[str, str] = ("en", "de"), **other: Any) -> Pair:
    targets = () if target is None else (target, *more)
    return Pair(
        source=source, targets=targets, source_language=languages[0], target_language=languages[1],
        **{"row_id": "planted"} | other,
    )  # fmt: skip


ANIMALS = ["dog", "cat", "horse", "bird", "mouse", "fish", "cow", "goat", "sheep", "hen"]
TIERE = ["Hund", "Kater", "Esel", "Vogel", "Hamster", "Fisch", "Ochse", "Bock", "Wolf", "Hahn"]
GOOD = [
    pair(f"The {a} ran across the street {n} times.", f"Der {t} lief {n} Mal über die Straße.", row_id=f"{a}{n}")
    for a, t in zip(ANIMALS, TIERE, strict=True)
    for n in range(2, 6)
]
ZH = ("en", "zh-CN")
PAIRS = {
    "empty_source": [pair(" ", "nichts")],
    "empty_target": [pair("nothing", "")],
    "untranslated": [pair("nothing yet", None)],
    "copied_source": [pair("This was not translated at all.", "this was  not translated at all.")],
    "length_ratio": [pair("Yes.", "Ja, das ist richtig, und wir fügen noch sehr viele Worte hinzu, die niemand sagte.")],
    "wrong_script": [pair("The sun is shining.", "太阳正在照耀着大地。"), pair("狗跑过了大街。", "Der Hund lief.")],
    "wrong_language": [pair("The dog lies on the carpet.", "Le chien est couché sur le tapis devant la grande cheminée.")],
    "numbers_differ": [pair("It costs 1,250 dollars.", "Es kostet 1.260 Dollar.")],
    "numbers_one_side": [pair("It costs 3 dollars.", "Es kostet drei Dollar.")],
    "addresses_differ": [pair("Write to ana@example.org.", "Schreiben Sie an Ana.")],
    "placeholders_differ": [pair("Hello {name}, click <1>here</1>.", "Hallo {name}, klicken Sie <1>hier.")],
    "chinese_variants": [
        pair("I read a book.", "我讀了一本書。", languages=ZH), pair("We are coming.", "我们来了。", languages=ZH, row_id="good"),
    ],
    "duplicate_pairs": [replace(GOOD[0], row_id="planted")],
    "several_targets": [pair(GOOD[0].source, "Zweimal lief der Hund über die Straße.")],
    "question_on_one_side": [pair("Is it you?", "Du bist es.")],
    "stop_on_one_side": [pair("It is you.", "Du bist es")],
}  # fmt: skip


def test_clean_pairs_have_no_findings() -> None:
    assert audit_rows(list(GOOD)) == []


@pytest.mark.parametrize("code", list(PAIRS))
def test_what_was_planted_in_pairs_is_found_and_named(code: str) -> None:
    planted = [replace(r, row_id=f"planted{i}") if r.row_id == "planted" else r for i, r in enumerate(PAIRS[code])]
    found = codes(audit_shape(to_table([*GOOD, *planted])))
    assert code in found
    assert {row.row_id for row in planted if row.row_id != "good"} <= set(found[code].row_ids)
    assert set(found[code].row_ids) <= {row.row_id for row in planted} | {GOOD[0].row_id}


def test_numbers_are_the_same_whatever_their_separators_and_width() -> None:
    assert (
        audit_rows([pair("1,250.5 and ７", "1.250,5 und 7"), pair("共 3 个。", "3 in all.", languages=("zh", "en"))])
        == []
    )


def test_every_check_is_in_its_list_and_can_speak() -> None:
    spoken = {code for group in (CHATS, PAIRS) for code in group}
    assert len(DIALOGUE_AUDITS) + len(PAIR_AUDITS) <= len(spoken)


def test_a_file_of_chats_is_audited_by_its_shape_and_a_table_of_labels_is_not(tmp_path: Path) -> None:
    chats = tmp_path / "chats.jsonl"
    turns = [{"role": "user", "content": "who?"}, {"role": "assistant", "content": "{{name}}."}]
    chats.write_text(json.dumps({"messages": turns}) + "\n" + '{"messages": 5}\n', encoding="utf-8")
    found = audit_shaped_file(chats)
    assert found is not None
    assert (found.read.read, len(found.read.rows), [one.code for one in found.findings]) == (2, 1, ["placeholders"])
    assert found.to_json()["file"]["reasons"] == {"not_a_list": 1}
    assert "chats.jsonl:2" in found.in_words()
    table = tmp_path / "a.csv"
    table.write_text("text,label\ngood film,pos\nbad film,neg\n", encoding="utf-8")
    assert audit_shaped_file(table) is None


SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the data sets of ../shared are not here")
def test_the_marks_in_the_identity_file_and_the_repeated_sources_of_tatoeba_are_found() -> None:
    identity = audit_shaped_file(SHARED / "llamafactory_demo" / "identity.jsonl")
    assert identity is not None
    marks = sum("{{" in m.content for row in identity.read.rows for m in row.messages[1:])  # type: ignore[attr-defined]
    assert codes(identity.findings)["placeholders"].count == marks == 85
    tatoeba = audit_shaped_file(SHARED / "tatoeba_en_zh" / "all.jsonl")
    assert tatoeba is not None
    assert codes(tatoeba.findings)["several_targets"].severity == "info"
    assert "contradictions" not in codes(tatoeba.findings)
