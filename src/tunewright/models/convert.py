"""`tunewright models convert`: pickled weights (.bin, .pt) to safetensors, without running what is in them.

The file is opened in a process of its own by torch's weights-only reader, which builds tensors and plain containers
and nothing else. In that process sockets, programs and files outside the new folder are closed off before the file is
opened, so that even a hole in the reader leads nowhere. All else in the project refuses such files and names this.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.core.errors import ModelError
from tunewright.core.folder import discard, writing
from tunewright.models.folder import INDEX, WEIGHTS, check_folder, has_weights, read_json_file
from tunewright.models.hub import DATA_FILES, PICKLED_WEIGHTS, Announce, from_hub

_NAMES = ("pytorch_model.bin", "pytorch_model.pt", "model.bin", "model.pt")
_PICKLE_INDEX = "pytorch_model.bin.index.json"


@dataclass(frozen=True, kw_only=True)
class Converted:
    """What was written."""

    folder: Path
    digest: str
    """blake2b-128 over the new weight files: `LocalModel.weights_digest`."""
    num_tensors: int
    num_parameters: int
    skipped: tuple[str, ...]
    """Entries of the pickle that were no tensors, by name."""


def convert(
    source: str | Path, target: str | Path, *, announce: Announce | None = None, timeout_seconds: float = 3600
) -> Converted:
    """Write a folder with safetensors weights and the config and tokenizer of `source`, a folder or a hub id.

    Raises ModelError if there is nothing to convert, `target` is there already, or the file holds anything but tensors.
    """
    folder, target = _source_folder(source, announce), Path(target)
    if target.exists():
        raise ModelError(f"{target} is there already. Give the name of a new folder.")
    if has_weights(folder):
        raise ModelError(f"{folder} has safetensors weights already; there is nothing to convert. Use it as it is.")
    pickles = _pickles(folder)
    with writing(target) as aside:
        aside.mkdir(parents=True)
        for name in DATA_FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, aside / name)
        told = _run_worker(pickles, aside / WEIGHTS, timeout_seconds=timeout_seconds)
        check_folder(aside)
    checked = check_folder(target)
    return Converted(
        folder=target, digest=checked.digest(), num_tensors=int(told["num_tensors"]),
        num_parameters=checked.num_parameters, skipped=tuple(str(name) for name in told["skipped"]),
    )  # fmt: skip


def _source_folder(source: str | Path, announce: Announce | None) -> Path:
    folder = Path(source).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_file():
        raise ModelError(f"{source} is a file; give its folder, which has config.json beside it.")
    if isinstance(source, str) and source.count("/") <= 1 and not source.startswith((".", "/", "~")):
        return from_hub(source, revision=None, announce=announce, weights=PICKLED_WEIGHTS).folder
    raise ModelError(f"there is no folder {source}.")


def _pickles(folder: Path) -> list[Path]:
    """The weight files to read: one, or the shards that an index names."""
    if (folder / _PICKLE_INDEX).is_file():
        weight_map = read_json_file(folder / _PICKLE_INDEX).get("weight_map")
        names = sorted({str(name) for name in weight_map.values()}) if isinstance(weight_map, dict) else []
        for name in names:
            if Path(name).name != name or not (folder / name).is_file():
                raise ModelError(f"{folder / _PICKLE_INDEX} names `{name}`, which is no file of this folder.")
        if names:
            return [folder / name for name in names]
    found = [folder / name for name in _NAMES if (folder / name).is_file()]
    if not found:
        raise ModelError(f"{folder} has no weights to convert (looked for {', '.join(_NAMES)} and {_PICKLE_INDEX}).")
    return found[:1]


def _run_worker(pickles: list[Path], output: Path, *, timeout_seconds: float) -> dict[str, Any]:
    # -P: nothing is imported from the current folder, where a stranger's `torch.py` could lie.
    command = [sys.executable, "-P", "-m", "tunewright.models.convert_worker", str(output.resolve())]
    command += [str(path.resolve()) for path in pickles]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired:
        discard(output)
        raise ModelError(f"{pickles[0]}: reading took more than {timeout_seconds:,.0f} s and was stopped.") from None
    try:
        told = json.loads(done.stdout.decode("utf-8", "replace").strip().splitlines()[-1])
    except (ValueError, IndexError):
        told = {}
    if done.returncode != 0 or "error" in told or not output.is_file():
        reason = told.get("error") or f"the reading process ended with {done.returncode}"
        raise ModelError(
            f"{pickles[0]} is refused: {reason} Nothing of it was run. Only files that hold tensors and nothing "
            "else are converted; ask whoever published it for safetensors, or choose another model."
        )
    assert isinstance(told, dict)
    return told


__all__ = ["INDEX", "WEIGHTS", "Converted", "convert"]
