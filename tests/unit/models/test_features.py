from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.model_folders import FAMILIES, write_model
from tunewright.models.features import layer_features, pooled_features
from tunewright.models.load import load_features_model, resolve
from tunewright.models.tokenizer import load_tokenizer
from tunewright.models.windows import Encoded, LongTexts

TEXTS = ["good room", "bad", "the food was very very good", "好店", "a b a b a b a b a b"]


def _store(encoded: Encoded) -> Any:
    streams = {
        "input": SimpleNamespace(values=encoded.values, offsets=encoded.offsets),
        "window": SimpleNamespace(values=encoded.window_lengths, offsets=encoded.window_offsets),
    }
    if encoded.segments is not None:
        streams["segment"] = SimpleNamespace(values=encoded.segments, offsets=encoded.offsets)
    return SimpleNamespace(streams=streams)


@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_the_mean_over_the_tokens_of_each_text_alone(family: str, tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", family)))
    encoded = load_tokenizer(local).encode(TEXTS, max_length=16)
    model = load_features_model(local)
    alone = []
    for i in range(len(TEXTS)):
        ids = torch.from_numpy(encoded.values[encoded.offsets[i] : encoded.offsets[i + 1]].astype(np.int64))[None]
        with torch.no_grad():
            alone.append(model(input_ids=ids).last_hidden_state.mean(dim=1)[0].numpy())
    np.testing.assert_allclose(pooled_features(model, _store(encoded)), np.array(alone), atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_features_of_all_layers_are_their_mean_without_the_embeddings(family: str, tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", family)))
    encoded = load_tokenizer(local).encode(TEXTS, max_length=16)
    model = load_features_model(local)
    alone = []
    for i in range(len(TEXTS)):
        ids = torch.from_numpy(encoded.values[encoded.offsets[i] : encoded.offsets[i + 1]].astype(np.int64))[None]
        with torch.no_grad():
            outputs = model(input_ids=ids, output_hidden_states=True)
        layers = [*outputs.hidden_states[1:-1], outputs.last_hidden_state]
        alone.append(np.mean([layer[0].mean(dim=0).numpy() for layer in layers], axis=0))
    found = layer_features(model, _store(encoded))
    np.testing.assert_allclose(found.mean_NH, np.array(alone), atol=1e-5)
    np.testing.assert_array_equal(found.last_NH, pooled_features(model, _store(encoded)))
    if len(layers) > 1:
        assert np.abs(found.mean_NH - found.last_NH).max() > 1e-3


@pytest.mark.parametrize("strategy", ["head", "windows"])
def test_batching_changes_nothing(strategy: LongTexts, tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m")))
    store = _store(load_tokenizer(local).encode(TEXTS, TEXTS[::-1], max_length=9, strategy=strategy))
    one_by_one, together = (pooled_features(load_features_model(local), store, max_tokens=n) for n in (1, 10_000))
    np.testing.assert_allclose(one_by_one, together, atol=1e-6)
    assert one_by_one.shape == (len(TEXTS), 16)
