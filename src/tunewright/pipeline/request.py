"""What was asked for, and the run folder that belongs to it.

The same request finds the same folder again: finished, its report is shown; unfinished, it goes on. So a run that was killed
is continued by typing the same command, and two different requests never share a folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from tunewright.core.errors import FolderError
from tunewright.core.folder import RunFolder, read_json, remove_torn, write_json
from tunewright.core.sentence import in_both
from tunewright.core.text import digest
from tunewright.data.sources import absolute, pinned, short_name, stored_files
from tunewright.pipeline.journal import Listener


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything that a person said. Two runs with equal requests are the same run."""

    verb: str
    source: str
    """The file or folder, as an absolute path."""
    source_digest: str
    overrides: dict[str, Any] = field(default_factory=dict)
    version: str = field(default_factory=lambda: metadata.version("tunewright"))

    @property
    def digest(self) -> str:
        """Names the default folder."""
        return digest(json.dumps(asdict(self), sort_keys=True, ensure_ascii=False))


def make_request(verb: str, source: Path, overrides: dict[str, Any]) -> Request:
    """The request for a file, a folder or whatever else is read. Raises DataError if nothing is there."""
    given = {key: value for key, value in overrides.items() if value not in (None, [], (), False)}
    return Request(verb=verb, source=str(absolute(source)), source_digest=content_digest(source), overrides=given)


def local_source(source: str | Path, listener: Listener | None) -> Path:
    """What is read; for a data set of the hub its name with the commit, once it is here. Its size is said first."""

    def announce(message: str) -> None:
        if listener is not None:
            listener({"kind": "notice", "code": "download", "message": in_both(message)})

    return pinned(Path(source), announce=announce)


def content_digest(source: Path) -> str:
    """blake2b of a file, or of all names and contents in a folder or behind a pattern."""
    stored = stored_files(source)
    single = len(stored) == 1 and stored[0].is_file()
    hasher = hashlib.blake2b(digest_size=16)
    for path in stored:
        for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
            name = file.relative_to(path) if path.is_dir() else file.name
            hasher.update(b"" if single else str(name).encode())
            with file.open("rb") as opened:
                hasher.update(hashlib.file_digest(opened, hashlib.blake2b).digest())
    return hasher.hexdigest()


def find_folder(request: Request, *, output: Path | None, new: bool) -> RunFolder:
    """The folder for a request: `output`, or `runs/NAME-DIGEST`; with `new`, the next free one of that name.

    Raises FolderError if `output` belongs to another request or holds something else.
    """
    if output is None:
        base = Path("runs") / f"{short_name(Path(request.source))}-{request.digest[:8]}"
        path = base
        number = 2
        while new and path.exists():
            path = base.with_name(f"{base.name}-{number}")
            number += 1
    else:
        path = output
        if new and path.exists():
            raise FolderError(f"{path}: this folder exists; `--new` needs an `--output` that does not.")
    folder = RunFolder(path)
    if folder.recipe.exists():
        earlier = read_json(folder.request)
        if earlier.get("digest") != request.digest:
            changed = sorted(
                key
                for key in {*earlier["request"], *asdict(request)}
                if earlier["request"].get(key) != asdict(request).get(key)
            )
            raise FolderError(
                f"{path}: this folder holds another run (different: {', '.join(changed)}). "
                "Give another `--output`, or remove the folder."
            )
    elif path.exists() and any(path.iterdir()) and not folder.request.exists():
        raise FolderError(f"{path}: this folder is not empty and is no run of ours. Give another `--output`.")
    else:
        # Also where an earlier request ended before anything was decided: a misspelt column must not block the folder.
        write_json(folder.request, {"digest": request.digest, "request": asdict(request)})
    return folder


@contextlib.contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold the folder for this process, and remove what a killed one was in the middle of writing.

    A lock whose process is gone is taken over. Raises FolderError if the folder is in use.
    """
    lock = folder.path / "running.pid"
    import psutil

    holder = None
    # No lock, or one torn by a crash, holds nobody off. (FolderError is an OSError: it must not be raised in here.)
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        number, started = lock.read_text(encoding="utf-8").split()
        if int(number) != os.getpid() and abs(psutil.Process(int(number)).create_time() - float(started)) < 1:
            holder = number
    if holder is not None:
        raise FolderError(
            f"{folder.path}: process {holder} is working in this folder. Wait for it, or give another `--output`."
        )
    remove_torn(folder.path)
    lock.write_text(f"{os.getpid()} {psutil.Process().create_time()}", encoding="utf-8")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
