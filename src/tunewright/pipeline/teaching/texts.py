"""Tasks whose answers are texts, for decoders and encoder-decoders: taught token by token, asked by generating.

N  rows     T  tokens that are read     U  places of prediction
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from tunewright.batching import Batch, Examples, Ragged, TokenStore, make_batch
from tunewright.core.errors import RecipeError
from tunewright.core.text import digest
from tunewright.data.ledger import Entry
from tunewright.data.shapes import Row, references
from tunewright.evaluate import Predictions, from_texts, value_of
from tunewright.evaluate.likelihood import AnswerLikelihoods, nll_of
from tunewright.losses import LOSSES, CrossEntropyConfig, FocalConfig, LossSettings
from tunewright.models.chat import compile_template, with_end_of_turn
from tunewright.models.chat.plain import PLAIN
from tunewright.models.generate import generate
from tunewright.models.load import load_generator, resolve, save_generator
from tunewright.models.local import LocalModel
from tunewright.models.new_tokens import grow, with_new_tokens
from tunewright.models.output_head import OutputHead, find_head
from tunewright.models.packing import keeps_documents_apart
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration
from tunewright.pipeline.measures import measures_of
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.rows import own_weights
from tunewright.pipeline.teaching.teaching import Encoding, Glimpse, Part, Rows
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks import TextTask
from tunewright.tasks.taught import Ids, Lesson, Taught, Untaught, Writer
from tunewright.tasks.token_loss import weighted_token_loss
from tunewright.tasks.writers import writer_for

WATCHED = "nll_per_token"
"""What early stopping watches unless the recipe says otherwise: cheap, and the same for each task."""
OF_LOSSES: dict[str, Callable[[float], float]] = {"nll_per_token": float, "perplexity": math.exp}
"""Metrics that need no generated text, as functions of the mean nats a token."""
SHOWN_METRICS = ("exact_match", "chrf")
MOST_SHOWN_TOKENS, FEWEST_SHOWN = 2048, 4
"""What is generated while training, in tokens, and the rows that are shown whatever that costs."""
PACKED_PROBE = 3
"""Rows that are packed to see whether they stay apart."""
SHORT_ANSWER = 24
"""Characters up to which the usual answer is right or wrong as a whole."""


@dataclass(frozen=True, kw_only=True)
class TextTeaching:
    """See `Teaching`."""

    local: LocalModel
    tokenizer: Tokenizer
    recipe: Recipe
    prepared: Prepared
    loss: LossSettings
    metric: str
    writer: Writer
    machine: Machine

    @classmethod
    def of(cls, local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> TextTeaching:
        """For the rows of a run. Raises ModelError where the model can't write, RecipeError for losses of single answers."""
        assert isinstance(prepared.task, TextTask)
        loss = recipe.loss or LOSSES[prepared.task.default_loss]()
        if not isinstance(loss, (CrossEntropyConfig, FocalConfig)):
            name = recipe.loss.name if recipe.loss else prepared.task.default_loss
            raise RecipeError(f"loss `{name}`: texts are learned with `cross_entropy` (or `focal`), token by token.")
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
                entries.append(self._entry(place, "dropped", found.reason_code, after=found.detail))
                found = self._asked(None)
            elif not own[place] and len(found.prompt) >= self.writer.max_length:
                detail = f"{len(found.prompt):,} tokens leave no room for an answer (encode.max_length)"
                entries.append(self._entry(place, "dropped", "too_long", after=detail))
            elif found.num_unread:
                entries.append(
                    self._entry(place, "changed", "source_cut", after=f"{found.num_unread} tokens are not read")
                )
            taught.append(found)
            weights.append(own[place])
        return Encoding(examples=_examples(self.prepared.row_ids, taught, weights), entries=entries)

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
            return Glimpse(parts=(_read_only(prompt),), weight=0.0, prompt=prompt)
        parts = tuple(part for lesson in taught.lessons for part in self._parts(lesson, row, weight=own))
        weight = sum(float(part.weight_T.sum()) for part in parts)
        return Glimpse(
            parts=parts, weight=weight, prompt=prompt, prompt_fits=np.array_equal(prompt, taught.prompt)
        )  # fmt: skip

    def _parts(self, lesson: Lesson, row: Row, *, weight: float) -> tuple[Part, ...]:
        """What is read and what is learned of one text, each token with its weight."""
        if lesson.decoder_U is None:
            # At each place the next token is predicted: what a token counts stands one place before it.
            counts = np.concatenate([[0.0], lesson.weight_U[:-1]]) * weight
            return (replace(_read_only(lesson.input_T), weight_T=counts),)
        seen = self.tokenizer.whole(self.writer.asked(row), max_length=self.writer.max_length)
        source = Part(name="source", ids_T=seen.ids_T, weight_T=np.zeros(len(seen.ids_T)), is_read_T=seen.is_read_T)
        ids = np.concatenate([lesson.decoder_U[:1], lesson.target_U])
        counts = np.concatenate([[0.0], lesson.weight_U]) * weight
        return source, Part(name="answer", ids_T=ids, weight_T=counts, is_read_T=np.ones(len(ids), np.bool_))

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """See `Teaching`. Rows that can't be taught have no weight."""
        places = self.prepared.places(split)
        if split is None:
            return places[store.streams["prompt"].lengths[places] < self.writer.max_length]
        return places[np.asarray(store.weights[places]) > 0]

    def load(self, *, seed: int) -> nn.Module:
        """See `Teaching`."""
        model: nn.Module = load_generator(self.local).model
        if self.recipe.model.new_tokens:
            grow(model, self.tokenizer, self.recipe.model.new_tokens)
        return model

    def objective(self, model: nn.Module, store: TokenStore) -> Callable[[nn.Module, Batch], Tensor]:
        """See `Teaching`. How to get at the model's logits is found by trying it on the two shortest rows."""
        head = self._head(model, store)
        if self.recipe.batching.layout == "packed":
            self._require_packable(model, store)
        return lambda m, batch: weighted_token_loss(m, batch, self.loss, head)

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """See `Teaching`. A metric of generated texts is taken on a sample of the rows, the same one each time."""
        losses = self._nll(model, store, rows)
        mean = float(losses.nll.sum() / losses.num_tokens.sum())
        if self.metric in OF_LOSSES:
            return OF_LOSSES[self.metric](mean), mean
        sample = _evenly(rows, self.recipe.evaluate.generated_rows)
        value = value_of(self._generated(model, store, sample, None), self.metric, texts=measures_of(self.recipe))
        return float("-inf") if value is None else value, mean

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """See `Teaching`: metrics of a few generated answers, so few that watching stays cheap."""
        if self.prepared.task.name == "continue":
            return {}
        affordable = max(FEWEST_SHOWN, MOST_SHOWN_TOKENS // self.recipe.generate.max_new_tokens)
        sample = _evenly(rows, min(self.recipe.evaluate.generated_rows, affordable))
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

    def finish(self, model: nn.Module) -> None:
        """Nothing is left to do."""

    def save(self, model: nn.Module, folder: Path) -> None:
        """See `Teaching`."""
        save_generator(model, folder, tokenizer=self.tokenizer)
        self.tokenizer.save(folder)

    def load_again(self, folder: Path) -> nn.Module:
        """See `Teaching`."""
        model: nn.Module = load_generator(resolve(str(folder))).model.eval()
        return model

    def _asked(self, row: Any) -> Taught:
        """A row that teaches nothing: only what is read before its answer."""
        prompt = np.array([self.tokenizer.pad_id], np.int32) if row is None else self.writer.prompt(row)
        return Taught(lessons=(), prompt=prompt)

    def _head(self, model: nn.Module, store: TokenStore) -> OutputHead:
        taught = np.flatnonzero(np.asarray(store.weights) > 0)
        shortest = taught[np.argsort(store.lengths[taught], kind="stable")[:2]]
        batch = make_batch(store, shortest, pad_id=self.tokenizer.pad_id, device=self.machine.device)
        return find_head(model, batch.inputs)

    def _require_packable(self, model: nn.Module, store: TokenStore) -> None:
        rows = np.flatnonzero(np.asarray(store.weights) > 0)[:PACKED_PROBE]
        documents = [np.asarray(store.streams["input"][row][: int(store.lengths[row])]) for row in rows]
        apart = not self.tokenizer.is_encoder_decoder and keeps_documents_apart(
            model, documents, device=self.machine.device
        )
        if not apart:
            raise RecipeError(
                f"batching.layout: `packed` is for decoders that keep the rows of a line apart, and {self.local.name} does not: "
                "a row would be learned with its neighbour in view. `padded` is right for it."
            )

    def _nll(self, model: nn.Module, store: TokenStore, rows: Rows) -> AnswerLikelihoods:
        return nll_of(
            model, store, rows, head=self._head(model, store), pad_id=self.tokenizer.pad_id,
            batching=self.recipe.batching, machine=self.machine,
        )  # fmt: skip

    def _generated(
        self, model: nn.Module, store: TokenStore, rows: Rows, losses: AnswerLikelihoods | None
    ) -> Predictions:
        prepared = self.prepared
        continues = prepared.task.name == "continue"
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

    def _entry(self, place: int, action: Any, reason_code: str, *, after: str) -> Entry:
        origin = self.prepared.rows.column("origin")[place].as_py()
        return Entry(
            row_id=self.prepared.row_ids[place], path=origin["path"], line=origin["line"], stage="encode", action=action,
            reason_code=reason_code, field="text", after=after,
        )  # fmt: skip


def _evenly(rows: Rows, most: int) -> Rows:
    """So many of the rows at most, evenly spaced; the same ones each time."""
    chosen: Rows = rows[np.unique(np.linspace(0, len(rows) - 1, most).round().astype(int))]
    return chosen


def _read_only(ids_T: Ids) -> Part:
    return Part(name="text", ids_T=ids_T, weight_T=np.zeros(len(ids_T)), is_read_T=np.ones(len(ids_T), np.bool_))


def load_writing_tokenizer(local: LocalModel, recipe: Recipe) -> Tokenizer:
    """The tokenizer of a model that writes, told its languages, with the recipe's chat template and new tokens."""
    shape = recipe.data.shape
    tokenizer = load_tokenizer(local, source_language=shape.source_language, target_language=shape.target_language)
    asked = recipe.encode.chat_template
    if asked is not None and not tokenizer.is_encoder_decoder:
        tokenizer.hf.chat_template = PLAIN if asked == "plain" else _template_file(asked)
    return with_new_tokens(with_end_of_turn(tokenizer), recipe.model.new_tokens or ())


def primary_metric_of_texts(prepared: Prepared) -> str:
    """Whether answers are right as a whole where they are short, chrF where they are sentences."""
    if prepared.task.name == "continue":
        return prepared.task.primary_metric
    answers = [str(prepared.answers[i]) for i in prepared.places("train")]
    short = bool(answers) and float(np.median([len(answer) for answer in answers])) <= SHORT_ANSWER
    return "exact_match" if short and prepared.task.name != "translate" else prepared.task.primary_metric


def _template_file(path: str) -> str:
    try:
        source = Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(
            f"encode.chat_template: {path} can't be read ({error.strerror}). Give `plain`, or a file."
        ) from None
    compile_template(source)
    return source


def _examples(row_ids: Sequence[str], taught: Sequence[Taught], weights: Sequence[float]) -> Examples:
    """All rows laid end to end; of a row without lessons the prompt is there to be read, and nothing counts."""
    lessons = [row.lessons or (_nothing_to_learn(row.prompt),) for row in taught]
    streams = {
        "input": _laid([[one.input_T for one in row] for row in lessons], np.int32),
        "window": Ragged.of([np.array([len(one.input_T) for one in row]) for row in lessons], dtype=np.int32),
        "target": _laid([[one.target_U for one in row] for row in lessons], np.int32),
        "token_weight": _laid(
            [[one.weight_U * weight for one in row] for row, weight in zip(lessons, weights, strict=True)], np.float64
        ),
        "prompt": Ragged.of([row.prompt for row in taught], dtype=np.int32),
    }
    if any(one.decoder_U is not None for row in lessons for one in row):
        streams["decoder"] = _laid(
            [[one.target_U if one.decoder_U is None else one.decoder_U for one in row] for row in lessons], np.int32
        )
    sums = [float(streams["token_weight"][row].sum()) for row in range(len(taught))]
    return Examples(row_ids=list(row_ids), streams=streams, targets=None, weights=np.array(sums))


def _nothing_to_learn(prompt: Ids) -> Lesson:
    return Lesson(input_T=prompt, target_U=np.zeros_like(prompt), weight_U=np.zeros(len(prompt)))


def _laid(rows: Sequence[Sequence[npt.NDArray[Any]]], dtype: npt.DTypeLike) -> Ragged:
    return Ragged.of([np.concatenate(parts) for parts in rows], dtype=dtype)
