"""What the run runs on. Probed once, written into the recipe before training, and never probed again."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

import torch

from tunewright.core.config import Config
from tunewright.core.errors import RecipeError
from tunewright.core.folder import read_json, user_home, write_json
from tunewright.core.text import digest
from tunewright.runtime.allocator import keep_freed_memory

PROBE = "2"
"""Counts up when `_fastest_matmul` decides otherwise than before, so that nothing older is remembered."""
Precision = Literal["float32", "bf16_autocast", "bf16_master"]


class RuntimeConfig(Config):
    """Device, threads and number formats. Fields left empty are probed once and written into the resolved recipe."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where tensors live; `auto` takes CUDA, else Apple's MPS, else the CPU."""
    threads: int | None = None
    """Threads of one matrix product on the CPU; None: the processors this process may use, shared among the ranks."""
    matmul: Literal["highest", "high", "medium"] | None = None
    """torch's float32 matmul setting; None: the fastest whose measured error is as small as `highest`'s."""
    precision: Precision = "float32"
    """What training computes in. `float32`. `bf16_autocast`: matrix products in bfloat16, weights and all else in float32.
    `bf16_master`: the passes with weights in bfloat16, which the optimiser holds in float32 as well, with gradients summed in
    float32; the fastest where the processor has fast bfloat16. What is kept is float32, and so is all that is evaluated."""
    made_on: dict[str, str] | None = None
    """Processor and versions of the machine that resolved this recipe. The same bits come only from the same ones."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A resolved runtime: what `RuntimeConfig` means on this machine."""

    device: torch.device
    precision: Precision

    @contextlib.contextmanager
    def autocast(self) -> Iterator[None]:
        """Forward passes go in here; backward passes stay outside."""
        if self.precision != "bf16_autocast":
            yield
        else:
            with torch.autocast(self.device.type, torch.bfloat16):
                yield


def probe_runtime(config: RuntimeConfig, *, num_ranks: int = 1) -> RuntimeConfig:
    """The config with every empty field filled in by looking at the machine."""
    threads = config.threads or max(1, _num_usable_processors() // num_ranks)
    device = config.device if config.device != "auto" else _best_device()
    matmul = config.matmul or (_remembered_matmul(threads) if device == "cpu" else "highest")
    return config.model_copy(
        update={
            "threads": threads,
            "device": device,
            "matmul": matmul,
            "made_on": config.made_on or machine_identity(device),
        }  # fmt: skip
    )


def prepare_machine(config: RuntimeConfig, *, allow_different_machine: bool = False) -> Machine:
    """Set torch up as a resolved config says. Raises RecipeError if it was made on another kind of machine."""
    assert config.threads, "probe_runtime comes first"
    assert config.matmul, "probe_runtime comes first"
    assert config.device != "auto", "probe_runtime comes first"
    here = machine_identity(config.device)
    if config.made_on and config.made_on != here and not allow_different_machine:
        changed = ", ".join(
            f"{name}: {config.made_on.get(name)} there, {here[name]} here"
            for name in here
            if config.made_on.get(name) != here[name]
        )
        raise RecipeError(
            f"This recipe was resolved on another machine ({changed}), so it can't give the same bits here. "
            "`--allow-different-machine` goes on all the same; without `runtime.made_on` in the recipe nothing is compared."
        )
    torch.set_num_threads(config.threads)
    torch.set_float32_matmul_precision(config.matmul)
    keep_freed_memory()
    return Machine(device=torch.device(config.device), precision=config.precision)


def machine_identity(device: str) -> dict[str, str]:
    """What must be the same for the same bits."""
    return {
        "processor": torch.cuda.get_device_name() if device == "cuda" else processor_name(),
        "torch": torch.__version__,
        "transformers": metadata.version("transformers"),
    }


def describe_environment() -> dict[str, Any]:
    """Versions, system and memory, for the report."""
    import psutil

    names = ("tunewright", "torch", "transformers", "tokenizers", "numpy", "scikit-learn", "pyarrow")
    return {
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in names}},
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor_name(),
        "processors": _num_usable_processors(),
        "memory_gigabytes": round(psutil.virtual_memory().total / 1e9, 1),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
    }


def peak_memory_bytes() -> int:
    """The most memory that this process has ever held (resident, on the host)."""
    import psutil

    if platform.system() == "Windows":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if platform.system() == "Darwin" else int(peak) * 1024


def processor_name() -> str:
    """The model of the CPU as the system names it."""
    if platform.system() == "Linux":
        with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _best_device() -> Literal["cpu", "cuda", "mps"]:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _num_usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _remembered_matmul(threads: int) -> Literal["highest", "medium"]:
    """Measured once on a machine and remembered in the user's data directory.

    Another measurement might come out otherwise on a busy day, and two runs of one recipe would differ in their last bits.
    """
    identity = machine_identity("cpu")
    remembered = user_home() / "machines" / f"{digest(*identity.values(), str(threads), PROBE)}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = read_json(remembered)["matmul"]
        if found in ("highest", "medium"):
            return "medium" if found == "medium" else "highest"
    matmul = _fastest_matmul(threads)
    with contextlib.suppress(OSError):  # a home that can't be written costs a measurement the next time
        write_json(remembered, {"matmul": matmul, **identity})
    return matmul


def _fastest_matmul(threads: int) -> Literal["highest", "medium"]:
    """`medium` lets oneDNN do float32 products: true float32 on many chips, bfloat16 on some. So speed *and* error decide."""
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(512, 512, generator=generator) for _ in range(2))
    exact = a.double() @ b.double()
    seconds: dict[str, float] = {}
    errors: dict[str, float] = {}
    try:
        torch.set_num_threads(threads)
        for setting in ("highest", "medium") * 5:
            torch.set_float32_matmul_precision(setting)
            began = time.perf_counter()
            for _ in range(4):
                product = a @ b
            elapsed = time.perf_counter() - began
            seconds[setting] = min(elapsed, seconds.get(setting, elapsed))
            errors[setting] = float(((product.double() - exact).norm() / exact.norm()).item())
    finally:
        torch.set_num_threads(before[0])
        torch.set_float32_matmul_precision(before[1])
    # It has to pay: under `medium` oneDNN is also asked for the small products of attention, and it keeps memory of its own.
    faster = 1.15 * seconds["medium"] < seconds["highest"]
    return "medium" if faster and errors["medium"] < 4 * errors["highest"] else "highest"
