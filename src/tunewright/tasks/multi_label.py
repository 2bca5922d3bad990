"""Any number of labels per text: each label is a yes or no of its own. Binary cross-entropy summed over the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tunewright.tasks.task import Label, RowTask, row_logits, weighted_loss


def _find_labels(answers: Sequence[Label]) -> list[str]:
    return sorted({label for answer in answers if isinstance(answer, list) for label in answer})


def _targets(answers: Sequence[Label], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    index = {label: i for i, label in enumerate(labels)}
    targets_NC = np.zeros((len(answers), len(labels)), np.float32)
    for row, answer in enumerate(answers):
        if isinstance(answer, list):
            targets_NC[row, [index[label] for label in answer]] = 1.0
    return targets_NC


MULTI_LABEL = RowTask(
    name="multi_label",
    kind="multi_label",
    default_loss="bce",
    primary_metric="micro_f1",
    find_labels=_find_labels,
    targets=_targets,
    objective=weighted_loss,
    logits=row_logits,
)
