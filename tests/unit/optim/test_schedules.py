from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.optim import ScheduleConfig, learning_rate_factor

NAMES = ("constant", "linear", "cosine")


def factors(name: str, *, num_steps: int, warmup_share: float) -> list[float]:
    config = ScheduleConfig.model_validate({"name": name, "warmup_share": warmup_share})
    return [learning_rate_factor(step, num_steps=num_steps, config=config) for step in range(num_steps)]


@given(st.sampled_from(NAMES), st.integers(1, 500), st.floats(0, 0.999))
def test_every_step_moves_and_the_full_rate_is_reached_once_warm(name: str, num_steps: int, share: float) -> None:
    course = factors(name, num_steps=num_steps, warmup_share=share)
    peak = course.index(max(course))
    assert all(0 < factor <= 1 for factor in course)
    assert course[peak] == 1.0
    assert peak == min(round(share * num_steps), num_steps - 1)
    assert course[: peak + 1] == sorted(course[: peak + 1])
    assert course[peak:] == sorted(course[peak:], reverse=True)


def test_linear_without_warmup_by_hand() -> None:
    assert factors("linear", num_steps=4, warmup_share=0) == [1.0, 0.75, 0.5, 0.25]


def test_warmup_by_hand() -> None:
    assert factors("constant", num_steps=8, warmup_share=0.375) == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]


def test_cosine_is_half_way_in_the_middle() -> None:
    assert factors("cosine", num_steps=10, warmup_share=0)[5] == pytest.approx(0.5)


def test_one_step_has_the_full_rate() -> None:
    name: Literal["linear"] = "linear"
    assert learning_rate_factor(0, num_steps=1, config=ScheduleConfig(name=name, warmup_share=0.9)) == 1.0
