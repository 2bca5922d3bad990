"""Where it fails: slices of the test rows that are worse than the rest."""

from __future__ import annotations

from tunewright.report.blocks import Section
from tunewright.report.context import Context
from tunewright.report.slices import slice_blocks


def slices(context: Context) -> Section | None:
    """The slices; nothing where the recipe wanted none."""
    found = context.run.evidence.get("slices")
    if not found:
        return None
    return context.section("slices", slice_blocks(found, context.words, units=context.units))
