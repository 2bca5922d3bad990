"""A probe on disk: `probe.json` says what it is, `probe.safetensors` holds its arrays. No pickle is written or read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import ModelError
from tunewright.core.folder import read_json, write_bytes, write_json

FORMAT = 1
Tensors = dict[str, npt.NDArray[Any]]


def save(folder: Path, *, about: Mapping[str, Any], tensors: Tensors) -> None:
    """Write both files; `about` must have the key `probe`, its name in `PROBES`."""
    from safetensors.numpy import save as to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / "probe.safetensors", to_bytes(tensors))
    write_json(folder / "probe.json", {"format": FORMAT, **about})


def load(folder: Path, *, probe: str, names: tuple[str, ...]) -> tuple[dict[str, Any], Tensors]:
    """Read both files back. `names` are the arrays that must be there.

    Raises ModelError if a file is missing or damaged, or the folder holds another kind of probe.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    about = peek(folder)
    if about["probe"] != probe:
        raise ModelError(f"{folder} holds the probe `{about['probe']}`; `{probe}` was expected.")
    try:
        tensors: Tensors = from_bytes((folder / "probe.safetensors").read_bytes())
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{folder / 'probe.safetensors'} can't be read ({error}). Fit and save the probe again."
        ) from None
    missing = [name for name in names if name not in tensors]
    if missing:
        raise ModelError(f"{folder / 'probe.safetensors'} lacks {', '.join(missing)}. Fit and save the probe again.")
    if any(tensor.dtype.kind == "f" and not np.isfinite(tensor).all() for tensor in tensors.values()):
        raise ModelError(
            f"{folder / 'probe.safetensors'} holds numbers that are not finite. Fit and save the probe again."
        )
    return about, tensors


def peek(folder: Path) -> dict[str, Any]:
    """What `probe.json` says, its format checked."""
    path = folder / "probe.json"
    try:
        about = read_json(path)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} can't be read ({error}). A saved probe has probe.json and probe.safetensors."
        ) from None
    if not isinstance(about, dict) or about.get("format") != FORMAT or "probe" not in about:
        raise ModelError(f"{path} is not a probe of format {FORMAT}. It may come from a newer version; try an update.")
    return about
