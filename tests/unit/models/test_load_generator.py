"""Models that write: loaded with their heads, tied as they were, beginning and ending as their folder says."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from tests.model_folders import write_model, write_tokenizer
from tunewright.core.errors import ModelError
from tunewright.models.generation_config import LIMITS, TOKENS
from tunewright.models.load import load_generator, resolve, save_generator
from tunewright.models.tokenizer import load_tokenizer

SHARED = Path(__file__).parents[4] / "shared" / "models"
WRITERS = ("gpt2", "llama", "llama-tied", "t5", "bart")


def write_generator(folder: Path, family: str) -> Path:
    """A folder with a head that writes, its weights far from one another."""
    write_model(folder, family.removesuffix("-tied"))
    config = json.loads((folder / "config.json").read_text())
    if family == "llama-tied":
        config["tie_word_embeddings"] = True
    (folder / "config.json").write_text(json.dumps(config))
    auto = AutoModelForSeq2SeqLM if family in ("t5", "bart") else AutoModelForCausalLM
    from transformers import AutoConfig

    torch.manual_seed(1)
    model = auto.from_config(AutoConfig.from_pretrained(folder))
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", WRITERS)
def test_weights_ties_and_logits_are_those_of_plain_transformers(family: str, tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "m", family)
    auto = AutoModelForSeq2SeqLM if family in ("t5", "bart") else AutoModelForCausalLM
    plain, loaded = auto.from_pretrained(folder), load_generator(resolve(str(folder)))
    assert loaded.new_weights == ()
    assert not loaded.model.training
    assert {name: value.shape for name, value in loaded.model.state_dict().items()} == {
        name: value.shape for name, value in plain.state_dict().items()
    }
    for name, value in plain.state_dict().items():
        assert torch.equal(loaded.model.state_dict()[name], value), name
    head, table = loaded.model.get_output_embeddings().weight, loaded.model.get_input_embeddings().weight
    theirs = plain.get_output_embeddings().weight is plain.get_input_embeddings().weight
    assert (head is table) == theirs == (family != "llama")


@pytest.mark.parametrize("family", WRITERS)
def test_a_saved_generator_is_read_by_plain_transformers_and_writes_the_same(family: str, tmp_path: Path) -> None:
    local = resolve(str(write_generator(tmp_path / "m", family)))
    model, tokenizer = load_generator(local).model, load_tokenizer(local)
    save_generator(model, tmp_path / "out", tokenizer=tokenizer)
    tokenizer.save(tmp_path / "out")
    auto = AutoModelForSeq2SeqLM if family in ("t5", "bart") else AutoModelForCausalLM
    plain = auto.from_pretrained(tmp_path / "out")
    ids = torch.tensor([[5, 6, 7, 9]])
    assert torch.equal(plain.generate(ids, max_new_tokens=8), model.generate(ids, max_new_tokens=8))
    assert plain.generation_config.eos_token_id == list(tokenizer.eos_ids)
    assert 3 in tokenizer.eos_ids
    assert plain.generation_config.pad_token_id == tokenizer.pad_id
    again = load_generator(resolve(str(tmp_path / "out"))).model.generation_config
    for key in (*TOKENS, *LIMITS):
        assert getattr(again, key) == getattr(plain.generation_config, key), key


def test_sixteen_bit_weights_become_float32_unless_asked_otherwise(tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "m", "gpt2")
    AutoModelForCausalLM.from_pretrained(folder).to(torch.bfloat16).save_pretrained(folder)
    local = resolve(str(folder))
    assert {p.dtype for p in load_generator(local).model.parameters()} == {torch.float32}
    assert {p.dtype for p in load_generator(local, dtype=torch.bfloat16).model.parameters()} == {torch.bfloat16}


def test_an_encoder_is_refused_because_it_writes_nothing(tmp_path: Path) -> None:
    local = resolve(str(write_model(tmp_path / "m", "bert")))
    with pytest.raises(ModelError, match="`bert` read texts but write none"):
        load_generator(local)


def test_a_model_saved_without_its_head_is_refused_instead_of_given_a_random_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"head that writes are not in its files, for one `lm_head\.weight`"):
        load_generator(resolve(str(write_model(tmp_path / "m", "llama"))))


def test_beginning_and_end_come_from_the_folder_and_how_to_search_does_not(tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "m", "bart")
    stated = {
        "eos_token_id": [3, 5, 99], "forced_bos_token_id": 7, "decoder_start_token_id": 2, "num_beams": 4, "do_sample": True,
        "no_repeat_ngram_size": 3, "cache_implementation": "elsewhere", "max_length": 5,
    }  # fmt: skip
    (folder / "generation_config.json").write_text(json.dumps(stated))
    local = resolve(str(folder))
    config, tokenizer = load_generator(local).model.generation_config, load_tokenizer(local)
    assert config.no_repeat_ngram_size == 3
    assert not any(
        getattr(config, name, None) for name in ("num_beams", "do_sample", "cache_implementation", "max_length")
    )
    assert tokenizer.eos_ids == (3, 5)
    values = tokenizer.generation_values()
    assert (values["decoder_start_token_id"], values["forced_bos_token_id"]) == (2, 7)


@pytest.mark.parametrize("content", ["[]", "{", '{"eos_token_id": "</s>"}'])
def test_a_damaged_generation_config_is_an_error_that_names_it(content: str, tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "m", "bart")
    (folder / "generation_config.json").write_text(content)
    with pytest.raises(ModelError, match=r"generation_config\.json"):
        load_generator(resolve(str(folder)))


def test_without_a_generation_config_the_end_is_the_one_of_the_config(tmp_path: Path) -> None:
    folder = write_generator(tmp_path / "m", "t5")
    (folder / "generation_config.json").unlink()
    write_tokenizer(folder, template="end")
    assert load_tokenizer(resolve(str(folder))).eos_ids == (3,)
    assert load_generator(resolve(str(folder))).model.generation_config.decoder_start_token_id == 0


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
@pytest.mark.parametrize("name", ["g2p-bart/us", "stories260k/hf"])
def test_the_shared_models_are_tied(name: str) -> None:
    model = load_generator(resolve(str(SHARED / name))).model
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert model.generation_config.eos_token_id == 2
