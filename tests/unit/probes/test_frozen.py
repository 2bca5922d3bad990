import numpy as np

from tunewright.probes import fit_frozen


def _features(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    targets = np.arange(rows) % 3
    features = generator.normal(size=(rows, 8)).astype(np.float32)
    features[np.arange(rows), targets] += 4
    return features, targets


def test_learns_from_features() -> None:
    features, targets = _features()
    probe = fit_frozen(features, targets, kind="single_label", labels=["a", "b", "c"])
    assert (probe.logits(features).argmax(axis=1) == targets).mean() > 0.95


def test_scale_and_shift_of_a_feature_change_nothing() -> None:
    features, targets = _features()
    probe = fit_frozen(features, targets, kind="single_label", labels=["a", "b", "c"])
    moved = fit_frozen(features * 100 + 7, targets, kind="single_label", labels=["a", "b", "c"])
    np.testing.assert_allclose(probe.logits(features), moved.logits(features * 100 + 7), atol=1e-2)


def test_a_feature_that_never_changed_in_training_stays_silent() -> None:
    features, targets = _features()
    features[:, 7] = 5.0
    probe = fit_frozen(features, targets, kind="single_label", labels=["a", "b", "c"])
    other = features.copy()
    other[:, 7] = 1e6
    assert np.array_equal(probe.logits(features), probe.logits(other))


def test_numbers_are_found_again() -> None:
    features, _ = _features()
    values = features[:, 0] * 10 + 100
    probe = fit_frozen(features, values, kind="regression", labels=[])
    assert np.corrcoef(probe.logits(features)[:, 0], values)[0, 1] > 0.9
    assert abs(probe.logits(features).mean() - values.mean()) < 1
