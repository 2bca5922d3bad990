"""Classes told by their text: what a model that writes reads of a text, and the answers it may give.

A row's answer is one of C fixed sequences of tokens: the label as the model writes it, and the token that ends it. Training,
scores and use take the same ones. A text that is too long is cut at its end, and the prompt around it stays whole.

N  texts     C  labels     U  tokens of a label
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tunewright.core.errors import ModelError, RecipeError
from tunewright.data.shapes import Pair
from tunewright.models.label_likelihood import label_log_probs
from tunewright.models.tokenizer import Tokenizer
from tunewright.tasks.task import EncodeConfig
from tunewright.tasks.taught import Ids, Lesson, Taught, Untaught, Writer, lesson_of
from tunewright.tasks.writers import writer_for

_UNCUT = 2**30
"""Tokens that a writer may read: here texts are cut, and not what stands around them."""
_SOME_TEXT = Pair(source="a")
_TASK = "transduce"
"""Any text to any text: with a chat template where the model has one."""


@dataclass(frozen=True, kw_only=True)
class LabelTexts:
    """The labels of a task for one model."""

    tokenizer: Tokenizer
    writer: Writer
    answers: tuple[Ids, ...]
    """Of each label its tokens (U,), the last one ends the answer."""
    max_length: int
    """Tokens of a prompt at most."""

    def prompts(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[Ids]:
        """What the model reads of each text or pair, at most `max_length` tokens; of a pair the second text stands below."""
        return [self._fitting(parts) for parts in _parts(texts, pairs)]

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None) -> npt.NDArray[np.int64]:
        """Tokens of each whole text or pair, with its prompt and the longest label behind it, (N,)."""
        behind = 0 if self.tokenizer.is_encoder_decoder else max(len(answer) for answer in self.answers)
        return np.array([len(self._prompt(parts)) + behind for parts in _parts(texts, pairs)], np.int64)

    def lesson(self, prompt: Ids, label: int) -> Lesson:
        """A text and its label as tokens to learn from."""
        return lesson_of(self.tokenizer, prompt, self.answers[label])

    def logits(self, model: Any, prompts: Sequence[Ids], *, device: torch.device) -> npt.NDArray[np.float64]:
        """log p(label | text) of each label, (N, C), in nats: their softmax is the probability of each label among all."""
        side = self.tokenizer.targets
        assert side is not None, "without a target side no label has tokens"
        return label_log_probs(
            model,
            prompts,
            self.answers,
            pad_id=self.tokenizer.pad_id,
            decoder_start_id=side.decoder_start_id,
            device=device,
        )

    def _prompt(self, parts: Sequence[str]) -> Ids:
        return self.writer.prompt(Pair(source="\n".join(parts)))

    def _fitting(self, parts: Sequence[str]) -> Ids:
        """The longest prompt that fits; where something is cut, no part has more characters than the longest cut one."""
        whole = self._prompt(parts)
        if len(whole) <= self.max_length:
            return whole
        found, fits, too_many = self._prompt([""] * len(parts)), 0, max(len(part) for part in parts)
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            tried = self._prompt([part[:middle] for part in parts])
            if len(tried) <= self.max_length:
                found, fits = tried, middle
            else:
                too_many = middle
        return found


def label_texts(tokenizer: Tokenizer, config: EncodeConfig, *, labels: Sequence[str]) -> LabelTexts:
    """The labels as the model writes them.

    Raises RecipeError where two labels have the same tokens or the prompt leaves no room for a text, ModelError where the model
    writes no text.
    """
    if config.long_texts != "head":
        raise RecipeError(
            f"encode.long_texts: `{config.long_texts}` is for models with a head for classes. By the text of labels the beginning "
            "of a text is read: `head`."
        )
    writer = writer_for(tokenizer, _unlimited(tokenizer, config, labels[0]), task=_TASK)
    answers = tuple(_answer(tokenizer, writer, label) for label in labels)
    _require_different(answers, labels)
    room = config.max_length or tokenizer.max_length
    if not tokenizer.is_encoder_decoder:
        room -= max(len(answer) for answer in answers)
    found = LabelTexts(tokenizer=tokenizer, writer=writer, answers=answers, max_length=room)
    shortest = len(found.prompts([""], None)[0])
    if shortest >= room:
        raise RecipeError(
            f"encode.max_length: the prompt alone has {shortest} tokens and the longest label "
            f"{max(len(answer) for answer in answers)}, which leaves no room for a text. Make `encode.max_length` larger, or "
            "`encode.prompt` shorter."
        )
    return found


def _unlimited(tokenizer: Tokenizer, config: EncodeConfig, label: str) -> EncodeConfig:
    """Settings with which texts are written whole, and a chat template is told what labels as answers need."""
    whole = config.model_copy(update={"max_length": _UNCUT})
    if whole.template_variables is not None:
        return whole
    variables = dict(_taught(writer_for(tokenizer, whole, task=_TASK), label).variables)
    return whole.model_copy(update={"template_variables": variables})


def _answer(tokenizer: Tokenizer, writer: Writer, label: str) -> Ids:
    """The tokens of a label behind a prompt, the end included."""
    lesson = _taught(writer, label).lessons[-1]
    answer = lesson.target_U[lesson.weight_U > 0]
    read = lesson_of(tokenizer, writer.prompt(_SOME_TEXT), answer).input_T
    if not np.array_equal(read, lesson.input_T[: len(read)]):
        raise ModelError(
            f"the chat template writes the label `{label}` so that its first token begins before the answer, and a label would not "
            "be asked for as it is learned. Set `model.answers: head`, or `encode.chat_template` to another one."
        )
    return answer


def _taught(writer: Writer, label: str) -> Taught:
    taught = writer.taught(replace(_SOME_TEXT, targets=(label,)))
    if isinstance(taught, Untaught):
        raise ModelError(f"the label `{label}` can't be written by this model: {taught.detail}")
    return taught


def _require_different(answers: Sequence[Ids], labels: Sequence[str]) -> None:
    known: dict[bytes, str] = {}
    for answer, label in zip(answers, labels, strict=True):
        other = known.setdefault(answer.tobytes(), label)
        if other != label:
            raise RecipeError(
                f"the labels `{other}` and `{label}` are the same tokens to this model, so it can't tell them apart by their text. "
                "Rename one of them, choose another model, or give it a head: `model.answers: head`."
            )


def _parts(texts: Sequence[str], pairs: Sequence[str] | None) -> Iterator[tuple[str, ...]]:
    yield from zip(texts) if pairs is None else zip(texts, pairs, strict=True)
