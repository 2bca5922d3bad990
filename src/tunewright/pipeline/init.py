"""`tunewright init`: look at a file, decide everything, write the recipe, and stop before anything is trained."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder, write_text
from tunewright.pipeline.decide import decide
from tunewright.pipeline.journal import Listener, open_journal
from tunewright.pipeline.wishes import Wishes
from tunewright.recipe import dump_recipe
from tunewright.runtime import World


def init_recipe(
    source: str | Path, *, output: Path, text: str | None = None, text_pair: str | None = None, label: str | None = None,
    group: str | None = None, task: str | None = None, baseline_column: str | None = None, model: str | None = None,
    language: str | None = None, private: bool = False, overrides: Sequence[str] = (), listener: Listener | None = None,
) -> Path:  # fmt: skip
    """The path of the resolved recipe. An existing file is not overwritten."""
    if output.exists():
        raise RecipeError(f"{output}: this file exists, and it may hold your changes. Give another `--output`.")
    wishes = Wishes(
        source=Path(source), text=text, text_pair=text_pair, label=label, group=group, task=task,
        baseline_column=baseline_column, model=model, language=language, private=private, overrides=tuple(overrides),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        recipe = decide(wishes.recipe(), folder, open_journal(folder, world=World(), listener=listener, stop=None))
    write_text(output, dump_recipe(recipe))
    return output
