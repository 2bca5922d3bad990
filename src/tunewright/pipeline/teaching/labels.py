"""Classes by the text of their labels, for decoders and encoder-decoders: taught token by token, answered by likelihood.

What is learned is `l = -log p(label | text)`, summed over the label's tokens: a row counts what it weighs, however long its label
is. What is said are the log-probabilities of all labels, (N, C), which are logits like those of a head.

N  rows     C  labels
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from tunewright.batching import ExampleSource, TokenStore
from tunewright.core.text import digest
from tunewright.evaluate import Predictions, value_of
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.rows import plain_examples, predictions_of, primary_metric_of_rows, weights_of
from tunewright.pipeline.teaching.teaching import Encoding, Glimpse, Rows
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
from tunewright.tasks.label_text import LabelTexts, label_texts
from tunewright.tasks.taught import Taught, Writer


@dataclass(frozen=True, kw_only=True)
class LabelTeaching(WritingTeaching):
    """See `Teaching`."""

    labels: LabelTexts

    @classmethod
    def of(cls, local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> LabelTeaching:
        """For the rows of a run. Raises what `label_texts` and `token_loss` raise."""
        tokenizer = load_writing_tokenizer(local, recipe)
        return cls(
            local=local, tokenizer=tokenizer, recipe=recipe, prepared=prepared, loss=token_loss(recipe), machine=machine,
            metric=recipe.evaluate.metric or primary_metric_of_rows(prepared),
            labels=label_texts(tokenizer, recipe.encode, labels=prepared.labels),
        )  # fmt: skip

    @property
    def writer(self) -> Writer:
        """What makes tokens of texts."""
        return self.labels.writer

    def key(self) -> str:
        """See `Teaching`."""
        settings = self.recipe.model_dump(mode="json", include={"encode", "task", "loss"})
        answers = [answer.tolist() for answer in self.labels.answers]
        return digest(json.dumps([settings, answers], sort_keys=True), "label_text")

    def encode(self) -> Encoding:
        """See `Teaching`. Each token of a label weighs what its row weighs, and a row counts once."""
        prepared, weights = self.prepared, self._weights
        targets = prepared.row_task.targets(prepared.answers, prepared.labels)
        prompts = self.labels.prompts(prepared.texts, prepared.pairs)
        taught = [
            Taught(lessons=(self.labels.lesson(prompt, int(target)),) if weight else (), prompt=prompt)
            for prompt, target, weight in zip(prompts, targets, weights, strict=True)
        ]
        return Encoding(
            examples=examples_of(prepared.row_ids, taught, weights.tolist(), row_weights=weights.tolist()), entries=[]
        )

    @cached_property
    def _weights(self) -> npt.NDArray[np.float64]:
        return weights_of(self.prepared, self.loss)

    def glimpse(self, place: int) -> Glimpse:
        """See `Teaching`."""
        prepared = self.prepared
        pair = None if prepared.pairs is None else [prepared.pairs[place]]
        (prompt,) = self.labels.prompts([prepared.texts[place]], pair)
        weight, answer = float(self._weights[place]), prepared.answers[place]
        if not weight:
            return Glimpse(parts=(read_only(prompt),), weight=0.0, prompt=prompt)
        lesson = self.labels.lesson(prompt, prepared.labels.index(answer))
        return Glimpse(parts=parts_of(lesson, weight=weight), answer=answer, weight=weight, prompt=prompt)

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """See `Teaching`."""
        return self.prepared.places(split)

    def plain(self, store: TokenStore) -> ExampleSource:
        """See `Teaching`. A decoder's examples hold the label, so texts are encoded anew, as `frozen/` reads them."""
        return plain_examples(load_tokenizer(self.local), self.prepared, self.recipe.encode)

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """See `Teaching`."""
        logits_NC = self.outputs(model, store, rows)
        answers = [self.prepared.answers[row] for row in rows]
        gold = self.prepared.row_task.targets(answers, self.prepared.labels)
        loss = float(-logits_NC[np.arange(len(rows)), gold].mean())
        value = value_of(predictions_of(self.prepared, rows, logits_NC), self.metric)
        return 0.0 if value is None else value, loss

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """See `Teaching`."""
        return {}

    def answer(
        self, model: nn.Module, store: TokenStore, rows: Rows, *, calibration: Calibration = UNCALIBRATED
    ) -> Predictions:
        """See `Teaching`."""
        logits_NC = self.outputs(model, store, rows)
        return predictions_of(self.prepared, rows, logits_NC, calibration, weight=store.weights[rows].tolist())

    def outputs(self, model: nn.Module, store: TokenStore, rows: Rows) -> npt.NDArray[Any]:
        """See `Teaching`: the log-probability of each label."""
        prompts = [np.asarray(store.streams["prompt"][row]) for row in rows]
        return self.labels.logits(model, prompts, device=self.machine.device)
