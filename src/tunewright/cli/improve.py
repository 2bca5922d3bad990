"""Verbs for what comes after a run: which rows a person should look at, and what would make it better."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb, signals


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

    improve = add_verb(
        verbs, "improve", _improve, "try what a run's evidence names, and keep it if it is shown to be better"
    )
    improve.add_argument("run", type=Path, metavar="RUN", help="the folder of a run")
    improve.add_argument("--tries", type=int, default=1, metavar="N", help="how many of the changes (default: 1)")
    improve.add_argument("--yes", action="store_true", help="do not ask")
    improve.add_argument("--output", type=Path, metavar="FOLDER", help="the new run's folder (default: RUN-CHANGE)")
    improve.add_argument("--html", type=Path, metavar="OUT.html", help="write the result as a page")
    improve.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    add_json(improve)


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


def _improve(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.core.folder import write_text
    from tunewright.pipeline.improve import improve, plan_improvement
    from tunewright.report.improving import improving_view
    from tunewright.report.view import render_view

    screen = Screen(as_json=options.json, language=options.lang or "en")
    screen.begin()
    plan = plan_improvement(options.run, listener=screen.listen, stop=signals())
    # The verdict is said in the language of this call, whatever that of the run's recipe is.
    shown = Screen(as_json=options.json, language=options.lang or plan.recipe.report.language)
    value = plan.to_json()
    if plan.actions and not options.yes:
        shown.view(value, improving_view(value, shown.sentences))
        at_terminal = sys.stdin.isatty() and sys.stderr.isatty() and not options.json
        if not (at_terminal and shown.ask(shown.in_words("improve.ask"))):
            shown.say("improve.not_asked")
            return 0
    value = improve(plan, tries=options.tries, output=options.output)
    view = improving_view(value, shown.sentences)
    shown.view(value, view)
    if options.html:
        write_text(options.html, render_view(view, words=shown.sentences))
        shown.say("written", path=str(options.html))
    return 0
