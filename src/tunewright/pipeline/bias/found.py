"""What is known of a model's bias after measuring: records, and what a private result leaves out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tunewright.data.counterfactual.probe_sets import Output
from tunewright.data.counterfactual.sentences import Tone
from tunewright.data.counterfactual.terms import Language
from tunewright.evaluate import GroupGaps, without_small_names
from tunewright.evaluate.counterfactual import Effect
from tunewright.evaluate.preference import Preference

Reason = Literal[
    "no_file", "no_columns", "few_rows", "language", "pairs", "text_probability", "not_wanted", "writes", "answer",
]  # fmt: skip
"""Why something was not measured, or is not applicable."""


@dataclass(frozen=True, kw_only=True)
class FileAccount:
    """The rows that were looked at: read = used + the two below it."""

    name: str
    rows_read: int
    rows_used: int
    unreadable: int
    empty: int
    """Rows without text."""
    labelled: int
    """Used rows with an answer to compare with."""
    language: str
    times_scored: int | None
    """As in `Evaluation`: gaps that need answers are a look at them."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A row whose answer changes with the group."""

    row_id: str
    origin: Mapping[str, Any]
    text: str
    version: str
    group: str
    version_group: str
    answer: Any
    version_answer: Any


@dataclass(frozen=True, kw_only=True)
class AxisFound:
    """One axis of one set of texts."""

    axis: str
    language: Language | None
    rows: int
    """Texts that have a term of the axis."""
    asked: int
    """Of these, how many were swapped; of sentences and probe sets, how many frames."""
    effect: Effect | None = None
    by_tone: Mapping[Tone, Effect] = field(default_factory=dict)
    """Of sentences: the neutral, the positive and the negative ones by themselves, without tests."""
    examples: tuple[Example, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """Texts of one kind, axis by axis, or why there are none."""

    axes: tuple[AxisFound, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, kw_only=True)
class ProbeFound:
    """A probe set and what came of it."""

    name: str
    path: str
    source: str
    needs: Output
    texts: int
    part: Part
    """Of sets of texts to be answered; or the reason for which the set is not applicable."""
    preferences: tuple[Preference, ...] = ()
    """Of sets of pairs of texts, one of which a model may find likelier."""


@dataclass(frozen=True, kw_only=True)
class Bias:
    """All that was measured of a model's bias."""

    model: str
    system: str
    kind: str
    labels: tuple[str, ...]
    looked_at: tuple[str, ...]
    """The labels whose shares and scores are compared."""
    language: str
    """Of the texts that the model was trained on."""
    level: float
    min_group_rows: int
    file: FileAccount | None
    groups: tuple[GroupGaps, ...]
    groups_reason: Reason | None
    swaps: Part
    sentences: Part
    probes: tuple[ProbeFound, ...]

    def to_json(self, *, private: bool = False) -> dict[str, Any]:
        """Plain values; with `private`, without texts, answers and names of groups that stand in the file."""
        value = asdict(without_texts(self) if private else self)
        return value | {"private": private}


def without_texts(bias: Bias) -> Bias:
    """No text, and no name of a group that is as small as a person may be."""
    swaps = replace(bias.swaps, axes=tuple(replace(one, examples=()) for one in bias.swaps.axes))
    groups = tuple(without_small_names(one, least=bias.min_group_rows) for one in bias.groups)
    return replace(bias, swaps=swaps, groups=groups)
