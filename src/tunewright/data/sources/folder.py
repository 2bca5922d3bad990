"""The data files of a folder, or of a list of files: by split where their names say one, else joined."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data.hints import SPLIT_VALUES
from tunewright.data.sources.compression import plain_name
from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.hub_layout import files_by_card

_NO_DATA = (
    "readme", "source", "license", "labels", "classes", "dataset_info", "dataset_infos", "dataset_dict", "state",
    "config", "metadata",
)  # fmt: skip
_SHARD = re.compile(r"\d{5}-of-\d{5}")
_ORDER = ["train", "validation", "test"]


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file to read."""

    path: Path
    shown: str
    """What rows say they come from; for what was unpacked, the archive and the name in it: `a.zip!train.csv`."""
    split: str | None = None
    compression: str | None = None
    """How the file was compressed that a person named."""
    member: str | None = None
    """Its name in the archive."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The files behind a name, in the order in which they are read."""

    files: list[DataFile]
    joined: bool = False
    """Whether the files are equals, told apart by a column `file`; not so for splits and for the shards of one table."""
    reasons: list[str] = field(default_factory=list)


def is_data_file(path: Path) -> bool:
    """Whether a file is data by its name."""
    plain = plain_name(path)
    known = any(plain.suffix.lower() in source.suffixes for source in SOURCES.values())
    hidden = any(part.startswith(".") for part in path.parts if part not in (".", ".."))
    return known and not hidden and plain.stem.casefold() not in _NO_DATA and not path.name.startswith("cache-")


def files_of(folder: Path, *, subset: str | None = None) -> Found:
    """The data files of a folder and of the folders in it; as its card says, if it is a data set of the hub."""
    by_card = files_by_card(folder, subset)
    if by_card is not None:
        return _as_carded(by_card)
    if subset is not None:
        raise DataError(f"{folder}: data.read.subset is `{subset}`, but no README.md here names subsets.")
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        return _maildir(folder)
    inside = sorted(p for p in [*folder.iterdir(), *folder.glob("*/*")] if p.is_file())
    files = [p for p in inside if is_data_file(p.relative_to(folder))]
    splits = {p: split for p in files if (split := split_of(p, folder)) is not None}
    if splits:
        return _by_split(folder, files, splits)
    scripts = [p.name for p in inside if p.suffix == ".py" and p.parent == folder]
    if not files and scripts:
        raise DataError(
            f"{folder}: this data set is made by a program ({scripts[0]}), and programs that come with data are never run. "
            "Give its data as files."
        )
    if not files:
        suffixes = " ".join(dict.fromkeys(suffix for source in SOURCES.values() for suffix in source.suffixes))
        others = ", ".join(p.name for p in inside[:10]) or "nothing"
        raise DataError(
            f"{folder}: found no data file, but {others}. A folder needs files named for their split (train, validation "
            f"or dev, test) or files with the same columns ({suffixes}, also compressed)."
        )
    return join(files)


def join(files: Sequence[Path]) -> Found:
    """Files that belong together: by split if every name says one, else one behind the other."""
    splits = {path: split for path in files if (split := split_of(path, path.parent)) is not None}
    if len(splits) == len(files) > 1:
        return _by_split(files[0].parent, list(files), splits)
    shards = all(_SHARD.search(path.name) for path in files)
    found = [DataFile(path=path, shown=str(path)) for path in files]
    reasons: list[str] = []
    if len(files) > 1:
        first = files[0].name
        reasons.append(
            Sentence("{count} files are read one behind the other, the first is {first}", count=len(files), first=first)
        )
    return Found(files=found, joined=len(files) > 1 and not shards, reasons=reasons)


def split_of(path: Path, folder: Path) -> str | None:
    """The split that a file's name says, or else the name of the folder it is in."""
    for name in (plain_name(path).stem, path.parent.name if path.parent != folder else ""):
        for word in re.split(r"[-_. ]+", name.casefold()):
            if word in SPLIT_VALUES:
                return SPLIT_VALUES[word]
    return None


def _as_carded(files: list[tuple[Path, str | None]]) -> Found:
    """Files as a card names them; splits other than train, validation and test are left out, and said."""
    left = sorted({str(split) for _, split in files if split is not None and split not in _ORDER})
    kept = [(path, split) for path, split in files if split is None or split in _ORDER]
    if not kept:
        raise DataError(
            f"{files[0][0].parent}: the splits of this data set are {', '.join(left)}, and none of them is train, validation "
            "or test. Name one of its files."
        )
    kept.sort(key=lambda pair: _ORDER.index(pair[1]) if pair[1] is not None else 0)
    reasons: list[str] = [Sentence("splits as the README.md of the data set says")]
    if left:
        reasons.append(Sentence("splits that are not read: {names}", names=", ".join(left)))
    return Found(files=[DataFile(path=path, shown=str(path), split=split) for path, split in kept], reasons=reasons)


def _by_split(folder: Path, files: list[Path], splits: dict[Path, str]) -> Found:
    for split in _ORDER:
        _check_one(folder, split, [path for path, found in splits.items() if found == split])
    ordered = sorted(splits, key=lambda path: _ORDER.index(splits[path]))
    left = [path.name for path in files if path not in splits]
    reasons: list[str] = []
    if left:
        reasons.append(Sentence("not read, because their names say no split: {names}", names=", ".join(left)))
    return Found(files=[DataFile(path=path, shown=str(path), split=splits[path]) for path in ordered], reasons=reasons)


def _check_one(folder: Path, split: str, paths: list[Path]) -> None:
    """Several files of one split are parts of it in a folder of that name or numbered; else one may be a left-over."""
    named = [path for path in paths if split_of(Path(path.name), Path()) is not None]
    if len(named) > 1 and not all(_SHARD.search(path.name) for path in named):
        names = ", ".join(str(path.relative_to(folder)) for path in named)
        raise DataError(
            f"{folder}: {len(named)} files say that they are the {split} split: {names}. "
            "Put the files of one split into a folder of its own, or name one file."
        )


def _maildir(folder: Path) -> Found:
    files = sorted(p for part in ("cur", "new") for p in (folder / part).iterdir() if p.is_file())
    if not files:
        raise DataError(f"{folder}: this mail folder (Maildir) has no messages in `cur` and `new`.")
    found = [DataFile(path=path, shown=str(path)) for path in files]
    reasons: list[str] = [Sentence("a mail folder (Maildir) with {count} messages", count=len(files))]
    return Found(files=found, reasons=reasons)
