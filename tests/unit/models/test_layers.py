from __future__ import annotations

import pytest
from torch import nn

from tests.tiny_models import CONFIGS, tiny_classifier
from tunewright.models.layers import base_model, find_depths

EXPECTED = {
    "bert": (3, {"bert.embeddings.LayerNorm.weight": 0, "bert.encoder.layer.1.output.dense.bias": 2,
                 "bert.pooler.dense.weight": 4, "classifier.bias": 4}),
    "xlm-roberta": (3, {"roberta.embeddings.position_embeddings.weight": 0, "classifier.dense.weight": 4}),
    "electra": (3, {"electra.embeddings_project.weight": 0, "electra.encoder.layer.0.output.dense.weight": 1}),
    "deberta-v2": (3, {"deberta.encoder.rel_embeddings.weight": 0, "deberta.encoder.LayerNorm.weight": 0,
                       "pooler.dense.weight": 4}),
    "mpnet": (3, {"mpnet.encoder.relative_attention_bias.weight": 0, "classifier.out_proj.bias": 4}),
    "modernbert": (3, {"model.embeddings.tok_embeddings.weight": 0, "model.layers.2.mlp.Wi.weight": 3,
                       "model.final_norm.weight": 4, "head.dense.weight": 4}),
    "gpt2": (3, {"transformer.wpe.weight": 0, "transformer.h.0.attn.c_attn.weight": 1, "transformer.ln_f.weight": 4,
                 "score.weight": 4}),
    "llama": (3, {"model.embed_tokens.weight": 0, "model.layers.2.mlp.up_proj.weight": 3, "model.norm.weight": 4}),
    "t5": (4, {"transformer.shared.weight": 0, "transformer.encoder.block.1.layer.1.layer_norm.weight": 2,
               "transformer.encoder.final_layer_norm.weight": 2,
               "transformer.decoder.block.0.layer.0.SelfAttention.q.weight": 3,
               "transformer.decoder.final_layer_norm.weight": 5, "classification_head.dense.weight": 5}),
    "bart": (4, {"model.encoder.layernorm_embedding.weight": 0, "model.encoder.layers.0.fc1.weight": 1,
                 "model.decoder.embed_positions.weight": 0, "model.decoder.layers.1.fc2.bias": 4,
                 "classification_head.out_proj.bias": 5}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_parameters_stand_where_the_model_computes_them(name: str) -> None:
    num_layers, expected = EXPECTED[name]
    depths = find_depths(tiny_classifier(name))
    assert depths.num_layers == num_layers
    assert {parameter: depths.of[parameter] for parameter in expected} == expected


@pytest.mark.parametrize("name", CONFIGS)
def test_every_parameter_has_a_depth_and_every_depth_has_a_parameter(name: str) -> None:
    model = tiny_classifier(name)
    depths = find_depths(model)
    assert list(depths.of) == [parameter for parameter, _ in model.named_parameters()]
    assert set(depths.of.values()) == set(range(depths.top + 1))


def test_a_model_without_layer_lists_is_all_head() -> None:
    model = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 2))
    depths = find_depths(model)
    assert depths.num_layers == 0
    assert set(depths.of.values()) == {depths.top}
    assert base_model(model) is model


def test_lists_of_one_length_side_by_side_are_one_stack() -> None:
    class Parallel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attentions = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))
            self.norms = nn.ModuleList(nn.LayerNorm(2) for _ in range(3))

    depths = find_depths(Parallel())
    assert depths.num_layers == 3
    assert depths.of["attentions.1.weight"] == depths.of["norms.1.weight"] == 2
