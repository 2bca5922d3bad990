"""A config that is being read: what has been taken out of it, and what is to be said of each setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tunewright.core.errors import RecipeError
from tunewright.recipe import Recipe, build_recipe

Fate = Literal["taken", "default", "differs", "left_out", "idle", "unknown"]
"""`taken`: the same here. `default`: not said, but so it would have been there. `differs`: it means something else here.
`left_out`: no counterpart, and what is learned is another thing without it. `idle`: no counterpart, and no difference to what is
learned. `unknown`: not known to this importer."""
TOLD: tuple[Fate, ...] = ("left_out", "differs", "unknown")
"""Fates of which a person has to know."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """What became of one setting."""

    key: str
    """As the config has it."""
    value: Any
    fate: Fate
    ours: str | None = None
    """The recipe's key that it went into."""
    why: str = ""
    """Key of a sentence (`import.why.*` in `report/words/import_en.py`); empty where there is nothing to say."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What the sentence is filled with."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A recipe made of another program's config."""

    source: str
    program: str
    tree: dict[str, Any]
    """The recipe's keys that were set; everything else is decided as for any other recipe."""
    recipe: Recipe
    notes: tuple[Note, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts that stand in the config and need a file of their own: ending to text."""

    def to_json(self) -> dict[str, Any]:
        """All but the recipe as plain values."""
        return {"source": self.source, "program": self.program, "notes": [asdict(note) for note in self.notes]}


class Reading:
    """Takes settings out of a config one by one; whatever is left in the end was not known."""

    def __init__(self, path: Path, said: Mapping[str, Any], *, program: str) -> None:
        self.path, self.program = path, program
        self.files: dict[str, str] = {}
        self._said = dict(said)
        self._notes: list[Note] = []
        self._tree: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        """A setting, which stays to be noted; `default` where it is not said or null."""
        value = self._said.get(key)
        return default if value is None else value

    def says(self, key: str) -> bool:
        """Whether the config has this key with a value."""
        return self._said.get(key) is not None

    def number(self, key: str, default: float) -> float:
        """A setting that is a number, also where it is written as a text. Raises RecipeError where it is none."""
        value = self.get(key, default)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise RecipeError(f"{self.path}: `{key}` should be a number, found {value!r}.") from None

    def whole(self, key: str, default: int) -> int:
        """A setting that is a whole number. Raises RecipeError where it is none."""
        value = self.number(key, default)
        if value != int(value):
            raise RecipeError(f"{self.path}: `{key}` should be a whole number, found {self.get(key)!r}.")
        return int(value)

    def flag(self, key: str) -> bool:
        """Whether a setting is switched on."""
        return str(self.get(key, False)).lower() in ("true", "yes", "on", "1")

    def chosen(self, ours: str) -> Any:
        """What a key of the recipe was set to; None where it was not."""
        branch: Any = self._tree
        for part in ours.split("."):
            branch = branch.get(part) if isinstance(branch, dict) else None
        return branch

    def put(self, ours: str, value: Any) -> None:
        """Set a key of the recipe, such as `train.epochs`."""
        *parents, last = ours.split(".")
        branch = self._tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[last] = value

    def note(self, key: str, fate: Fate, why: str = "", *, ours: str | None = None, **values: Any) -> None:
        """Say what became of a setting; each has one note, the first."""
        if key not in {note.key for note in self._notes}:
            value = self._said.get(key)
            self._notes.append(Note(key=key, value=value, fate=fate, ours=ours, why=why, values=values))

    def take(
        self, key: str, ours: str, *, default: Any = None, why: str = "", fate: Fate = "taken", value: Any = None
    ) -> Any:
        """Put a setting into the recipe under another name; what it says, or the default of its program.

        `value` overrules what is put there, `why` says what is to be known of it. Nothing is put where there is neither.
        """
        said = self.says(key)
        found = self.get(key, default)
        if found is None:
            return None
        self.put(ours, found if value is None else value)
        if said or (why and fate != "taken"):
            self.note(key, fate, why, ours=ours)
        else:
            self._notes.append(Note(key=key, value=found, fate="default", ours=ours, why=why))
        return found

    def left_out(self, key: str, why: str, *, unless: Sequence[Any] = (None, False, "", 0), **values: Any) -> None:
        """A setting without a counterpart that would change what is learned; `unless` are values by which it does not."""
        if key in self._said:
            value = self._said[key]
            if any(value is one or value == one for one in unless):
                self.note(key, "idle")
            else:
                self.note(key, "left_out", why, **values)

    def idle(self, *keys: str) -> None:
        """Settings that make no difference to what is learned; a name ending with `*` stands for all that begin so."""
        for key in keys:
            for found in [one for one in self._said if one == key or (key.endswith("*") and one.startswith(key[:-1]))]:
                self.note(found, "idle")

    def finish(self) -> Imported:
        """The recipe, checked, and all notes: those of settings that nobody asked for among them."""
        noted = {note.key for note in self._notes}
        for key, value in self._said.items():
            if key not in noted:
                self.note(key, "idle" if value is None else "unknown", "" if value is None else "unknown")
        order = {key: place for place, key in enumerate(self._said)}
        notes = sorted(self._notes, key=lambda note: order.get(note.key, len(order)))
        recipe = build_recipe(self._tree, where=f"{self.path}, as a recipe")
        return Imported(
            source=str(self.path),
            program=self.program,
            tree=self._tree,
            recipe=recipe,
            notes=tuple(notes),
            files=self.files,
        )
