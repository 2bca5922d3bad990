"""Kinds of supervision. Each is a record; the pipeline, the step and the evaluator know nothing else of it."""

from tunewright.tasks.classify import CLASSIFY
from tunewright.tasks.encode import encode_texts
from tunewright.tasks.masked import MASKED, MaskConfig
from tunewright.tasks.multi_label import MULTI_LABEL
from tunewright.tasks.regression import REGRESSION
from tunewright.tasks.tag import TAG
from tunewright.tasks.task import EncodeConfig, Kind, MaskedTask, RowTask, TagTask, Task, TextTask
from tunewright.tasks.texts import CHAT, COMPLETE, CONTINUE, TRANSDUCE, TRANSLATE

ROW_TASKS: dict[str, RowTask] = {
    "classify": CLASSIFY,
    "multi_label": MULTI_LABEL,
    "regression": REGRESSION,
}
"""Tasks with one answer a row."""

TEXT_TASKS: dict[str, TextTask] = {
    "translate": TRANSLATE,
    "transduce": TRANSDUCE,
    "complete": COMPLETE,
    "chat": CHAT,
    "continue": CONTINUE,
}
"""Tasks whose answers are texts."""

SHAPED_TASKS: dict[str, TextTask | TagTask | MaskedTask] = {**TEXT_TASKS, "tag": TAG, "masked": MASKED}
"""Tasks whose rows are read by their shape, not from the columns of a table."""

TASKS: dict[str, Task] = {**ROW_TASKS, **SHAPED_TASKS}
"""Every task by the name that a recipe gives it."""


def row_task(kind: str) -> RowTask:
    """The task with one answer a row, of this kind."""
    return next(task for task in ROW_TASKS.values() if task.kind == kind)


__all__ = [
    "MASKED",
    "ROW_TASKS",
    "SHAPED_TASKS",
    "TASKS",
    "TEXT_TASKS",
    "EncodeConfig",
    "Kind",
    "MaskConfig",
    "MaskedTask",
    "RowTask",
    "TagTask",
    "Task",
    "TextTask",
    "encode_texts",
    "row_task",
]
