"""Time and peak memory of a training run, from a few of its own steps done with a learning rate of zero.

No weight moves: the steps are real (same rows, same micro-batches, same optimiser), only their learning rate is 0, and the
optimiser they used is thrown away. Time grows with padded tokens and micro-batches, which are known for every step ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tunewright.planning.groups import Group, sampled_groups
from tunewright.planning.memory import growth_bytes
from tunewright.runtime import peak_memory_bytes
from tunewright.train import FitPlan, Length
from tunewright.train.fit import MeasuredStep, measure_steps

MEASURED_STEPS = 6


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What training will cost on this machine; the interval comes from the spread of the measured steps."""

    seconds: float
    seconds_low: float
    seconds_high: float
    peak_memory_gigabytes: float
    """Of the whole process, on the host, so far and as it is expected to grow."""
    growth_gigabytes: float
    """By which the process is expected to grow after that: libraries keep something for each new shape of a micro-batch."""
    held_gigabytes: float
    """By the last of the measured steps."""
    num_steps: int
    seconds_per_step: float
    examples_per_second: float
    measured_steps: int


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Seconds for one unit of cost: the usual one, and the ends between which the run is expected to stay."""

    usual: float
    low: float
    high: float

    @classmethod
    def of(cls, measured: Sequence[MeasuredStep], costs: Sequence[float], *, num_threads: int | None) -> Rate:
        """From steps and what each of them costs.

        If a busy machine falls quiet, training takes no longer than its threads have work: processor time over their number
        is the low end where that is less than what was seen. How busy a machine becomes nobody can know: the high end is half
        above the slowest step seen (measured: lab/LOG.md, 2026-11-28). `num_threads` is None where another device does the work.
        """
        seen = np.array([step.seconds / cost for step, cost in zip(measured, costs, strict=True)])
        worked = np.array([step.processor_seconds / cost for step, cost in zip(measured, costs, strict=True)])
        quiet = float(np.median(worked)) / num_threads if num_threads else float("inf")
        low = min(float(seen.min()), quiet)
        return cls(usual=float(np.median(seen)), low=0.9 * low, high=1.5 * float(seen.max()))


def forecast_training(plan: FitPlan) -> Forecast:
    """Measure a few steps, the one with the longest texts included, and add up what all steps will take.

    Evaluations are counted as forward passes, at a third of a training step's cost for each token.
    """
    length = Length.of(plan.train, num_rows=len(plan.rows))
    groups = sampled_groups(plan)
    costs = {step: _cost(plan, of_step) for step, of_step in groups.items()}
    by_cost = sorted(costs, key=costs.__getitem__)
    # The first one also warms up; it is the largest, for memory.
    chosen = [by_cost[-1], *(by_cost[i * (len(by_cost) - 1) // MEASURED_STEPS] for i in range(MEASURED_STEPS))]
    measured = measure_steps(plan, length, steps=chosen)[1:]
    on_cpu = plan.machine.device.type == "cpu"
    threads = torch.get_num_threads() if on_cpu else None
    rate = Rate.of(measured, [costs[step] for step in chosen[1:]], num_threads=threads)
    growth = growth_bytes(
        [step.peak_bytes for step in measured],
        seen=[_num_shapes(groups, chosen[:end]) for end in range(2, len(chosen) + 1)],
        num_shapes=_num_shapes(groups, costs),
    )  # fmt: skip
    mean_cost = float(np.mean(list(costs.values())))
    evaluation_share = _evaluation_share(plan, length)
    total_cost = mean_cost * length.num_steps * (1 + evaluation_share)
    return Forecast(
        seconds=rate.usual * total_cost,
        seconds_low=rate.low * total_cost,
        seconds_high=rate.high * total_cost,
        peak_memory_gigabytes=max(peak_memory_bytes(), measured[-1].peak_bytes + growth) / 1e9,
        growth_gigabytes=growth / 1e9,
        held_gigabytes=measured[-1].peak_bytes / 1e9,
        num_steps=length.num_steps,
        seconds_per_step=rate.usual * mean_cost,
        examples_per_second=length.examples_per_step / (rate.usual * mean_cost),
        measured_steps=len(measured),
    )


def _cost(plan: FitPlan, groups: Sequence[Group]) -> float:
    """Padded tokens of a step plus the overhead of its micro-batches and of its update."""
    tokens = sum(shape.tokens for shape, _ in groups)
    return tokens + plan.batching.overhead_tokens * (len(groups) + 2.0)


def _num_shapes(groups: Mapping[int, Sequence[Group]], steps: Iterable[int]) -> int:
    """Different shapes that some steps meet."""
    return len({shape for step in steps for shape, _ in groups[step]})


def _evaluation_share(plan: FitPlan, length: Length) -> float:
    """Forward passes over the validation rows, relative to the training work between two evaluations."""
    if plan.evaluate is None:
        return 0.0
    return plan.num_evaluation_rows / (3.0 * length.examples_per_step * length.steps_per_evaluation)
