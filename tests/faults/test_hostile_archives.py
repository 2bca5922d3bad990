"""Archives and compressed files that are damaged or made to do harm: refused in words, nothing is written elsewhere."""

from __future__ import annotations

import gzip
import random
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.data.test_places import PACK, csv
from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, read


def archive_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.parametrize("name", ["../evil.csv", "/tmp/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:/evil.csv"])
def test_names_that_lead_outside_refuse_the_archive(tmp_path: Path, name: str) -> None:
    path = tmp_path / "inner" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.csv", csv())
        archive.writestr(zipfile.ZipInfo(name), csv())
    with pytest.raises(DataError, match=r"a\.zip: the archive has an entry .*would be written outside"):
        read(path)
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.zip", "inner"]


def test_links_and_passwords_refuse_the_archive(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("train.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="is a link to another place"):
        read(tmp_path / "a.zip")
    data = bytearray(archive_of(tmp_path / "b.zip", a__csv=csv()).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(DataError, match="protected with a password"):
        read(tmp_path / "b.zip")


def test_archives_inside_and_archives_without_data_are_said(tmp_path: Path) -> None:
    inner = archive_of(tmp_path / "inner.zip", a__csv=csv()).read_bytes()
    with pytest.raises(DataError, match=r"archives inside an archive are not unpacked \(x\.zip\)"):
        read(archive_of(tmp_path / "a.zip", x__zip=inner, a__csv=csv()))
    with pytest.raises(DataError, match=r"no data file in the archive\. In it: picture\.png"):
        read(archive_of(tmp_path / "b.zip", picture__png=b"x"))
    (tmp_path / "c.csv.gz").write_bytes(gzip.compress(PACK[".xz"](csv())))
    with pytest.raises(DataError, match="compressed once more"):
        read(tmp_path / "c.csv.gz")


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".zip"])
def test_a_bomb_is_refused_with_the_numbers_and_the_setting(tmp_path: Path, suffix: str) -> None:
    data = b"text,label\n" + b"a,b\n" * 17_000_000
    path = tmp_path / f"a.csv{suffix}"
    if suffix == ".zip":
        archive_of(path, a__csv=data)
    else:
        path.write_bytes(PACK[suffix](data))
    with pytest.raises(DataError, match=r"unpack to .*times as many.*--set data\.read\.max_unpack_ratio=\d+"):
        read(path)
    with pytest.raises(DataError, match=r"at most 0\.001 GB are unpacked.*--set data\.read\.max_unpacked_gb="):
        read(path, config=ReadConfig(max_unpacked_gb=0.001))


@pytest.mark.parametrize("suffix", [*PACK, ".zip"])
def test_any_damage_is_read_or_said_never_raised(tmp_path: Path, suffix: str) -> None:
    pack: Callable[[bytes], bytes]
    if suffix == ".zip":
        pack = lambda data: archive_of(tmp_path / "x.zip", train__csv=data, test__csv=data).read_bytes()  # noqa: E731
    else:
        pack = PACK[suffix]
    whole = pack(csv())
    path = tmp_path / f"a.csv{suffix}"
    chance = random.Random(17)
    refused = 0
    for _ in range(120):
        data = bytearray(whole)
        if chance.random() < 0.4:
            del data[chance.randrange(1, len(data)) :]
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read(path)
        except DataError as error:
            refused += 1
            assert "tunewright-" not in str(error)  # noqa: PT017  the temporary place means nothing to a person
    assert refused > 40


@pytest.mark.parametrize(
    ("head", "message"),
    [(b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"Rar!\x1a\x07", "RAR"), (b"\x04\x22\x4d\x18", "LZ4")],
)
def test_other_ways_to_pack_are_refused_by_name(tmp_path: Path, head: bytes, message: str) -> None:
    (tmp_path / "a.csv.x").write_bytes(head + bytes(100))
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.csv.x")


def test_a_tar_inside_is_said(tmp_path: Path) -> None:
    import io
    import tarfile

    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a.csv")
        entry.size = len(csv())
        archive.addfile(entry, io.BytesIO(csv()))
    (tmp_path / "a.tar.gz").write_bytes(file.getvalue())
    with pytest.raises(DataError, match="TAR archive"):
        read(tmp_path / "a.tar.gz")
