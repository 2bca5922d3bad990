"""What answering costs on this machine: each model in a process of its own, all taking turns on the same texts.

Figures that runs took down when they were made can't be held against each other: the machine was busy with other things.
Taking turns puts whatever happens meanwhile on all of them alike.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tunewright.core.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one model."""

    milliseconds_per_row: float
    """The median of the rounds, in batches."""
    memory_megabytes: float
    """The largest that the whole process had, libraries included."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The costs by name, and what they were measured on."""

    runs: dict[str, Cost]
    rows: int
    rounds: int

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def measure_bundles(
    bundles: Mapping[str, Path], texts: Sequence[str], *, pairs: Sequence[str] | None = None, rounds: int = 5,
    said: Callable[[str], None] = lambda name: None,
) -> Measured:  # fmt: skip
    """Time and memory of each bundle on the texts. `said(name)` is called when one is loaded. Raises ModelError if one fails."""
    workers: dict[str, subprocess.Popen[str]] = {}
    seconds: dict[str, list[float]] = {name: [] for name in bundles}
    memory: dict[str, float] = {}
    try:
        for name, path in bundles.items():
            workers[name] = subprocess.Popen(
                [sys.executable, "-m", "tunewright.pipeline.measure_worker", str(path)], encoding="utf-8",
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            _ask(workers[name], name, texts[:8], None if pairs is None else pairs[:8])  # loads, and warms up
            said(name)
        for _ in range(rounds):
            for name, worker in workers.items():
                answer = _ask(worker, name, texts, pairs)
                seconds[name].append(answer["seconds"])
                memory[name] = answer["memory_bytes"] / 1e6
    finally:
        for worker in workers.values():
            worker.kill()
            worker.communicate()
    per_row = {name: 1000 * statistics.median(of) / max(1, len(texts)) for name, of in seconds.items()}
    costs = {
        name: Cost(milliseconds_per_row=round(per_row[name], 3), memory_megabytes=round(memory[name], 1))
        for name in workers
    }
    return Measured(runs=costs, rows=len(texts), rounds=rounds)


def _ask(
    worker: subprocess.Popen[str], name: str, texts: Sequence[str], pairs: Sequence[str] | None
) -> dict[str, float]:
    assert worker.stdin
    assert worker.stdout
    # A process that has ended closes its pipe, or answers with an empty line.
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.write(json.dumps({"texts": list(texts), "pairs": pairs and list(pairs)}) + "\n")
        worker.stdin.flush()
    line = worker.stdout.readline()
    answer: dict[str, Any] = json.loads(line) if line else {"error": f"its process ended (exit code {worker.wait()})"}
    if "error" in answer:
        raise ModelError(f"{name}: can't be measured: {answer['error']}")
    return answer
