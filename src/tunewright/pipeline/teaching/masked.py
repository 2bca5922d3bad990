"""Masked words: an encoder is asked for the words that are hidden from it, in texts of the domain it is to work in.

T  tokens of a row
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
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
from tunewright.data.shapes.spacing import cut_tokens
from tunewright.evaluate import Predictions, from_texts
from tunewright.evaluate.likelihood import AnswerLikelihoods, head_of, nll_of
from tunewright.losses import LOSSES, CrossEntropyConfig, FocalConfig
from tunewright.models.load import load_masked, resolve, save_masked
from tunewright.models.local import LocalModel
from tunewright.models.output_head import OutputHead
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.rows import own_weights, plain_examples
from tunewright.pipeline.teaching.teaching import Encoding, Glimpse, Part, Rows, encoding_entry
from tunewright.pipeline.teaching.texts import OF_LOSSES
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks import EncodeConfig
from tunewright.tasks.encode import streams_of
from tunewright.tasks.masked import HELD_OUT, Mask, masked_anew
from tunewright.tasks.taught import Untaught
from tunewright.tasks.token_loss import weighted_token_loss
from tunewright.tasks.words import ReadTexts, read_texts

NOTHING_TO_HIDE = Untaught(reason_code="nothing_to_learn", detail="no word that could be hidden")


@dataclass(frozen=True, kw_only=True)
class MaskedTeaching:
    """See `Teaching`."""

    local: LocalModel
    tokenizer: Tokenizer
    recipe: Recipe
    prepared: Prepared
    loss: CrossEntropyConfig | FocalConfig
    metric: str
    mask: Mask
    machine: Machine

    @classmethod
    def of(cls, local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> MaskedTeaching:
        """For the rows of a run. Raises ModelError where the tokenizer has no mask, RecipeError for losses of other answers."""
        loss = recipe.loss or LOSSES[prepared.task.default_loss]()
        if not isinstance(loss, (CrossEntropyConfig, FocalConfig)):
            name = recipe.loss.name if recipe.loss else prepared.task.default_loss
            raise RecipeError(
                f"loss `{name}`: masked words are learned with `cross_entropy` (or `focal`), token by token."
            )
        if recipe.batching.layout == "packed":
            raise RecipeError("batching.layout: `packed` is for decoders that write; encoders read padded rows.")
        tokenizer = load_tokenizer(local)
        return cls(
            local=local, tokenizer=tokenizer, recipe=recipe, prepared=prepared, loss=loss, machine=machine,
            metric=recipe.evaluate.metric or prepared.task.primary_metric, mask=Mask.of(tokenizer, recipe.mask),
        )  # fmt: skip

    @property
    def head_kind(self) -> HeadKind:
        """See `Teaching`."""
        return "masked"

    @property
    def head_labels(self) -> tuple[str, ...]:
        """See `Teaching`."""
        return ()

    @property
    def new_ids(self) -> tuple[int, ...]:
        """See `Teaching`: none, since nothing is written."""
        return ()

    def key(self) -> str:
        """See `Teaching`."""
        settings = self.recipe.model_dump(mode="json", include={"encode", "task", "mask"})
        return digest(json.dumps([settings, self.recipe.evaluate.seed], sort_keys=True))

    def encode(self) -> Encoding:
        """See `Teaching`. The store holds the draw by which rows are measured; what is learned is drawn in each epoch."""
        read = self._read(self.prepared.texts, self.recipe.encode)
        streams = streams_of(read.encoded)
        whole, weights = streams["input"], np.zeros(len(read.word_of_token))
        inputs, counts = [], []
        entries: list[Entry] = []
        for place, word_T in enumerate(read.word_of_token):
            weights[place] = self._own_weights[place] * self.mask.num_hidden(word_T)
            drawn = self.mask.draw(whole[place], word_T, seed=self.recipe.evaluate.seed, draw=HELD_OUT, row=place)
            inputs.append(drawn.read_T)
            counts.append(drawn.weight_T(weights[place]))
            if not len(drawn.hidden):
                entries.append(
                    encoding_entry(
                        self.prepared, place, "dropped", NOTHING_TO_HIDE.reason_code, after=NOTHING_TO_HIDE.detail
                    )
                )
        streams |= {
            "input": Ragged.of(inputs, dtype=np.int32), "target": whole,
            "token_weight": Ragged.of(counts, dtype=np.float64), "word": Ragged.of(read.word_of_token, dtype=np.int32),
        }  # fmt: skip
        examples = Examples(row_ids=self.prepared.row_ids, streams=streams, targets=None, weights=weights)
        return Encoding(examples=examples, entries=entries)

    def glimpse(self, place: int) -> Glimpse | Untaught:
        """See `Teaching`. The tokens that are hidden in the first epoch count."""
        text, config = self.prepared.texts[place], self.recipe.encode
        seen = self.tokenizer.whole(
            text, max_length=config.max_length or self.tokenizer.max_length, strategy=config.long_texts
        )
        uncut = config.model_copy(update={"max_length": len(seen.ids_T) + 1})  # room for a text of no token
        word_T = np.where(seen.is_read_T, self._read([text], uncut).word_of_token[0], -1)
        if not self.mask.num_hidden(word_T):
            return NOTHING_TO_HIDE
        weight = float(self._own_weights[place] * self.mask.num_hidden(word_T))
        drawn = self.mask.draw(seen.ids_T, word_T, seed=self.recipe.train.seed, draw=HELD_OUT + 1, row=place)
        part = Part(name="text", ids_T=seen.ids_T, weight_T=drawn.weight_T(weight), is_read_T=seen.is_read_T)
        return Glimpse(parts=(part,), weight=weight, num_windows=seen.num_windows)

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """See `Teaching`. Rows of which nothing can be hidden have no weight."""
        places = self.prepared.places(split)
        return places[np.asarray(store.weights[places]) > 0]

    def plain(self, store: TokenStore) -> ExampleSource:
        """See `Teaching`. Nothing is hidden in it."""
        return plain_examples(self.tokenizer, self.prepared, self.recipe.encode)

    def load(self, *, seed: int) -> nn.Module:
        """See `Teaching`."""
        model: nn.Module = load_masked(self.local, seed=seed).model
        return model

    def objective(self, model: nn.Module, store: TokenStore) -> Callable[[nn.Module, Batch], Tensor]:
        """See `Teaching`."""
        head = self._head(model, store)
        return lambda m, batch: weighted_token_loss(m, batch, self.loss, head)

    def drawn(self, store: TokenStore) -> Callable[[int], ExampleSource]:
        """See `Teaching`."""
        return lambda epoch: masked_anew(store, self.mask, seed=self.recipe.train.seed, epoch=epoch)

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """See `Teaching`. The loss is in nats a hidden token."""
        losses = self._nll(model, store, rows)
        mean = float(losses.nll.sum() / losses.num_tokens.sum())
        return OF_LOSSES[self.metric](mean), mean

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """See `Teaching`."""
        return {}

    def answer(
        self, model: nn.Module, store: TokenStore, rows: Rows, *, calibration: Calibration = UNCALIBRATED
    ) -> Predictions:
        """See `Teaching`. How likely the hidden tokens were; there is no other answer."""
        losses, texts = self._nll(model, store, rows), [self.prepared.texts[place] for place in rows]
        return from_texts(
            [self.prepared.row_ids[place] for place in rows], references=[[text] for text in texts],
            answers=[None] * len(rows), sources=texts, nll=losses.nll.tolist(), num_tokens=losses.num_tokens.tolist(),
        )  # fmt: skip

    def outputs(self, model: nn.Module, store: TokenStore, rows: Rows) -> npt.NDArray[Any]:
        """See `Teaching`: nats a hidden token, (N, 1)."""
        losses = self._nll(model, store, rows)
        return (losses.nll / np.maximum(losses.num_tokens, 1))[:, None]

    def finish(self, model: nn.Module) -> None:
        """Nothing is left to do."""

    def save(self, model: nn.Module, folder: Path) -> None:
        """See `Teaching`."""
        save_masked(model, folder, local=self.local)
        self.tokenizer.save(folder)

    def load_again(self, folder: Path) -> nn.Module:
        """See `Teaching`."""
        model: nn.Module = load_masked(resolve(str(folder)), seed=0).model.eval()
        return model

    def _read(self, texts: list[str], config: EncodeConfig) -> ReadTexts:
        return read_texts(self.tokenizer, texts, [cut_tokens(text, ()) for text in texts], config=config)

    def _head(self, model: nn.Module, store: TokenStore) -> OutputHead:
        return head_of(model, store, pad_id=self.tokenizer.pad_id, device=self.machine.device)

    def _nll(self, model: nn.Module, store: TokenStore, rows: Rows) -> AnswerLikelihoods:
        return nll_of(
            model, store, rows, head=self._head(model, store), pad_id=self.tokenizer.pad_id,
            batching=self.recipe.batching, machine=self.machine,
        )  # fmt: skip

    @cached_property
    def _own_weights(self) -> npt.NDArray[np.float64]:
        return own_weights(self.prepared)
