"""Verbs that help to choose before a run: which model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_source_options, add_verb, signals


def add_choosing_verbs(verbs: Any, models: Any) -> None:
    """Add the verbs to the parser; `models` is that of `tunewright models`."""
    rank = add_verb(models, "rank", _rank, "which pretrained model for these rows, before anything is fine-tuned")
    add_source_options(rank, with_model=False)
    rank.add_argument(
        "--candidates", nargs="+", default=(), metavar="MODEL",
        help="folders, hub ids or `starter` (default: models of the catalog that are on this machine)",
    )  # fmt: skip
    rank.add_argument(
        "--rows", type=int, default=1000, metavar="N", help="training rows that each reads (default: 1000)"
    )
    rank.add_argument(
        "--halving", action="store_true", help="then fine-tune them, the better half ever longer, until one is left"
    )
    _add_output_options(rank, folder="runs/rank-NAME-DIGEST")


def _add_output_options(parser: argparse.ArgumentParser, *, folder: str) -> None:
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=f"where results are kept (default: {folder})")
    parser.add_argument("--new", action="store_true", help="start again instead of continuing or showing the same one")
    parser.add_argument("--html", type=Path, metavar="OUT.html", help="write the result as a page")
    add_json(parser)


def _rank(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.rank import rank_models
    from tunewright.report.ranking import ranking_view

    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    screen.begin()
    ranking = rank_models(
        options.file, candidates=options.candidates, rows=options.rows, halving=options.halving, text=options.text,
        text_pair=options.text_pair, label=options.label, group=options.group, task=options.task,
        language=options.lang, private=options.private, overrides=options.set, output=options.output,
        new=options.new, listener=screen.listen, stop=signals(),
    )  # fmt: skip
    _show(screen, ranking.value, ranking_view(ranking.value, screen.sentences), options)
    return 0


def _show(screen: Any, value: dict[str, Any], view: Any, options: argparse.Namespace) -> None:
    """On the screen, and as a page where that is asked for."""
    from tunewright.core.folder import write_text
    from tunewright.report.view import render_view

    screen.view(value, view)
    if options.html:
        write_text(options.html, render_view(view, words=screen.sentences))
        screen.say("written", path=str(options.html))
