"""The laws of the step for tasks that are taught token by token, on decoders and encoder-decoders.

How rows are cut, padded or packed, and how logits are computed, changes no gradient. Each law has controls: the field's
historic bugs, put back in, must break it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.laws.generators import DECODERS, ENCODER_DECODERS, taught_rows, tiny_generator
from tests.laws.test_step_laws import CUTS, pieces_of, relative
from tunewright.batching import make_batch
from tunewright.losses import CrossEntropyConfig
from tunewright.models.output_head import OutputHead, find_head
from tunewright.runtime import Machine, World
from tunewright.tasks.token_loss import weighted_token_loss
from tunewright.train import StepParts, accumulate_gradients

TOLERANCE = 1e-12
LOSS = CrossEntropyConfig()
FAMILY = {**dict.fromkeys(DECODERS, "decoder"), **dict.fromkeys(ENCODER_DECODERS, "encoder-decoder")}
OWN = OutputHead(way="logits", correction="none")
EXPECTED_HEAD = {
    "gemma2": "soft_cap", "granite": "divide", "cohere": "multiply", "bart": "bias", "marian": "bias", "mbart": "bias",
}  # fmt: skip


def gradient(model, examples, cut, *, head, pad_to=1, layout="padded", objective=weighted_token_loss):
    model.zero_grad()
    parts = StepParts(
        model=model,
        objective=lambda m, batch: objective(m, batch, LOSS, head),
        parameters=list(model.parameters()),
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1),
        make_batch=lambda piece: make_batch(
            examples, piece.rows, pad_id=0, pad_to_multiple_of=pad_to, layout=layout, counts=piece.counts
        ),
        row_ids=examples.row_ids, machine=Machine(device=torch.device("cpu"), precision="float32"), world=World(),
        seed=1, normalize="mean", max_grad_norm=None,
    )  # fmt: skip
    rows = np.concatenate([np.array(group) for group in cut])
    loss, _ = accumulate_gradients(parts, pieces_of(cut), step=0, total_weight=float(examples.weights[rows].sum()))
    return loss, torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])


def written_out(model, examples):
    """An oracle that shares no code with batches, heads or step: one row at a time, the formula of the design."""
    model.zero_grad()
    total, weight = 0.0, 0.0
    for row in range(len(examples.row_ids)):
        ids = torch.from_numpy(examples.streams["input"][row].astype(np.int64))[None]
        more = {}
        if "decoder" in examples.streams:
            more["decoder_input_ids"] = torch.from_numpy(examples.streams["decoder"][row].astype(np.int64))[None]
        log_p = model(input_ids=ids, **more).logits[0].log_softmax(-1)
        for place, (target, w) in enumerate(
            zip(examples.streams["target"][row], examples.streams["token_weight"][row], strict=True)
        ):
            total = total - w * log_p[place, int(target)]
            weight += w
    (total / weight).backward()
    return float(total.detach()) / weight, torch.cat(
        [p.grad.reshape(-1) for p in model.parameters() if p.grad is not None]
    )


@pytest.mark.parametrize("architecture", FAMILY)
def test_any_cut_padding_and_head_gives_the_gradient_written_out(architecture):
    model = tiny_generator(architecture).train()
    examples = taught_rows(family=FAMILY[architecture])
    expected_loss, expected = written_out(model, examples)
    assert expected.norm() > 1e-3
    head = find_head(model, make_batch(examples, np.arange(2), pad_id=0).inputs)
    assert head.way != "logits"
    assert head.correction == EXPECTED_HEAD.get(architecture, "none")
    for name, cut in CUTS.items():
        for pad_to in (1, 8):
            for way in (head, OWN):
                loss, found = gradient(model, examples, cut, head=way, pad_to=pad_to)
                assert relative(found, expected) <= TOLERANCE, (name, pad_to, way)
                assert loss == pytest.approx(expected_loss, rel=1e-12)


@pytest.mark.parametrize("architecture", DECODERS)
def test_packed_rows_have_the_gradient_of_padded_ones(architecture):
    model = tiny_generator(architecture).train()
    examples = taught_rows(family="decoder")
    _, expected = written_out(model, examples)
    for cut in CUTS.values():
        for pad_to in (1, 16):
            _, found = gradient(model, examples, cut, head=OWN, pad_to=pad_to, layout="packed")
            assert relative(found, expected) <= TOLERANCE


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "t5", "bart"])
def test_logits_in_chunks_are_logits_as_a_whole(architecture):
    model = tiny_generator(architecture).train()
    examples = taught_rows(family=FAMILY[architecture])
    head = find_head(model, make_batch(examples, np.arange(2), pad_id=0).inputs)
    _, whole = gradient(model, examples, CUTS["one batch of 8"], head=head)

    def in_chunks(model, batch, loss, head):
        tokens = batch.tokens
        parts_P = head.per_token(
            model, batch.inputs, kept_WU=tokens.kept_WU, targets_P=tokens.ids_WU[tokens.kept_WU], function=loss.per_row,
            chunk_tokens=7,
        )  # fmt: skip
        weighted = parts_P * tokens.weights_WU[tokens.kept_WU]
        return weighted.new_zeros(len(batch.rows)).index_add(0, tokens.row_WU[tokens.kept_WU], weighted)

    _, chunked = gradient(model, examples, CUTS["one batch of 8"], head=head, objective=in_chunks)
    assert relative(chunked, whole) <= TOLERANCE


def test_a_micro_batch_that_only_fills_up_adds_nothing_and_can_go_backward():
    model = tiny_generator("llama").train()
    examples = taught_rows(family="decoder")
    batch = make_batch(examples, np.array([0]), pad_id=0, counts=False)
    loss_B = weighted_token_loss(model, batch, LOSS, find_head(model, batch.inputs))
    loss_B.sum().backward()
    assert loss_B.tolist() == [0.0]
    assert all(not p.grad.any() for p in model.parameters() if p.grad is not None)


def test_the_row_of_each_loss_is_its_own():
    model = tiny_generator("llama").train()
    examples = taught_rows(family="decoder")
    alone = [
        float(weighted_token_loss(model, make_batch(examples, np.array([row]), pad_id=0), LOSS, OWN))
        for row in range(8)
    ]
    for layout in ("padded", "packed"):
        together = weighted_token_loss(model, make_batch(examples, np.arange(8), pad_id=0, layout=layout), LOSS, OWN)
        assert together.tolist() == pytest.approx(alone, rel=1e-12)


BUGS = ["wrong shift", "all-one mask", "packing leak", "mean of means", "padding counts"]


@pytest.mark.parametrize("bug", BUGS)
def test_control_a_historic_bug_breaks_the_law(bug):
    model = tiny_generator("llama").train()
    examples = taught_rows(family="decoder")
    _, expected = written_out(model, examples)

    def broken(model, batch, loss, head):
        tokens = batch.tokens
        if bug == "wrong shift":
            batch = replace(batch, tokens=replace(tokens, ids_WU=tokens.ids_WU.roll(1, dims=1)))
        elif bug == "all-one mask":
            real = batch.inputs["attention_mask"].bool()
            batch = replace(batch, tokens=replace(tokens, kept_WU=real, weights_WU=real.double()))
        elif bug == "padding counts":
            batch = replace(
                batch,
                tokens=replace(
                    tokens, kept_WU=torch.ones_like(tokens.kept_WU), weights_WU=torch.ones_like(tokens.weights_WU)
                ),
            )
        elif bug == "packing leak":
            positions = torch.arange(batch.length)[None]
            batch = replace(batch, inputs={**batch.inputs, "position_ids": positions})
        loss_B = weighted_token_loss(model, batch, loss, head)
        if bug == "mean of means":
            return loss_B / batch.weights_B.sum() * examples.weights.sum() / 4
        return loss_B

    layout = "packed" if bug == "packing leak" else "padded"
    _, found = gradient(model, examples, CUTS["uneven"], head=OWN, layout=layout, objective=broken)
    assert relative(found, expected) > 1e-2
