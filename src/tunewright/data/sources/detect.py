"""Which format a file is in: by its first bytes, then by its ending."""

from __future__ import annotations

from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.text import digest
from tunewright.data.sources.encoding import scan
from tunewright.data.sources.jsonl import parse_object
from tunewright.data.sources.types import Kind, ReadConfig, Scan

_ENDINGS: dict[str, Kind] = {".tsv": "tsv", ".tab": "tsv"}


def find_format(path: Path, config: ReadConfig) -> tuple[Kind, Scan]:
    """The format and what one pass over the bytes found."""
    if not path.exists():
        near = [p.name for p in path.parent.glob(f"{path.stem[:3]}*")][:5] if path.parent.is_dir() else []
        raise DataError(f"{path}: there is no such file." + (f" Beside it: {', '.join(sorted(near))}." if near else ""))
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1" or config.format == "parquet":
        return "parquet", _scan_binary(path)
    found = scan(path, encoding=config.encoding)
    kind, reason = _kind(path, found.sample, config)
    found.reasons.insert(0, f"format {kind}: {reason}")
    return kind, found


def _kind(path: Path, sample: str, config: ReadConfig) -> tuple[Kind, str]:
    if config.format is not None:
        return config.format, "as asked for"
    text = sample.lstrip()
    lines = [line for line in text.split("\n", 20)[:20] if line.strip()]
    objects = sum(isinstance(parse_object(line.strip()), dict) for line in lines)
    if text.startswith("[") and not (lines and parse_array(lines[0])):
        return "json", "it starts with a list"
    if text.startswith("{") and objects and not (path.suffix.lower() == ".json" and len(lines) == 1):
        return "jsonl", "its lines are JSON objects"
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return "jsonl", "by its ending"
    if text.startswith("{") or path.suffix.lower() == ".json":
        return "json", "it starts with an object" if text.startswith("{") else "by its ending"
    return _ENDINGS.get(path.suffix.lower(), "csv"), "rows of text"


def parse_array(line: str) -> bool:
    """Whether a first line such as `[tag],text` only looks like the start of a JSON list."""
    rest = line.lstrip()[1:].lstrip()
    return bool(rest) and rest[0] not in '{["-0123456789tfn]'


def _scan_binary(path: Path) -> Scan:
    return Scan(
        digest=digest(path.read_bytes()) if path.stat().st_size < 1 << 28 else _digest_large(path),
        size=path.stat().st_size, encoding="utf-8", bom=False, newline="\n", sample="",
        reasons=["format parquet: its first bytes"],
    )  # fmt: skip


def _digest_large(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
