"""The interval of a forecast holds what a run takes, on a machine that stays as busy as it was and on one that falls quiet."""

from __future__ import annotations

import random

from tunewright.planning.forecast import Rate
from tunewright.train.fit import MeasuredStep


def steps_on_a_machine(*, busy: float, threads: int = 2, count: int = 6, seed: int = 0) -> list[MeasuredStep]:
    """Steps that need a second on a quiet machine, and up to `busy` times that on one with other work."""
    rng = random.Random(seed)
    waited = [rng.uniform(1.0, busy) for _ in range(count)]
    return [MeasuredStep(seconds=one, processor_seconds=1.0 * threads, peak_bytes=0) for one in waited]


def test_a_machine_that_falls_quiet_is_inside_the_interval() -> None:
    for seed in range(50):
        rate = Rate.of(steps_on_a_machine(busy=6.0, seed=seed), [1.0] * 6, num_threads=2)
        assert rate.low <= 1.0 <= rate.usual <= rate.high


def test_by_the_wall_clock_alone_it_would_often_be_outside() -> None:
    """The control: without processor time the low end is the fastest step that was seen on the busy machine."""
    lows = [0.9 * min(s.seconds for s in steps_on_a_machine(busy=6.0, seed=seed)) for seed in range(50)]
    assert sum(low > 1.0 for low in lows) > 25


def test_a_machine_that_stays_as_busy_is_inside_the_interval() -> None:
    inside = 0
    for seed in range(200):
        rate = Rate.of(steps_on_a_machine(busy=3.0, seed=seed), [1.0] * 6, num_threads=2)
        later = steps_on_a_machine(busy=3.0, count=60, seed=1000 + seed)
        inside += rate.low <= sum(step.seconds for step in later) / 60 <= rate.high
    assert inside >= 190


def test_steps_are_measured_by_what_they_cost() -> None:
    measured = [
        MeasuredStep(seconds=cost * 0.01, processor_seconds=cost * 0.01, peak_bytes=0) for cost in (100.0, 300.0, 200.0)
    ]
    rate = Rate.of(measured, [100.0, 300.0, 200.0], num_threads=1)
    assert abs(rate.usual - 0.01) < 1e-12
