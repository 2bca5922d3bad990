"""Options that several verbs share, and how a verb is added to the parser. Imports nothing that is slow."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tunewright.core.errors import StoppedBySignal


def add_verb(
    verbs: Any, name: str, function: Callable[[argparse.Namespace], int], summary: str
) -> argparse.ArgumentParser:
    """A verb whose `function` gets the parsed options and returns the exit code."""
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary.capitalize() + ".")
    parser.set_defaults(verb=function)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`: results as one object on stdout."""
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of text")


def add_source_options(parser: argparse.ArgumentParser, *, with_model: bool = True) -> None:
    """A file of labelled texts, its columns, and what is wished of it; `with_model`: also which model."""
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="a table, JSON, Excel, e-mail or text file, also compressed; a folder, an archive, or 'data/*.csv'",
    )
    parser.add_argument("--text", metavar="COLUMN", help="the column with the text")
    parser.add_argument("--text-pair", metavar="COLUMN", help="the column with the second text of a pair")
    parser.add_argument("--label", metavar="COLUMN", help="the column with the answer")
    parser.add_argument(
        "--group", metavar="COLUMN", help="rows of one group (customer, author) stay on one side of the split"
    )
    parser.add_argument(
        "--task",
        metavar="TASK",
        help="classify, multi_label, regression; or texts: translate, transduce, complete, chat, continue",
    )
    if with_model:
        parser.add_argument(
            "--baseline-column", metavar="COLUMN", help="the answer of what you use today, to compare with"
        )
        parser.add_argument(
            "--model", metavar="MODEL", help="a local folder, a hub id, `starter`, or `none` for baselines only"
        )
    parser.add_argument("--lang", choices=["en", "zh"], help="language of report and messages")
    parser.add_argument(
        "--private",
        action="store_true",
        help="scrub the texts, and show none in report, messages and files beside the rows",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="overrule any key of the recipe"
    )


def signals() -> Callable[[], int | None]:
    """Install handlers that only take note; the returned function says which signal came, if one did."""
    import signal

    came: list[int] = []

    def note(number: int, frame: object) -> None:
        if came:
            # A second signal means now. Whatever is written is whole or absent, so only the work in hand is lost.
            raise StoppedBySignal(number)
        came.append(number)

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return lambda: came[0] if came else None
