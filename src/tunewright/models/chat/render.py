"""A chat as text, with the places that are answers to be learned. Found by trying the template, and proved.

What an answer is follows from how it will be asked for: it begins where the template's generation prompt for the turns before
it ends, and ends with the token that ends the turn. So training shows what inference will show, by construction. Then each
message's own text is marked with characters that no text holds, rendered again, and the marks must stand where they should:
nothing of the user's, the system's or a tool's text inside an answer, all of the assistant's inside its own.

Where a template writes a turn differently once it is not the last (Qwen3 drops earlier thinking), one text for the whole chat
would teach what is never asked. Then there is a text for each answer, rendered as at inference. A template that fits neither
way is refused, naming its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunewright.core.errors import DataError, ModelError
from tunewright.models.chat.sandbox import ChatTemplate, lines_about

Message = Mapping[str, Any]
"""`role`, `content`, and where they apply `reasoning_content`, `tool_calls`, `tool_call_id`, `name`, `weight`."""

GENERATION_VARIABLES: tuple[Mapping[str, Any], ...] = (
    {}, {"enable_thinking": True}, {"enable_thinking": False}, {"open_thinking": True}, {"thinking": True},
)  # fmt: skip
"""What templates are told to make them open, leave out or close the thinking part of an answer; the first that fits is taken."""

_PRIVATE = range(0xF0000, 0xFFFFE, 2)
"""Private-use characters of plane 15, in pairs: a beginning and an end."""
_THINK = re.compile(r"(</?think(?:ing)?>)")
_MARKED = ("content", "reasoning_content")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer in a rendered text."""

    turn: int
    """Index of its message."""
    start: int
    """Characters before it: prompt, and what the template puts before an answer."""
    end: int
    """Behind what ends the turn."""
    weight: float


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A text to be learned from."""

    text: str
    answers: tuple[Answer, ...]
    contents: tuple[tuple[int, int], ...]
    """Where messages' own texts stand, start and end, in order: in there, what looks like a special token is text."""
    variables: Mapping[str, Any]
    """What the template has to be told at inference to prompt for such answers."""


def render_prompt(
    template: ChatTemplate, messages: Sequence[Message], *, tools: Sequence[Message] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """The text after which the model is to answer."""
    return template.render(messages, tools=tools, add_generation_prompt=True, variables=variables)


def render_asked(
    template: ChatTemplate, messages: Sequence[Message], *, tools: Sequence[Message] | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Rendered:  # fmt: skip
    """The same, with the places where messages' own texts stand: `encode_chat` then lets no message end a turn.

    Raises DataError where the template refuses the chat, or changes texts so that their places can't be told.
    """
    rendering = _Rendering(template, messages, tools, ())
    text = render_prompt(template, messages, tools=tools, variables=variables)
    places = rendering.places(messages, text, asked_with=variables or {})
    if places is None:
        raise DataError(
            "the chat template changes the texts of messages depending on what stands in them "
            f"({lines_about(template.source, 'content')} of the template), so what people wrote can't be told from its marks."
        )
    return Rendered(text=text, answers=(), contents=tuple(places_in_order(places)), variables=variables or {})


def render_taught(
    template: ChatTemplate, messages: Sequence[Message], *, tools: Sequence[Message] | None = None,
    end_of_turn: Sequence[str] = (),
) -> list[Rendered]:  # fmt: skip
    """One text with all answers, or one for each where the template rewrites earlier turns.

    `end_of_turn` are tokens that may end a turn, such as all special tokens of the tokenizer: an answer has to end with one,
    and it is learned. A message's `weight` of 0 leaves its answer out. Raises DataError where there is nothing to learn, or
    the template does not let itself be asked for an answer.
    """
    taught = [turn for turn, message in enumerate(messages) if message["role"] == "assistant" and _weight(message) > 0]
    if not taught:
        raise DataError("there is no answer to learn: no message of the assistant with a weight above 0.")
    rendering = _Rendering(template, messages, tools, tuple(end_of_turn))
    whole = rendering.as_one(taught)
    return [whole] if whole else [rendering.alone(turn) for turn in taught]


class _Rendering:
    """One chat and its template."""

    def __init__(
        self,
        template: ChatTemplate,
        messages: Sequence[Message],
        tools: Sequence[Message] | None,
        ends: tuple[str, ...],
    ) -> None:
        self.template = template
        self.messages = messages
        self.tools = tools
        self.ends = ends

    def as_one(self, taught: Sequence[int]) -> Rendered | None:
        """The whole chat as one text, if each answer stands in it just as it would stand when asked for."""
        text = self._text(len(self.messages))
        answers = []
        variables: Mapping[str, Any] | None = None
        for turn in taught:
            until = text if turn == len(self.messages) - 1 else self._text(turn + 1)
            found = self._prompt_of(turn, until)
            if found is None or not text.startswith(until) or (variables is not None and found[1] != variables):
                return None
            prompt, variables = found
            answers.append(self._answer(turn, until, start=len(prompt)))
        places = self.places(self.messages, text)
        if places is None:
            return None
        rendered = Rendered(
            text=text, answers=tuple(answers), contents=tuple(places_in_order(places)), variables=variables or {}
        )
        _prove(rendered, places, self.messages)
        return rendered

    def alone(self, turn: int) -> Rendered:
        """One answer, rendered as at inference. Raises DataError where the template does not let itself be asked for it."""
        messages = self.messages[: turn + 1]
        text = self._text(turn + 1)
        found = self._prompt_of(turn, text)
        if found is None:
            raise DataError(
                f"message {turn + 1}: the chat template writes this answer differently from how it asks for one "
                f"(`add_generation_prompt`: {lines_about(self.template.source, 'add_generation_prompt')} of the template), "
                "so what is learned would not be what is served. Choose a model with another template, or give one that "
                "begins an answer as its generation prompt ends."
            )
        prompt, variables = found
        places = self.places(messages, text)
        if places is None:
            raise DataError(
                f"message {turn + 1}: the chat template changes the texts of messages depending on what stands in them "
                f"({lines_about(self.template.source, 'content')} of the template), so which characters are the answer "
                "can't be proved."
            )
        rendered = Rendered(
            text=text, answers=(self._answer(turn, text, start=len(prompt)),),
            contents=tuple(places_in_order(places)), variables=variables,
        )  # fmt: skip
        _prove(rendered, places, messages)
        return rendered

    def _text(self, num_messages: int) -> str:
        return self.template.render(self.messages[:num_messages], tools=self.tools)

    def _prompt_of(self, turn: int, until: str) -> tuple[str, Mapping[str, Any]] | None:
        """The longest prompt after which the turn's text is what follows, and what the template was told to write it."""
        found = []
        for variables in GENERATION_VARIABLES:
            prompt = render_prompt(self.template, self.messages[:turn], tools=self.tools, variables=variables)
            if until.startswith(prompt) and len(prompt) < len(until):
                found.append((prompt, variables))
        return max(found, key=lambda pair: len(pair[0]), default=None)

    def _answer(self, turn: int, until: str, *, start: int) -> Answer:
        """From the prompt's end to the token that ends the turn; the space that a template puts behind it is never generated."""
        written = until.rstrip()
        if self.ends and not written.endswith(self.ends):
            raise ModelError(
                f"the chat template ends an answer without a token that ends the turn (it ends with {until[-12:]!r}), "
                f"so a model could not learn when to stop. Known ends: {', '.join(self.ends[:8])}."
            )
        end = len(written) if self.ends else len(until)
        return Answer(turn=turn, start=start, end=end, weight=_weight(self.messages[turn]))

    def places(
        self, messages: Sequence[Message], text: str, *, asked_with: Mapping[str, Any] | None = None
    ) -> dict[int, list[tuple[int, int]]] | None:
        """Where each message's texts stand; None where marking them changes what the template writes.

        `asked_with` are the template's variables where the text asks for an answer; None for a text that ends with one.
        """
        for mark in (_mark_around, _mark_inside):
            marks = _Marks(messages)
            marked = [marks.marked(turn, message, mark) for turn, message in enumerate(messages)]
            try:
                rendered = self.template.render(
                    marked, tools=self.tools, add_generation_prompt=asked_with is not None, variables=asked_with
                )
            except DataError:
                continue
            plain, places = marks.taken_out(rendered)
            if plain == text:
                return places
        return None


class _Marks:
    """Private-use characters around texts, and what became of them."""

    def __init__(self, messages: Sequence[Message]) -> None:
        used = {char for message in messages for char in repr(message) if ord(char) >= _PRIVATE.start}
        self._free = (code for code in _PRIVATE if chr(code) not in used and chr(code + 1) not in used)
        self._turn_of: dict[int, int] = {}

    def marked(self, turn: int, message: Message, mark: Any) -> dict[str, Any]:
        changed = dict(message)
        for name in _MARKED:
            if isinstance(message.get(name), str):
                changed[name] = "".join(
                    part if _THINK.fullmatch(part) else mark(part, *self._pair(turn))
                    for part in _THINK.split(message[name])
                )
        return changed

    def _pair(self, turn: int) -> tuple[str, str]:
        code = next(self._free, None)
        if code is None:
            raise DataError("the chat has more messages, or more private-use characters, than can be told apart.")
        self._turn_of[code] = turn
        return chr(code), chr(code + 1)

    def taken_out(self, rendered: str) -> tuple[str, dict[int, list[tuple[int, int]]]]:
        """The text without marks, and the places of each message's texts in it. A text written twice has two."""
        plain: list[str] = []
        opened: dict[int, int] = {}
        places: dict[int, list[tuple[int, int]]] = {}
        at = start = 0
        for found in re.finditer("[\U000f0000-\U000fffff]", rendered):
            code = ord(found.group())
            known = code in self._turn_of or code - 1 in self._turn_of
            plain.append(rendered[start : found.start()])
            at += found.start() - start
            start = found.end()
            if code in self._turn_of:
                opened[code] = at
            elif code - 1 in opened:
                places.setdefault(self._turn_of[code - 1], []).append((opened.pop(code - 1), at))
            elif not known:
                plain.append(found.group())
                at += 1
        plain.append(rendered[start:])
        return "".join(plain), places


def places_in_order(places: Mapping[int, Sequence[tuple[int, int]]]) -> Iterator[tuple[int, int]]:
    """All places of all messages, by their start."""
    yield from sorted(place for found in places.values() for place in found)


def _prove(rendered: Rendered, places: Mapping[int, Sequence[tuple[int, int]]], messages: Sequence[Message]) -> None:
    """Nobody else's text is in an answer, and an answer has all of its own."""
    for answer in rendered.answers:
        for turn, found in places.items():
            for start, end in found:
                overlaps = start < answer.end and end > answer.start
                if overlaps and turn != answer.turn:
                    raise DataError(
                        f"message {answer.turn + 1}: the chat template repeats message {turn + 1} "
                        f"({messages[turn]['role']}) inside this answer, where it would be learned as if it were one."
                    )
        own = places.get(answer.turn, ())
        if not own and str(messages[answer.turn].get("content") or "").strip():
            raise DataError(
                f"message {answer.turn + 1}: the chat template leaves the text of this answer out, or writes it otherwise "
                "than it stands, so which characters are the answer can't be proved."
            )
        outside = [place for place in own if place[0] < answer.start or place[1] > answer.end]
        if outside and not any(place[0] >= answer.start and place[1] <= answer.end for place in own):
            raise DataError(f"message {answer.turn + 1}: the chat template writes this answer outside of its own turn.")
    bounds = [0, *(edge for answer in rendered.answers for edge in (answer.start, answer.end))]
    assert bounds == sorted(bounds), "answers overlap"


def _mark_around(part: str, begin: str, end: str) -> str:
    """Inside of outer spaces, which templates trim."""
    core = part.strip()
    if not core:
        return part
    left = len(part) - len(part.lstrip())
    return f"{part[:left]}{begin}{core}{end}{part[left + len(core) :]}"


def _mark_inside(part: str, begin: str, end: str) -> str:
    """In the middle, for templates that look at how a text begins or ends."""
    middle = len(part) // 2
    return f"{part[:middle]}{begin}{end}{part[middle:]}" if part.strip() else part


def _weight(message: Message) -> float:
    return float(message.get("weight", 1.0))
