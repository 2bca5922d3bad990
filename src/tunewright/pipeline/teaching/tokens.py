"""What is the same wherever a model that writes is taught token by token, be the answer a text or the text of a label.

N  rows     T  tokens that are read     U  places of prediction
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from tunewright.adapters import HeadKind
from tunewright.batching import Batch, Examples, Ragged, TokenStore
from tunewright.core.errors import RecipeError
from tunewright.evaluate.likelihood import head_of
from tunewright.losses import CrossEntropyConfig, FocalConfig
from tunewright.models.chat import compile_template, with_end_of_turn
from tunewright.models.chat.plain import PLAIN
from tunewright.models.load import load_generator, resolve, save_generator
from tunewright.models.local import LocalModel
from tunewright.models.new_tokens import grow, new_ids, with_new_tokens
from tunewright.models.output_head import OutputHead
from tunewright.models.packing import keeps_documents_apart
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.teaching import Part
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks import ROW_TASKS
from tunewright.tasks.taught import Ids, Lesson, Taught
from tunewright.tasks.token_loss import weighted_token_loss

TokenLoss = CrossEntropyConfig | FocalConfig
PACKED_PROBE = 3
"""Rows that are packed to see whether they stay apart."""


def token_loss(recipe: Recipe) -> TokenLoss:
    """The loss of one token. Raises RecipeError for losses of another kind of answer."""
    loss = recipe.loss or CrossEntropyConfig()
    if not isinstance(loss, TokenLoss):
        raise RecipeError(f"loss `{loss.name}`: texts are learned with `cross_entropy` (or `focal`), token by token.")
    return loss


def load_writing_tokenizer(local: LocalModel, recipe: Recipe) -> Tokenizer:
    """The tokenizer of a model that writes, told its languages, with the recipe's chat template and new tokens.

    Raises RecipeError for new tokens that nothing would teach.
    """
    if recipe.model.new_tokens and not recipe.adapter.teaches_new_tokens:
        raise RecipeError(
            f"model.new_tokens with the adapter `{recipe.adapter.name}`: the rows of new tokens would stay as they began. "
            "Train with `adapter: {name: lora}` or `{name: full}`, or without new tokens (`model.new_tokens: []`)."
        )
    tokenizer = _told_languages(local, recipe)
    asked = recipe.encode.chat_template
    if asked is not None and not tokenizer.is_encoder_decoder:
        tokenizer.hf.chat_template = PLAIN if asked == "plain" else _template_file(asked)
    return with_new_tokens(with_end_of_turn(tokenizer), recipe.model.new_tokens or ())


@dataclass(frozen=True, kw_only=True)
class WritingTeaching:
    """What is the same in each `Teaching` of a model that writes."""

    local: LocalModel
    tokenizer: Tokenizer
    recipe: Recipe
    prepared: Prepared
    loss: TokenLoss
    metric: str
    machine: Machine

    @property
    def new_ids(self) -> tuple[int, ...]:
        """See `Teaching`."""
        return new_ids(self.tokenizer, self.recipe.model.new_tokens or ())

    @property
    def head_kind(self) -> HeadKind:
        """See `Teaching`."""
        return "writes"

    @property
    def head_labels(self) -> tuple[str, ...]:
        """See `Teaching`."""
        return ()

    def load(self, *, seed: int) -> nn.Module:
        """See `Teaching`: with the head that it writes with, and a row for each new token of its tokenizer."""
        model: nn.Module = load_generator(self.local).model
        if self.recipe.model.new_tokens:
            grow(model, self.tokenizer, self.recipe.model.new_tokens)
        return model

    def objective(self, model: nn.Module, store: TokenStore) -> Callable[[nn.Module, Batch], Tensor]:
        """See `Teaching`: `sum w*l` over the answer tokens of each row. Raises RecipeError where rows can't be packed."""
        head = self.head(model, store)
        if self.recipe.batching.layout == "packed":
            self._require_packable(model, store)
        return lambda m, batch: weighted_token_loss(m, batch, self.loss, head)

    def head(self, model: nn.Module, store: TokenStore) -> OutputHead:
        """How to get at the model's logits."""
        return head_of(model, store, pad_id=self.tokenizer.pad_id, device=self.machine.device)

    def drawn(self, store: TokenStore) -> None:
        """See `Teaching`."""

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


def examples_of(
    row_ids: Sequence[str], taught: Sequence[Taught], weights: Sequence[float], *, row_weights: Sequence[float] | None = None
) -> Examples:  # fmt: skip
    """All rows laid end to end; of a row without lessons the prompt is there to be read, and nothing counts.

    A token weighs what its turn weighs times its row's weight. What a row counts in the step is the sum over its tokens, or what
    `row_weights` says.
    """
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
    if row_weights is None:
        row_weights = [float(streams["token_weight"][row].sum()) for row in range(len(taught))]
    return Examples(row_ids=list(row_ids), streams=streams, targets=None, weights=np.array(row_weights))


def read_only(ids_T: Ids, *, name: Literal["text", "source"] = "text") -> Part:
    """Tokens that are read and not learned."""
    return Part(name=name, ids_T=ids_T, weight_T=np.zeros(len(ids_T)), is_read_T=np.ones(len(ids_T), np.bool_))


def parts_of(lesson: Lesson, *, weight: float, source: Part | None = None) -> tuple[Part, ...]:
    """What is read and what is learned of one text, each token with its weight; `source` is what an encoder is shown."""
    if lesson.decoder_U is None:
        # At each place the next token is predicted: what a token counts stands one place before it.
        counts = np.concatenate([[0.0], lesson.weight_U[:-1]]) * weight
        return (replace(read_only(lesson.input_T), weight_T=counts),)
    ids = np.concatenate([lesson.decoder_U[:1], lesson.target_U])
    counts = np.concatenate([[0.0], lesson.weight_U]) * weight
    answer = Part(name="answer", ids_T=ids, weight_T=counts, is_read_T=np.ones(len(ids), np.bool_))
    return source or read_only(lesson.input_T, name="source"), answer


def _told_languages(local: LocalModel, recipe: Recipe) -> Tokenizer:
    """The languages of a translation; labels are written in the language of the texts where the model has to be told one."""
    source, target = recipe.data.shape.source_language, recipe.data.shape.target_language
    tokenizer = load_tokenizer(local, source_language=source, target_language=target)
    if recipe.task not in ROW_TASKS or tokenizer.targets is not None or not tokenizer.languages:
        return tokenizer
    spoken = recipe.data.columns.language
    language = spoken if spoken not in (None, "und") else "en"
    return load_tokenizer(local, source_language=source or language, target_language=target or language)


def _template_file(path: str) -> str:
    try:
        source = Path(path).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(
            f"encode.chat_template: {path} can't be read ({error.strerror}). Give `plain`, or a file."
        ) from None
    compile_template(source)
    return source


def _nothing_to_learn(prompt: Ids) -> Lesson:
    return Lesson(input_T=prompt, target_U=np.zeros_like(prompt), weight_U=np.zeros(len(prompt)))


def _laid(rows: Sequence[Sequence[npt.NDArray[Any]]], dtype: npt.DTypeLike) -> Ragged:
    return Ragged.of([np.concatenate(parts) for parts in rows], dtype=dtype)
