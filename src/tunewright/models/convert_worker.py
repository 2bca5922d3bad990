"""The process that opens a pickle for `convert`: closes itself in, reads tensors, writes safetensors, says so as JSON.

Run as `python -P -m tunewright.models.convert_worker OUTPUT INPUT...`; never imported by anything else.
"""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

_CLOSED = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile", "pty.",
    "ctypes.dlopen", "ctypes.dlsym", "urllib.", "http.", "ftplib.", "smtplib.", "os.remove", "os.rename", "os.rmdir",
    "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate", "os.putenv", "shutil.", "webbrowser.",
    "pickle.find_class", "code.__new__", "marshal.",
)  # fmt: skip
"""Audit events (sys.audit) that end in an error once the process has closed itself in."""


class Refused(Exception):
    """The file holds something else than tensors, or wanted to do something."""


def main(arguments: list[str]) -> int:
    """Convert; the last line on stdout is a JSON object with `num_tensors` and `skipped`, or `error`."""
    import torch
    from safetensors.torch import save_file

    output, inputs = Path(arguments[0]), [Path(path) for path in arguments[1:]]
    _warm_up()
    _close_in(writable=output.parent)
    try:
        tensors: dict[str, torch.Tensor] = {}
        skipped: list[str] = []
        for path in inputs:
            _check_archive(path)
            loaded = torch.load(path, map_location="cpu", weights_only=True)
            _collect(loaded, tensors, skipped)
        if not tensors:
            raise Refused("it holds no tensors.")
        save_file(_apart(tensors), output, metadata={"format": "pt"})
    except BaseException as error:
        print(json.dumps({"error": _explain(error)}))
        return 1
    print(json.dumps({"num_tensors": len(tensors), "skipped": skipped}))
    return 0


def _warm_up() -> None:
    """Do once all that loads code lazily, since loading is closed off afterwards."""
    import io

    import torch
    from safetensors.torch import save

    buffer = io.BytesIO()
    torch.save({"a": torch.zeros(2), "b": torch.zeros(2, dtype=torch.bfloat16)}, buffer)
    buffer.seek(0)
    torch.load(buffer, weights_only=True)
    save({"a": torch.zeros(1)})


def _close_in(*, writable: Path) -> None:
    """From here on: no sockets, no other programs, no writing outside `writable`. An audit hook can't be taken off."""
    allowed = os.path.realpath(writable) + os.sep

    def hook(event: str, values: tuple[Any, ...]) -> None:
        if event.startswith(_CLOSED):
            raise Refused(f"it tried something that weights never need ({event}).")
        if event == "open" and _writes(values) and not os.path.realpath(str(values[0])).startswith(allowed):
            raise Refused(f"it tried to write {values[0]!s}.")

    sys.addaudithook(hook)


def _writes(values: tuple[Any, ...]) -> bool:
    """Whether an `open` event (path, mode, flags) is about writing; an int is a file that is open already."""
    path, mode, flags = values
    if isinstance(path, int):
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) if isinstance(flags, int) else False


def _check_archive(path: Path) -> None:
    """torch stores tensors uncompressed: a compressed entry is none of its own, and may unpack to anything."""
    if not zipfile.is_zipfile(path):
        return  # the old format, which the weights-only reader reads as well
    with zipfile.ZipFile(path) as archive:
        packed = [entry.filename for entry in archive.infolist() if entry.compress_type != zipfile.ZIP_STORED]
    if packed:
        raise Refused(f"it has compressed entries (`{packed[0]}`), which torch does not write.")


def _collect(loaded: Any, tensors: dict[str, Any], skipped: list[str]) -> None:
    """Tensors by name, from a state dict or from one inside the usual wrappers of training scripts."""
    import torch

    if not isinstance(loaded, dict):
        raise Refused(f"it holds a {type(loaded).__name__} where a table of tensors by name is expected.")
    for wrapper in ("state_dict", "model_state_dict", "model"):
        inner = loaded.get(wrapper)
        if isinstance(inner, dict) and not any(isinstance(value, torch.Tensor) for value in loaded.values()):
            loaded = inner
    for name, value in loaded.items():
        if isinstance(value, torch.Tensor) and isinstance(name, str):
            tensors[name] = value
        else:
            skipped.append(str(name)[:200])


def _apart(tensors: dict[str, Any]) -> dict[str, Any]:
    """Each tensor with memory of its own: safetensors stores no sharing; the model ties its tied weights again."""
    return {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}


def _explain(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if "weights_only" in text.lower() or "unsupported global" in text.lower() or "Weights only" in text:
        start = text.lower().find("global")
        return f"it holds more than tensors ({text[start : start + 120] if start >= 0 else text[:160]})."
    return text[:300] if isinstance(error, Refused) else f"it can't be read ({type(error).__name__}: {text[:200]})."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
