"""The ranks that train together. There is no wrapper around the model: gradients are summed once, after the last backward.

Started by `torchrun`, the ranks find each other through its environment variables; otherwise there is one rank and
nothing is communicated.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from tunewright.core.errors import FirstRankFailed, TunewrightError

T = TypeVar("T")

PATIENCE = timedelta(days=1)
"""How long a rank waits for the others. Long, because reading and auditing a large file is done by the first one alone; a
rank that has died is noticed at once all the same, by its closed connection and by `torchrun`."""
BUCKET_ELEMENTS = 1 << 24
"""Gradients are summed in flat pieces of at most this many float32 numbers (64 MiB)."""


@dataclass(frozen=True, kw_only=True)
class World:
    """This process among the others. `num_ranks == 1` is the ordinary case and needs no network."""

    rank: int = 0
    num_ranks: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this rank writes files and prints."""
        return self.rank == 0

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """All-reduce (SUM) of every `.grad` in place, as float32 or wider; a parameter without one counts as zero."""
        if self.num_ranks == 1:
            return
        bucket: list[Tensor] = []
        size = 0
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            bucket.append(parameter.grad)
            size += parameter.grad.numel()
            if size >= BUCKET_ELEMENTS:
                _sum_bucket(bucket)
                bucket, size = [], 0
        if bucket:
            _sum_bucket(bucket)

    def sum_tensor(self, tensor: Tensor) -> Tensor:
        """The sum of a tensor over the ranks, on every rank."""
        if self.num_ranks > 1:
            dist.all_reduce(tensor)
        return tensor

    def any_true(self, value: bool) -> bool:
        """Whether the value is true on some rank: how ranks agree to stop together."""
        if self.num_ranks == 1:
            return value
        return bool(self.sum_tensor(torch.tensor([float(value)])).item())

    def gather_lists(self, values: list[T]) -> list[T]:
        """The lists of all ranks behind each other, in the order of ranks, on every rank."""
        if self.num_ranks == 1:
            return values
        parts: list[list[T]] = [[] for _ in range(self.num_ranks)]
        dist.all_gather_object(parts, values)
        return [value for part in parts for value in part]

    def from_first(self, work: Callable[[], T]) -> T:
        """Done by the first rank alone while the others wait; what it returns (plain values), every rank gets.

        What it raises, the first rank raises; the others raise FirstRankFailed with the same exit code.
        """
        if self.num_ranks == 1:
            return work()
        value: T | None = None
        error: BaseException | None = None
        if self.is_first:
            try:
                value = work()
            except BaseException as caught:  # whatever it is, the others must hear of it, or they would wait for ever
                error = caught
        code = None if error is None else error.exit_code if isinstance(error, TunewrightError) else 1
        told: list[Any] = [(value, code)]
        dist.broadcast_object_list(told)
        if error is not None:
            raise error
        value, code = told[0]
        if code is not None:
            raise FirstRankFailed(code)
        return value

    def first_then_others(self, work: Callable[[], T]) -> T:
        """Done by every rank, by the first one first: the others find what it has written."""
        done: list[T] = []
        self.from_first(lambda: done.append(work()))
        return done[0] if done else work()

    def wait(self) -> None:
        """Go on when every rank has come here."""
        if self.num_ranks > 1:
            dist.barrier()


def join_world() -> World:
    """The world that `torchrun` set up, or a world of one."""
    num_ranks = int(os.environ.get("WORLD_SIZE", "1"))
    if num_ranks == 1:
        return World()
    if not dist.is_initialized():
        backend = "gloo"  # for what ranks tell each other, for gradients on the CPU, and where ranks share a GPU
        num_gpus = torch.cuda.device_count()
        if num_gpus:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % num_gpus)
            if int(os.environ.get("LOCAL_WORLD_SIZE", "1")) <= num_gpus:
                backend = "cpu:gloo,cuda:nccl"
        dist.init_process_group(backend, timeout=PATIENCE)
        # Its threads must have ended before the interpreter does, or the process may abort after its work is done.
        atexit.register(_leave_world)
    return World(rank=dist.get_rank(), num_ranks=dist.get_world_size())


def _leave_world() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def _sum_bucket(gradients: list[Tensor]) -> None:
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    if flat.dtype in (torch.bfloat16, torch.float16):
        flat = flat.float()
    dist.all_reduce(flat)
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()
