"""What every part gets: a comparison as `RunsComparison.to_json` has it, the words of one language, and how to write both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from tunewright.report.numbers import decimals_for, fixed, scale
from tunewright.report.paired import difference_text
from tunewright.report.words import Words

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """One comparison in one language."""

    found: Json
    words: Words

    @property
    def recipes(self) -> list[Json]:
        """The recipes, in the order in which their runs were named."""
        recipes: list[Json] = self.found["recipes"]
        return recipes

    @property
    def runs(self) -> list[Json]:
        """The runs as they were named."""
        runs: list[Json] = self.found["runs"]
        return runs

    @property
    def main(self) -> str:
        """The metric that decides."""
        return str(self.found["metrics"][0])

    @property
    def several(self) -> bool:
        """Whether any recipe has several seeds."""
        return any(len(recipe["runs"]) > 1 for recipe in self.recipes)

    @property
    def level(self) -> str:
        """`95`."""
        return fixed(100 * float(self.found["level"]), 0)

    @cached_property
    def units(self) -> dict[str, str]:
        """What the rows are called."""
        return self.words.units(str(self.found["unit"]))

    def metric(self, metric: str) -> str:
        """Its name as it stands alone. Of sets of labels, accuracy means all right."""
        sets = (metric, self.found["kind"]) == ("accuracy", "multi_label")
        return self.words.heading("metric", "subset_accuracy" if sets else metric)

    def column(self, metric: str) -> str | Markup:
        """Its name over a column of figures."""
        name = self.metric(metric)
        return self.words("systems.percent", metric=name) if scale(metric) == 100 else name

    def quoted(self, name: str) -> Markup:
        """A run's name inside a sentence."""
        return self.words("compared.quoted", name=name)

    def listed(self, parts: Sequence[str | Markup]) -> Markup:
        """`a, b and c`."""
        comma = self.words("compared.list_comma")
        if len(parts) < 2:
            return comma.join(parts)
        return self.words("compared.list_and", first=comma.join(parts[:-1]), last=parts[-1])

    def recipe(self, name: str) -> Json:
        """One of the recipes."""
        return next(recipe for recipe in self.recipes if recipe["name"] == name)

    def chosen_run(self, recipe: Json) -> Json:
        """The run that speaks for a recipe."""
        return self.runs[recipe["chosen"]]

    def over_seeds(self, recipe: Json, metric: str) -> Json:
        """What `score_seeds` found."""
        found: Json = next(score for score in recipe["scores"] if score["metric"] == metric)
        return found

    def score(self, recipe: Json, metric: str) -> Json:
        """Over the seeds where there are several; of the one run where there is one."""
        if len(recipe["runs"]) > 1:
            return self.over_seeds(recipe, metric)
        found: Json = next(s for s in self.chosen_run(recipe)["scores"] if s["metric"] == metric)
        return found

    def score_text(self, recipe: Json, metric: str) -> str:
        """`87.1 (84.0–89.7)`."""
        score = self.score(recipe, metric)
        return self.value_text(metric, score["value"], score["low"], score["high"])

    def value_text(self, metric: str, value: float | None, low: float | None = None, high: float | None = None) -> str:
        """A value on the scale of its metric, a dash where there is none."""
        return "–" if value is None else self.words.metric(metric, value, low, high)

    def deviation_text(self, metric: str, value: float | None) -> str:
        """`±0.8`, in points of a hundred where the metric is read so."""
        if value is None:
            return "–"
        by = scale(metric)
        return f"±{fixed(value * by, 1 if by == 100 else decimals_for(value))}"

    def difference_text(self, comparison: Json, *, absolute: bool = False) -> str:
        """`+2.4 (−1.0 to 5.8)`."""
        if comparison["difference"] is None:
            return "–"
        ends = comparison["low"], comparison["high"]
        return difference_text(self.words, comparison["metric"], comparison["difference"], *ends, absolute=absolute)
