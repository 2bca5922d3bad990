import numpy as np
import pytest

from tunewright.core.errors import DataError
from tunewright.probes import fit_majority


def test_probabilities_are_the_shares_of_training() -> None:
    probe = fit_majority(np.array([0] * 900 + [1] * 100), kind="single_label", labels=["a", "b", "c"])
    shares = np.exp(probe.logits(2))
    assert shares[0] == pytest.approx([0.9, 0.1, 0.0], abs=0.002)
    assert np.array_equal(shares[0], shares[1])


def test_weights_count() -> None:
    probe = fit_majority(np.array([0, 1]), kind="single_label", labels=["a", "b"], weights=np.array([1.0, 9.0]))
    assert probe.logits(1).argmax() == 1


def test_a_label_is_given_where_more_than_half_have_it() -> None:
    probe = fit_majority(np.array([[1, 0], [1, 0], [0, 1]]), kind="multi_label", labels=["a", "b"])
    assert (probe.logits(1) > 0).tolist() == [[True, False]]


def test_the_mean_is_the_number() -> None:
    probe = fit_majority(np.array([1.0, 2.0, 6.0]), kind="regression", labels=[])
    assert probe.logits(1).tolist() == [[3.0]]


@pytest.mark.parametrize("weights", [None, np.zeros(0)])
def test_no_rows_is_an_error(weights: np.ndarray | None) -> None:
    with pytest.raises(DataError):
        fit_majority(np.zeros(0, np.int64), kind="single_label", labels=["a"], weights=weights)
