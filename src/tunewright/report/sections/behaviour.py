"""Whether it does what it must, and is not moved by what must not move it."""

from __future__ import annotations

from tunewright.report.behaviour_blocks import behaviour_blocks
from tunewright.report.blocks import Section
from tunewright.report.context import Context


def behaviour(context: Context) -> Section | None:
    """The suite and the changed texts, in a private report without examples of these; nothing where the recipe wanted neither."""
    found = context.run.evidence.get("behaviour")
    if not found:
        return None
    if context.private:
        found = found | {"changes": [one | {"failures": []} for one in found["changes"]]}
    blocks = behaviour_blocks(found, context.words)
    return context.section("behaviour", blocks) if blocks else None
