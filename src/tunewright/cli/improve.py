"""Verbs for what comes after a run: which rows a person should look at."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_improving_verbs(verbs: Any) -> None:
    """Add the verbs to the parser."""
    label = add_verb(
        verbs, "label", _label, "which rows to label next and which labels to check first, with the reason"
    )
    label.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    label.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="rows to label (default: those of the run without a label)"
    )
    label.add_argument("--next", type=int, default=50, metavar="N", help="rows to label, at most (default: 50)")
    label.add_argument("--check", type=int, default=50, metavar="N", help="labels to check, at most (default: 50)")
    label.add_argument("--text", metavar="COLUMN", help="of FILE, if it is named otherwise than in training")
    label.add_argument(
        "--output", "-o", type=Path, default=Path("label.xlsx"), metavar="OUT.xlsx",
        help="the table to be filled in, .xlsx or .csv (default: label.xlsx)",
    )  # fmt: skip
    label.add_argument("--lang", choices=["en", "zh"], help="language of reasons and messages")
    add_json(label)


def _label(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.label import rows_to_label, write_rows_to_label
    from tunewright.report.labelling import labelling_view

    screen = Screen(as_json=options.json, language=options.lang or "en")
    found = rows_to_label(
        options.run, file=options.file, text=options.text, next_rows=options.next, check_rows=options.check
    )
    write_rows_to_label(found, options.output, chinese=options.lang == "zh")
    value = found.to_json()
    screen.view(value, labelling_view(value, screen.sentences))
    rows = len(found.to_label) + len(found.to_check)
    screen.say("to_label", path=str(options.output), rows=rows, file=found.source)
    return 0
