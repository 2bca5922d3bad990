"""Each loss against torch's own reductions, and against numpy written by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tunewright.core.errors import RecipeError
from tunewright.losses import BceConfig, CrossEntropyConfig, FocalConfig, HuberConfig, MseConfig

GENERATOR = torch.Generator().manual_seed(0)
LOGITS_BC = torch.randn(40, 5, generator=GENERATOR, dtype=torch.float64)
CLASSES_B = torch.randint(0, 5, (40,), generator=GENERATOR)
YES_NO_BC = (torch.rand(40, 5, generator=GENERATOR) < 0.3).double()
NUMBERS_B = torch.randn(40, generator=GENERATOR, dtype=torch.float64)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mean_cross_entropy_is_torchs(smoothing: float) -> None:
    ours = CrossEntropyConfig(label_smoothing=smoothing).per_row(LOGITS_BC, CLASSES_B).mean()
    torch.testing.assert_close(
        ours, F.cross_entropy(LOGITS_BC, CLASSES_B, label_smoothing=smoothing), rtol=0, atol=1e-14
    )


def test_label_smoothing_by_hand() -> None:
    answers_BC = np.eye(5)[CLASSES_B] * 0.9 + 0.1 / 5
    log_p_BC = LOGITS_BC.numpy() - np.log(np.exp(LOGITS_BC.numpy()).sum(axis=1, keepdims=True))
    ours = CrossEntropyConfig(label_smoothing=0.1).per_row(LOGITS_BC, CLASSES_B)
    np.testing.assert_allclose(ours, -(answers_BC * log_p_BC).sum(axis=1), atol=1e-14)


def test_class_weights_in_the_steps_fraction_equal_torchs_weighted_mean() -> None:
    config = CrossEntropyConfig(class_weights=(1.0, 2.0, 0.5, 3.0, 1.5))
    loss_B = config.per_row(LOGITS_BC, CLASSES_B)
    weights_B = torch.from_numpy(config.row_weights(CLASSES_B.numpy(), num_classes=5))
    expected = F.cross_entropy(LOGITS_BC, CLASSES_B, weight=torch.tensor(config.class_weights, dtype=torch.float64))
    torch.testing.assert_close((weights_B * loss_B).sum() / weights_B.sum(), expected, rtol=0, atol=1e-14)


def test_balanced_classes_weigh_the_same_and_a_row_weighs_one_on_average() -> None:
    classes = np.array([0] * 90 + [1] * 9 + [3])
    weights = CrossEntropyConfig(class_weights="balanced").row_weights(classes, num_classes=5)
    assert weights.mean() == pytest.approx(1.0)
    assert [weights[classes == c].sum() for c in (0, 1, 3)] == pytest.approx([100 / 3] * 3)


def test_balanced_weights_are_scikit_learns() -> None:
    from sklearn.utils.class_weight import compute_sample_weight

    ours = CrossEntropyConfig(class_weights="balanced").row_weights(CLASSES_B.numpy(), num_classes=5)
    np.testing.assert_allclose(ours, compute_sample_weight("balanced", CLASSES_B.numpy()), rtol=1e-14)


def test_class_weights_for_another_number_of_classes_are_refused() -> None:
    with pytest.raises(RecipeError, match="has 2 numbers, but there are 5 classes"):
        CrossEntropyConfig(class_weights=(1.0, 2.0)).row_weights(CLASSES_B.numpy(), num_classes=5)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_loss_by_hand(gamma: float) -> None:
    p_BC = np.exp(LOGITS_BC.numpy())
    p_B = (p_BC / p_BC.sum(axis=1, keepdims=True))[np.arange(40), CLASSES_B]
    ours = FocalConfig(gamma=gamma).per_row(LOGITS_BC, CLASSES_B)
    np.testing.assert_allclose(ours, -((1 - p_B) ** gamma) * np.log(p_B), atol=1e-14)


def test_focal_loss_without_gamma_is_cross_entropy() -> None:
    ours = FocalConfig(gamma=0.0).per_row(LOGITS_BC, CLASSES_B)
    torch.testing.assert_close(ours, CrossEntropyConfig().per_row(LOGITS_BC, CLASSES_B), rtol=0, atol=1e-14)


@pytest.mark.parametrize("weights", [1.0, 3.0, (1.0, 2.0, 3.0, 4.0, 5.0)])
def test_bce_is_torchs_summed_over_the_labels(weights: float | tuple[float, ...]) -> None:
    ours = BceConfig(positive_weights=weights).per_row(LOGITS_BC, YES_NO_BC.float())
    wanted = F.binary_cross_entropy_with_logits(
        LOGITS_BC, YES_NO_BC, pos_weight=torch.tensor(weights, dtype=torch.float64).expand(5), reduction="none"
    ).sum(dim=1)
    torch.testing.assert_close(ours, wanted, rtol=0, atol=1e-14)


def test_bce_smoothing_by_hand() -> None:
    answers_BC = YES_NO_BC.numpy() * 0.8 + 0.1
    p_BC = 1 / (1 + np.exp(-LOGITS_BC.numpy()))
    wanted = -(answers_BC * np.log(p_BC) + (1 - answers_BC) * np.log(1 - p_BC)).sum(axis=1)
    np.testing.assert_allclose(BceConfig(label_smoothing=0.2).per_row(LOGITS_BC, YES_NO_BC), wanted, atol=1e-13)


def test_positive_weights_for_another_number_of_labels_are_refused() -> None:
    with pytest.raises(RecipeError, match="has 2 numbers, but there are 5 labels"):
        BceConfig(positive_weights=(1.0, 2.0)).per_row(LOGITS_BC, YES_NO_BC)


def test_squared_error_and_huber_by_hand() -> None:
    off_B = np.abs(LOGITS_BC[:, 0].numpy() - NUMBERS_B.numpy())
    np.testing.assert_allclose(MseConfig().per_row(LOGITS_BC[:, :1], NUMBERS_B), off_B**2, atol=1e-14)
    for delta in (0.3, 1.0):
        wanted = np.where(off_B <= delta, off_B**2 / 2, delta * (off_B - delta / 2))
        np.testing.assert_allclose(HuberConfig(delta=delta).per_row(LOGITS_BC[:, :1], NUMBERS_B), wanted, atol=1e-14)


def test_two_outputs_for_one_number_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="a number per row"):
        MseConfig().per_row(LOGITS_BC, NUMBERS_B)
