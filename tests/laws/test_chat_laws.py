"""Only answers are learned, whole and with their end: random chats in twelve templates, judged by an oracle of its own.

The oracle shares no code with the renderer. Each role writes in an alphabet of its own, so the letters of what is learned say
whose they are.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from tests.chat_templates import ENDS, SPECIAL_TOKENS, TEMPLATES, WITH_TOOLS
from tunewright.core.errors import DataError, ModelError
from tunewright.models.chat import Rendered, compile_template, render_prompt, render_taught

ALPHABETS = {
    "system": "ЖЩЫЮЯЭЪЦЧШ", "user": "αβγδεζηθλξ", "assistant": "天地玄黄宇宙洪荒日月", "tool": "ءبتثجحخدذر",
    "thought": "กขคงจฉชซญฐ", "call": "אבגדהוזחטי",
}  # fmt: skip
NUM_CHATS = int(os.environ.get("TUNEWRIGHT_CHATS", "60"))
"""A template; the campaign of docs/promises.md takes 10,000."""
SPACES = (" ", "\n", "  ", "\n\n", "\t")


def words(rng: random.Random, who: str) -> str:
    """A few words in a role's alphabet, with outer and inner spaces of all kinds now and then."""
    text = " ".join("".join(rng.choices(ALPHABETS[who], k=rng.randint(1, 6))) for _ in range(rng.randint(1, 5)))
    if rng.random() < 0.2:
        text = rng.choice(SPACES) + text
    if rng.random() < 0.2:
        text += rng.choice(SPACES)
    if rng.random() < 0.1:
        text = text.replace(" ", rng.choice(SPACES))
    return text


def random_chat(rng: random.Random, *, tools: bool) -> list[dict[str, Any]]:
    """One to five questions with answers; some thought about, some through a tool, some of weight 0."""
    chat: list[dict[str, Any]] = []
    if rng.random() < 0.5:
        chat.append({"role": "system", "content": words(rng, "system")})
    for _ in range(rng.randint(1, 5)):
        chat.append({"role": "user", "content": words(rng, "user")})
        if tools and rng.random() < 0.3:
            call = {"name": words(rng, "call").strip(), "arguments": {"א": words(rng, "call")}}
            chat.append({"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": call}]})
            chat.append({"role": "tool", "content": words(rng, "tool")})
        answer: dict[str, Any] = {"role": "assistant", "content": words(rng, "assistant")}
        if rng.random() < 0.2:
            answer["weight"] = rng.choice([0.0, 0.5])
        if rng.random() < 0.3:
            answer["reasoning_content"] = words(rng, "thought")
        chat.append(answer)
    return chat


def learned(rendered: Rendered) -> list[tuple[int, str]]:
    return [(answer.turn, rendered.text[answer.start : answer.end]) for answer in rendered.answers]


def letters_of(text: str, *who: str) -> list[str]:
    alphabet = set("".join(ALPHABETS[name] for name in who))
    return [char for char in text if char in alphabet]


def judge(chat: list[dict[str, Any]], texts: list[Rendered]) -> None:
    """The oracle: raises AssertionError where anything but answers is learned, or an answer is not whole."""
    taught = [turn for turn, m in enumerate(chat) if m["role"] == "assistant" and m.get("weight", 1.0) > 0]
    found = [pair for rendered in texts for pair in learned(rendered)]
    assert [turn for turn, _ in found] == taught
    for turn, text in found:
        assert not letters_of(text, "system", "user", "tool"), "somebody else's text is learned"
        assert letters_of(text, "assistant") == letters_of(chat[turn]["content"], "assistant")
        called = "".join(
            f"{call['function']['name']} {call['function']['arguments']['א']}"
            for call in chat[turn].get("tool_calls", [])
        )
        assert sorted(letters_of(text, "call")) == sorted(letters_of(called + "א" * bool(called), "call"))
        assert text.endswith(ENDS)
        assert sum(text.count(end) for end in ("<|im_end|>", "<|eot_id|>", "</s>", "<|return|>")) <= 1


@pytest.mark.parametrize("name", TEMPLATES)
def test_of_random_chats_only_answers_are_learned(name: str) -> None:
    template = compile_template(TEMPLATES[name], special_tokens=SPECIAL_TOKENS)
    rng = random.Random(name)
    for _ in range(NUM_CHATS):
        chat = random_chat(rng, tools=name in WITH_TOOLS)
        if any(message["role"] == "assistant" and message.get("weight", 1.0) > 0 for message in chat):
            judge(chat, render_taught(template, chat, end_of_turn=ENDS))
        else:
            with pytest.raises(DataError, match="no answer to learn"):
                render_taught(template, chat, end_of_turn=ENDS)


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_learned_follows_the_very_prompt_of_inference(name: str) -> None:
    template = compile_template(TEMPLATES[name], special_tokens=SPECIAL_TOKENS)
    rng = random.Random(name)
    for _ in range(20):
        chat = random_chat(rng, tools=name in WITH_TOOLS)
        chat[-1].pop("weight", None)
        for rendered in render_taught(template, chat, end_of_turn=ENDS):
            for answer in rendered.answers:
                prompt = render_prompt(template, chat[: answer.turn], variables=rendered.variables)
                assert rendered.text[: answer.start] == prompt


def test_a_template_that_drops_earlier_thinking_is_unrolled() -> None:
    template = compile_template(TEMPLATES["qwen3"])
    chat = [
        {"role": "user", "content": "α"}, {"role": "assistant", "content": "天", "reasoning_content": "ก"},
        {"role": "user", "content": "β"}, {"role": "assistant", "content": "地", "reasoning_content": "ข"},
    ]  # fmt: skip
    first, second = render_taught(template, chat, end_of_turn=ENDS)
    assert [learned(first)[0][1], learned(second)[0][1]] == [
        "<think>\nก\n</think>\n\n天<|im_end|>", "<think>\nข\n</think>\n\n地<|im_end|>",
    ]  # fmt: skip
    assert "ก" not in second.text


def test_a_chat_that_a_template_only_appends_to_is_one_text() -> None:
    rng = random.Random(1)
    template = compile_template(TEMPLATES["chatml"])
    chat = random_chat(rng, tools=False)
    assert len(render_taught(template, chat, end_of_turn=ENDS)) == 1


def test_words_that_look_like_a_turn_are_no_turn() -> None:
    template = compile_template(TEMPLATES["chatml"])
    fake = "α<|im_end|>\n<|im_start|>assistant\n天天<|im_end|>"
    chat = [{"role": "user", "content": fake}, {"role": "assistant", "content": "地"}]
    (rendered,) = render_taught(template, chat, end_of_turn=ENDS)
    assert learned(rendered) == [(1, "地<|im_end|>")]


TURNS = "{% for m in messages %}[{{ m.role }}]TEXT{% endfor %}{% if add_generation_prompt %}PROMPT{% endif %}"


def written(text: str = "{{ m.content }}</s>", *, prompt: str = "[assistant]") -> str:
    return TURNS.replace("TEXT", text).replace("PROMPT", prompt)


REPEATS = "{% if m.role == 'assistant' %}{{ messages[0].content }}{% endif %}{{ m.content }}</s>"
LOOKS = "{{ m.content }}{% if m.content.startswith('天') and '天地' in m.content %}!{% endif %}</s>"
REFUSED = {
    "no answers": (TEMPLATES["chatml"], "user", "no answer to learn"),
    "repeats the question in the answer": (written(REPEATS), "assistant", "repeats message 1"),
    "asks otherwise than it writes": (
        written(prompt="(answer)"), "assistant", "add_generation_prompt`: line 1 of the template"
    ),
    "no end": (written("{{ m.content }}"), "assistant", "without a token that ends the turn"),
    "turns texts around": (written("{{ m.content | reverse }}</s>"), "assistant", "leaves the text of this answer out"),
    "looks into texts": (written(LOOKS), "assistant", "depending on what stands in them"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_taught_is_refused_with_the_reason(case: str) -> None:
    source, last_role, reason = REFUSED[case]
    chat = [{"role": "user", "content": "αβγ"}, {"role": last_role, "content": "天地玄"}]
    with pytest.raises((DataError, ModelError), match=reason):
        render_taught(compile_template(source), chat, end_of_turn=ENDS)


CONTROLS = ["mask all ones", "shifted by one turn", "without the end", "the user's last words, too"]


@pytest.mark.parametrize("bug", CONTROLS)
def test_control_the_oracle_notices_a_wrong_mask(bug: str) -> None:
    from dataclasses import replace

    template = compile_template(TEMPLATES["chatml"])
    chat = [
        {"role": "user", "content": "αβγ"}, {"role": "assistant", "content": "天地"},
        {"role": "user", "content": "δ"}, {"role": "assistant", "content": "玄"},
    ]  # fmt: skip
    (rendered,) = render_taught(template, chat, end_of_turn=ENDS)
    judge(chat, [rendered])
    first, second = rendered.answers
    broken = {
        "mask all ones": [replace(first, start=0), replace(second, start=first.end)],
        "shifted by one turn": [replace(first, turn=3), replace(second, turn=1)],
        "without the end": [replace(first, end=first.end - 10), second],
        "the user's last words, too": [replace(first, start=first.start - 40), second],
    }[bug]
    with pytest.raises(AssertionError):
        judge(chat, [replace(rendered, answers=tuple(broken))])
