"""Options that several verbs share, and how a verb is added to the parser. Imports nothing that is slow."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


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
