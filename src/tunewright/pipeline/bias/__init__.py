"""`tunewright evaluate --bias`: gaps between groups of a file's rows, and what changes when a text is about somebody else.

Four parts, each with what it can't say: gaps between the groups of named columns; swaps in the file's own texts; sentences
of our own; probe sets that the user has a copy of. What can't be measured has a reason in its place.

measure.py    the story: a model, perhaps a file, and probe sets in; a `Bias` out
found.py      what is known afterwards                versions.py   asking about versions of texts
rows.py       the user's own file                     likelier.py   pairs of texts, for language models
"""

from __future__ import annotations

from tunewright.pipeline.bias.found import AxisFound, Bias, Example, FileAccount, Part, ProbeFound
from tunewright.pipeline.bias.measure import evaluate_bias

__all__ = ["AxisFound", "Bias", "Example", "FileAccount", "Part", "ProbeFound", "evaluate_bias"]
