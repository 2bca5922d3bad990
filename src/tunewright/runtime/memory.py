"""How much memory work takes: the most that was held while it ran, on the host or on the device."""

from __future__ import annotations

import contextlib
import threading

import torch

_CLEAR, _STATUS = "/proc/self/clear_refs", "/proc/self/status"
_LIMIT, _USED = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"
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
        free = min(free, max(0, _number(_LIMIT) - _number(_USED)))
    return free


def usable_bytes(device: torch.device) -> int:
    """What this process may hold in all: what it holds, and what it can still get."""
    held = torch.cuda.memory_reserved(device) if device.type == "cuda" else resident_bytes()
    return held + available_bytes(device)


def _number(path: str) -> int:
    with open(path, encoding="ascii") as file:
        return int(file.read())


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
