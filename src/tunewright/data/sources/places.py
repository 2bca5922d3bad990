"""From what a person names to the files that are read: a file, a folder, `data/*.csv`, a compressed file, an archive,
`archive.zip!inner.csv` for one file of it.
"""

from __future__ import annotations

import contextlib
import glob
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data.sources.archive import is_archive, unpack_archive
from tunewright.data.sources.compression import compression_of, plain_name, unpack
from tunewright.data.sources.folder import DataFile, Found, files_of, is_data_file, join
from tunewright.data.sources.hub import Announce, is_hub_name, snapshot
from tunewright.data.sources.hub import pinned as pinned_name
from tunewright.data.sources.types import ReadConfig

INSIDE = "!"
"""Stands between an archive and the name of a file in it."""


@contextlib.contextmanager
def data_files(where: Path, config: ReadConfig) -> Iterator[Found]:
    """The files to read. What is compressed is unpacked into a temporary folder that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="tunewright-") as scratch:
        found = _named(where, Path(scratch), config)
        files = [
            _unpacked(file, Path(scratch) / f"unpacked-{number}", config) for number, file in enumerate(found.files)
        ]
        yield replace(found, files=files)


def stored_files(where: Path) -> list[Path]:
    """The files and folders on the disk that a name stands for: what a digest of the input is made over.

    Raises DataError where there are none.
    """
    if is_hub_name(where):
        return [snapshot(where, is_data=is_data_file).folder]
    archive, _ = _split_name(where)
    if archive.exists():
        return [archive]
    if is_pattern(where):
        return _matches(where)
    raise DataError(_not_there(where))


def is_pattern(where: Path) -> bool:
    """Whether a name is a pattern such as `data/*.csv`; what exists under its very name is none."""
    return any(mark in str(where) for mark in "*?[") and not where.exists()


def absolute(where: Path) -> Path:
    """The same name, so that it is understood from any folder."""
    return where if is_hub_name(where) else where.resolve()


def pinned(where: Path, *, announce: Announce | None = None) -> Path:
    """For a data set of the hub its name with the commit, once its files are here; any other name as it is.

    `announce` is told what is downloaded and how much it is, before it is.
    """
    if not is_hub_name(where):
        return where
    return pinned_name(where, snapshot(where, is_data=is_data_file, announce=announce).commit)


def short_name(where: Path) -> str:
    """A short name for what is read, fit for a folder: `reviews` for `data/reviews.csv.gz`."""
    if is_hub_name(where):
        return re.sub(r"[^\w.-]+", "-", where.as_posix().removeprefix("hub:").partition("@")[0])
    name = plain_name(Path(str(where).rpartition(INSIDE)[2])).stem
    bare = re.sub(r"[^\w.-]+", "", name).strip(".-_")
    return bare or re.sub(r"[^\w.-]+", "", where.parent.name) or "data"


def _named(where: Path, scratch: Path, config: ReadConfig) -> Found:
    archive, member = _split_name(where)
    if is_hub_name(where):
        return files_of(snapshot(where, is_data=is_data_file).folder, subset=config.subset)
    if archive.is_dir():
        return files_of(archive, subset=config.subset)
    if is_pattern(archive):
        return join(_matches(archive))
    if not archive.exists():
        raise DataError(_not_there(where))
    if is_archive(archive):
        return _from_archive(archive, member, scratch / "archive", config)
    if member is not None:
        raise DataError(f"{archive}: this is no ZIP archive, so there is no `{member}` in it.")
    return Found(files=[DataFile(path=archive, shown=str(archive))])


def _split_name(where: Path) -> tuple[Path, str | None]:
    """The file on the disk and, for `archive.zip!inner.csv`, the name in it."""
    name, mark, member = str(where).partition(INSIDE)
    return (Path(name), member) if mark and not where.exists() and Path(name).is_file() else (where, None)


def _from_archive(path: Path, member: str | None, into: Path, config: ReadConfig) -> Found:
    into.mkdir()
    left = unpack_archive(path, into, wanted=is_data_file, member=member, config=config)
    inside = sorted(p for p in into.rglob("*") if p.is_file())
    found = join(inside) if len(inside) == 1 else files_of(_only_folder(into))
    single = len(found.files) == 1
    files = [
        replace(
            file, shown=f"{path}{INSIDE}{file.path.relative_to(into).as_posix()}",
            compression="zip" if single else None, member=str(file.path.relative_to(into)) if single else None,
        )
        for file in found.files
    ]  # fmt: skip
    others: list[str] = []
    if left and member is None:
        others.append(Sentence("in the archive, but no data files: {names}", names=", ".join(left[:10])))
    return replace(found, files=files, reasons=[*found.reasons, *others])


def _only_folder(folder: Path) -> Path:
    """Archives often hold one folder, and all else in it."""
    while len(children := list(folder.iterdir())) == 1 and children[0].is_dir():
        folder = children[0]
    return folder


def _unpacked(file: DataFile, into: Path, config: ReadConfig) -> DataFile:
    compression = compression_of(file.path)
    if compression is None:
        return file
    into.mkdir()
    path = unpack(file.path, compression, into, config=config)
    return replace(file, path=path, compression=file.compression or compression)


def _matches(pattern: Path) -> list[Path]:
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207  that of Path takes no absolute patterns
    found = sorted(Path(name) for name in names if Path(name).is_file())
    if not found:
        raise DataError(f"{pattern}: no file matches this pattern.")
    return found


def _not_there(where: Path) -> str:
    near = [p.name for p in where.parent.glob(f"{glob.escape(where.stem[:3])}*")][:5] if where.parent.is_dir() else []
    beside = f" Beside it: {', '.join(sorted(near))}." if near else ""
    return f"{where}: there is no such file or folder.{beside}"
