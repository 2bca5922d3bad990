"""Tasks whose answers are texts, for decoders and encoder-decoders: taught token by token, asked by generating.

N  rows     T  tokens that are read     U  places of prediction
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from tunewright.batching import ExampleSource, TokenStore
from tunewright.core.text import digest
from tunewright.data.ledger import Entry
from tunewright.data.shapes import Row, references
from tunewright.evaluate import Predictions, from_texts, value_of
from tunewright.evaluate.likelihood import AnswerLikelihoods, nll_of
from tunewright.models.generate import generate
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration
from tunewright.pipeline.measures import measures_of
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.rows import evenly_spaced
from tunewright.pipeline.teaching.rows import own_weights, plain_examples
from tunewright.pipeline.teaching.teaching import Encoding, Glimpse, Part, Rows, encoding_entry
from tunewright.pipeline.teaching.tokens import (
    WritingTeaching,
    examples_of,
    load_writing_tokenizer,
    parts_of,
    read_only,
    token_loss,
)
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks import TextTask
from tunewright.tasks.taught import Taught, Untaught, Writer
from tunewright.tasks.writers import writer_for

WATCHED = "nll_per_token"
"""What early stopping watches unless the recipe says otherwise: cheap, and the same for each task."""
OF_LOSSES: dict[str, Callable[[float], float]] = {"nll_per_token": float, "perplexity": math.exp}
"""Metrics that need no generated text, as functions of the mean nats a token."""
SHOWN_METRICS = ("exact_match", "chrf")
MOST_SHOWN_TOKENS, FEWEST_SHOWN = 2048, 4
"""What is generated while training, in tokens, and the rows that are shown whatever that costs."""
SHORT_ANSWER = 24
"""Characters up to which the usual answer is right or wrong as a whole."""


@dataclass(frozen=True, kw_only=True)
class TextTeaching(WritingTeaching):
    """See `Teaching`."""

    writer: Writer

    @classmethod
    def of(cls, local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> TextTeaching:
        """For the rows of a run. Raises ModelError where the model can't write, RecipeError for losses of single answers."""
        assert isinstance(prepared.task, TextTask)
        loss = token_loss(recipe)
        tokenizer = load_writing_tokenizer(local, recipe)
        return cls(
            local=local, tokenizer=tokenizer, recipe=recipe, prepared=prepared, loss=loss,
            metric=recipe.evaluate.metric or WATCHED, machine=machine,
            writer=writer_for(tokenizer, recipe.encode, task=prepared.task.name),
        )  # fmt: skip

    def key(self) -> str:
        """See `Teaching`."""
        settings = self.recipe.model_dump(mode="json", include={"encode", "task"})
        languages = self.recipe.data.shape.model_dump(mode="json", include={"source_language", "target_language"})
        template = getattr(self.writer, "template", None)
        added = list(self.recipe.model.new_tokens or ())
        return digest(json.dumps([settings, languages, added], sort_keys=True), template.digest if template else "")

    def encode(self) -> Encoding:
        """See `Teaching`. A token weighs what its turn weighs times what its row weighs."""
        own = self._own_weights
        taught: list[Taught] = []
        weights: list[float] = []
        entries: list[Entry] = []
        for place, row in enumerate(self.prepared.shaped):
            found = self.writer.taught(row) if own[place] else self._asked(row)
            if isinstance(found, Untaught):
                entries.append(encoding_entry(self.prepared, place, "dropped", found.reason_code, after=found.detail))
                found = self._asked(None)
            elif not own[place] and len(found.prompt) >= self.writer.max_length:
                detail = f"{len(found.prompt):,} tokens leave no room for an answer (encode.max_length)"
                entries.append(encoding_entry(self.prepared, place, "dropped", "too_long", after=detail))
            elif found.num_unread:
                entries.append(
                    encoding_entry(
                        self.prepared, place, "changed", "source_cut", after=f"{found.num_unread} tokens are not read"
                    )
                )
            taught.append(found)
            weights.append(own[place])
        return Encoding(examples=examples_of(self.prepared.row_ids, taught, weights), entries=entries)

    @cached_property
    def _own_weights(self) -> npt.NDArray[np.float64]:
        return own_weights(self.prepared)

    def glimpse(self, place: int) -> Glimpse | Untaught:
        """See `Teaching`."""
        row, own = self.prepared.shaped[place], float(self._own_weights[place])
        taught = self.writer.taught(row) if own else None
        if isinstance(taught, Untaught):
            return taught
        prompt = self.writer.prompt(row)
        if taught is None:
            return Glimpse(parts=(read_only(prompt),), weight=0.0, prompt=prompt)
        source = self._source(row) if self.tokenizer.is_encoder_decoder else None
        parts = tuple(part for lesson in taught.lessons for part in parts_of(lesson, source=source, weight=own))
        weight = sum(float(part.weight_T.sum()) for part in parts)
        return Glimpse(
            parts=parts, weight=weight, prompt=prompt, prompt_fits=np.array_equal(prompt, taught.prompt)
        )  # fmt: skip

    def _source(self, row: Row) -> Part:
        """What an encoder is shown, with what it does not read of it."""
        seen = self.tokenizer.whole(self.writer.asked(row), max_length=self.writer.max_length)
        return Part(name="source", ids_T=seen.ids_T, weight_T=np.zeros(len(seen.ids_T)), is_read_T=seen.is_read_T)

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """See `Teaching`. Rows that can't be taught have no weight."""
        places = self.prepared.places(split)
        if split is None:
            return places[store.streams["prompt"].lengths[places] < self.writer.max_length]
        return places[np.asarray(store.weights[places]) > 0]

    def plain(self, store: TokenStore) -> ExampleSource:
        """See `Teaching`."""
        return plain_examples(load_tokenizer(self.local), self.prepared, self.recipe.encode)

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """See `Teaching`. A metric of generated texts is taken on a sample of the rows, the same one each time."""
        losses = self._nll(model, store, rows)
        mean = float(losses.nll.sum() / losses.num_tokens.sum())
        if self.metric in OF_LOSSES:
            return OF_LOSSES[self.metric](mean), mean
        sample = evenly_spaced(rows, self.recipe.evaluate.generated_rows)
        value = value_of(self._generated(model, store, sample, None), self.metric, texts=measures_of(self.recipe))
        return 0.0 if value is None else value, mean

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """See `Teaching`: metrics of a few generated answers, so few that watching stays cheap."""
        if self.prepared.task.measured_by is not None:
            return {}
        affordable = max(FEWEST_SHOWN, MOST_SHOWN_TOKENS // self.recipe.generate.max_new_tokens)
        sample = evenly_spaced(rows, min(self.recipe.evaluate.generated_rows, affordable))
        predictions = self._generated(model, store, sample, None)
        return {
            "generated": {name: value_of(predictions, name) for name in SHOWN_METRICS},
            "generated_rows": len(sample),
        }

    def answer(
        self, model: nn.Module, store: TokenStore, rows: Rows, *, calibration: Calibration = UNCALIBRATED
    ) -> Predictions:
        """See `Teaching`."""
        labelled = np.asarray(store.weights[rows]) > 0
        losses = self._nll(model, store, rows) if labelled.all() else None
        return self._generated(model, store, rows, losses)

    def outputs(self, model: nn.Module, store: TokenStore, rows: Rows) -> npt.NDArray[Any]:
        """See `Teaching`: how far each answer is from the model, in nats a token."""
        losses = self._nll(model, store, rows)
        return (losses.nll / np.maximum(losses.num_tokens, 1))[:, None]

    def _asked(self, row: Any) -> Taught:
        """A row that teaches nothing: only what is read before its answer."""
        prompt = np.array([self.tokenizer.pad_id], np.int32) if row is None else self.writer.prompt(row)
        return Taught(lessons=(), prompt=prompt)

    def _nll(self, model: nn.Module, store: TokenStore, rows: Rows) -> AnswerLikelihoods:
        return nll_of(
            model, store, rows, batching=self.recipe.batching, machine=self.machine, pad_id=self.tokenizer.pad_id,
            head=self.head(model, store),
        )  # fmt: skip

    def _generated(
        self, model: nn.Module, store: TokenStore, rows: Rows, losses: AnswerLikelihoods | None
    ) -> Predictions:
        prepared = self.prepared
        continues = prepared.task.measured_by is not None
        prompts = [] if continues else [np.asarray(store.streams["prompt"][row]) for row in rows]
        said = generate(model, self.tokenizer, prompts, config=self.recipe.generate, device=self.machine.device)
        return from_texts(
            [prepared.row_ids[i] for i in rows],
            references=[references(prepared.shaped[i]) for i in rows],
            answers=[None] * len(rows) if continues else [one.text.strip() for one in said],
            sources=[prepared.texts[i] for i in rows],
            nll=None if losses is None else losses.nll.tolist(),
            num_tokens=None if losses is None else losses.num_tokens.tolist(),
            stop=None if continues else [one.stop for one in said],
            logprob=None if continues else [one.logprob for one in said],
        )  # fmt: skip


def primary_metric_of_texts(prepared: Prepared) -> str:
    """Whether answers are right as a whole where they are short, chrF where they are sentences."""
    if prepared.task.measured_by is not None:
        return prepared.task.primary_metric
    answers = [str(prepared.answers[i]) for i in prepared.places("train")]
    short = bool(answers) and float(np.median([len(answer) for answer in answers])) <= SHORT_ANSWER
    return "exact_match" if short and prepared.task.name != "translate" else prepared.task.primary_metric
