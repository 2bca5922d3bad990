"""How much may come out of a compressed file: a few kilobytes can unpack to more than any disk holds."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.data.sources.types import ReadConfig

_ALWAYS_FINE = 64 << 20
"""Below 64 MiB the ratio does not matter: that is no bomb, only a very regular text."""


def check_size(path: Path, *, packed: int, unpacked: int, config: ReadConfig) -> None:
    """Raises DataError where more comes out of a file than the config allows, with the numbers and the setting."""
    if unpacked > config.max_unpacked_gb * 1e9:
        raise DataError(
            f"{path}: {packed:,} bytes unpack to {unpacked / 1e9:.1f} GB or more, and at most "
            f"{config.max_unpacked_gb:g} GB are unpacked. If the file is what it should be: "
            f"--set data.read.max_unpacked_gb={max(1, round(2 * unpacked / 1e9)):d}"
        )
    ratio = unpacked / max(1, packed)
    if unpacked > _ALWAYS_FINE and ratio > config.max_unpack_ratio:
        raise DataError(
            f"{path}: {packed:,} bytes unpack to {unpacked:,} or more, {ratio:,.0f} times as many, as in files made to "
            f"fill a disk; at most {config.max_unpack_ratio:g} times as many are unpacked. If the file is what it should "
            f"be: --set data.read.max_unpack_ratio={round(2 * ratio):d}"
        )


def check_archive(path: Path, archive: zipfile.ZipFile, config: ReadConfig) -> None:
    """`check_size` over the sizes that a ZIP archive states for its members, before any is unpacked."""
    members = archive.infolist()
    packed = sum(member.compress_size for member in members)
    check_size(path, packed=packed, unpacked=sum(member.file_size for member in members), config=config)
