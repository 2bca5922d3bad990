"""The machine: device, threads, matrix products, precision, ranks and seeds. One process is the same code as many."""

from tunewright.runtime.attention import attention_kernel
from tunewright.runtime.dropout import cheap_dropout
from tunewright.runtime.machine import (
    Machine,
    RuntimeConfig,
    describe_environment,
    peak_memory_bytes,
    prepare_machine,
    probe_runtime,
)
from tunewright.runtime.memory import PeakMemory, available_bytes, usable_bytes
from tunewright.runtime.seeds import seed_micro_batch
from tunewright.runtime.stopwatch import Stopwatch
from tunewright.runtime.world import World, join_world

__all__ = [
    "Machine",
    "PeakMemory",
    "RuntimeConfig",
    "Stopwatch",
    "World",
    "attention_kernel",
    "available_bytes",
    "cheap_dropout",
    "describe_environment",
    "join_world",
    "peak_memory_bytes",
    "prepare_machine",
    "probe_runtime",
    "seed_micro_batch",
    "usable_bytes",
]
