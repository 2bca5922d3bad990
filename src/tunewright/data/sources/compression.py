"""Compressed files: read into a temporary file within limits, and written again as they were."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data.sources.limits import check_size
from tunewright.data.sources.types import ReadConfig, SourceFormat

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Compression:
    """One way to compress a single file."""

    suffix: str
    magic: bytes
    reading: Callable[[Path], Any]
    writing: Callable[[IO[bytes]], Any]


COMPRESSIONS: dict[str, Compression] = {
    "gzip": Compression(
        suffix=".gz", magic=b"\x1f\x8b", reading=gzip.GzipFile,
        # No name and no time inside: the same rows give the same bytes.
        writing=lambda file: gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0),
    ),
    "zstd": Compression(
        suffix=".zst", magic=b"\x28\xb5\x2f\xfd",
        reading=lambda path: pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"),
        writing=lambda file: pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd"),
    ),
    "bz2": Compression(
        suffix=".bz2", magic=b"BZh", reading=bz2.BZ2File,
        writing=lambda file: bz2.BZ2File(file, "wb"),
    ),
    "xz": Compression(
        suffix=".xz", magic=b"\xfd7zXZ\x00", reading=lzma.LZMAFile,
        writing=lambda file: lzma.LZMAFile(file, "wb"),  # noqa: SIM115  closed where it is used
    ),
}  # fmt: skip

DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, pa.ArrowException, NotImplementedError)
"""What the libraries raise where packed bytes are damaged, cut off, or packed in a way that they don't know."""

_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x04\x22\x4d\x18": "compressed with LZ4",
    b"\x1f\x9d": "compressed with the old `compress`",
}


def compression_of(path: Path) -> str | None:
    """How a file is compressed, by its first bytes. Raises DataError for a way that is not read here."""
    with path.open("rb") as file:
        head = file.read(8)
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise DataError(f"{path}: this is {what}. Unpack it, and name the file that was in it.")
    return next((name for name, one in COMPRESSIONS.items() if head.startswith(one.magic)), None)


def plain_name(path: Path) -> Path:
    """The path without the ending that says how it is compressed: `a.csv` for `a.csv.gz`."""
    endings = [one.suffix for one in COMPRESSIONS.values()]
    return path.with_suffix("") if path.suffix.lower() in endings else path


def unpack(path: Path, compression: str, into: Path, *, config: ReadConfig) -> Path:
    """The unpacked file in the folder `into`. Raises DataError where it is damaged or unpacks to too much."""
    target = into / (plain_name(path).name or "data")
    try:
        packed = path.stat().st_size
        with COMPRESSIONS[compression].reading(path) as source, target.open("wb") as file:
            copy(source, file, path=path, packed=packed, config=config)
    except DAMAGED as error:
        raise cant_unpack(path, error) from None
    _refuse_packed_twice(path, target)
    return target


def copy(source: Any, file: IO[bytes], *, path: Path, packed: int, config: ReadConfig) -> None:
    """Copy what is unpacked, block by block, and stop as soon as it is more than the config allows."""
    unpacked = 0
    while block := source.read(_BLOCK):
        unpacked += len(block)
        check_size(path, packed=packed, unpacked=unpacked, config=config)
        file.write(block)


def cant_unpack(path: Path, error: Exception) -> DataError:
    """The error to raise where a compressed file could not be unpacked."""
    if isinstance(error, OSError) and error.errno == 28:
        return DataError(f"{path}: there is no room to unpack it. TMPDIR names another place for temporary files.")
    reason = " ".join(str(error).split()) or type(error).__name__
    return DataError(f"{path}: can't be unpacked, it is damaged or incomplete ({reason}). Copy or download it again.")


@contextlib.contextmanager
def packing(file: IO[bytes], source: SourceFormat) -> Iterator[IO[bytes]]:
    """An open file that compresses what is written, as the source was."""
    if source.compression is None:
        yield file
    elif source.compression == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            entry = zipfile.ZipInfo(source.member or "data", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as inner:
                yield inner
    else:
        with COMPRESSIONS[source.compression].writing(file) as packed:
            yield packed


def _refuse_packed_twice(path: Path, target: Path) -> None:
    with target.open("rb") as file:
        head = file.read(512)
    if head[257:262] == b"ustar":
        raise DataError(f"{path}: this is a TAR archive. Unpack it, and name the folder that comes out.")
    if any(head.startswith(one.magic) for one in COMPRESSIONS.values() if len(one.magic) > 3):
        raise DataError(f"{path}: what is in it is compressed once more. Unpack it, and name the inner file.")
