"""A lock between processes that the system itself gives back when its holder is killed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path


class FileLock:
    """An exclusive lock on a file that holds nothing else. Waits for it; not to be taken twice by one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Wait until nobody else holds it; always True."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        if os.name == "nt":
            _lock_on_windows(self._handle)
        else:
            import fcntl

            fcntl.flock(self._handle, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give it back; the file stays, since another process may be waiting at it."""
        assert self._handle is not None, "only what was taken can be given back"
        os.close(self._handle)
        self._handle = None


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Inside, this process alone holds the lock at `path`."""
    lock = FileLock(path)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _lock_on_windows(handle: int) -> None:
    """Windows has no call that waits for ever: the longest is tried again and again."""
    import msvcrt

    while True:
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
            return
        except OSError:
            time.sleep(0.05)
