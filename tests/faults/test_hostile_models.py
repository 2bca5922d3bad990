"""A model folder is a stranger's file: each of these is refused with a sentence that helps, and nothing of it runs."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.model_folders import write_model
from tunewright.core.errors import ModelError
from tunewright.models.convert import convert
from tunewright.models.load import load_classifier, load_features_model, resolve
from tunewright.models.tokenizer import load_tokenizer

LABELS = ["bad", "good"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("sound") / "m")


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "m"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something looked at the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def _set(folder: Path, file: str = "config.json", **values: Any) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def _load_all(folder: Path) -> None:
    local = resolve(str(folder))
    load_tokenizer(local)
    load_classifier(local, kind="single_label", labels=LABELS, seed=1)
    load_features_model(local)


class _Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def test_the_sound_folder_is_accepted(folder: Path) -> None:
    _load_all(folder)


def _cut(name: str, share: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * share)])

    return damage


def _header_claims(value: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / "model.safetensors"
        path.write_bytes(struct.pack("<Q", value) + path.read_bytes()[8:])

    return damage


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def _remove(*names: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / name).unlink() for name in names] and None


def _change(file: str = "config.json", **values: Any) -> Callable[[Path], None]:
    return lambda folder: _set(folder, file, **values)


def _index(weight_map: Any) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))

    return damage


def _only_pickle(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(tensors, folder / "pytorch_model.bin")


def _pickle_called_safetensors(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps(_Bomb(folder.parent / "ran")))


def _not_a_number(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["embeddings.word_embeddings.weight"][3, 3] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _layer_missing(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _pipe(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).unlink()
        os.mkfifo(folder / name)

    return damage


ATTACKS: dict[str, tuple[Callable[[Path], None], str]] = {
    "pickled weights alone": (_only_pickle, "tunewright models convert"),
    "a pickle by the name of safetensors": (_pickle_called_safetensors, "damaged or cut off"),
    "code for an unknown type": (
        _change(model_type="evil", auto_map={"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}), "never runs code"
    ),
    "code in another repository": (
        _change(model_type="evil", auto_map={"AutoConfig": "someone/evil--evil.Config"}), "someone/evil--evil.Config"
    ),
    "an unknown type": (_change(model_type="bertt"), "Did you mean `bert`"),
    "no type": (_change(model_type=None), "model_type"),
    "a type that is no name": (_change(model_type={"a": 1}), "model_type"),
    "quantised weights": (_change(quantization_config={"quant_method": "bitsandbytes"}), "quantised"),
    "a billion layers": (_change(num_hidden_layers=10**9), "num_hidden_layers"),
    "more layers than tensors": (_change(num_hidden_layers=90_000), "layers"),
    "a width far beyond the weights": (_change(hidden_size=2**16, num_attention_heads=2), "belong to different models"),
    "another width": (_change(hidden_size=32), "belong to different models"),
    "a width that is no number": (_change(hidden_size="wide"), "config.json"),
    "heads that do not divide the width": (_change(num_attention_heads=3), "can't be built"),
    "an index to another folder": (_index({"a": "../../secret.safetensors"}), "same folder"),
    "an index to an absolute path": (_index({"a": "/etc/passwd"}), "same folder"),
    "an index to a Windows path": (_index({"a": "..\\secret.safetensors"}), "same folder"),
    "an index to a pickle": (_index({"a": "pytorch_model.bin"}), "same folder"),
    "an index to a file that is not there": (_index({"a": "model-2.safetensors"}), "not there"),
    "an index to tensors that are not there": (_index({"a": "model-00001-of-00001.safetensors"}), "don't hold"),
    "an index that is a list": (_index([1, 2]), "weight_map"),
    "an empty index": (_index({}), "weight_map"),
    "weights cut in the middle": (_cut("model.safetensors", 0.5), "damaged or cut off"),
    "weights cut by a byte": (_cut("model.safetensors", 0.9999), "damaged or cut off"),
    "empty weights": (_cut("model.safetensors", 0), "damaged or cut off"),
    "a header of exabytes": (_header_claims(2**62), "damaged or cut off"),
    "a header of nothing": (_header_claims(0), "damaged or cut off"),
    "a weight that is NaN": (_not_a_number, "not finite"),
    "a layer without weights": (_layer_missing, "incomplete"),
    "no weights": (_remove("model.safetensors"), "has no weights"),
    "no config": (_remove("config.json"), "no config.json"),
    "a config cut off": (_cut("config.json", 0.5), "is not JSON"),
    "a config that is a list": (_write("config.json", b"[]"), "JSON object"),
    "a config of brackets": (_write("config.json", b"[" * 200_000), "is not JSON"),
    "a config that is not text": (_write("config.json", b"\xff\xfe\x00\x80"), "is not JSON"),
    "a config that never ends": (_pipe("config.json"), "not a plain file"),
    "weights that never end": (_pipe("model.safetensors"), "not a plain file"),
    "an adapter that names another model": (
        _write("adapter_config.json", b'{"base_model_name_or_path": "someone/evil"}'), "adapter"
    ),
    "no tokenizer": (_remove("tokenizer.json"), "has no tokenizer"),
    "a tokenizer cut off": (_cut("tokenizer.json", 0.5), "tokenizer can't be read"),
    "a tokenizer of another model": (_change(vocab_size=10), "belong to different models"),
    "a tokenizer config that is a list": (_write("tokenizer_config.json", b"[]"), "JSON object"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_is_refused_with_a_sentence_that_helps(attack: str, folder: Path) -> None:
    damage, sentence = ATTACKS[attack]
    damage(folder)
    with pytest.raises(ModelError) as caught:
        _load_all(folder)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (folder.parent / "ran").exists()


EVIL_CODE = (
    "import pathlib\npathlib.Path({mark!r}).touch()\nclass Model: pass\nclass Config: pass\nclass Tokenizer: pass\n"
)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}),
        ("config.json", {"auto_map": {"AutoModelForSequenceClassification": "someone/evil--evil.Model"}}),
        ("config.json", {"_attn_implementation": "someone/evil-kernel"}),
        ("config.json", {"attn_implementation": "someone/evil-kernel", "experts_implementation": "someone/evil"}),
        ("config.json", {"_attn_implementation_internal": "someone/evil-kernel"}),
        ("config.json", {"transformers_weights": "../secret.safetensors"}),
        ("config.json", {"_name_or_path": "someone/evil"}),
        ("tokenizer_config.json", {"name_or_path": "someone/evil"}),
    ],
)
def test_what_would_fetch_or_run_code_is_left_alone_where_the_model_needs_none(
    file: str, values: dict[str, Any], folder: Path
) -> None:
    mark = folder.parent / "ran"
    (folder / "evil.py").write_text(EVIL_CODE.format(mark=str(mark)))
    _set(folder, file, **values)
    _load_all(folder)
    assert not mark.exists()
    local = resolve(str(folder))
    assert "auto_map" not in local.config
    assert not hasattr(load_features_model(local).config, "auto_map")
    assert bool(local.notes) == ("auto_map" in values)


def test_a_tokenizer_that_needs_code_is_refused(folder: Path) -> None:
    mark = folder.parent / "ran"
    (folder / "evil.py").write_text(EVIL_CODE.format(mark=str(mark)))
    _set(
        folder,
        "tokenizer_config.json",
        tokenizer_class="EvilTokenizer",
        auto_map={"AutoTokenizer": ["evil.Tokenizer", None]},
    )
    with pytest.raises(ModelError, match="never runs code"):
        load_tokenizer(resolve(str(folder)))
    assert not mark.exists()


def test_a_pickle_beside_safetensors_is_never_opened(folder: Path) -> None:
    for name in ("pytorch_model.bin", "training_args.bin", "optimizer.pt", ".metadata", "generation.pkl"):
        (folder / name).write_bytes(pickle.dumps(_Bomb(folder.parent / "ran")))
    _load_all(folder)
    assert not (folder.parent / "ran").exists()


# ---- convert


def test_converted_weights_are_the_same_to_the_bit_and_load(folder: Path, tmp_path: Path) -> None:
    before = load_file(folder / "model.safetensors")
    _only_pickle(folder)
    converted = convert(folder, tmp_path / "new")
    after = load_file(tmp_path / "new" / "model.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert converted.digest == resolve(str(tmp_path / "new")).weights_digest
    _load_all(tmp_path / "new")
    assert {path.suffix for path in (tmp_path / "new").iterdir()} <= {".json", ".safetensors"}


def test_tied_weights_and_the_old_file_format_are_converted(folder: Path, tmp_path: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["tied"] = tensors["embeddings.word_embeddings.weight"]
    (folder / "model.safetensors").unlink()
    torch.save({"state_dict": tensors, "epoch": 3}, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert convert(folder, tmp_path / "new").num_tensors == len(tensors)


def _save(folder: Path, value: Any) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(value, folder / "pytorch_model.bin")


def _pack(folder: Path) -> None:
    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(3)}, buffer)
    (folder / "model.safetensors").unlink()
    with (
        zipfile.ZipFile(buffer) as old,
        zipfile.ZipFile(folder / "pytorch_model.bin", "w", compression=zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))


def _raw(folder: Path, data: bytes) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(data)


PICKLES: dict[str, Callable[[Path], None]] = {
    "a program beside tensors": lambda f: _save(f, {"w": torch.zeros(2), "x": _Bomb(f.parent / "ran")}),
    "a program and nothing else": lambda f: _save(f, _Bomb(f.parent / "ran")),
    "a plain pickle": lambda f: _raw(f, pickle.dumps(_Bomb(f.parent / "ran"))),
    "a plain pickle of protocol 0": lambda f: _raw(f, pickle.dumps(_Bomb(f.parent / "ran"), protocol=0)),
    "a list": lambda f: _save(f, [torch.zeros(2)]),
    "no tensors": lambda f: _save(f, {"epoch": 3}),
    "a whole model object": lambda f: _save(f, torch.nn.Linear(2, 2)),
    "compressed entries": _pack,
    "an empty file": lambda f: _raw(f, b""),
    "noise": lambda f: _raw(f, bytes(range(256)) * 8),
}


@pytest.mark.parametrize("name", PICKLES)
def test_what_is_not_plain_tensors_is_refused_without_running_it(name: str, folder: Path, tmp_path: Path) -> None:
    PICKLES[name](folder)
    with pytest.raises(ModelError, match="is refused"):
        convert(folder, tmp_path / "new")
    assert not (folder.parent / "ran").exists()
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".*"))


def test_the_control_runs_where_plain_pickle_opens_the_file(folder: Path) -> None:
    _raw(folder, pickle.dumps(_Bomb(folder.parent / "ran")))
    pickle.loads((folder / "pytorch_model.bin").read_bytes())
    assert (folder.parent / "ran").exists()


@pytest.mark.parametrize(
    "action",
    [
        "import socket; socket.socket().connect(('127.0.0.1', 9))",
        "import socket; socket.getaddrinfo('localhost', 9)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "open('/tmp/should-not-be-there', 'w')",
        "import os; os.open('/tmp/should-not-be-there', os.O_CREAT | os.O_WRONLY)",
        "import os; os.remove('/tmp/should-not-be-there')",
    ],
)
def test_the_reading_process_is_closed_in(action: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import socket, subprocess, os, sys, pathlib; from tunewright.models.convert_worker import _close_in, Refused\n"
        f"_close_in(writable=pathlib.Path({str(tmp_path)!r}))\n"
        f"open({str(tmp_path / 'fine')!r}, 'w').close()\n"
        f"try:\n    exec({action!r})\nexcept Refused:\n    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "refused"


def test_nothing_is_converted_twice_or_over_something(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing to convert"):
        convert(folder, tmp_path / "new")
    _only_pickle(folder)
    (tmp_path / "there").mkdir()
    with pytest.raises(ModelError, match="there already"):
        convert(folder, tmp_path / "there")
