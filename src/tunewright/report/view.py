"""A result that is shown in two places: as lines and tables on a terminal, and as a page of its own."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from tunewright.report.blocks import Section
from tunewright.report.page import draw
from tunewright.report.sections.verdict import Verdict
from tunewright.report.words import Words


@dataclass(frozen=True, kw_only=True)
class View:
    """What is said first, and the evidence for it."""

    title: str | Markup
    file: str
    """The name of the file that it is about."""
    verdict: Verdict
    sections: tuple[Section, ...]


def render_view(view: View, *, words: Words, private: bool = False) -> str:
    """One HTML document that needs no network and no script."""
    return draw(
        words=words, title=view.title, file=view.file, made="", private=private, verdict=view.verdict,
        sections=view.sections, footer=words("view.footer"),
    )  # fmt: skip
