"""A bundle that tags: which parts of a text are what, in the text's own places.

tagger = load("runs/news-1a2b3c4d/model")
tagger.predict("Ada moved to Paris")[0].spans
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tunewright.batching import CutConfig, Examples
from tunewright.bundle import About
from tunewright.core.errors import DataError
from tunewright.data.clean import apply_text_steps
from tunewright.data.shapes import Tagged
from tunewright.data.shapes.moving import Moved, moved
from tunewright.data.shapes.spacing import cut_tokens
from tunewright.evaluate import Predictions, from_spans
from tunewright.evaluate.predictions import log_softmax
from tunewright.evaluate.tagging import Floats, logits_of_words
from tunewright.metrics.spans import Words
from tunewright.models.load import load_tagger, resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.runtime import Machine
from tunewright.tasks import EncodeConfig
from tunewright.tasks.encode import streams_of
from tunewright.tasks.tag import seen_tags, spans_in, spans_of_row, tag_names, words_of
from tunewright.tasks.words import UNREAD, ReadTexts, read_texts


@dataclass(frozen=True, kw_only=True)
class FoundSpan:
    """A part of a text, and what it is."""

    start: int
    end: int
    """In code points, end excluded."""
    label: str
    text: str
    confidence: float
    """The lowest probability of the tags that it was read from; not calibrated."""


@dataclass(frozen=True, kw_only=True)
class TaggedText:
    """What the model finds in one text."""

    spans: list[FoundSpan]
    num_unread: int
    """Words that the model does not read, because the text is too long or the tokenizer makes nothing of them."""


@dataclass(frozen=True, kw_only=True)
class TaggingPredictor:
    """A loaded bundle whose answers are spans."""

    about: About
    model: Any
    tokenizer: Tokenizer

    def predict(self, asked: str | Tagged | Sequence[str | Tagged]) -> list[TaggedText]:
        """What is found in each text. A row keeps its own tokens; the words of a bare text are found as in training."""
        rows = [self._prepared(_row(one)) for one in ([asked] if isinstance(asked, (str, Tagged)) else asked)]
        read_rows = [row.row for row in rows]
        words = [words_of(row) for row in read_rows]
        read = self._read(read_rows, words)
        return [
            self._found(row, of_row, logits_UC, token_U)
            for row, of_row, logits_UC, token_U in zip(
                rows, words, self._logits(read_rows, read), read.token_of_word, strict=True
            )
        ]

    def predictions(self, rows: Sequence[Tagged]) -> Predictions:
        """The same as a predictions table, with the rows' own spans as gold."""
        found = self.predict(rows)
        return from_spans(
            [row.row_id for row in rows], labels=self.about.labels, gold=[spans_of_row(row) for row in rows],
            answers=[[(span.start, span.end, span.label) for span in one.spans] for one in found],
            texts=[row.text for row in rows], tokens=[words_of(row) for row in rows],
        )  # fmt: skip

    def _prepared(self, row: Tagged) -> Moved:
        """The row after the steps that changed texts before training; what is found in it is told in the row's own places."""
        return moved(row, lambda text: apply_text_steps(text, self.about.text_steps))

    def _read(self, rows: Sequence[Tagged], words: Sequence[Words]) -> ReadTexts:
        return read_texts(self.tokenizer, [row.text for row in rows], words, config=self.about.encode or EncodeConfig())

    def _logits(self, rows: Sequence[Tagged], read: ReadTexts) -> list[Floats]:
        examples = Examples(
            row_ids=[row.row_id for row in rows],
            streams=streams_of(read.encoded),
            targets=None,
            weights=np.ones(len(rows)),
        )
        return logits_of_words(
            self.model, examples, np.arange(len(rows)), token_of_word=read.token_of_word, pad_id=self.tokenizer.pad_id,
            batching=CutConfig(), machine=Machine(device=torch.device("cpu"), precision="float32"),
        )  # fmt: skip

    def _found(self, row: Moved, words: Words, logits_UC: Floats, token_U: Any) -> TaggedText:
        tags = tag_names(self.about.labels)
        best_U = logits_UC.argmax(1)
        sure_U = np.where(token_U >= 0, np.exp(log_softmax(logits_UC).max(1)), 1.0)
        spans = []
        for start, end, label in spans_in(seen_tags([tags[best] for best in best_U], token_U), words):
            own = row.back(start, end)
            if own is None:
                continue
            inside = [number for number, word in enumerate(words) if start <= word[0] < end]
            spans.append(
                FoundSpan(
                    start=own[0], end=own[1], label=label, text=row.before.text[own[0] : own[1]],
                    confidence=float(sure_U[inside].min()),
                )
            )  # fmt: skip
        return TaggedText(spans=spans, num_unread=int((token_U == UNREAD).sum()))


def load_tagging(path: Path, about: About) -> TaggingPredictor:
    """The model in a bundle whose answers are spans."""
    local = resolve(str(path))
    tokenizer = load_tokenizer(local)
    model = load_tagger(local, tags=tag_names(about.labels), seed=0, pad_id=tokenizer.pad_id).model.eval()
    return TaggingPredictor(about=about, model=model, tokenizer=tokenizer)


def _row(asked: str | Tagged) -> Tagged:
    if isinstance(asked, Tagged):
        return asked
    if not isinstance(asked, str):
        raise DataError(f"found {type(asked).__name__}, expected a text or a tagged row.")
    return Tagged(text=asked, tokens=tuple(cut_tokens(asked, ())))
