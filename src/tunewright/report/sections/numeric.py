"""For a task whose answer is a number: true against predicted."""

from __future__ import annotations

from tunewright.report.answers import agreement
from tunewright.report.blocks import Figure, Figures, Section
from tunewright.report.context import Context
from tunewright.report.numbers import count
from tunewright.report.plots import density
from tunewright.report.sections.doubt import possible_answers


def numeric(context: Context) -> Section | None:
    """The grid of true and predicted values."""
    run, words = context.run, context.words
    if run.kind != "regression":
        return None
    system = context.main_system or "model"
    found = agreement(run, system=system)
    if found is None:
        return context.section("numeric", [context.missing(run.folder.predictions(system, "test"), what="numeric")])
    title, said = words("numeric.title"), words("numeric.said", n=count(found.n), **context.units)
    svg = density(
        found.counts, low=found.low, high=found.high, x_label=str(words("axis.true")),
        y_label=str(words("axis.predicted")), ideal=str(words("numeric.ideal")), title=str(title),
        description=str(said),
    )  # fmt: skip
    figures = Figures(figures=(Figure(svg=svg, title=title, caption=said),))
    return context.section("numeric", [figures, *possible_answers(context)])
