"""The laws of the order: which rows are in a step is a pure function, and each row comes once an epoch."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.batching import num_steps_per_epoch, rows_of_step

SIZES = [(1, 1), (7, 7), (10, 3), (64, 8), (1000, 7), (5000, 32)]


def lengths_of(num_rows):
    return np.random.default_rng(3).integers(2, 60, num_rows)


def epoch(number, *, num_rows, size, lengths, seed=5):
    steps = num_steps_per_epoch(num_rows, size)
    first = number * steps
    return [
        rows_of_step(step, num_rows=num_rows, examples_per_step=size, seed=seed, lengths=lengths)
        for step in range(first, first + steps)
    ]


@pytest.mark.parametrize("by_length", [False, True])
@pytest.mark.parametrize(("num_rows", "size"), SIZES)
def test_each_row_comes_once_an_epoch_and_steps_are_full_but_the_last(num_rows, size, by_length):
    lengths = lengths_of(num_rows) if by_length else None
    for number in range(3):
        steps = epoch(number, num_rows=num_rows, size=size, lengths=lengths)
        assert np.array_equal(np.sort(np.concatenate(steps)), np.arange(num_rows))
        assert {len(rows) for rows in steps[:-1]} <= {size}


@pytest.mark.parametrize("by_length", [False, True])
def test_a_step_does_not_depend_on_what_was_asked_before(by_length):
    lengths = lengths_of(1000) if by_length else None
    forward = epoch(0, num_rows=1000, size=7, lengths=lengths) + epoch(1, num_rows=1000, size=7, lengths=lengths)
    for step in reversed(range(len(forward))):
        again = rows_of_step(step, num_rows=1000, examples_per_step=7, seed=5, lengths=lengths)
        assert np.array_equal(forward[step], again)


@pytest.mark.parametrize("by_length", [False, True])
def test_epochs_and_seeds_have_orders_of_their_own(by_length):
    sizes = {"num_rows": 1000, "size": 7, "lengths": lengths_of(1000) if by_length else None}
    first = epoch(0, **sizes)
    for other in (epoch(1, **sizes), epoch(0, **sizes, seed=6)):
        shared = sum(bool(set(a.tolist()) == set(b.tolist())) for a in first for b in other)
        assert shared == 0


def test_steps_by_length_have_almost_no_padding_and_random_ones_much():
    def padding(lengths, steps):
        padded = sum(lengths[rows].max() * len(rows) for rows in steps)
        return padded / lengths.sum() - 1

    lengths = lengths_of(5000)
    assert padding(lengths, epoch(0, num_rows=5000, size=32, lengths=lengths)) < 0.05
    assert padding(lengths, epoch(0, num_rows=5000, size=32, lengths=None)) > 0.5


def test_steps_by_length_come_in_no_order_of_length():
    """Trainer's go from long to short, 50 steps at a time; then the loss of a step says how long its texts were."""
    lengths = lengths_of(5000)
    means = [lengths[rows].mean() for rows in epoch(0, num_rows=5000, size=32, lengths=lengths)]
    assert abs(np.corrcoef(means[1:], means[:-1])[0, 1]) < 0.3
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.3


def test_the_rows_that_fill_no_step_are_random_ones():
    """Were they always short, short rows would count more: the smaller step's rows have a larger share of it."""
    lengths = lengths_of(1003)
    last = np.concatenate([epoch(n, num_rows=1003, size=10, lengths=lengths)[-1] for n in range(300)])
    assert lengths[last].mean() == pytest.approx(lengths.mean(), rel=0.1)
