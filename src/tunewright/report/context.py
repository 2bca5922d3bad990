"""What every section gets: the run, the words of one language, whether texts may be shown, and names for systems."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from tunewright.core.text import is_cjk
from tunewright.report.blocks import Paragraph, Section
from tunewright.report.run import Run, Score
from tunewright.report.words import Words

MAIN = "model"
_SETTING = re.compile(r"`([A-Za-z_.:= 0-9-]+)`")
HEADLINE = {"single_label": "accuracy", "multi_label": "accuracy", "regression": "mae"}
"""The metric of the first sentence: the one that can be said in words to anybody."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The run and how to speak about it."""

    run: Run
    words: Words
    private: bool

    @property
    def units(self) -> dict[str, str]:
        """What the rows are called, as the sentences want it: messages; 条消息."""
        return self.words.units(str(self.run.evidence.get("text_unit") or "texts"))

    @property
    def headline_metric(self) -> str:
        """The metric of the first sentence, or the primary one where that was not measured."""
        wanted = (self.run.evidence.get("headline_metric"), HEADLINE.get(self.run.kind, "accuracy"))
        return next((str(metric) for metric in wanted if metric and self.run.systems(metric)), self.primary_metric)

    @property
    def primary_metric(self) -> str:
        """The metric that the run chose its weights by."""
        return str(self.run.evidence.get("primary_metric") or HEADLINE.get(self.run.kind, "accuracy"))

    @property
    def main_system(self) -> str | None:
        """The system the page is about: as the evidence names it, else the model, else any that was scored."""
        measured = self.run.systems(self.headline_metric)
        wanted = (self.run.evidence.get("system"), MAIN, self.run.evidence.get("recommended"), *measured)
        return next((name for name in wanted if name in measured), None)

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the model's answers."""
        return [str(label) for label in self.run.evidence.get("labels") or ()]

    def system(self, name: str, *, form: str = "system") -> str | Markup:
        """A system's name in words; `form` is `system` (in a list) or `the` (inside a sentence)."""
        return self.words.find(f"{form}.{name}") or self.words.name("system", name)

    def score_text(self, score: Score) -> str:
        """`87.1 (84.0–89.7)` on the scale of the metric."""
        return self.words.metric(score.metric, score.value, score.low, score.high)

    def metric(self, metric: str, *, alone: bool = False) -> str | Markup:
        """A metric's name inside a sentence, or `alone` as in a table. Of sets of labels, accuracy means all right."""
        key = "subset_accuracy" if (metric, self.run.kind) == ("accuracy", "multi_label") else metric
        return self.words.heading("metric", key) if alone else self.words.name("metric", key)

    @property
    def file(self) -> str:
        """The name of the file the run began with, from whichever file of the run has it; empty where none has."""
        return self.file_name(self.source)

    @property
    def source(self) -> str:
        """The path of that file as it was given; empty where it is not known."""
        starts = [event.get("source") for event in self.run.steps("run_started")]
        return next((str(path) for path in [*starts, self.run.plan.get("path")] if path), "")

    def free(self, value: Any) -> Markup:
        """A sentence that another part wrote and that may quote a text: empty in a private report.

        Names of settings between backticks, as the messages have them, are set as code.
        """
        return as_code("" if self.private else self.words.pick(value))

    def written(self, value: Any) -> Markup:
        """`free`, and empty on a Chinese page for a sentence that is in English only."""
        text = self.free(value)
        return text if self.words.language == "en" or any(map(is_cjk, text)) else Markup("")

    def file_name(self, path: Any) -> str:
        """The last part of a path: enough to find it, and no home directory on a page that is passed on."""
        return Path(str(path).replace("\\", "/")).name if path else ""

    def section(self, anchor: str, blocks: Iterable[Any], *, title: str | None = None) -> Section:
        """A section with the title of its anchor, or another."""
        return Section(anchor=anchor, title=self.words(f"title.{title or anchor}"), blocks=tuple(blocks))

    def missing(self, path: Path, *, what: str) -> Paragraph:
        """The sentence that stands in for what a missing or damaged file would have shown."""
        name = self.run.lacks(path)
        key = "missing.damaged" if name in self.run.damaged else "missing.file"
        return Paragraph(text=self.words(key, what=self.words(f"what.{what}"), file=name or path.name), tone="missing")


def as_code(text: str | Markup) -> Markup:
    """The text escaped, names of settings between backticks set as code."""
    return Markup(_SETTING.sub(r"<code>\1</code>", str(escape(text))))
