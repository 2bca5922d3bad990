"""Gaps between the groups that the recipe names, on the test rows."""

from __future__ import annotations

from tunewright.report.blocks import Block, Paragraph, Section
from tunewright.report.context import Context
from tunewright.report.gaps import column_blocks


def groups(context: Context) -> Section | None:
    """One table a column; nothing where no column was named."""
    found = context.run.evidence.get("groups")
    if not found:
        return None
    words = context.words
    blocks: list[Block] = [Paragraph(text=words("bias.gaps.intro_test"))]
    for column in found:
        blocks.extend(column_blocks(column, words, least=int(context.run.evidence["min_group_rows"])))
    if context.labels:
        blocks.append(Paragraph(text=words("bias.gaps.impossible"), tone="quiet"))
    blocks.append(Paragraph(text=words("bias.limits.none"), tone="quiet"))
    return context.section("groups", blocks)
