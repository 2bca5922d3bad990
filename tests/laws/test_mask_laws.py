"""The laws of masked words: what is hidden follows from seed, epoch and row; how a step is cut changes nothing.

Each has a control.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.laws.models import ENCODERS, tiny_classifier
from tests.laws.test_step_laws import CUTS, relative
from tests.laws.test_tag_laws import written_out
from tests.laws.test_token_laws import TOLERANCE, gradient
from tunewright.adapters import FullConfig
from tunewright.batching import CutConfig, Examples, Ragged, TokenStore, make_batch
from tunewright.losses import CrossEntropyConfig
from tunewright.models.output_head import find_head
from tunewright.optim import AdamWConfig, ScheduleConfig
from tunewright.runtime import Machine, World
from tunewright.tasks.masked import HELD_OUT, NO_WORD, Mask, MaskConfig, masked_anew
from tunewright.tasks.token_loss import weighted_token_loss
from tunewright.train import FitPlan, TrainConfig, fit, used_rows, weights_digest

MASK_ID = 3
MASK = Mask(config=MaskConfig(), mask_id=MASK_ID, ordinary_ids=np.arange(4, 64, dtype=np.int32))


def texts(n: int = 8, *, seed: int = 0, words: int = 64) -> Examples:
    """N rows of words of one to four pieces between two special tokens, some in two windows, with weights that differ."""
    rng = np.random.default_rng(seed)
    ids, word, windows = [], [], []
    for row in range(n):
        lengths = rng.integers(4, 16, 1 + row % 2)
        of_words = [np.repeat(np.arange(9), rng.integers(1, 5, 9))[: length - 2] for length in lengths]
        word.append(np.concatenate([np.concatenate([[NO_WORD], of_row, [NO_WORD]]) for of_row in of_words]))
        ids.append(np.where(word[-1] == NO_WORD, 2, rng.integers(4, words, len(word[-1]))))
        windows.append(lengths)
    weights = np.array([rng.uniform(0.2, 3.0) * MASK.num_hidden(word_T) for word_T in word])
    drawn = [
        MASK.draw(np.array(row, np.int32), of_row, seed=0, draw=HELD_OUT, row=place)
        for place, (row, of_row) in enumerate(zip(ids, word, strict=True))
    ]
    streams = {
        "input": Ragged.of([one.read_T for one in drawn], dtype=np.int32),
        "target": Ragged.of(ids, dtype=np.int32),
        "token_weight": Ragged.of([one.weight_T(w) for one, w in zip(drawn, weights, strict=True)], dtype=np.float64),
        "word": Ragged.of(word, dtype=np.int32),
        "window": Ragged.of(windows, dtype=np.int32),
    }
    return Examples(row_ids=[f"row{row}" for row in range(n)], streams=streams, targets=None, weights=weights)


@pytest.mark.parametrize("architecture", ENCODERS)
def test_any_cut_padding_and_head_gives_the_gradient_written_out(architecture):
    model = tiny_classifier(architecture, head="words").train()
    store = texts()
    examples = masked_anew(store, MASK, seed=5, epoch=1)
    as_drawn = Examples(
        row_ids=store.row_ids, targets=None, weights=store.weights,
        streams={name: Ragged.of([examples.streams[name][row] for row in range(8)], dtype=dtype)
                 for name, dtype in (("input", np.int32), ("target", np.int32), ("token_weight", np.float64),
                                     ("window", np.int32))},
    )  # fmt: skip
    expected_loss, expected = written_out(model, as_drawn)
    assert expected.norm() > 1e-3
    head = find_head(model, make_batch(store, np.arange(2), pad_id=0).inputs)
    assert head.way == "through"
    for name, cut in CUTS.items():
        for pad_to in (1, 8):
            loss, found = gradient(model, examples, cut, head=head, pad_to=pad_to)
            assert relative(found, expected) <= TOLERANCE, (name, pad_to)
            assert loss == pytest.approx(expected_loss, rel=1e-12)


def test_a_draw_follows_from_seed_epoch_and_row_alone():
    store = texts()
    one, again = (masked_anew(store, MASK, seed=5, epoch=2) for _ in range(2))
    for row in (7, 0, 3):
        assert one.streams["input"][row].tolist() == again.streams["input"][row].tolist()
    for other in (masked_anew(store, MASK, seed=5, epoch=3), masked_anew(store, MASK, seed=6, epoch=2)):
        assert any((one.streams["token_weight"][row] != other.streams["token_weight"][row]).any() for row in range(8))
    assert one.lengths.tolist() == store.lengths.tolist()


def test_each_draw_of_a_row_has_the_weight_that_the_store_says():
    store = texts(40)
    for epoch in range(5):
        examples = masked_anew(store, MASK, seed=1, epoch=epoch)
        drawn = [float(examples.streams["token_weight"][row].sum()) for row in range(40)]
        assert drawn == pytest.approx(store.weights.tolist())


@pytest.mark.parametrize("unit", ["word", "token"])
def test_words_are_hidden_whole_and_special_tokens_never(unit):
    store = texts(200)
    mask = replace(MASK, config=MaskConfig(unit=unit))
    whole = parts = 0
    for row in range(200):
        ids, word = store.streams["target"][row], store.streams["word"][row]
        drawn = mask.draw(ids, word, seed=1, draw=1, row=row)
        assert (word[drawn.hidden] != NO_WORD).all()
        assert len(drawn.hidden) >= 1
        kept = np.setdiff1d(np.arange(len(ids)), drawn.hidden)
        assert (drawn.read_T[kept] == ids[kept]).all()
        for hidden in np.unique(word[drawn.hidden]):
            all_of_it = (np.isin(np.flatnonzero(word == hidden), drawn.hidden)).all()
            whole, parts = whole + all_of_it, parts + (not all_of_it)
    assert parts == 0 if unit == "word" else parts > 50


def test_as_much_is_hidden_as_the_settings_say_and_in_their_proportions():
    ids = np.full(1000, 5, np.int32)
    word = np.arange(1000) // 2
    masked = other = same = hidden = 0
    for row in range(200):
        drawn = MASK.draw(ids, word, seed=2, draw=1, row=row)
        read = drawn.read_T[drawn.hidden]
        hidden += len(read)
        masked += int((read == MASK_ID).sum())
        same += int((read == 5).sum())
        other += int(((read != 5) & (read != MASK_ID)).sum())
    assert hidden / 200_000 == pytest.approx(0.15, abs=0.002)
    assert masked / hidden == pytest.approx(0.8, abs=0.01)
    # A random token is the same one in one of 60 cases.
    assert other / hidden == pytest.approx(0.1 * 59 / 60, abs=0.01)
    assert same / hidden == pytest.approx(0.1 + 0.1 / 60, abs=0.01)


def plan_of(store, *, drawn):
    model = tiny_classifier("bert", head="words").float()
    # Tied tables are never made smaller: apart, only the draws keep the whole one.
    model.cls.predictions.decoder.weight = torch.nn.Parameter(model.cls.predictions.decoder.weight.detach().clone())
    head, loss = find_head(model, make_batch(store, np.arange(2), pad_id=0).inputs), CrossEntropyConfig()
    return FitPlan(
        model=model, adapter=FullConfig(), store=store, rows=np.arange(len(store)), pad_id=0,
        objective=lambda m, batch: weighted_token_loss(m, batch, loss, head),
        evaluate=None, num_evaluation_rows=0, metric="nll_per_token", higher_is_better=False, show=lambda trained: {},
        train=TrainConfig(epochs=2, examples_per_step=4), optimizer=AdamWConfig(learning_rate=1e-2),
        schedule=ScheduleConfig(), batching=CutConfig(max_tokens=40, overhead_tokens=0),
        machine=Machine(device=torch.device("cpu"), precision="float32"), world=World(), drawn=drawn,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return TokenStore.build(tmp_path / "store", texts(10, words=12), key="k")


def test_the_whole_table_is_trained_as_any_token_may_be_drawn(store):
    def anew(epoch):
        return masked_anew(store, MASK, seed=3, epoch=epoch)

    plan = plan_of(store, drawn=anew)
    whole = plan.model.get_input_embeddings()
    with used_rows.used_rows_only(plan):
        assert plan.model.get_input_embeddings() is whole
    plain = plan_of(store, drawn=None)
    with used_rows.used_rows_only(plain):
        assert isinstance(plain.model.get_input_embeddings(), used_rows.UsedRows)  # control: rows as they stand are few


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_a_fit_that_dies_goes_on_to_the_same_bits(step, store, tmp_path):
    """10 rows, 4 a step, 2 epochs: 6 steps. It dies after `step` of them, with the checkpoint of the step before."""

    def plan():
        made = plan_of(store, drawn=lambda epoch: masked_anew(store, MASK, seed=3, epoch=epoch))
        return replace(made, train=made.train.model_copy(update={"save_steps": 1}))

    calls = itertools.count(1)

    def die():
        if next(calls) == step:
            raise KeyboardInterrupt

    whole = plan()
    fit(whole, checkpoints=None)
    with pytest.raises(KeyboardInterrupt):
        fit(plan(), checkpoints=tmp_path / "checkpoints", stop=die)
    again = plan()
    fit(again, checkpoints=tmp_path / "checkpoints")
    assert weights_digest(again.model.state_dict()) == weights_digest(whole.model.state_dict())


def test_every_epoch_hides_other_words(store):
    def digest(drawn):
        plan = plan_of(store, drawn=drawn)
        fit(plan, checkpoints=None)
        return weights_digest(plan.model.state_dict())

    anew = digest(lambda epoch: masked_anew(store, MASK, seed=3, epoch=epoch))
    assert anew == digest(lambda epoch: masked_anew(store, MASK, seed=3, epoch=epoch))
    assert anew != digest(lambda epoch: masked_anew(store, MASK, seed=3, epoch=0))  # control: the first epoch's again
