"""A bundle that answers: the same text gets the same answer, alone or among others, today or later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tunewright.batching import CutConfig, Examples
from tunewright.bundle import ENCODER, About
from tunewright.core.errors import DataError
from tunewright.data.clean import apply_text_steps
from tunewright.evaluate import Predictions, from_logits
from tunewright.evaluate.conformal import Conformal, possible
from tunewright.evaluate.predict import predict_rows
from tunewright.models.features import pooled_features
from tunewright.models.load import load_classifier, load_features_model, load_generator, resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.probes import load_frozen, load_text_probe
from tunewright.runtime import Machine
from tunewright.tasks import ROW_TASKS, EncodeConfig, encode_texts
from tunewright.tasks.label_text import label_texts

Logits = Callable[[Sequence[str], Sequence[str] | None], npt.NDArray[np.float64]]
Lengths = Callable[[Sequence[str], Sequence[str] | None], npt.NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says of one text."""

    label: str | list[str] | float
    confidence: float | None
    """Calibrated probability of the answer; None for numbers."""
    scores: dict[str, float] | None
    """Calibrated probability of each label; None for numbers."""
    possible: list[str] | None = None
    """Labels among which the right one is (of several labels: all that may be there), as often as the bundle says."""
    low: float | None = None
    high: float | None = None
    """Of a number: the interval that holds the true one as often as the bundle says."""
    abstained: bool = False
    """Whether the confidence is too low for what was asked: the label is then a suggestion to a person."""


@dataclass(frozen=True)
class Predictor:
    """A loaded bundle."""

    about: About
    _logits: Logits
    _lengths: Lengths | None = None
    """Tokens of whole texts; None for a bundle that reads texts of any length."""

    def num_cut(self, texts: Sequence[str], *, pairs: Sequence[str] | None = None) -> int:
        """How many of the texts are longer than what is read of them."""
        limit = self.about.max_length
        if self._lengths is None or limit is None or self.about.long_texts == "windows" or not len(texts):
            return 0
        return int((self._lengths(*self._as_trained(texts, pairs)) > limit).sum())

    def predict(self, texts: str | Sequence[str], *, pairs: Sequence[str] | None = None) -> list[Answer]:
        """An answer for each text. Raises DataError where the model wants pairs and gets none, or the other way round."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        predictions = self.predictions([str(i) for i in range(len(texts))], texts, pairs=pairs)
        return answers_of(predictions, conformal=self.about.conformal)

    def predictions(
        self, row_ids: Sequence[str], texts: Sequence[str], *, pairs: Sequence[str] | None = None,
        gold: Sequence[Any] | None = None,
    ) -> Predictions:  # fmt: skip
        """The same as a predictions table, with gold where there is one."""
        wants_pairs = "text_pair" in self.about.fields
        if wants_pairs != (pairs is not None):
            raise DataError(
                "this model judges pairs of texts, and the second texts are missing."
                if wants_pairs
                else "this model judges single texts, and was given pairs."
            )
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise DataError(f"text {i} is {type(text).__name__}, expected a string.")
        texts, pairs = self._as_trained(texts, pairs)
        logits = self._logits(texts, pairs) if len(texts) else np.zeros((0, max(1, len(self.about.labels))))
        return from_logits(
            row_ids, kind=ROW_TASKS[self.about.task].kind, labels=self.about.labels, gold=gold, logits_NC=logits,
            temperature=self.about.temperature, scaling=self.about.scaling,
            thresholds=0.5 if self.about.thresholds is None else self.about.thresholds,
        )  # fmt: skip

    def _as_trained(self, texts: Sequence[str], pairs: Sequence[str] | None) -> tuple[list[str], list[str] | None]:
        """The texts after the steps that changed them before training."""
        steps = self.about.text_steps
        second = None if pairs is None else [apply_text_steps(pair, steps) for pair in pairs]
        return [apply_text_steps(text, steps) for text in texts], second


def load_predictor(path: Path, about: About) -> Predictor:
    """The model in a bundle whose answers are classes or numbers."""
    if about.system == "model":
        return _by_label_text(path, about) if about.answers == "label_text" else _fine_tuned(path, about)
    if about.system == "frozen":
        return _frozen(path, about)
    probe = load_text_probe(path)
    return Predictor(about, lambda texts, pairs: probe.logits(texts, pairs=pairs))


def answers_of(predictions: Predictions, *, conformal: Conformal | None = None) -> list[Answer]:
    """One Answer a row; with `conformal`, what else is possible."""
    said = predictions.table.column("prediction").to_pylist()
    scores = predictions.table.column("scores").to_pylist()
    sets: list[list[str] | None] = [None] * len(said)
    if conformal is not None and conformal.threshold is not None and len(said):
        scores_NC = predictions.scores_NC[:, : len(predictions.labels)]
        names = np.asarray(predictions.labels, object)
        # The surest first, as people read them.
        sets = [
            names[order[chosen[order]]].tolist()
            for chosen, order in zip(possible(scores_NC, conformal), np.argsort(-scores_NC, axis=1), strict=True)
        ]
    width = None if conformal is None else conformal.half_width
    answers = []
    for label, row, together in zip(said, scores, sets, strict=True):
        if row is None:
            low, high = (None, None) if width is None else (label - width, label + width)
            answers.append(Answer(label=label, confidence=None, scores=None, low=low, high=high))
            continue
        named = dict(zip(predictions.labels, row, strict=True))
        confidence = _confidence_of_set(named, label) if isinstance(label, list) else named[label]
        answers.append(Answer(label=label, confidence=confidence, scores=named, possible=together))
    return answers


def _confidence_of_set(scores: dict[str, float], said: list[str]) -> float:
    """The chance that every label of a set is right, if labels err independently."""
    return float(np.prod([score if name in said else 1.0 - score for name, score in scores.items()]))


def _fine_tuned(path: Path, about: About) -> Predictor:
    task = ROW_TASKS[about.task]
    local = resolve(str(path))
    model = load_classifier(local, kind=task.kind, labels=about.labels, seed=0).model.eval()
    tokenizer = load_tokenizer(local)
    machine = Machine(device=torch.device("cpu"), precision="float32")

    def logits(texts: Sequence[str], pairs: Sequence[str] | None) -> npt.NDArray[np.float64]:
        examples = _encode(tokenizer, texts, pairs, about)
        outputs = predict_rows(
            model, examples, np.arange(len(texts)), logits=task.logits, loss=None, pad_id=tokenizer.pad_id,
            batching=CutConfig(), machine=machine,
        )  # fmt: skip
        return outputs.logits

    return Predictor(about, logits, tokenizer.lengths)


def _by_label_text(path: Path, about: About) -> Predictor:
    """A model that writes, asked how likely the text of each label is."""
    local = resolve(str(path))
    model = load_generator(local).model.eval()
    labels = label_texts(load_tokenizer(local), about.encode or EncodeConfig(), labels=about.labels)

    def logits(texts: Sequence[str], pairs: Sequence[str] | None) -> npt.NDArray[np.float64]:
        return labels.logits(model, labels.prompts(texts, pairs), device=torch.device("cpu"))

    return Predictor(about, logits, labels.lengths)


def _frozen(path: Path, about: About) -> Predictor:
    """The pretrained model as it came, and a linear model over the mean of what it says of each token.

    No class of transformers has exactly this shape (theirs read the first token, or bend the mean once more before the last
    layer), so this kind of bundle is loaded by Tunewright alone.
    """
    local = resolve(str(path / ENCODER))
    model, tokenizer, head = load_features_model(local), load_tokenizer(local), load_frozen(path)

    def logits(texts: Sequence[str], pairs: Sequence[str] | None) -> npt.NDArray[np.float64]:
        return head.logits(pooled_features(model, _encode(tokenizer, texts, pairs, about)))

    return Predictor(about, logits, tokenizer.lengths)


def _encode(tokenizer: Tokenizer, texts: Sequence[str], pairs: Sequence[str] | None, about: About) -> Examples:
    config = EncodeConfig(max_length=about.max_length, long_texts=about.long_texts)
    return Examples(
        row_ids=[str(i) for i in range(len(texts))], streams=encode_texts(tokenizer, texts, pairs, config=config),
        targets=None, weights=np.ones(len(texts)),
    )  # fmt: skip
