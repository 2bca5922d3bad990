"""Random encoded examples for the laws: texts of different lengths, some in several windows, weights that differ."""

from __future__ import annotations

import numpy as np

from tunewright.batching import Examples, Ragged


def random_examples(
    n: int = 8,
    *,
    classes: int = 3,
    kind: str = "single_label",
    windows: bool = False,
    vocabulary: int = 64,
    seed: int = 0,
) -> Examples:
    """N rows with token ids from 4 on, so that no special token of any tiny model is among them."""
    rng = np.random.default_rng(seed)
    inputs, window_lengths = [], []
    for row in range(n):
        count = int(rng.integers(1, 4)) if windows and row % 2 else 1
        lengths = rng.integers(2, 30, count)
        window_lengths.append(lengths)
        inputs.append(rng.integers(4, vocabulary, int(lengths.sum())))
    if kind == "single_label":
        targets = rng.integers(0, classes, n)
    elif kind == "multi_label":
        targets = rng.integers(0, 2, (n, classes)).astype(np.float32)
    else:
        targets = rng.normal(size=n).astype(np.float32)
    return Examples(
        row_ids=[f"row{i}" for i in range(n)],
        streams={
            "input": Ragged.of(inputs, dtype=np.int32),
            "window": Ragged.of(window_lengths, dtype=np.int32),
        },
        targets=targets,
        weights=rng.uniform(0.2, 3.0, n),
    )
