"""What differs between tasks when a model is taught and asked: one record of functions for each kind of answer.

`rows.py` is for one answer a row (a class, several, a number), `texts.py` for answers that are texts, `tags.py` for labels of
parts of a text, `masked.py` for words that are hidden, `labels.py` for classes that a model which writes tells by their text.
The story in `fine_tune.py` and `bundling.py` is the same for all.
"""

from __future__ import annotations

from tunewright.models.local import LocalModel
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.labels import LabelTeaching
from tunewright.pipeline.teaching.masked import MaskedTeaching
from tunewright.pipeline.teaching.rows import RowTeaching, primary_metric_of_rows
from tunewright.pipeline.teaching.tags import TagTeaching
from tunewright.pipeline.teaching.teaching import Teaching
from tunewright.pipeline.teaching.texts import WATCHED, TextTeaching, primary_metric_of_texts
from tunewright.recipe import Recipe
from tunewright.runtime import Machine
from tunewright.tasks import MaskedTask, RowTask, TagTask, TextTask

__all__ = ["Teaching", "primary_metric", "teaching_of", "watched_metric"]


def teaching_of(local: LocalModel, recipe: Recipe, prepared: Prepared, *, machine: Machine) -> Teaching:
    """How this model is taught the task of these rows."""
    if isinstance(prepared.task, TextTask):
        return TextTeaching.of(local, recipe, prepared, machine=machine)
    if isinstance(prepared.task, TagTask):
        return TagTeaching.of(local, recipe, prepared, machine=machine)
    if isinstance(prepared.task, MaskedTask):
        return MaskedTeaching.of(local, recipe, prepared, machine=machine)
    if recipe.model.answers == "label_text":
        return LabelTeaching.of(local, recipe, prepared, machine=machine)
    return RowTeaching.of(local, recipe, prepared, machine=machine)


def primary_metric(recipe: Recipe, prepared: Prepared) -> str:
    """What comparisons are about, and where the task has no better one, what early stopping watches."""
    if recipe.evaluate.metric:
        return recipe.evaluate.metric
    if isinstance(prepared.task, RowTask):
        return primary_metric_of_rows(prepared)
    return primary_metric_of_texts(prepared) if isinstance(prepared.task, TextTask) else prepared.task.primary_metric


def watched_metric(recipe: Recipe, prepared: Prepared) -> str:
    """What early stopping watches, and what trials are judged by: as the `metric` of the rows' teaching will be."""
    if recipe.evaluate.metric:
        return recipe.evaluate.metric
    return WATCHED if isinstance(prepared.task, TextTask) else primary_metric(recipe, prepared)
