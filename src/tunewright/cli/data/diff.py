"""`tunewright data diff A B`: what changed between two versions of a data set, row by row."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb

SHOWN = 20


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    diff = add_verb(verbs, "diff", _diff, "what changed between two versions of a file or folder, row by row")
    diff.add_argument("before", type=Path, metavar="A")
    diff.add_argument("after", type=Path, metavar="B")
    diff.add_argument(
        "--key", metavar="COLUMN", help="a column whose values tell rows apart (default: row ids, else texts)"
    )
    diff.add_argument("--text", metavar="COLUMN", help="the column with the text")
    diff.add_argument("--label", metavar="COLUMN", help="the column with the answer")
    diff.add_argument("--private", action="store_true", help="name rows and columns, show no cell")
    diff.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the messages")
    add_json(diff)


def _diff(options: argparse.Namespace) -> int:
    from tunewright.cli.diff_text import diff_text
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.diff import diff_files

    screen = Screen(as_json=options.json, language=options.lang)
    found = diff_files(options.before, options.after, key=options.key, text=options.text, label=options.label)
    value = found.to_json(private=options.private)
    screen.result(value, diff_text(value, say=screen.in_words, shown=SHOWN, private=options.private))
    return 0
