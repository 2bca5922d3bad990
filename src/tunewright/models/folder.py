"""What a model folder must be to be read: a config, safetensors weights, and nothing that runs.

A model folder is a stranger's file. Only data is read from it: JSON, checked here, and tensors. What would make
transformers run or fetch code (`auto_map`, attention kernels by name, pickled weights, adapters that name another
repository) is refused or taken out before transformers sees the config.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tunewright.core.errors import ModelError, nearest

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".h5", ".msgpack", ".joblib")
"""Endings of weight files that are not safetensors; most of them can hold a program."""

INDEX = "model.safetensors.index.json"
WEIGHTS = "model.safetensors"

Dtype = Literal["float32", "bfloat16", "float16"]
_DTYPES: dict[str, Dtype] = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
_LARGEST_JSON = 64_000_000
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*\.safetensors")

_FETCHING_KEYS = frozenset({
    "attn_implementation", "_attn_implementation", "attn_implementation_internal", "_attn_implementation_internal",
    "experts_implementation", "_experts_implementation", "_experts_implementation_internal", "auto_map",
    "custom_pipelines", "transformers_weights", "kernel_config", "distributed_config",
})  # fmt: skip
"""Keys of a config by which transformers 5.23 looks for code or files elsewhere."""


@dataclass(frozen=True, kw_only=True)
class CheckedFolder:
    """A model folder that may be read."""

    folder: Path
    config: dict[str, Any]
    """config.json without the keys that make transformers fetch or run anything."""
    weights: tuple[Path, ...]
    num_parameters: int
    notes: tuple[str, ...]
    """What was found and left alone, in sentences."""

    @property
    def size_bytes(self) -> int:
        """Of the weights."""
        return sum(path.stat().st_size for path in self.weights)

    @property
    def dtype(self) -> Dtype:
        """Of most of the numbers in the weights; float32 for types that can't be trained on."""
        numbers: Counter[str] = Counter()
        for path in self.weights:
            for entry in _header(path).values():
                numbers[entry["dtype"]] += math.prod(entry["shape"])
        return _DTYPES.get(numbers.most_common(1)[0][0], "float32") if numbers else "float32"

    def digest(self) -> str:
        """blake2b-128 over the bytes of the weight files, 32 hex digits."""
        hasher = hashlib.blake2b(digest_size=16)
        for path in self.weights:
            hasher.update(path.stat().st_size.to_bytes(8, "little"))
            with path.open("rb") as file:
                while block := file.read(1 << 22):
                    hasher.update(block)
        return hasher.hexdigest()


def check_folder(folder: Path) -> CheckedFolder:
    """Read and check everything but the tensors themselves.

    Raises ModelError if something is missing, damaged or unsafe; the message says which file and what to do.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is no folder. A model is a folder with config.json, safetensors and a tokenizer.")
    _refuse_adapter(folder)
    config, notes = _check_config(folder)
    weights = _find_weights(folder)
    return CheckedFolder(
        folder=folder, config=config, weights=weights, notes=notes,
        num_parameters=sum(_count_parameters(path) for path in weights),
    )  # fmt: skip


def has_weights(folder: Path) -> bool:
    """Whether the folder has safetensors weights in the place where they are looked for."""
    return (folder / WEIGHTS).is_file() or (folder / INDEX).is_file()


def read_json_file(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a stranger: a plain file, of bearable size and depth. Raises ModelError."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ModelError(f"{path} is not a plain file, so it is not read.")
        if found.st_size > _LARGEST_JSON:
            raise ModelError(f"{path} has {found.st_size:,} bytes; no such file is larger than {_LARGEST_JSON:,}.")
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not JSON: {error}. The download may be torn; fetch it again.") from None
    if not isinstance(value, dict):
        raise ModelError(f"{path} should hold a JSON object, found {type(value).__name__}.")
    return value


def remote_code(config: dict[str, Any]) -> str | None:
    """The first reference to code that a config makes, or None."""
    found = config.get("auto_map")
    while isinstance(found, (dict, list, tuple)) and found:
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return str(found) if found else None


def _refuse_adapter(folder: Path) -> None:
    if (folder / "adapter_config.json").exists():
        raise ModelError(
            f"{folder} holds an adapter (adapter_config.json), which changes another model and is none by itself. "
            "Merge it into its base model, save that, and give its folder."
        )


def _check_config(folder: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    path = folder / "config.json"
    if not path.exists():
        inner = [name for name in ("model", "encoder", "checkpoint") if (folder / name / "config.json").exists()]
        hint = f" {folder / inner[0]} has one; give that folder." if inner else ""
        raise ModelError(f"{folder} has no config.json, so it is not a model folder.{hint}")
    raw = read_json_file(path)
    model_type = raw.get("model_type")
    code = remote_code(raw)
    if not _is_known(model_type):
        if code:
            raise ModelError(
                f"{path} wants to run code that came with the model (`{code}`). Tunewright never runs code from a "
                f"model folder, and transformers has no model of its own of the type `{model_type}`. Choose another; "
                "`tunewright models list` shows some."
            )
        raise ModelError(
            f"{path}: transformers knows no model of the type `{model_type}` (key `model_type`)."
            f"{nearest(str(model_type), _known())} A newer transformers may know it."
        )
    if raw.get("quantization_config"):
        raise ModelError(
            f"{path}: the weights are quantised (`quantization_config`), and quantised weights can't be trained on. "
            "Give the model as it was before quantisation."
        )
    notes = [f"the code that came with it (`{code}`) is ignored: transformers has this model itself"] if code else []
    _refuse_odd_values(path, raw)
    return {key: value for key, value in raw.items() if key not in _FETCHING_KEYS}, tuple(notes)


def _refuse_odd_values(path: Path, config: dict[str, Any]) -> None:
    """Sizes that no model has: building it would fill the memory before anything could be compared."""
    for key, value in config.items():
        if isinstance(value, dict):
            _refuse_odd_values(path, value)
        elif key.startswith(("num_", "n_")) and isinstance(value, int) and not isinstance(value, bool):
            if not -1 <= value <= 100_000:
                raise ModelError(f"{path}: `{key}` is {value:,}. No model has that; the file is damaged.")
        elif isinstance(value, float) and not math.isfinite(value) and not key.startswith("rope"):
            raise ModelError(f"{path}: `{key}` is {value}, which is no usable number.")


def _known() -> list[str]:
    from transformers import CONFIG_MAPPING

    return list(CONFIG_MAPPING)


def _is_known(model_type: object) -> bool:
    return isinstance(model_type, str) and model_type in _known()


def _find_weights(folder: Path) -> tuple[Path, ...]:
    """The safetensors files, complete and each readable to its end."""
    if (folder / WEIGHTS).exists():
        files: tuple[Path, ...] = (folder / WEIGHTS,)
    elif (folder / INDEX).exists():
        files = _files_of_index(folder)
    else:
        raise ModelError(_no_weights(folder))
    return files


def _files_of_index(folder: Path) -> tuple[Path, ...]:
    path = folder / INDEX
    weight_map = read_json_file(path).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ModelError(f"{path} has no `weight_map` from tensors to files.")
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        # A name with a folder in it would read files from outside the model.
        if not _PLAIN_NAME.fullmatch(name):
            raise ModelError(f"{path} names the file `{name}`. Only safetensors files in the same folder are read.")
        if not (folder / name).is_file():
            raise ModelError(f"{path} names the file `{name}`, which is not there. Fetch the model again.")
    files = tuple(folder / name for name in names)
    missing = set(weight_map) - {tensor for file in files for tensor in _header(file)}
    if missing:
        raise ModelError(
            f"{path} names tensors that its files don't hold, for one `{min(missing)}`. Fetch the model again."
        )
    return files


def _no_weights(folder: Path) -> str:
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in PICKLES)
    if pickles:
        return (
            f"{folder} has its weights only as {', '.join(pickles[:3])}. Such files can hold a program that runs when "
            f"they are opened, so they are not read. `tunewright models convert {folder} NEW_FOLDER` takes the plain "
            "numbers out of them, in a process of its own without network, and writes safetensors."
        )
    return f"{folder} has no weights ({WEIGHTS} or {INDEX}). Fetch the model again."


def _count_parameters(path: Path) -> int:
    return sum(math.prod(entry["shape"]) for entry in _header(path).values())


def _header(path: Path) -> dict[str, dict[str, Any]]:
    """Names, types and shapes of a file's tensors. Raises ModelError where the file is cut off or damaged."""
    import safetensors

    if not path.is_file():
        raise ModelError(f"{path} is not a plain file, so it is not read.")
    try:
        # The library checks that the header fits the file to the byte: a truncated file does not get past this.
        with safetensors.safe_open(path, framework="numpy") as file:
            file.keys()
        with path.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
            header: dict[str, dict[str, Any]] = json.loads(raw.read(length))
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path} is damaged or cut off: {error}. Fetch it again.") from None
    header.pop("__metadata__", None)
    return header
