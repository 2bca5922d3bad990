"""`tunewright preview RECIPE_OR_FILE`: rows as the model will see them, before anything is trained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_preview_verb(verbs: Any) -> None:
    """Add the verb to the parser."""
    preview = add_verb(
        verbs, "preview", _preview, "rows token by token as the model will see them, before any training"
    )
    preview.add_argument("source", type=Path, metavar="RECIPE_OR_FILE", help="a recipe, or any file that `run` reads")
    preview.add_argument("--model", metavar="MODEL", help="a local folder, a hub id, or `starter`")
    preview.add_argument("--rows", type=int, default=4, metavar="N", help="rows that are shown (default: 4)")
    preview.add_argument("--text", metavar="COLUMN", help="of a file: the column with the text")
    preview.add_argument("--text-pair", metavar="COLUMN", help="of a file: the column with the second text of a pair")
    preview.add_argument("--label", metavar="COLUMN", help="of a file: the column with the answer")
    preview.add_argument("--task", metavar="TASK", help="of a file: what is to be learned, as for `run`")
    preview.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrule a key of the recipe")
    preview.add_argument("--html", type=Path, metavar="OUT.html", help="write the preview as a page")
    preview.add_argument("--lang", choices=["en", "zh"], help="language of page and messages")
    preview.add_argument(
        "--private", action="store_true", help="scrub the texts, and show a dot for each token of them"
    )
    add_json(preview)


def _preview(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.core.errors import RecipeError
    from tunewright.core.folder import write_text
    from tunewright.pipeline.preview import preview
    from tunewright.report.preview import preview_view
    from tunewright.report.view import render_view

    if options.rows < 1:
        raise RecipeError(f"--rows {options.rows}: at least one row is shown.")
    screen = Screen(as_json=options.json, language=options.lang or "en", private=options.private)
    found = preview(
        options.source, rows=options.rows, model=options.model, text=options.text, text_pair=options.text_pair,
        label=options.label, task=options.task, language=options.lang, private=options.private, overrides=options.set,
        listener=screen.listen,
    )  # fmt: skip
    value = found.to_json()
    view = preview_view(value, screen.sentences)
    screen.view(value, view)
    if options.html:
        write_text(options.html, render_view(view, words=screen.sentences, private=found.private))
        screen.say("written", path=str(options.html))
    return 0
