"""`tunewright report`: pages of runs that are there already. Nothing is measured again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunewright.core.errors import FolderError
from tunewright.core.folder import RunFolder
from tunewright.pipeline.compare import compare_runs
from tunewright.recipe import Recipe, load_recipe
from tunewright.report import render
from tunewright.report.compared import compared_view
from tunewright.report.numbers import Language
from tunewright.report.view import render_view
from tunewright.report.words import Words


def run_page(run: Path, *, language: Language | None = None, private: bool = False) -> str:
    """The report of a run as it is now, finished or not; in its own language, unless another is named.

    Raises FolderError where the folder is no run.
    """
    recipe = _recipe_of(run)
    return render(RunFolder(run), language=language or recipe.report.language, private=private or recipe.report.private)


def comparison_page(runs: Sequence[Path], *, language: Language | None = None, private: bool = False) -> str:
    """One page over several runs, as `compare` makes it; in the first one's language, unless another is named."""
    language = language or _recipe_of(runs[0]).report.language
    found = compare_runs(list(runs), private=private)
    words = Words(language)
    return render_view(compared_view(found.to_json(), words), words=words, private=found.private)


def _recipe_of(run: Path) -> Recipe:
    folder = RunFolder(run)
    if not folder.recipe.exists():
        what = "no such folder" if not run.exists() else "no run: there is no recipe.yaml in it"
        raise FolderError(
            f"{run}: {what}. Give the folder that `tunewright run` has written, such as runs/NAME-1a2b3c4d."
        )
    return load_recipe(folder.recipe)
