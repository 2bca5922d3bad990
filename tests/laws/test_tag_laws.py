"""The laws of the step for tags: encoders that say something of each token.

How rows are cut and padded changes no gradient, long texts in windows included; control: a padding that counts breaks it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.laws.models import ENCODERS, tiny_classifier
from tests.laws.test_step_laws import CUTS, relative
from tests.laws.test_token_laws import OWN, TOLERANCE, gradient
from tunewright.batching import CutConfig, Examples, Ragged
from tunewright.evaluate.tagging import logits_of_words
from tunewright.runtime import Machine
from tunewright.tasks.token_loss import weighted_token_loss

CPU = Machine(device=torch.device("cpu"), precision="float32")
TAGS = 5


def tagged_rows(n: int = 8, *, seed: int = 0) -> Examples:
    """N rows, some in several windows, with a tag and a weight at some of their tokens."""
    rng = np.random.default_rng(seed)
    windows = [rng.integers(2, 14, 1 + row % 3) for row in range(n)]
    lengths = [int(of_row.sum()) for of_row in windows]
    weights = [np.where(rng.random(length) < 0.4, 0.0, rng.uniform(0.2, 3.0, length)) for length in lengths]
    streams = {
        "input": Ragged.of([rng.integers(4, 64, length) for length in lengths], dtype=np.int32),
        "window": Ragged.of(windows, dtype=np.int32),
        "target": Ragged.of([rng.integers(0, TAGS, length) for length in lengths], dtype=np.int32),
        "token_weight": Ragged.of(weights, dtype=np.float64),
    }
    return Examples(
        row_ids=[f"row{row}" for row in range(n)], streams=streams, targets=None,
        weights=np.array([row.sum() for row in weights]),
    )  # fmt: skip


def written_out(model, examples):
    """An oracle that shares no code with batches or step: one window at a time, the formula of the design."""
    model.zero_grad()
    total, weight = 0.0, 0.0
    for row in range(len(examples.row_ids)):
        at = 0
        for length in examples.streams["window"][row]:
            ids, targets, weights = (
                examples.streams[name][row][at : at + length] for name in ("input", "target", "token_weight")
            )
            at += length
            log_p = model(input_ids=torch.from_numpy(ids.astype(np.int64))[None]).logits[0].log_softmax(-1)
            for place, (target, w) in enumerate(zip(targets, weights, strict=True)):
                total = total - w * log_p[place, int(target)]
                weight += w
    (total / weight).backward()
    return float(total.detach()) / weight, torch.cat(
        [p.grad.reshape(-1) for p in model.parameters() if p.grad is not None]
    )


@pytest.mark.parametrize("architecture", ENCODERS)
def test_any_cut_and_padding_gives_the_gradient_written_out(architecture):
    model = tiny_classifier(architecture, head="tags", num_labels=TAGS).train()
    examples = tagged_rows()
    expected_loss, expected = written_out(model, examples)
    assert expected.norm() > 1e-3
    for name, cut in CUTS.items():
        for pad_to in (1, 8):
            loss, found = gradient(model, examples, cut, head=OWN, pad_to=pad_to)
            assert relative(found, expected) <= TOLERANCE, (name, pad_to)
            assert loss == pytest.approx(expected_loss, rel=1e-12)


def test_control_padding_that_counts_breaks_the_law():
    model = tiny_classifier("bert", head="tags", num_labels=TAGS).train()
    examples = tagged_rows()
    _, expected = written_out(model, examples)

    def broken(model, batch, loss, head):
        tokens = batch.tokens
        every = torch.ones_like(tokens.kept_WU)
        weights = tokens.weights_WU + (batch.inputs["attention_mask"] == 0)
        return weighted_token_loss(
            model, replace(batch, tokens=replace(tokens, kept_WU=every, weights_WU=weights)), loss, head
        )

    _, found = gradient(model, examples, CUTS["uneven"], head=OWN, objective=broken)
    assert relative(found, expected) > 1e-2


@pytest.mark.parametrize("architecture", ENCODERS)
def test_what_is_said_of_a_word_does_not_depend_on_the_rows_beside_it(architecture):
    model = tiny_classifier(architecture, head="tags", num_labels=TAGS)
    examples = tagged_rows()
    words = [np.arange(0, len(examples.streams["input"][row]), 2) for row in range(8)]
    words[3] = np.array([0, -1, 1, -2])

    def said(rows, cut):
        return logits_of_words(
            model,
            examples,
            np.array(rows),
            token_of_word=[words[row] for row in rows],
            pad_id=0,
            batching=cut,
            machine=CPU,
        )

    together = said(list(range(8)), CutConfig(pad_to_multiple_of=8))
    for row in (7, 3, 0):
        [alone] = said([row], CutConfig())
        np.testing.assert_allclose(together[row], alone, rtol=1e-10, atol=1e-12)
        assert alone.shape == (len(words[row]), TAGS)
    assert (together[3][[1, 3]] == 0).all()
