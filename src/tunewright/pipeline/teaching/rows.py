"""Tasks with one answer a row: a class, several, a number. The model is a classifier; what it says are logits."""

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
from tunewright.batching import Batch, Examples, ExampleSource, TokenStore
from tunewright.core.errors import RecipeError
from tunewright.core.text import digest
from tunewright.evaluate import Predictions, value_of
from tunewright.evaluate.predict import Outputs, predict_rows
from tunewright.losses import LOSSES, LossSettings
from tunewright.models.load import load_classifier, resolve, save_classifier
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.teaching import Encoding, Glimpse, Part, Rows
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks import EncodeConfig, RowTask, encode_texts
from tunewright.tasks.regression import Scale


@dataclass(frozen=True, kw_only=True)
class RowTeaching:
    """See `Teaching`."""

    local: LocalModel
    tokenizer: Tokenizer
    recipe: Recipe
    prepared: Prepared
    task: RowTask
    loss: LossSettings
    metric: str
    scale: Scale | None
    """Of the numbers to be learned, for regression."""
    machine: Machine

    @classmethod
    def of(cls, local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> RowTeaching:
        """For the rows of a run."""
        task = prepared.task
        assert isinstance(task, RowTask)
        if recipe.batching.layout == "packed":
            raise RecipeError(
                "batching.layout: `packed` is for tasks whose answers are texts; a classifier reads padded rows."
            )
        scale = None
        if task.kind == "regression":
            if getattr(recipe.adapter, "train_head", True) is False:
                raise RecipeError(
                    "adapter.train_head: numbers are learned in a scale of their own, which the head has to take up, so it is "
                    "trained: leave `train_head: false` out."
                )
            scale = Scale.of(np.array([float(prepared.answers[i]) for i in prepared.places("train")]))
        return cls(
            local=local, tokenizer=load_tokenizer(local), recipe=recipe, prepared=prepared, task=task,
            loss=recipe.loss or LOSSES[task.default_loss](), scale=scale, machine=machine,
            metric=recipe.evaluate.metric or primary_metric_of_rows(prepared),
        )  # fmt: skip

    @property
    def head_kind(self) -> HeadKind:
        """See `Teaching`."""
        return self.task.kind

    @property
    def head_labels(self) -> tuple[str, ...]:
        """See `Teaching`."""
        return tuple(self.prepared.labels)

    @property
    def new_ids(self) -> tuple[int, ...]:
        """See `Teaching`: none, since nothing is written."""
        return ()

    def key(self) -> str:
        """See `Teaching`."""
        settings = self.recipe.model_dump(mode="json", include={"encode", "task", "loss"})
        return digest(json.dumps(settings, sort_keys=True), repr(self.scale))

    def encode(self) -> Encoding:
        """See `Teaching`."""
        prepared = self.prepared
        examples = Examples(
            row_ids=prepared.row_ids,
            streams=encode_texts(self.tokenizer, prepared.texts, prepared.pairs, config=self.recipe.encode),
            targets=self._targets,
            weights=self._weights,
        )
        return Encoding(examples=examples, entries=[])

    @cached_property
    def _targets(self) -> npt.NDArray[Any]:
        targets = self.task.targets(self.prepared.answers, self.prepared.labels)
        return ((targets - self.scale.mean) / self.scale.deviation).astype(np.float32) if self.scale else targets

    @cached_property
    def _weights(self) -> npt.NDArray[np.float64]:
        return weights_of(self.prepared, self.loss)

    def glimpse(self, place: int) -> Glimpse:
        """See `Teaching`."""
        prepared, encode = self.prepared, self.recipe.encode
        seen = self.tokenizer.whole(
            prepared.texts[place], prepared.pairs[place] if prepared.pairs else None,
            max_length=encode.max_length or self.tokenizer.max_length, strategy=encode.long_texts,
        )  # fmt: skip
        part = Part(name="text", ids_T=seen.ids_T, weight_T=np.zeros(len(seen.ids_T)), is_read_T=seen.is_read_T)
        answer = prepared.answers[place]
        shown = ", ".join(answer) if isinstance(answer, list) else None if answer is None else str(answer)
        return Glimpse(parts=(part,), answer=shown, weight=float(self._weights[place]), num_windows=seen.num_windows)

    def places(self, store: TokenStore, split: str | None) -> Rows:
        """See `Teaching`."""
        return self.prepared.places(split)

    def plain(self, store: TokenStore) -> ExampleSource:
        """See `Teaching`."""
        return store

    def load(self, *, seed: int) -> nn.Module:
        """See `Teaching`."""
        loaded = load_classifier(
            self.local, labels=self.prepared.labels, kind=self.task.kind, seed=seed, pad_id=self.tokenizer.pad_id
        )
        model: nn.Module = loaded.model
        return model

    def objective(self, model: nn.Module, store: TokenStore) -> Callable[[nn.Module, Batch], Tensor]:
        """See `Teaching`."""
        return lambda m, batch: self.task.objective(m, batch, self.loss)

    def drawn(self, store: TokenStore) -> None:
        """See `Teaching`."""

    def validate(self, model: nn.Module, store: TokenStore, rows: Rows) -> tuple[float, float]:
        """See `Teaching`."""
        outputs = self._predict(model, store, rows, loss=self.loss)
        assert outputs.losses is not None
        logits = outputs.logits
        if self.scale:
            logits = logits * self.scale.deviation + self.scale.mean
        value = value_of(predictions_of(self.prepared, rows, logits), self.metric)
        return 0.0 if value is None else value, float(outputs.losses.mean())

    def show(self, model: nn.Module, store: TokenStore, rows: Rows) -> dict[str, Any]:
        """See `Teaching`."""
        return {}

    def answer(
        self, model: nn.Module, store: TokenStore, rows: Rows, *, calibration: Calibration = UNCALIBRATED
    ) -> Predictions:
        """See `Teaching`."""
        logits = self._predict(model, store, rows).logits
        return predictions_of(self.prepared, rows, logits, calibration, weight=store.weights[rows].tolist())

    def outputs(self, model: nn.Module, store: TokenStore, rows: Rows) -> npt.NDArray[Any]:
        """See `Teaching`."""
        return self._predict(model, store, rows).logits

    def finish(self, model: nn.Module) -> None:
        """Numbers back in their own scale."""
        if self.scale:
            self.scale.fold_into(model)

    def save(self, model: nn.Module, folder: Path) -> None:
        """See `Teaching`."""
        save_classifier(model, folder)
        self.tokenizer.save(folder)

    def load_again(self, folder: Path) -> nn.Module:
        """See `Teaching`."""
        loaded = load_classifier(resolve(str(folder)), kind=self.task.kind, labels=self.prepared.labels, seed=0)
        model: nn.Module = loaded.model.eval()
        return model

    def _predict(self, model: nn.Module, store: TokenStore, rows: Rows, *, loss: LossSettings | None = None) -> Outputs:
        return predict_rows(
            model, store, rows,
            logits=self.task.logits, loss=loss.per_row if loss else None, pad_id=self.tokenizer.pad_id,
            batching=self.recipe.batching, machine=self.machine,
        )  # fmt: skip


def predictions_of(
    prepared: Prepared, rows: Rows, logits_NC: npt.NDArray[Any], calibration: Calibration = UNCALIBRATED, *,
    weight: list[float] | None = None,
) -> Predictions:  # fmt: skip
    """A system's logits for some rows, as predictions."""
    return calibration.predictions(
        [prepared.row_ids[i] for i in rows], kind=prepared.row_task.kind, labels=prepared.labels,
        gold=[prepared.answers[i] for i in rows], logits_NC=logits_NC, weight=weight,
    )  # fmt: skip


def plain_examples(tokenizer: Tokenizer, prepared: Prepared, config: EncodeConfig) -> Examples:
    """All texts by themselves, as an encoder reads them: no prompt, no answer."""
    return Examples(
        row_ids=prepared.row_ids, streams=encode_texts(tokenizer, prepared.texts, prepared.pairs, config=config),
        targets=None, weights=np.zeros(len(prepared.rows)),
    )  # fmt: skip


def weights_of(prepared: Prepared, loss: LossSettings) -> npt.NDArray[np.float64]:
    """`w` of each row, (N,): its own weight times the loss's part in it (class weights, counted on train)."""
    weights, train = own_weights(prepared), prepared.places("train")
    if len(prepared.labels):
        targets = prepared.row_task.targets([prepared.answers[i] for i in train], prepared.labels)
        weights[train] *= loss.row_weights(targets, num_classes=len(prepared.labels))
    return weights


def own_weights(prepared: Prepared) -> npt.NDArray[np.float64]:
    """What each row weighs by itself, (N,): 1, or the file's weight; 0 without an answer."""
    weights = np.array([0.0 if answer is None else 1.0 for answer in prepared.answers])
    if "weight" in prepared.rows.column_names:
        weights *= np.array(prepared.rows.column("weight").to_pylist(), np.float64)
    return weights


def primary_metric_of_rows(prepared: Prepared) -> str:
    """The task's own, or macro-F1 where the largest class is more than four times the smallest."""
    if prepared.task.kind == "single_label":
        answers = [prepared.answers[i] for i in prepared.places("train")]
        _, counts = np.unique(np.array(answers, dtype=object).astype(str), return_counts=True)
        if counts.max() > 4 * counts.min():
            return "macro_f1"
    return prepared.task.primary_metric
