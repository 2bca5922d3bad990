"""The laws of the step: which examples are in it decides the gradient; how they are cut, padded and dealt does not.

Each law has a negative control: the field's historic bug put back in, which must break it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from tests.laws.examples import random_examples
from tests.laws.models import ENCODERS, tiny_classifier
from tunewright.batching import Piece, make_batch
from tunewright.core.errors import NonFiniteError
from tunewright.losses import LOSSES
from tunewright.runtime import Machine, World
from tunewright.tasks import ROW_TASKS
from tunewright.train import StepParts, accumulate_gradients, train_step

CPU = Machine(device=torch.device("cpu"), precision="float32")
TASK_OF = {task.kind: task for task in ROW_TASKS.values()}
CUTS = {
    "one batch of 8": [[0, 1, 2, 3, 4, 5, 6, 7]],
    "eight of 1": [[i] for i in range(8)],
    "5 and 3, reversed": [[7, 6, 5, 4, 3], [2, 1, 0]],
    "uneven": [[3], [0, 7, 1], [6, 5], [4, 2]],
}
TOLERANCE = 1e-12


def parts_of(model, examples, *, kind="single_label", pad_to=1, normalize="mean"):
    task = TASK_OF[kind]
    loss = LOSSES[task.default_loss]()
    return StepParts(
        model=model,
        objective=lambda m, batch: task.objective(m, batch, loss),
        parameters=list(model.parameters()),
        optimizer=torch.optim.SGD([{"params": list(model.parameters()), "initial_lr": 0.1}], lr=0.1),
        make_batch=lambda piece: make_batch(
            examples, piece.rows, pad_id=0, pad_to_multiple_of=pad_to, counts=piece.counts
        ),
        row_ids=examples.row_ids,
        machine=CPU,
        world=World(),
        seed=1,
        normalize=normalize,
        max_grad_norm=None,
    )


def pieces_of(cut):
    return [Piece(rows=np.array(rows), index=i, counts=True) for i, rows in enumerate(cut)]


def gradient(model, examples, cut, *, kind="single_label", pad_to=1):
    model.zero_grad()
    parts = parts_of(model, examples, kind=kind, pad_to=pad_to)
    rows = np.concatenate([np.array(group) for group in cut])
    loss, _ = accumulate_gradients(parts, pieces_of(cut), step=0, total_weight=float(examples.weights[rows].sum()))
    return loss, torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])


def relative(a, b):
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize("architecture", ENCODERS)
def test_any_cut_and_padding_gives_the_same_gradient(architecture, kind):
    classes = 1 if kind == "regression" else 3
    model = tiny_classifier(architecture, num_labels=classes).train()
    examples = random_examples(kind=kind, classes=classes)
    whole_loss, whole = gradient(model, examples, CUTS["one batch of 8"], kind=kind)
    assert whole.norm() > 1e-3
    for name, cut in CUTS.items():
        for pad_to in (1, 8):
            loss, cut_gradient = gradient(model, examples, cut, kind=kind, pad_to=pad_to)
            assert relative(cut_gradient, whole) <= TOLERANCE, (name, pad_to)
            assert loss == pytest.approx(whole_loss, rel=1e-12)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_windows_of_a_long_text_may_be_cut_apart_from_other_rows(architecture):
    model = tiny_classifier(architecture).train()
    examples = random_examples(windows=True)
    _, whole = gradient(model, examples, CUTS["one batch of 8"])
    for cut in CUTS.values():
        assert relative(gradient(model, examples, cut)[1], whole) <= TOLERANCE


def test_the_gradient_is_that_of_the_weighted_mean_written_out():
    """An oracle that shares no code with batches or step: one row at a time, no padding, the formula of the design."""
    model = tiny_classifier("bert").train()
    examples = random_examples()
    model.zero_grad()
    total = 0.0
    for row in range(8):
        ids = torch.from_numpy(examples.streams["input"][row].astype(np.int64))[None]
        log_p = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.log_softmax(-1)[0]
        total = total - examples.weights[row] * log_p[int(examples.targets[row])]
    (total / examples.weights.sum()).backward()
    expected = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    loss, found = gradient(model, examples, CUTS["uneven"])
    assert relative(found, expected) <= TOLERANCE
    assert loss == pytest.approx(float(total.detach() / examples.weights.sum()), rel=1e-12)


@pytest.mark.parametrize("bug", ["mean of means", "no division", "division per micro-batch row count"])
def test_control_a_historic_bug_breaks_the_law(bug):
    model = tiny_classifier("bert").train()
    examples = random_examples()
    _, whole = gradient(model, examples, CUTS["one batch of 8"])
    model.zero_grad()
    parts = parts_of(model, examples)
    cut = pieces_of(CUTS["uneven"])
    for piece in cut:
        losses = parts.objective(model, parts.make_batch(piece))
        weights = float(examples.weights[piece.rows].sum())
        divisor = {"mean of means": weights * len(cut), "no division": 1.0}.get(bug, float(len(piece.rows) * len(cut)))
        (losses.sum() / divisor).backward()
    broken = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    assert relative(broken, whole) > 1e-2


def test_normalize_sum_is_the_plain_sum():
    model = tiny_classifier("bert").train()
    examples = random_examples()
    _, mean = gradient(model, examples, CUTS["uneven"])
    model.zero_grad()
    parts = parts_of(model, examples, normalize="sum")
    accumulate_gradients(parts, pieces_of(CUTS["uneven"]), step=0, total_weight=float(examples.weights.sum()))
    plain = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    assert relative(plain, mean * float(examples.weights.sum())) <= TOLERANCE


def test_a_row_of_weight_zero_is_as_good_as_absent():
    model = tiny_classifier("bert").train()
    examples = random_examples()
    examples.weights[3] = 0.0
    _, with_zero = gradient(model, examples, CUTS["one batch of 8"])
    _, without = gradient(model, examples, [[0, 1, 2, 4, 5, 6, 7]])
    assert relative(with_zero, without) <= TOLERANCE


def test_dropout_is_a_function_of_seed_step_and_micro_batch_and_not_of_what_ran_before():
    model = tiny_classifier("bert", dropout=True).train()
    examples = random_examples()
    _, first = gradient(model, examples, CUTS["uneven"])
    torch.rand(1000)
    _, again = gradient(model, examples, CUTS["uneven"])
    assert torch.equal(first, again)
    model.zero_grad()
    accumulate_gradients(
        parts_of(model, examples), pieces_of(CUTS["uneven"]), step=1, total_weight=float(examples.weights.sum())
    )
    other = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    assert relative(other, first) > 1e-3


def test_a_bad_number_stops_before_a_weight_moves_and_names_the_row():
    model = tiny_classifier("bert").train()
    examples = random_examples()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    examples.weights[5] = float("nan")
    step = partial(train_step, parts_of(model, examples), step=0, learning_rate_factor=1.0)
    with pytest.raises(NonFiniteError) as caught:
        step(pieces_of(CUTS["uneven"]), total_weight=1.0)
    assert caught.value.row_ids == ["row5"]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_step_moves_every_parameter_that_has_a_gradient():
    model = tiny_classifier("bert").train()
    examples = random_examples()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    record = train_step(
        parts_of(model, examples),
        pieces_of(CUTS["uneven"]),
        step=0,
        total_weight=float(examples.weights.sum()),
        learning_rate_factor=0.5,
    )
    assert record.learning_rate == 0.05
    assert record.examples == 8
    moved = [name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])]
    assert "classifier.weight" in moved
    assert "bert.encoder.layer.0.attention.self.query.weight" in moved
