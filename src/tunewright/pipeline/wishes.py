"""What a person said on the command line, as a recipe that leaves the rest open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.data.sources import absolute
from tunewright.recipe import Recipe, build_recipe


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person said on the command line or to `run`; None is "find out"."""

    source: Path
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    group: str | None = None
    task: str | None = None
    baseline_column: str | None = None
    model: str | None = None
    language: str | None = None
    private: bool = False
    refit: bool = False
    overrides: tuple[str, ...] = ()

    def recipe(self) -> Recipe:
        """The recipe that says this and leaves the rest open."""
        columns = {
            "text": self.text,
            "text_pair": self.text_pair,
            "label": self.label,
            "group": self.group,
            "baseline": self.baseline_column,
        }
        tree: dict[str, Any] = {
            "data": {
                "path": str(absolute(self.source)),
                "columns": {k: v for k, v in columns.items() if v is not None},
            },
            "report": {"language": self.language or "en", "private": self.private},
        }
        if self.private:
            tree["clean"] = {"scrub": True}
        if self.task:
            tree["task"] = self.task
        if self.model:
            tree["model"] = {"path": _absolute(self.model)}
        if self.refit:
            tree["train"] = {"refit_on_all": True}
        return build_recipe(tree, overrides=self.overrides, where="the command line")


def _absolute(model: str) -> str:
    """A local folder as an absolute path, so that the recipe works from anywhere; names stay as they are."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model
