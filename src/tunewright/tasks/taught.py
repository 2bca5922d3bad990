"""A row as tokens to learn from: what the model reads, what it is to predict at each place, and how much that counts.

    T  tokens that are read     U  places of prediction (T for a decoder, the answer's tokens for an encoder-decoder)

Here, and nowhere else, a decoder's targets are shifted. Hard rules, each held by the writers below: a row has at least one
target, the token that ends an answer is one of them, nothing that a user or a system said is, and no answer is ever cut: a row
that is too long is given back as `Untaught`, for the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import DataError
from tunewright.data.shapes import Row, Text
from tunewright.data.shapes.fields import answer
from tunewright.models.chat import ChatTemplate, Rendered, encode_chat, render_asked, render_taught
from tunewright.models.tokenizer import Tokenizer
from tunewright.tasks.messages import asked, asked_messages, chat_messages
from tunewright.tasks.task import EncodeConfig

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One text to learn from."""

    input_T: Ids
    target_U: Ids
    weight_U: Floats
    decoder_U: Ids | None = None
    """What an encoder-decoder's decoder reads: the answer, one place later."""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """One row: its texts (several where a chat template rewrites earlier turns), and what is read before the last answer."""

    lessons: tuple[Lesson, ...]
    prompt: Ids
    """What a decoder reads before it answers; what an encoder reads."""
    num_unread: int = 0
    """Tokens of the source that are over the limit and not read."""
    variables: Mapping[str, bool] = field(default_factory=dict)
    """What a chat template has to be told to ask for the last answer."""


@dataclass(frozen=True, kw_only=True)
class Untaught:
    """Why a row can't be learned from."""

    reason_code: str
    detail: str


class Writer(Protocol):
    """Makes tokens of rows for one model."""

    @property
    def max_length(self) -> int:
        """Tokens that are read at once."""

    def taught(self, row: Row) -> Taught | Untaught:
        """The row with its answer."""

    def asked(self, row: Row) -> str:
        """What is asked, as a text: the source, or the prompt that it is put into."""

    def prompt(self, row: Row) -> Ids:
        """What the model reads before the last answer of the row, which need not have one."""


@dataclass(frozen=True, kw_only=True)
class DecoderWriter:
    """For decoders: chats as their template writes them, prompts with what follows them, texts."""

    tokenizer: Tokenizer
    template: ChatTemplate | None
    """None: rows are written as a prompt with what follows."""
    max_length: int
    config: EncodeConfig

    def taught(self, row: Row) -> Taught | Untaught:
        """See `Writer`."""
        try:
            taught = self._of_chat(row) if self._is_chat(row) else self._of_text(row)
        except DataError as error:
            return Untaught(reason_code="chat_refused", detail=str(error))
        longest = max(len(lesson.input_T) for lesson in taught.lessons)
        if longest > self.max_length:
            return Untaught(
                reason_code="too_long",
                detail=f"{longest:,} tokens, and {self.max_length:,} are read (encode.max_length)",
            )
        if not any(lesson.weight_U.any() for lesson in taught.lessons):
            return Untaught(
                reason_code="nothing_to_learn", detail="no token of this row is an answer with a weight above 0"
            )
        return taught

    def asked(self, row: Row) -> str:
        """See `Writer`. A text to be gone on with has nothing before it but what begins every text."""
        return "" if isinstance(row, Text) else asked(row, prompt=self.config.prompt)

    def prompt(self, row: Row) -> Ids:
        """See `Writer`."""
        if not self._is_chat(row):
            return self._read_before(row)
        assert self.template is not None
        messages, tools = asked_messages(row, system=self.config.system, prompt=self.config.prompt)
        asked_for = render_asked(self.template, messages, tools=tools or None, variables=self.config.template_variables)
        return encode_chat(self.tokenizer.hf, asked_for).ids_T

    def _is_chat(self, row: Row) -> bool:
        return self.template is not None and not isinstance(row, Text)

    def _of_chat(self, row: Row) -> Taught:
        assert self.template is not None
        messages, tools = chat_messages(row, system=self.config.system, prompt=self.config.prompt)
        specials = [token for token in self.tokenizer.hf.all_special_tokens if token]
        rendered = render_taught(self.template, messages, tools=tools or None, end_of_turn=specials)
        lessons = []
        for text in rendered:
            encoded = encode_chat(self.tokenizer.hf, text)
            lessons.append(_shifted(encoded.ids_T, encoded.weights_T.astype(np.float64)))
        last = rendered[-1]
        start = last.answers[-1].start
        asked_for = Rendered(
            text=last.text[:start], answers=(), variables=last.variables,
            contents=tuple(place for place in last.contents if place[1] <= start),
        )  # fmt: skip
        prompt = encode_chat(self.tokenizer.hf, asked_for).ids_T
        return Taught(lessons=tuple(lessons), prompt=prompt, variables=last.variables)

    def _of_text(self, row: Row) -> Taught:
        said = answer(row)
        if said is None:
            raise DataError("there is no answer to learn.")
        prompt = self._read_before(row)
        answered = self.tokenizer.encode_targets([said])[0]
        return Taught(lessons=(lesson_of(self.tokenizer, prompt, answered),), prompt=prompt)

    def _read_before(self, row: Row) -> Ids:
        return self.tokenizer.encode_prompts([self.asked(row)])[0]


@dataclass(frozen=True, kw_only=True)
class EncoderDecoderWriter:
    """For encoder-decoders: the encoder reads the source, the decoder learns the answer."""

    tokenizer: Tokenizer
    max_length: int
    max_target_length: int
    config: EncodeConfig

    def taught(self, row: Row) -> Taught | Untaught:
        """See `Writer`."""
        said = answer(row)
        if said is None or not said:
            return Untaught(reason_code="nothing_to_learn", detail="there is no answer to learn")
        source, unread = self._source(row)
        target = self.tokenizer.encode_targets([said])[0]
        if len(target) > self.max_target_length:
            return Untaught(
                reason_code="too_long",
                detail=f"an answer of {len(target):,} tokens; {self.max_target_length:,} are read (encode.max_target_length)",
            )
        return Taught(lessons=(lesson_of(self.tokenizer, source, target),), prompt=source, num_unread=unread)

    def prompt(self, row: Row) -> Ids:
        """See `Writer`."""
        return self._source(row)[0]

    def _source(self, row: Row) -> tuple[Ids, int]:
        encoded = self.tokenizer.encode([self.asked(row)], max_length=self.max_length)
        return encoded.values, encoded.num_unread

    def asked(self, row: Row) -> str:
        """See `Writer`."""
        # Without a prompt of its own the source stands alone: these models were made for a task.
        return asked(row, prompt=self.config.prompt or "{source}")


def lesson_of(tokenizer: Tokenizer, prompt: Ids, answer: Ids) -> Lesson:
    """An answer behind its prompt; of an encoder-decoder the prompt is what the encoder reads."""
    if not tokenizer.is_encoder_decoder:
        weights = np.concatenate([np.zeros(len(prompt)), np.ones(len(answer))])
        return _shifted(np.concatenate([prompt, answer]), weights)
    assert tokenizer.targets is not None
    first = np.array([tokenizer.targets.decoder_start_id], np.int32)
    return Lesson(
        input_T=prompt, target_U=answer, weight_U=np.ones(len(answer)), decoder_U=np.concatenate([first, answer[:-1]])
    )


def _shifted(ids_T: Ids, weight_T: Floats) -> Lesson:
    """At each place the next token is to be predicted; at the last one nothing is."""
    end = np.zeros(1, np.int32)
    return Lesson(
        input_T=ids_T, target_U=np.concatenate([ids_T[1:], end]), weight_U=np.concatenate([weight_T[1:], np.zeros(1)])
    )
