"""How much memory work takes: the most that was held while it ran, on the host or on the device."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import torch

_CLEAR, _STATUS = "/proc/self/clear_refs", "/proc/self/status"
_GROUP = Path("/sys/fs/cgroup")
"""Of a container, version 2."""
_RESET = "5"
"""Linux: sets the peak back to what is held now (man 5 proc)."""
_SAMPLE_SECONDS = 0.005


class PeakMemory:
    """Bytes held at most while the block of a `with` ran, all that was held before included.

    On a CPU: resident memory of the process. On a GPU: what torch has taken of its memory, without the driver's own part.
    """

    bytes: int = 0

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device if device.type == "cuda" else None
        self._sampler: _Sampler | None = None

    def __enter__(self) -> PeakMemory:
        if self._on_gpu is not None:
            torch.cuda.reset_peak_memory_stats(self._on_gpu)
        elif not _reset():
            self._sampler = _Sampler()
        return self

    def __exit__(self, *_: object) -> None:
        if self._on_gpu is not None:
            self.bytes = torch.cuda.max_memory_reserved(self._on_gpu)
        else:
            self.bytes = self._sampler.stop() if self._sampler else _highest()


def resident_bytes() -> int:
    """What the process holds now."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def available_bytes(device: torch.device) -> int:
    """What this process can still get: of a GPU, or without swapping of the machine, or of a container's share of it."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    free = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        free = min(free, _free_in_group(_GROUP))
    return free


def usable_bytes(device: torch.device) -> int:
    """What this process may hold in all: what it holds, and what it can still get."""
    held = torch.cuda.memory_reserved(device) if device.type == "cuda" else resident_bytes()
    return held + available_bytes(device)


def _free_in_group(group: Path) -> int:
    """What its limit leaves. Files that were read count as used there, and are given up when memory is needed."""
    limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
    parts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return max(0, limit - used + int(parts.get("inactive_file", 0)) + int(parts.get("active_file", 0)))


def _reset() -> bool:
    """Whether the system could be asked to forget the peak so far."""
    try:
        with open(_CLEAR, "w", encoding="ascii") as file:
            file.write(_RESET)
        return True
    except OSError:
        return False


def _highest() -> int:
    with open(_STATUS, encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return resident_bytes()


class _Sampler:
    """Where the system has no peak to be reset: looks again and again, and may miss what lasts some milliseconds."""

    def __init__(self) -> None:
        self._most = resident_bytes()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The most that was seen."""
        self._ended.set()
        self._thread.join()
        return max(self._most, resident_bytes())

    def _look(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            with contextlib.suppress(OSError):
                self._most = max(self._most, resident_bytes())
