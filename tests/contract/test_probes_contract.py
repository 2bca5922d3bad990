"""Every baseline in `PROBES` keeps the same promises; a new one is tested by standing there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunewright.core.errors import ModelError, TunewrightError
from tunewright.probes import PROBES, load_probe, load_text_probe

KINDS = ("single_label", "multi_label", "regression")
LABELS = ["no", "yes", "maybe"]
TEXTS = ["good food", "bad food", "unsure food", "good room", "bad room", "unsure room"] * 4


def _targets(kind: str) -> np.ndarray:
    index = np.array([1, 0, 2] * 8)
    if kind == "multi_label":
        return np.eye(3, dtype=np.float32)[index]
    return index.astype(np.float64) if kind == "regression" else index


def _input(name: str) -> Any:
    if PROBES[name].reads == "features":
        return np.array([[text.count(word) for word in ("good", "bad", "food")] for text in TEXTS], np.float32)
    return TEXTS


def _fit(name: str, kind: str) -> Any:
    inputs = () if PROBES[name].reads == "nothing" else (_input(name),)
    return PROBES[name].fit(*inputs, _targets(kind), kind=kind, labels=[] if kind == "regression" else LABELS)


def _logits(name: str, probe: Any) -> np.ndarray:
    return probe.logits(len(TEXTS) if PROBES[name].reads == "nothing" else _input(name))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROBES)
def test_logits_have_one_column_per_label_and_are_finite(name: str, kind: str) -> None:
    logits = _logits(name, _fit(name, kind))
    assert logits.shape == (len(TEXTS), 1 if kind == "regression" else 3)
    assert logits.dtype == np.float64
    assert np.isfinite(logits).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROBES)
def test_saved_and_loaded_is_the_same_to_the_bit(name: str, kind: str, tmp_path: Path) -> None:
    probe = _fit(name, kind)
    probe.save(tmp_path)
    loaded = load_probe(tmp_path)
    assert type(loaded) is type(probe)
    assert np.array_equal(_logits(name, loaded), _logits(name, probe))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["probe.json", "probe.safetensors"]


@pytest.mark.parametrize("name", PROBES)
def test_two_fits_are_the_same_to_the_byte(name: str, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        _fit(name, "single_label").save(tmp_path / folder)
    for file in ("probe.json", "probe.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("name", PROBES)
def test_a_single_class_is_answered(name: str) -> None:
    inputs = () if PROBES[name].reads == "nothing" else (_input(name),)
    probe = PROBES[name].fit(*inputs, np.ones(len(TEXTS), np.int64), kind="single_label", labels=LABELS)
    assert (_logits(name, probe).argmax(axis=1) == 1).all()


@pytest.mark.parametrize("file", ["probe.json", "probe.safetensors"])
@pytest.mark.parametrize("name", PROBES)
def test_a_cut_off_file_is_refused(name: str, file: str, tmp_path: Path) -> None:
    _fit(name, "single_label").save(tmp_path)
    data = (tmp_path / file).read_bytes()
    for length in (0, 5, len(data) // 2, len(data) - 2):
        (tmp_path / file).write_bytes(data[:length])
        with pytest.raises(ModelError):
            load_probe(tmp_path)


def test_a_probe_over_features_is_not_loaded_for_texts(tmp_path: Path) -> None:
    _fit("majority", "single_label").save(tmp_path / "a")
    assert load_text_probe(tmp_path / "a").logits(["good", "bad"]).shape == (2, 3)
    _fit("frozen", "single_label").save(tmp_path / "b")
    with pytest.raises(ModelError, match="features"):
        load_text_probe(tmp_path / "b")


def test_a_probe_of_another_name_or_version_is_refused(tmp_path: Path) -> None:
    _fit("tfidf", "single_label").save(tmp_path)
    text = (tmp_path / "probe.json").read_text()
    for wrong in (text.replace('"tfidf"', '"tfidg"'), text.replace('"format": 1', '"format": 2'), "[]"):
        (tmp_path / "probe.json").write_text(wrong)
        with pytest.raises(TunewrightError):
            load_probe(tmp_path)
