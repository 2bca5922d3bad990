"""How likely answers and labels are, beside what plain transformers says of one row alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.laws.generators import DECODERS, ENCODER_DECODERS, taught_rows, tiny_generator
from tests.writers import random_prompts
from tunewright.batching import CutConfig, make_batch
from tunewright.evaluate.likelihood import nll_of
from tunewright.models import label_likelihood
from tunewright.models.label_likelihood import label_log_probs, label_logits
from tunewright.models.output_head import find_head
from tunewright.runtime import Machine

MACHINE = Machine(device=torch.device("cpu"), precision="float32")
ALL = [*DECODERS, *ENCODER_DECODERS]
LABELS = [np.array(label, np.int32) for label in ([7, 2], [7, 9, 2], [40, 41, 42, 43, 2], [5, 2])]


def log_p(model, context, continuation):
    """By plain transformers, one row at a time: the sum over the continuation's tokens."""
    ids = torch.tensor([list(map(int, continuation))])
    before = torch.tensor([list(map(int, context))])
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            start = torch.tensor([[model.config.decoder_start_token_id]])
            logits = model(input_ids=before, decoder_input_ids=torch.cat([start, ids[:, :-1]], 1)).logits
        else:
            logits = model(input_ids=torch.cat([before, ids], 1)).logits[:, len(context) - 1 : -1]
    return float(logits.log_softmax(-1).gather(-1, ids[..., None]).sum())


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "t5", "bart"])
def test_nll_is_transformers_loss_of_each_row(architecture):
    family = "decoder" if architecture in DECODERS else "encoder-decoder"
    model, examples = tiny_generator(architecture).train(), taught_rows(12, family=family)
    head = find_head(model, make_batch(examples, np.arange(2), pad_id=0).inputs)
    rows = np.array([7, 0, 3, 11, 5])
    for batching in (CutConfig(), CutConfig(max_tokens=1), CutConfig(max_tokens=50, pad_to_multiple_of=8)):
        found = nll_of(model, examples, rows, head=head, pad_id=0, batching=batching, machine=MACHINE)
        for row, nll, num_tokens in zip(rows, found.nll, found.num_tokens, strict=True):
            kept = examples.streams["token_weight"][row] > 0
            labels = np.where(kept, examples.streams["target"][row], -100)
            if family == "decoder":  # transformers shifts labels itself
                labels = np.concatenate([[-100], labels[:-1]])
            more = {}
            if family != "decoder":
                more["decoder_input_ids"] = torch.tensor(examples.streams["decoder"][row].astype(int))[None]
            with torch.no_grad():
                loss = model.eval()(
                    input_ids=torch.tensor(examples.streams["input"][row].astype(int))[None],
                    labels=torch.tensor(labels.astype(int))[None], **more,
                ).loss  # fmt: skip
            assert num_tokens == kept.sum() > 0
            assert nll == pytest.approx(float(loss) * kept.sum(), rel=1e-6)
            model.train()
    assert model.training


def test_rows_without_weight_have_no_answer():
    model, examples = tiny_generator("llama"), taught_rows(3, family="decoder")
    examples.streams["token_weight"].values[:] = 0
    head = find_head(model, make_batch(examples, np.arange(2), pad_id=0).inputs)
    found = nll_of(model, examples, np.arange(3), head=head, pad_id=0, batching=CutConfig(), machine=MACHINE)
    assert found.nll.tolist() == [0, 0, 0]
    assert found.num_tokens.tolist() == [0, 0, 0]


@pytest.mark.parametrize("architecture", ALL)
def test_labels_are_as_likely_as_if_each_were_read_alone(architecture, monkeypatch):
    model = tiny_generator(architecture).eval()
    contexts = random_prompts(9, seed=3)
    contexts = [row if len(row) > 1 else np.concatenate([row, row]) for row in contexts]
    expected = np.array([[log_p(model, context, label) for label in LABELS] for context in contexts])
    start = model.config.decoder_start_token_id if model.config.is_encoder_decoder else None
    whole = label_likelihood._Labels.one_by_one
    calls = []
    monkeypatch.setattr(
        label_likelihood._Labels, "one_by_one", lambda self, rows: (calls.append(len(rows)), whole(self, rows))[1]
    )
    for most_tokens in (1, 60, 100_000):
        found = label_log_probs(model, contexts, LABELS, pad_id=0, decoder_start_id=start, most_tokens=most_tokens)
        assert found == pytest.approx(expected, rel=1e-9)
    assert calls == [2, 2, 2], "prompts are shared: only the two rows it is tried on are read as a whole"


@pytest.mark.parametrize("architecture", ["llama", "bart"])
def test_where_sharing_gives_other_numbers_labels_are_read_as_a_whole(architecture, monkeypatch):
    model = tiny_generator(architecture).eval()
    contexts = random_prompts(5)
    expected = np.array([[log_p(model, context, label) for label in LABELS] for context in contexts])
    start = model.config.decoder_start_token_id if model.config.is_encoder_decoder else None
    shared = label_likelihood._Labels.shared
    monkeypatch.setattr(label_likelihood._Labels, "shared", lambda self, rows: shared(self, rows) + 0.01)
    found = label_log_probs(model, contexts, LABELS, pad_id=0, decoder_start_id=start)
    assert found == pytest.approx(expected, rel=1e-9)


def test_one_token_is_context_enough():
    model = tiny_generator("gpt2").eval()
    for contexts in ([np.array([5], np.int32)], [np.array([5], np.int32), np.array([6, 7, 8], np.int32)]):
        found = label_log_probs(model, contexts, LABELS, pad_id=0, decoder_start_id=None)
        assert found == pytest.approx(
            np.array([[log_p(model, c, label) for label in LABELS] for c in contexts]), rel=1e-9
        )
    assert label_log_probs(model, [], LABELS, pad_id=0, decoder_start_id=None).shape == (0, 4)


def test_logits_are_sums_or_means_over_a_labels_tokens():
    log_probs = np.array([[-2.0, -6.0], [-4.0, -3.0]])
    assert np.array_equal(label_logits(log_probs, num_tokens_C=[1, 3]), log_probs)
    assert label_logits(log_probs, num_tokens_C=[1, 3], normalize="length").tolist() == [[-2, -2], [-4, -1]]
