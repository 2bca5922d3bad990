"""Asking a model about texts that are in no file: versions of texts, cases of a test."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tunewright.evaluate import Predictions
from tunewright.serve import Predictor


def ask(predictor: Predictor, texts: Sequence[tuple[str, ...]]) -> Predictions:
    """Predictions in the order of the texts, or pairs of texts; each different one is asked once."""
    place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    pairs = [text[-1] for text in place] if "text_pair" in predictor.about.fields else None
    once = predictor.predictions([str(i) for i in range(len(place))], [text[0] for text in place], pairs=pairs)
    table = once.table.take(pa.array([place[text] for text in texts], pa.int64()))
    return Predictions(table=table, kind=once.kind, labels=once.labels)
