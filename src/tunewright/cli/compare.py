"""`tunewright compare RUN RUN...`: is one run better than another?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_compare_verb(verbs: Any) -> None:
    """Add the verb to the parser."""
    compare = add_verb(
        verbs, "compare", _compare, "is one run better than another, by how much, where, and at what cost"
    )
    compare.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN",
        help="run folders, model folders inside them, or files of predictions; runs that differ in train.seed alone are one recipe",
    )  # fmt: skip
    compare.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME",
        help="what to compare by; the first decides (default: the runs' own)",
    )
    compare.add_argument(
        "--split", choices=["test", "validation", "cv"], default="test",
        help="which rows: validation to choose by, cv for those of cross-validation (default: test)",
    )  # fmt: skip
    compare.add_argument("--measure", action="store_true", help="measure time and memory of each here, in turn")
    compare.add_argument(
        "--changed", type=Path, metavar="FILE.csv", help="write every row that is answered differently"
    )
    compare.add_argument("--html", type=Path, metavar="OUT.html", help="write the comparison as a page")
    compare.add_argument("--lang", choices=["en", "zh"], help="language of page and messages")
    compare.add_argument("--private", action="store_true", help="show no text; so it is if one of the runs is private")
    add_json(compare)


def _compare(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.core.folder import write_text
    from tunewright.pipeline.compare import compare_runs, write_changed
    from tunewright.report.compared import compared_view
    from tunewright.report.view import render_view

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    found = compare_runs(
        options.runs, metrics=options.metric, split=options.split, private=options.private, measure=options.measure,
        listener=screen.listen,
    )  # fmt: skip
    value = found.to_json()
    view = compared_view(value, screen.sentences)
    screen.view(value, view)
    if options.changed:
        rows = write_changed(found, options.changed)
        screen.say("changed_written", path=str(options.changed), rows=rows)
    if options.html:
        write_text(options.html, render_view(view, words=screen.sentences, private=found.private))
        screen.say("written", path=str(options.html))
    return 0
