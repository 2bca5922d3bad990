"""A bundle that writes: translations, completions, the next turn of a chat; each as it was measured, alone or among others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from tunewright.bundle import About
from tunewright.core.errors import DataError
from tunewright.data.clean import apply_text_steps
from tunewright.data.shapes import Completion, Dialogue, Pair, Row, map_texts, references
from tunewright.data.shapes.fields import question
from tunewright.data.shapes.types import Message
from tunewright.evaluate import Predictions, from_texts
from tunewright.models.generate import GenerateConfig, Generated, generate
from tunewright.models.load import load_generator, resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.tasks import EncodeConfig
from tunewright.tasks.taught import Writer
from tunewright.tasks.writers import writer_for


@dataclass(frozen=True, kw_only=True)
class WrittenAnswer:
    """What the model writes for one row."""

    text: str
    stop: Literal["end", "length", "stop_string"]
    """`end`: the model ended it. `length`: it was as long as `max_new_tokens`. `stop_string`: one of those came."""
    logprob: float | None
    """Of all its tokens together, in nats."""


@dataclass(frozen=True, kw_only=True)
class WritingPredictor:
    """A loaded bundle whose answers are texts."""

    about: About
    model: Any
    tokenizer: Tokenizer
    writer: Writer
    config: GenerateConfig

    def predict(self, asked: str | Row | Sequence[str | Row]) -> list[WrittenAnswer]:
        """An answer to each text or row. A text is a source, a prompt or a user's first turn, by what the model was taught.

        Raises DataError for one that leaves the model no room for an answer; `answers` goes on without it.
        """
        rows = [asked] if isinstance(asked, (str, Row)) else list(asked)
        found = self.answers(rows)
        for place, one in enumerate(found):
            if one is None:
                raise DataError(
                    f"text {place + 1} of {len(rows)} leaves the model no room for an answer: it reads "
                    f"{self.writer.max_length:,} tokens at once. Shorten it."
                )
        return [one for one in found if one is not None]

    def answers(self, asked: Sequence[str | Row]) -> list[WrittenAnswer | None]:
        """`predict`, with None for what leaves the model no room for an answer."""
        prompts = [self.writer.prompt(self._row(one)) for one in asked]
        fits = [self.tokenizer.is_encoder_decoder or len(prompt) < self.writer.max_length for prompt in prompts]
        kept = [prompt for prompt, is_kept in zip(prompts, fits, strict=True) if is_kept]
        said = iter(generate(self.model, self.tokenizer, kept, config=self.config, device=torch.device("cpu")))
        return [_answer_of(next(said)) if is_kept else None for is_kept in fits]

    def predictions(self, rows: Sequence[Row], *, scored: bool = False) -> Predictions:
        """`answers` as a predictions table; with `scored`, the rows' own answers are its references."""
        said = self.answers(rows)
        return from_texts(
            [row.row_id for row in rows], references=[references(row) for row in rows] if scored else None,
            answers=[None if one is None else one.text for one in said], sources=[question(row) for row in rows],
            stop=[None if one is None else one.stop for one in said],
            logprob=[None if one is None else one.logprob for one in said],
        )  # fmt: skip

    def _row(self, asked: str | Row) -> Row:
        if isinstance(asked, Row):
            return self._prepared(asked)
        if not isinstance(asked, str):
            raise DataError(f"found {type(asked).__name__}, expected a text or a row.")
        shape = self.about.shape
        if self.about.form == "pair":
            languages = (shape.source_language, shape.target_language) if shape else (None, None)
            return self._prepared(Pair(source=asked, source_language=languages[0], target_language=languages[1]))
        if self.about.form == "dialogue":
            return self._prepared(Dialogue(messages=(Message(role="user", content=asked),)))
        return self._prepared(Completion(prompt=asked, completion=""))

    def _prepared(self, row: Row) -> Row:
        """The row after the steps that changed texts before training."""
        return map_texts(row, lambda text: apply_text_steps(text, self.about.text_steps))


def _answer_of(generated: Generated) -> WrittenAnswer:
    return WrittenAnswer(text=generated.text.strip(), stop=generated.stop, logprob=generated.logprob)


def load_writer(path: Path, about: About) -> WritingPredictor:
    """The model in a bundle whose answers are texts."""
    local = resolve(str(path))
    shape = about.shape
    tokenizer = load_tokenizer(
        local, source_language=shape.source_language if shape else None,
        target_language=shape.target_language if shape else None,
    )  # fmt: skip
    return WritingPredictor(
        about=about, model=load_generator(local).model.eval(), tokenizer=tokenizer,
        writer=writer_for(tokenizer, about.encode or EncodeConfig(), task=about.task),
        config=about.generate or GenerateConfig(),
    )  # fmt: skip
