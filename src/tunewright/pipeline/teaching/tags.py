"""Tagging: a tag for each word of a text, and from the tags the spans. The first piece of a word answers for it.

N  rows     U  words of a row     T  tokens that are read     C  tags
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from tunewright.adapters import HeadKind
from tunewright.batching import Batch, Examples, ExampleSource, Ragged, TokenStore
from tunewright.core.errors import RecipeError
from tunewright.core.text import digest
from tunewright.data.ledger import Entry
from tunewright.data.shapes import Tagged
from tunewright.evaluate import Predictions, from_spans, value_of
from tunewright.evaluate.predictions import log_softmax
from tunewright.evaluate.tagging import Floats, logits_of_words
from tunewright.losses import LOSSES, CrossEntropyConfig, FocalConfig
from tunewright.metrics.spans import Words, tags_of_words
from tunewright.models.load import load_tagger, resolve, save_classifier
from tunewright.models.local import LocalModel
from tunewright.models.output_head import OutputHead
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.rows import own_weights
from tunewright.pipeline.teaching.teaching import Encoding, Glimpse, Part, Rows, encoding_entry
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks.encode import streams_of
from tunewright.tasks.tag import seen_tags, spans_in, spans_of_row, tag_names, words_of
from tunewright.tasks.taught import Untaught
from tunewright.tasks.token_loss import weighted_token_loss
from tunewright.tasks.words import Ints, ReadTexts, read_texts

OWN_LOGITS = OutputHead(way="logits", correction="none")
"""A few tags are cheaply had at every token."""
NO_WORD_READ = Untaught(reason_code="no_word_read", detail="the tokenizer makes nothing of it")


@dataclass(frozen=True, kw_only=True)
class TagTeaching:
    """See `Teaching`."""

    local: LocalModel
    tokenizer: Tokenizer
    recipe: Recipe
    prepared: Prepared
    loss: CrossEntropyConfig | FocalConfig
    metric: str
    machine: Machine

    @classmethod
    def of(cls, local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> TagTeaching:
        """For the rows of a run. Raises RecipeError for losses that are not about one of several tags, and for packing."""
        loss = recipe.loss or LOSSES[prepared.task.default_loss]()
        if not isinstance(loss, (CrossEntropyConfig, FocalConfig)):
            name = recipe.loss.name if recipe.loss else prepared.task.default_loss
            raise RecipeError(f"loss `{name}`: tags are learned with `cross_entropy` or `focal`, word by word.")
        if recipe.batching.layout == "packed":
            raise RecipeError(
                "batching.layout: `packed` is for decoders that write; tags are learned from padded rows."
            )
        return cls(
            local=local, tokenizer=load_tokenizer(local), recipe=recipe, prepared=prepared, loss=loss, machine=machine,
            metric=recipe.evaluate.metric or prepared.task.primary_metric,
        )  # fmt: skip

    @cached_property
    def tags(self) -> list[str]:
        """In the order of the logits."""
        return tag_names(self.prepared.labels)

    @cached_property
    def rows(self) -> list[Tagged]:
        """All rows of the run."""
        return [row for row in self.prepared.shaped if isinstance(row, Tagged)]

    @cached_property
    def words(self) -> list[Words]:
        """Of each row."""
        return [words_of(row) for row in self.rows]

    @property
    def head_kind(self) -> HeadKind:
        """See `Teaching`."""
        return "tags"

    @property
    def head_labels(self) -> tuple[str, ...]:
        """See `Teaching`."""
        return tuple(self.tags)

    @property
    def new_ids(self) -> tuple[int, ...]:
        """See `Teaching`: none, since nothing is written."""
        return ()

    def key(self) -> str:
        """See `Teaching`."""
        settings = self.recipe.model_dump(mode="json", include={"encode", "task", "loss"})
        return digest(json.dumps(settings, sort_keys=True))

    def encode(self) -> Encoding:
        """See `Teaching`. A word weighs what its row weighs, times the loss's part in it (class weights, counted on train)."""
        read = read_texts(self.tokenizer, self.prepared.texts, self.words, config=self.recipe.encode)
        entries = [
            entry
            for place, token_U in enumerate(read.token_of_word)
            if (entry := self._entry(place, token_U)) is not None
        ]
        streams = streams_of(read.encoded) | self._taught(read)
        sums = np.array([float(streams["token_weight"][row].sum()) for row in range(len(self.rows))])
        examples = Examples(row_ids=self.prepared.row_ids, streams=streams, targets=None, weights=sums)
        return Encoding(examples=examples, entries=entries)

    def glimpse(self, place: int) -> Glimpse | Untaught:
        """See `Teaching`. The tokens that answer for words count."""
        text, config, row = self.prepared.texts[place], self.recipe.encode, self.rows[place]
        seen = self.tokenizer.whole(
            text, max_length=config.max_length or self.tokenizer.max_length, strategy=config.long_texts
        )
        uncut = config.model_copy(update={"max_length": len(seen.ids_T) + 1})  # room for a text of no token
        token_U = read_texts(self.tokenizer, [text], [self.words[place]], config=uncut).token_of_word[0]
        if not (token_U >= 0).any():
            return NO_WORD_READ
        weight_T = np.zeros(len(seen.ids_T))
        weight_T[token_U[token_U >= 0]] = self._weights(place)[token_U >= 0]
        weight_T *= seen.is_read_T
        part = Part(name="text", ids_T=seen.ids_T, weight_T=weight_T, is_read_T=seen.is_read_T)
        named = "; ".join(f"{span.label}: {text[span.start : span.end]}" for span in row.spans)
        return Glimpse(parts=(part,), answer=named, weight=float(weight_T.sum()), num_windows=seen.num_windows)

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """See `Teaching`. Rows of which no word is read have no weight."""
        places = self.prepared.places(split)
        return places if split is None else places[np.asarray(store.weights[places]) > 0]

    def plain(self, store: TokenStore) -> ExampleSource:
        """See `Teaching`."""
        return store

    def load(self, *, seed: int) -> nn.Module:
        """See `Teaching`."""
        model: nn.Module = load_tagger(self.local, tags=self.tags, seed=seed, pad_id=self.tokenizer.pad_id).model
        return model

    def objective(self, model: nn.Module, store: TokenStore) -> Callable[[nn.Module, Batch], Tensor]:
        """See `Teaching`."""
        return lambda m, batch: weighted_token_loss(m, batch, self.loss, OWN_LOGITS)

    def drawn(self, store: TokenStore) -> None:
        """See `Teaching`."""

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """See `Teaching`. The loss is in nats a word."""
        predictions = self.answer(model, store, rows)
        value = value_of(predictions, self.metric)
        words = sum(int((store.streams["word"][row] >= 0).sum()) for row in rows)
        nats = float(predictions.table.column("nll").to_numpy().sum())
        return 0.0 if value is None else value, nats / max(words, 1)

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """See `Teaching`."""
        return {}

    def answer(
        self, model: nn.Module, store: TokenStore, rows: Rows, *, calibration: Calibration = UNCALIBRATED
    ) -> Predictions:
        """See `Teaching`."""
        prepared, logits = self.prepared, self._logits(model, store, rows)
        said, nll = [], []
        for row, logits_UC in zip(rows, logits, strict=True):
            token_U, words = np.asarray(store.streams["word"][row]), self.words[row]
            said.append(spans_in(seen_tags([self.tags[tag] for tag in logits_UC.argmax(1)], token_U), words))
            nll.append(self._nll(row, logits_UC, token_U))
        return from_spans(
            [prepared.row_ids[i] for i in rows], labels=prepared.labels, gold=[spans_of_row(self.rows[i]) for i in rows],
            answers=said, texts=[prepared.texts[i] for i in rows], tokens=[self.words[i] for i in rows], nll=nll,
        )  # fmt: skip

    def outputs(self, model: nn.Module, store: TokenStore, rows: Rows) -> npt.NDArray[Any]:
        """See `Teaching`: the logits of all words, one below the other."""
        return np.concatenate(self._logits(model, store, rows))

    def finish(self, model: nn.Module) -> None:
        """Nothing is left to do."""

    def save(self, model: nn.Module, folder: Path) -> None:
        """See `Teaching`."""
        save_classifier(model, folder)
        self.tokenizer.save(folder)

    def load_again(self, folder: Path) -> nn.Module:
        """See `Teaching`."""
        model: nn.Module = load_tagger(resolve(str(folder)), tags=self.tags, seed=0).model.eval()
        return model

    def _logits(self, model: nn.Module, store: TokenStore, rows: Rows) -> list[Floats]:
        return logits_of_words(
            model, store, rows, token_of_word=[np.asarray(store.streams["word"][row]) for row in rows],
            pad_id=self.tokenizer.pad_id, batching=self.recipe.batching, machine=self.machine,
        )  # fmt: skip

    def _nll(self, place: int, logits_UC: Floats, token_U: Ints) -> float:
        """-log p of the row's own tags, over the words that a token answers for."""
        log_p_UC = log_softmax(logits_UC) if len(logits_UC) else logits_UC
        return float(-log_p_UC[np.arange(len(token_U)), self._targets(place)][token_U >= 0].sum())

    def _targets(self, place: int) -> Ints:
        """(U,) the number of each word's tag."""
        return np.array([self._number_of[tag] for tag in self._tags_of(place)], np.int64)

    def _weights(self, place: int) -> Floats:
        """(U,) how much each word counts."""
        return np.asarray(self._own_weights[place] * self._weight_of_tags[self._targets(place)], np.float64)

    def _tags_of(self, place: int) -> list[str]:
        return tags_of_words(self.words[place], spans_of_row(self.rows[place]))

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {tag: number for number, tag in enumerate(self.tags)}

    @cached_property
    def _own_weights(self) -> Floats:
        return own_weights(self.prepared)

    @cached_property
    def _weight_of_tags(self) -> Floats:
        """(C,) the loss's part in a word's weight, by the words of the training rows."""
        counted = np.concatenate([self._targets(place) for place in self.prepared.places("train").tolist()])
        found = np.ones(len(self.tags))
        found[counted] = self.loss.row_weights(counted, num_classes=len(self.tags))
        return found

    def _taught(self, read: ReadTexts) -> dict[str, Ragged]:
        """The streams `target` and `token_weight`, with a tag at the token of each word, and `word`: which token that is."""
        offsets = read.encoded.offsets
        target_N, weight_N = np.zeros(int(offsets[-1]), np.int32), np.zeros(int(offsets[-1]))
        for place, token_U in enumerate(read.token_of_word):
            tokens = offsets[place] + token_U[token_U >= 0]
            target_N[tokens] = self._targets(place)[token_U >= 0]
            weight_N[tokens] = self._weights(place)[token_U >= 0]
        return {
            "target": Ragged(target_N, offsets), "token_weight": Ragged(weight_N, offsets),
            "word": Ragged.of(read.token_of_word, dtype=np.int32),
        }  # fmt: skip

    def _entry(self, place: int, token_U: Ints) -> Entry | None:
        """For the ledger: a row of which no word is read, or spans that no tags of its words can say."""
        entry = partial(encoding_entry, self.prepared, place, field="spans")
        if not (token_U >= 0).any():
            return entry("dropped", NO_WORD_READ.reason_code, after=NO_WORD_READ.detail)
        within_reach = spans_in(seen_tags(self._tags_of(place), token_U), self.words[place])
        lost = sorted({*spans_of_row(self.rows[place])} - {*within_reach})
        if not lost:
            return None
        named = ", ".join(f"{label} {start}-{end}" for start, end, label in lost)
        return entry("noted", "span_out_of_reach", after=named)
