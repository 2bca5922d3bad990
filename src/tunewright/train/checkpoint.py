"""Checkpoints: folders that are whole or not there, verified when read, with the next older one as fallback.

A checkpoint `step-00000120/` holds `weights.safetensors` (the parameters that move), `optimizer.safetensors`,
`state.json` (progress and the optimiser's plain settings), and `manifest.json` with the digest of each file, written last.
The folder is written aside, fsynced and renamed. No generator state is in it: dropout is seeded by (seed, step, micro-batch).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tunewright.core.folder import discard, read_json, write_json, writing

KEEP = 2


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One look at the validation split during training."""

    step: int
    """Steps done by then."""
    metric: str
    value: float
    loss: float


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far training has come: everything that decides what happens next, besides weights and optimiser."""

    step: int = 0
    """Optimiser steps done."""
    evaluations: tuple[Evaluation, ...] = field(default=())
    best: Evaluation | None = None
    best_digest: str | None = None
    """Of the file with the best weights, which stands beside the checkpoints."""
    finished: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Progress:
        """Back from plain values."""
        return cls(
            step=value["step"],
            evaluations=tuple(Evaluation(**evaluation) for evaluation in value["evaluations"]),
            best=Evaluation(**value["best"]) if value["best"] else None,
            best_digest=value["best_digest"],
            finished=value["finished"],
        )


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What is needed to go on as if training had never stopped."""

    progress: Progress
    weights: dict[str, Tensor]
    optimizer_tensors: dict[str, Tensor]
    optimizer_plain: Any
    """The JSON half of the optimiser's state."""


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint and remove all but the newest `KEEP`; the folder has either all of it or none of it."""
    path = folder / f"step-{checkpoint.progress.step:08d}"
    discard(path)
    with writing(path) as aside:
        aside.mkdir()
        save_file(_contiguous(checkpoint.weights), aside / "weights.safetensors")
        save_file(_contiguous(checkpoint.optimizer_tensors), aside / "optimizer.safetensors")
        write_json(
            aside / "state.json",
            {"progress": checkpoint.progress.to_json(), "optimizer": checkpoint.optimizer_plain},
        )
        files = {file.name: file_digest(file) for file in sorted(aside.iterdir())}
        write_json(aside / "manifest.json", {"version": 1, "files": files, "digest": manifest_digest(files)})
    for old in list(_newest_first(folder))[KEEP:]:
        discard(old)
    return path


def load_newest_checkpoint(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint whose every byte is as written, and what was wrong with each newer one, in words.

    Damaged ones are removed: they must not count among the newest that are kept.
    """
    damage: list[str] = []
    for path in _newest_first(folder):
        problem = what_is_damaged(path)
        if problem is None:
            return _load(path), damage
        damage.append(f"{path.name}: {problem}")
        discard(path)
    return None, damage


def what_is_damaged(path: Path) -> str | None:
    """None if each file of the checkpoint has the digest in its manifest, else what is wrong."""
    try:
        manifest = read_json(path / "manifest.json")
        files: dict[str, str] = manifest["files"]
        intact = manifest["digest"] == manifest_digest(files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return f"manifest.json can't be read ({error})"
    if not intact:
        return "manifest.json was changed"
    for name, expected in files.items():
        file = path / name
        if not file.is_file():
            return f"{name} is missing"
        if file_digest(file) != expected:
            return f"{name} was changed"
    progress = Progress.from_json(read_json(path / "state.json")["progress"])
    if progress.best and progress.best_digest:
        best = best_path(path.parent, progress.best.step)
        if not best.is_file():
            return f"{best.name}, the best weights so far, is missing"
        if file_digest(best) != progress.best_digest:
            return f"{best.name}, the best weights so far, was changed"
    return None


def best_path(folder: Path, step: int) -> Path:
    """Where the weights that were best after `step` steps are kept."""
    return folder / f"best-{step:08d}.safetensors"


def save_weights(path: Path, weights: dict[str, Tensor]) -> str:
    """Write tensors as safetensors, atomically; the digest of the file."""
    with writing(path) as aside:
        save_file(_contiguous(weights), aside)
        return file_digest(aside)


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read what `save_weights` wrote."""
    return load_file(path)


def file_digest(path: Path) -> str:
    """blake2b-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def manifest_digest(files: dict[str, str]) -> str:
    """One digest over all names and digests."""
    return hashlib.blake2b(json.dumps(sorted(files.items())).encode(), digest_size=16).hexdigest()


def weights_digest(weights: dict[str, Tensor]) -> str:
    """blake2b-128 over names, types, shapes and bytes: two models with the same digest are the same model."""
    hasher = hashlib.blake2b(digest_size=16)
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        hasher.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        hasher.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return hasher.hexdigest()


def _load(path: Path) -> Checkpoint:
    state = read_json(path / "state.json")
    return Checkpoint(
        progress=Progress.from_json(state["progress"]),
        weights=load_file(path / "weights.safetensors"),
        optimizer_tensors=load_file(path / "optimizer.safetensors"),
        optimizer_plain=state["optimizer"],
    )


def _newest_first(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("step-*"), reverse=True)


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
