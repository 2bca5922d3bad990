"""`tunewright import CONFIG.yaml`: a config of LLaMA-Factory or Axolotl becomes a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_import_verb(verbs: Any) -> None:
    """Add the verb to the parser."""
    verb = add_verb(
        verbs, "import", _import, "a config of LLaMA-Factory or Axolotl, as a recipe with a note for each setting"
    )
    verb.add_argument("config", type=Path, metavar="CONFIG.yaml")
    verb.add_argument(
        "--output", type=Path, default=Path("recipe.yaml"), metavar="RECIPE.yaml", help="default: recipe.yaml"
    )
    verb.add_argument("--lang", choices=["en", "zh"], help="language of the notes")
    add_json(verb)


def _import(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.importing import import_config
    from tunewright.pipeline.importing.writing import write_imported
    from tunewright.report.imported import imported_view

    screen = Screen(as_json=options.json, language=options.lang or "en")
    imported = import_config(options.config)
    path = write_imported(imported, options.output, words=screen.sentences)
    value = imported.to_json() | {"recipe": str(path)}
    screen.view(value, imported_view(value, screen.sentences, recipe=str(path)))
    return 0
