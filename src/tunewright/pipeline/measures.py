"""What the answers of a run are measured by: where they are texts, `evaluate.text`, in the languages of the data."""

from __future__ import annotations

from tunewright.core.errors import RecipeError, nearest
from tunewright.evaluate import metrics_for
from tunewright.evaluate.predictions import Kind
from tunewright.evaluate.texts import text_metrics
from tunewright.metrics import METRICS, TextMetric
from tunewright.recipe import Recipe


def measures_of(recipe: Recipe) -> dict[str, TextMetric]:
    """The metrics of texts by name. Raises DataError for a glossary or a schema that can't be used."""
    shape = recipe.data.shape
    return text_metrics(
        recipe.evaluate.text, source_language=shape.source_language, target_language=shape.target_language
    )


def check_measures(recipe: Recipe, *, kind: Kind, measured_by: tuple[str, ...] | None = None) -> None:
    """Tell what can't be measured as asked before hours are spent on training.

    Raises RecipeError for an `evaluate.metric` that is not of this kind of answers or that has no better way, and
    DataError for a glossary or a schema that can't be used.
    """
    fitting = list(measures_of(recipe)) if kind == "text" else metrics_for(kind)
    fitting = fitting if measured_by is None else list(measured_by)
    fitting = [name for name in fitting if METRICS[name].better != "neither"]
    asked = recipe.evaluate.metric
    if asked is None or asked in fitting:
        return
    why = " has an aim and no better way" if asked in METRICS and METRICS[asked].better == "neither" else ""
    raise RecipeError(
        f"evaluate.metric: `{asked}`{why or f' is not for {kind} answers'}.{nearest(asked, fitting)} "
        f"Those that fit: {', '.join(fitting)}."
    )
