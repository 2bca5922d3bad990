"""How long work takes, whatever else a busy machine does meanwhile."""

from __future__ import annotations

import time

import torch


class Stopwatch:
    """Seconds that the work inside a `with` takes.

    On a CPU: the processor's time over the threads, so that other work on the machine doesn't count. Elsewhere by the clock,
    from when the device has nothing to do until it has nothing to do again.
    """

    seconds: float = 0.0

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def __enter__(self) -> Stopwatch:
        self._began = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = self._now() - self._began

    def _now(self) -> float:
        if self._device.type == "cpu":
            return time.process_time() / torch.get_num_threads()
        torch.accelerator.synchronize(self._device)
        return time.perf_counter()
