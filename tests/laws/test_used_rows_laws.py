"""Training only the rows of the embeddings that occur gives the weights that training all of them gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.laws.examples import random_examples
from tests.laws.models import ENCODERS, tiny_classifier
from tunewright.adapters import FullConfig
from tunewright.batching import CutConfig, TokenStore
from tunewright.losses import LOSSES
from tunewright.optim import OPTIMIZERS, AdamWConfig, ScheduleConfig
from tunewright.runtime import Machine, World
from tunewright.tasks import ROW_TASKS
from tunewright.train import FitPlan, TrainConfig, fit, used_rows

OCCURRING = 30
"""Token ids below this occur in training; the tables have 64 rows."""
SETTINGS = {
    "gd": {"weight_decay": 0.1},
    "sgd": {"weight_decay": 0.1},
    "momentum": {"weight_decay": 0.1},
    "nesterov": {"weight_decay": 0.1},
    "adamw": {"weight_decay": 0.5, "learning_rate": 1e-2},
    "muon": {"weight_decay": 0.5, "learning_rate": 1e-2},
}


def plan_of(model, store, *, optimizer, ema_decay=None, seen=None):
    loss = LOSSES["cross_entropy"]()

    def evaluate(trained):
        """Looks up every id of the table, those that never occur too."""
        with torch.inference_mode():
            ids = torch.arange(4, 44)[None]
            seen.append(trained(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.clone())
        return float(len(seen)), 0.0

    return FitPlan(
        model=FullConfig().attach(model), adapter=FullConfig(),
        objective=lambda m, batch: ROW_TASKS["classify"].objective(m, batch, loss),
        store=store, rows=np.arange(len(store)), pad_id=model.config.pad_token_id,
        evaluate=evaluate if seen is not None else None, num_evaluation_rows=1, metric="accuracy", higher_is_better=True,
        train=TrainConfig(
            steps=6, examples_per_step="all" if optimizer.name == "gd" else 4, ema_decay=ema_decay, max_grad_norm=0.5
        ),
        optimizer=optimizer, schedule=ScheduleConfig(name="linear", warmup_share=0.2),
        batching=CutConfig(max_tokens=60, overhead_tokens=0),
        machine=Machine(device=torch.device("cpu"), precision="float32"), world=World(),
    )  # fmt: skip


def trained(store, monkeypatch, *, all_rows, architecture="bert", checkpoints=None, **settings):
    model = tiny_classifier(architecture)
    with monkeypatch.context() as patch:
        if all_rows:
            patch.setattr(used_rows, "WORTHWHILE", 0.0)
        fit(plan_of(model, store, **settings), checkpoints=checkpoints)
    return dict(model.named_parameters())


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, parameter in expected.items():
        assert type(parameter) is type(found[name])
        torch.testing.assert_close(found[name], parameter, rtol=1e-9, atol=1e-11, msg=lambda m, n=name: f"{n}: {m}")


@pytest.fixture
def store(tmp_path):
    return TokenStore.build(tmp_path / "store", random_examples(10, vocabulary=OCCURRING, windows=True), key="k")


@pytest.mark.parametrize("architecture", ENCODERS)
def test_weights_are_those_of_training_all_rows(architecture, store, monkeypatch):
    optimizer = AdamWConfig(**SETTINGS["adamw"])
    found, expected = (
        trained(store, monkeypatch, all_rows=every, architecture=architecture, optimizer=optimizer)
        for every in (False, True)
    )
    same(found, expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_with_every_optimizer(name, store, monkeypatch):
    optimizer = OPTIMIZERS[name](**SETTINGS.get(name, {}))
    same(*(trained(store, monkeypatch, all_rows=every, optimizer=optimizer) for every in (False, True)))


def test_averages_best_weights_and_evaluations_too(store, monkeypatch, tmp_path):
    optimizer = AdamWConfig(**SETTINGS["adamw"])
    seen = [], []
    found, expected = (
        trained(
            store, monkeypatch, all_rows=every, optimizer=optimizer, ema_decay=0.8, seen=seen[every],
            checkpoints=tmp_path / str(every),
        )
        for every in (False, True)
    )  # fmt: skip
    same(found, expected)
    assert len(seen[0]) == len(seen[1]) > 1
    for mine, theirs in zip(*seen, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-11, atol=1e-13)


def test_the_optimizer_sees_only_the_rows_that_occur(store):
    model = tiny_classifier("bert")
    plan = plan_of(model, store, optimizer=AdamWConfig())
    whole = model.get_input_embeddings().weight
    with used_rows.used_rows_only(plan):
        occurring = len(np.union1d(np.unique(store.streams["input"].values), [0]))
        assert model.get_input_embeddings().weight.shape == (occurring + 1, 16)
        assert occurring < OCCURRING
    assert model.get_input_embeddings().weight is whole


def test_control_without_the_row_of_ones_the_other_rows_do_not_decay(store, monkeypatch):
    optimizer = AdamWConfig(**SETTINGS["adamw"])
    expected = trained(store, monkeypatch, all_rows=True, optimizer=optimizer)
    monkeypatch.setattr(used_rows.UsedRows, "write_back", _forgetful)
    found = trained(store, monkeypatch, all_rows=False, optimizer=optimizer)
    with pytest.raises(AssertionError, match="word_embeddings"):
        same(found, expected)


@torch.no_grad()
def _forgetful(rows):
    rows._whole[0].weight[rows._used_U] = rows.weight[:-1]


def test_coupled_decay_of_an_adaptive_optimizer_and_adafactor_train_the_whole_table(store):
    for optimizer in (OPTIMIZERS["adam"](weight_decay=0.1), OPTIMIZERS["adafactor"]()):
        assert not used_rows.unused_rows_only_shrink(optimizer)
