"""A folder with a file for each split (train, validation or dev, test), or with one data file."""

from __future__ import annotations

import re
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.data.hints import SPLIT_VALUES

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
_NO_DATA = ("readme", "source", "license", "labels", "classes", "dataset_info", "dataset_infos", "config", "metadata")
_SHARD = re.compile(r"\d{5}-of-\d{5}")


def files_of(folder: Path) -> list[tuple[Path, str | None]]:
    """The data files of a folder with the split that each one's name says, train first."""
    inside = sorted(p for p in [*folder.iterdir(), *folder.glob("*/*")] if p.is_file() and p.suffix.lower() in SUFFIXES)
    files = [p for p in inside if p.stem.casefold() not in _NO_DATA and not p.name.startswith(".")]
    named = [(p, split) for p in files if (split := split_of(p, folder)) is not None]
    if named:
        order = ["train", "validation", "test"]
        for split in order:
            _check_one(folder, split, [p for p, found in named if found == split])
        return sorted(named, key=lambda pair: order.index(str(pair[1])))
    if len(files) == 1:
        return [(files[0], None)]
    found = ", ".join(p.name for p in files[:10]) or "no data file"
    raise DataError(
        f"{folder}: found {found}. A folder needs files named for their split (train, validation or dev, test) "
        f"or one data file ({' '.join(SUFFIXES)}). Name one file to read it alone."
    )


def split_of(path: Path, folder: Path) -> str | None:
    """The split that a file's name says, or else the name of the folder it is in."""
    for name in (path.stem, path.parent.name if path.parent != folder else ""):
        for word in re.split(r"[-_. ]+", name.casefold()):
            if word in SPLIT_VALUES:
                return SPLIT_VALUES[word]
    return None


def _check_one(folder: Path, split: str, paths: list[Path]) -> None:
    if len(paths) > 1 and not all(_SHARD.search(path.name) for path in paths):
        names = ", ".join(path.name for path in paths)
        raise DataError(
            f"{folder}: {len(paths)} files say that they are the {split} split: {names}. "
            "Put one file a split into a folder of its own, or name one file."
        )
