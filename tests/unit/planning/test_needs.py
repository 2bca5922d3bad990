"""What is measured of a small fit: bytes of its parts, and that nothing of it has moved afterwards."""

from __future__ import annotations

import mmap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.laws.fits import digest_of, make_fit
from tunewright.adapters import LoraConfig
from tunewright.planning.needs import LADDER, largest_that_fits, measure_needs
from tunewright.runtime import PeakMemory
from tunewright.train import FitPlan, measure_shapes


def bytes_of(plan: FitPlan) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in plan.model.parameters())


def test_parts_are_known_to_the_byte(tmp_path: Path) -> None:
    found = measure_shapes(plan := make_fit(tmp_path), [np.array([0, 1]), np.arange(10)])
    assert found.weight_bytes == found.held_bytes == found.trained_bytes == bytes_of(plan)
    # Two moments of each number, and a count of steps for each tensor.
    assert found.optimizer_bytes == 2 * bytes_of(plan) + 4 * len(list(plan.model.parameters()))


def test_gradient_descent_keeps_nothing_and_lora_moves_little(tmp_path: Path) -> None:
    assert measure_shapes(make_fit(tmp_path, optimizer="sgd"), [np.arange(3)]).optimizer_bytes == 0
    plan = make_fit(tmp_path)
    whole = bytes_of(plan)
    lora = LoraConfig(r=2)
    found = measure_shapes(replace(plan, adapter=lora, model=lora.attach(plan.model, seed=1)), [np.arange(3)])
    assert found.trained_bytes < whole / 5
    assert found.weight_bytes > whole


def test_words_that_do_not_occur_are_held_and_not_trained(tmp_path: Path) -> None:
    found = measure_shapes(plan := make_fit(tmp_path, words=20), [np.arange(3)])
    assert found.trained_bytes < found.weight_bytes < found.held_bytes
    assert found.weight_bytes == bytes_of(plan)


def test_what_is_kept_for_the_backward_pass_grows_with_the_rows(tmp_path: Path) -> None:
    """Of a linear layer after another, by hand: what each needs of its input, once."""
    plan = make_fit(tmp_path)
    same = np.array([int(np.argmax(plan.store.lengths))])
    one, two = measure_shapes(plan, [same, np.repeat(same, 2)]).shapes
    assert 1.7 < two.saved_bytes / one.saved_bytes <= 2.0


def test_measuring_moves_no_weight(tmp_path: Path) -> None:
    plan = make_fit(tmp_path)
    before = digest_of(plan)
    needs = measure_needs(plan, answer=plan.evaluate)
    assert digest_of(plan) == before
    assert needs.answering_bytes > 0
    assert all(parameter.grad is None for parameter in plan.model.parameters())
    assert needs.training.low <= needs.training.bytes <= needs.training.high
    assert needs.largest.tokens >= max(one.shape.tokens for one in needs.tried)


def test_the_largest_micro_batches_that_fit_and_none_where_nothing_does(tmp_path: Path) -> None:
    plan = make_fit(tmp_path, max_tokens=10_000)
    needs = measure_needs(plan)
    whole = largest_that_fits(needs, plan, memory=1e12, on_card=True)
    assert whole is not None
    assert whole.max_tokens in LADDER
    assert whole.largest == needs.largest
    # As much as the smallest takes, and a little more: smaller micro-batches, and they do stay within.
    limit = needs.on_card(min(one.shape for one in needs.tried)).high * 1.0001
    part = largest_that_fits(needs, plan, memory=limit, on_card=True)
    if part is not None:
        assert part.estimate.high <= limit
        assert part.max_tokens < whole.max_tokens
    assert largest_that_fits(needs, plan, memory=1e6, on_card=True) is None
    assert largest_that_fits(needs, plan, memory=1e6, on_card=False) is None


def new_pages(size: int) -> mmap.mmap:
    """Memory straight from the system and in use; what is freed on the heap may be taken again, and is no growth then."""
    pages = mmap.mmap(-1, size)
    for at in range(0, size, mmap.PAGESIZE):
        pages[at] = 1
    return pages


def test_a_peak_is_that_of_the_block_and_not_of_what_came_before() -> None:
    new_pages(240_000_000).close()
    with PeakMemory(torch.device("cpu")) as little:
        small = new_pages(1_000_000)
    with PeakMemory(torch.device("cpu")) as much:
        large = new_pages(100_000_000)
    assert much.bytes - little.bytes > 80_000_000
    small.close()
    large.close()


def test_without_the_systems_help_a_peak_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.runtime.memory._reset", lambda: False)
    with PeakMemory(torch.device("cpu")) as little:
        pass
    with PeakMemory(torch.device("cpu")) as much:
        large = new_pages(100_000_000)
    assert much.bytes - little.bytes > 80_000_000
    large.close()
