"""Randomness from named seeds: no generator state is ever saved, because each state can be made again from its names."""

from __future__ import annotations

import torch

from tunewright.core.text import digest


def seed_micro_batch(seed: int, *, step: int, micro_batch: int) -> int:
    """The seed of one micro-batch's dropout, a function of (seed, step, micro-batch index) alone; torch is seeded with it."""
    named = int(digest(f"dropout/{seed}/{step}/{micro_batch}")[:15], 16)
    torch.manual_seed(named)
    return named
