"""The parts of the page in reading order. Each is a function of the run, and of nothing else.

A section whose file is missing says which; one whose file has an unexpected shape says that, and the others stand.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tunewright.report.blocks import Paragraph, Section
from tunewright.report.context import Context
from tunewright.report.sections.behaviour import behaviour
from tunewright.report.sections.classes import classes
from tunewright.report.sections.confidence import confidence
from tunewright.report.sections.data import data
from tunewright.report.sections.groups import groups
from tunewright.report.sections.making import making
from tunewright.report.sections.mistakes import mistakes
from tunewright.report.sections.numeric import numeric
from tunewright.report.sections.slices import slices
from tunewright.report.sections.systems import systems
from tunewright.report.sections.training import training

SECTIONS: dict[str, Callable[[Context], Section | None]] = {
    "systems": systems,
    "classes": classes,
    "numeric": numeric,
    "slices": slices,
    "groups": groups,
    "confidence": confidence,
    "behaviour": behaviour,
    "mistakes": mistakes,
    "training": training,
    "data": data,
    "making": making,
}
"""None from a section means that it does not apply to this kind of task."""


def build_sections(context: Context) -> list[Section]:
    """All sections that apply, in order."""
    built = (_build(name, context) for name in SECTIONS)
    return [section for section in built if section is not None]


def _build(name: str, context: Context) -> Section | None:
    try:
        return SECTIONS[name](context)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        # A file of an older or newer version must not cost the reader the whole page. Private pages name no value.
        detail = type(error).__name__ if context.private else f"{type(error).__name__}: {error}"
        text = context.words("missing.shape", folder=Path(context.run.folder.path).name, detail=detail)
        return Section(
            anchor=name, title=context.words(f"title.{name}"), blocks=(Paragraph(text=text, tone="missing"),)
        )
