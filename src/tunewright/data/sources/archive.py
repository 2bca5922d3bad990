"""ZIP archives: their data files are unpacked into a temporary folder, after every name and size has been looked at.

An archive comes from elsewhere: a member may be named to land outside the folder, be a link, or unpack to more than the
disk holds. Each of these refuses the archive as a whole.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from tunewright.core.errors import DataError, nearest
from tunewright.data.sources.compression import DAMAGED, cant_unpack, copy
from tunewright.data.sources.limits import check_archive
from tunewright.data.sources.types import ReadConfig

_PACKED = (".zip", ".gz", ".zst", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")


def is_archive(path: Path) -> bool:
    """Whether a file is a ZIP archive of files, and not a workbook, which is one inside."""
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except DAMAGED as error:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            return False  # its own reader says what is wrong with it
        raise cant_unpack(path, error) from None
    return "[Content_Types].xml" not in names and "mimetype" not in names


def unpack_archive(
    path: Path, into: Path, *, wanted: Callable[[Path], bool], member: str | None, config: ReadConfig
) -> list[str]:
    """Unpack the members that are `wanted` (or the one that is named); the names of all others."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_litter(entry.filename)]
            for entry in files:
                _check_entry(path, entry)
            check_archive(path, archive, config)
            chosen = _choose(path, files, wanted=wanted, member=member)
            for entry in chosen:
                target = into / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, target.open("xb") as file:
                    copy(source, file, path=path, packed=entry.compress_size, config=config)
            return [entry.filename for entry in files if entry not in chosen]
    except DAMAGED as error:
        raise cant_unpack(path, error) from None


def _choose(
    path: Path, files: list[zipfile.ZipInfo], *, wanted: Callable[[Path], bool], member: str | None
) -> list[zipfile.ZipInfo]:
    names = [entry.filename for entry in files]
    if member is not None:
        if member not in names:
            raise DataError(
                f"{path}: there is no `{member}` in the archive.{nearest(member, names)} In it: {_listed(names)}."
            )
        return [entry for entry in files if entry.filename == member]
    nested = [name for name in names if name.lower().endswith(_PACKED)]
    if nested:
        raise DataError(
            f"{path}: archives inside an archive are not unpacked ({_listed(nested)}). Unpack it once by hand."
        )
    chosen = [entry for entry in files if wanted(Path(entry.filename))]
    if not chosen:
        raise DataError(f"{path}: there is no data file in the archive. In it: {_listed(names) or 'nothing'}.")
    doubled = {entry.filename for entry in chosen if names.count(entry.filename) > 1}
    if doubled:
        raise DataError(f"{path}: the archive holds two files with the name {_listed(sorted(doubled))}. Pack it anew.")
    return chosen


def _check_entry(path: Path, entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name or (len(name) > 1 and name[1] == ":"):
        raise DataError(
            f"{path}: the archive has an entry `{name}`, which would be written outside of the folder it is unpacked "
            "into. Such an archive is not read; pack it anew with plain relative names."
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise DataError(f"{path}: the entry `{name}` is a link to another place. Pack the files themselves.")
    if entry.flag_bits & 1:
        raise DataError(f"{path}: the entry `{name}` is protected with a password. Unpack it, and name what comes out.")


def _is_litter(name: str) -> bool:
    """What macOS and Windows leave in archives."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
