"""Randomness from named seeds: no generator state is ever saved, because each state can be made again from its names."""

from __future__ import annotations

import torch

from tunewright.core.text import digest


def seed_micro_batch(seed: int, *, step: int, micro_batch: int) -> None:
    """Seed torch's generators for the dropout of one micro-batch: a function of (seed, step, micro-batch index) alone."""
    torch.manual_seed(_seed(f"dropout/{seed}/{step}/{micro_batch}"))


def _seed(name: str) -> int:
    return int(digest(name)[:15], 16)
