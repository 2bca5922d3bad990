"""Plots as inline SVG, drawn by hand: no script, no font of their own, colours from the page, text that stays text."""

from tunewright.report.plots.confusion import confusion
from tunewright.report.plots.density import density
from tunewright.report.plots.histogram import confidence_histogram
from tunewright.report.plots.lines import Line, lines
from tunewright.report.plots.reliability import reliability
from tunewright.report.plots.risk import Given, risk
from tunewright.report.plots.scatter import Point, scatter
from tunewright.report.plots.strip import bar, strip, strip_axis

__all__ = [
    "Given", "Line", "Point", "bar", "confidence_histogram", "confusion", "density", "lines", "reliability", "risk",
    "scatter", "strip", "strip_axis",
]  # fmt: skip
