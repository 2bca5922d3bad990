"""Licence and languages as a model's card states them: the lines between `---` at the top of README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 200_000
_LINE = re.compile(r"(license|license_name|language):\s*(.*)")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card states."""

    license: str | None = None
    languages: tuple[str, ...] = ()


def read_card(folder: Path) -> Card:
    """The card in a model folder; an empty one where there is none or it states nothing.

    Read line by line and not as YAML: it is a stranger's file, and two keys are wanted.
    """
    path = folder / "README.md"
    if not path.is_file():
        return Card()
    with path.open("rb") as file:
        lines = file.read(_LONGEST).decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return Card()
    found: dict[str, list[str]] = {}
    key = None
    for line in lines[1:]:
        if line.strip() == "---":
            break
        if match := _LINE.fullmatch(line.rstrip()):
            key = match[1]
            found[key] = _values(match[2])
        elif key and (item := re.fullmatch(r"\s*-\s+(.+)", line)):
            found[key] += _values(item[1])
        elif line[:1].strip():
            key = None
    named = found.get("license_name") if found.get("license") in (["other"], None) else None
    names = named or found.get("license") or []
    return Card(license=names[0].lower() if names else None, languages=tuple(found.get("language", [])))


def _values(text: str) -> list[str]:
    """`en`, `"en"`, `[en, zh]` -> the words in it."""
    return [part for part in (piece.strip().strip("\"'") for piece in text.strip("[] ").split(",")) if part]
