"""`tunewright data VERB ...`: look at labelled text, mend it, divide it; usable by itself. One file a verb."""

from __future__ import annotations

from typing import Any

from tunewright.cli.data import apply, audit, clean, convert, diff, scrub, split

VERBS = (audit, clean, scrub, split, convert, apply, diff)
"""Modules with `add(verbs)`, in the order of the help page."""


def add_data_verbs(verbs: Any) -> None:
    """Add `data` with all its verbs to the parser."""
    summary = "labelled text by itself: audit, clean, scrub, split, convert, apply, diff"
    data = verbs.add_parser("data", help=summary).add_subparsers(metavar="VERB", required=True)
    for module in VERBS:
        module.add(data)
