"""What a tuned tagger has to be better than: no span at all, and a list of the spans that were seen in training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tunewright.core.folder import RunFolder
from tunewright.data.shapes import Tagged
from tunewright.data.shapes.bio import spans_of_tags
from tunewright.evaluate import from_spans, write_predictions
from tunewright.metrics.spans import Span, tags_of_words
from tunewright.pipeline.fine_tune import Base
from tunewright.pipeline.prepare import Prepared
from tunewright.probes.dictionary import WordSpan, fit_dictionary
from tunewright.tasks.tag import spans_of_row, words_of


def run_tag_baselines(base: Base, prepared: Prepared, folder: RunFolder) -> None:
    """Their answers for validation and test; the test split of each is written last, as a sign that all are there."""
    if not folder.predictions("majority", "test").exists():
        _write(base, prepared, folder, "majority", lambda row: [])
    if not folder.predictions("dictionary", "test").exists():
        train = [_row(prepared, place) for place in base.places("train").tolist()]
        known = fit_dictionary([_words(row) for row in train], [_word_spans(row) for row in train])

        def look_up(row: Tagged) -> list[Span]:
            words = words_of(row)
            return [(words[first][0], words[last][1], label) for first, last, label in known.find(_words(row))]

        _write(base, prepared, folder, "dictionary", look_up)


def _write(
    base: Base, prepared: Prepared, folder: RunFolder, system: str, answer: Callable[[Tagged], Sequence[Span]]
) -> None:
    for split in ("validation", "test"):
        rows = [_row(prepared, place) for place in base.places(split).tolist()]
        predictions = from_spans(
            [row.row_id for row in rows], labels=prepared.labels, gold=[spans_of_row(row) for row in rows],
            answers=[answer(row) for row in rows], texts=[row.text for row in rows],
            tokens=[words_of(row) for row in rows],
        )  # fmt: skip
        write_predictions(predictions, folder.predictions(system, split))


def _row(prepared: Prepared, place: int) -> Tagged:
    row = prepared.shaped[place]
    assert isinstance(row, Tagged)
    return row


def _words(row: Tagged) -> list[str]:
    return [row.text[start:end] for start, end in words_of(row)]


def _word_spans(row: Tagged) -> list[WordSpan]:
    return spans_of_tags(tags_of_words(words_of(row), spans_of_row(row)), "BIO")
