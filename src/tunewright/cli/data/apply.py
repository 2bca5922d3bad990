"""`tunewright data apply FILE RELABELLED --output OUT`: put corrected labels into the data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    apply = add_verb(verbs, "apply", _apply, "put corrected labels into the data, with a history of every change")
    apply.add_argument("file", type=Path, metavar="FILE", help="the data")
    apply.add_argument(
        "relabelled", nargs="+", type=Path, metavar="RELABELLED", help="what `data audit --relabel` wrote, filled in"
    )
    apply.add_argument("--output", "-o", type=Path, required=True, metavar="OUT", help="in the format of FILE")
    apply.add_argument("--label", metavar="COLUMN", help="the column with the answer")
    apply.add_argument("--partial", action="store_true", help="carry out what can be, and list the rest")
    apply.add_argument("--new-labels", action="store_true", help="take labels that the file does not have yet")
    apply.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the messages")
    add_json(apply)


def _apply(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.apply import apply_labels

    screen = Screen(as_json=options.json, language=options.lang)
    done = apply_labels(
        options.file, options.relabelled, output=options.output, label=options.label, partial=options.partial,
        new_labels=options.new_labels,
    )  # fmt: skip
    lines = [screen.in_words("applied", **done.to_json()), *(f"  {problem}" for problem in done.problems)]
    screen.result(done.to_json(), "\n".join(lines))
    return 0
