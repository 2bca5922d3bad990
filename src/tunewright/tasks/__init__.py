"""Kinds of supervision. Each is a record of functions; the pipeline, the step and the evaluator know nothing else of it."""

from tunewright.tasks.classify import CLASSIFY
from tunewright.tasks.encode import encode_texts
from tunewright.tasks.multi_label import MULTI_LABEL
from tunewright.tasks.regression import REGRESSION
from tunewright.tasks.task import EncodeConfig, Task

TASKS: dict[str, Task] = {
    "classify": CLASSIFY,
    "multi_label": MULTI_LABEL,
    "regression": REGRESSION,
}
"""Every task by the name that a recipe gives it."""

__all__ = ["TASKS", "EncodeConfig", "Task", "encode_texts"]
