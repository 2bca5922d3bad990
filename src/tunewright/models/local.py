"""A model folder on this machine that was checked and may be read: what finding hands to loading."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tunewright.core.errors import ModelError
from tunewright.models.folder import CheckedFolder
from tunewright.models.quiet import quiet


@dataclass(frozen=True, kw_only=True)
class LocalModel:
    """A model folder on this machine that was checked and may be read."""

    checked: CheckedFolder
    name: str
    """For people: the hub id, or the folder's name."""
    reference: str
    """What `resolve` finds it by again: goes into the recipe."""
    revision: str | None
    """Commit on the hub, version of the package; None for a plain folder."""
    license: str | None
    """As its card states it, in lower case; None where it states none."""
    languages: tuple[str, ...]
    """As its card states them."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.checked.folder

    @property
    def config(self) -> dict[str, Any]:
        """config.json without what would fetch or run anything."""
        return self.checked.config

    @property
    def size_bytes(self) -> int:
        """Of the weights."""
        return self.checked.size_bytes

    @property
    def num_parameters(self) -> int:
        """Numbers in the weight files."""
        return self.checked.num_parameters

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found in the folder and left alone, in sentences."""
        return self.checked.notes

    @cached_property
    def weights_digest(self) -> str:
        """blake2b-128 over the weight files."""
        return self.checked.digest()


def build_config(local: LocalModel) -> Any:
    """The transformers config of a checked folder. Raises ModelError where it describes no model."""
    from transformers import CONFIG_MAPPING

    # The model is built from what is stated here and from nothing else: no name to look things up by.
    values = {key: value for key, value in local.config.items() if key not in ("_name_or_path", "dtype", "torch_dtype")}
    try:
        with quiet():
            return CONFIG_MAPPING[values.pop("model_type")].from_dict(values)
    except Exception as error:
        # pydantic, huggingface_hub's strict dataclasses and plain code all have their say in here.
        raise ModelError(f"{local.folder / 'config.json'} describes no model: {one_line(error)}") from None


def one_line(error: BaseException) -> str:
    """An error\'s message without line breaks, cut to 500 characters: to be quoted inside one of ours."""
    return " ".join(str(error).split())[:500]
