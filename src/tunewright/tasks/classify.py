"""One of several classes per text: sentiment, intent, topic. Cross-entropy over the classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tunewright.tasks.task import Label, RowTask, row_logits, weighted_loss


def _find_labels(answers: Sequence[Label]) -> list[str]:
    """Numbers in their order ("2" before "10"), everything else by code point."""
    found = {str(answer) for answer in answers if answer is not None}
    return sorted(found, key=lambda label: (0, int(label), label) if label.isdecimal() else (1, 0, label))


def _targets(answers: Sequence[Label], labels: Sequence[str]) -> npt.NDArray[np.int64]:
    index = {label: i for i, label in enumerate(labels)}
    return np.array([0 if answer is None else index[str(answer)] for answer in answers], np.int64)


CLASSIFY = RowTask(
    name="classify",
    kind="single_label",
    default_loss="cross_entropy",
    primary_metric="accuracy",
    find_labels=_find_labels,
    targets=_targets,
    objective=weighted_loss,
    logits=row_logits,
)
