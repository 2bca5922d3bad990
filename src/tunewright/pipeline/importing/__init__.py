"""Configs of LLaMA-Factory and Axolotl become recipes, and nothing in them is dropped without a word.

    imported = import_config("qwen3_lora_sft.yaml")
    imported.recipe, imported.notes

Each setting gets a note: taken as it is, means something else here, left out (which changes what is learned), makes no
difference to what is learned, or not known. What is no supervised fine-tuning (DPO, KTO, PPO, reward models) is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tunewright.core.errors import RecipeError
from tunewright.core.yaml import NotYaml, parse_yaml
from tunewright.pipeline.importing.axolotl import read_axolotl
from tunewright.pipeline.importing.llamafactory import read_llamafactory
from tunewright.pipeline.importing.reading import Fate, Imported, Note, Reading

__all__ = ["SOURCES", "Fate", "Imported", "Note", "import_config"]

SOURCES: dict[str, tuple[str, Callable[[Reading], None]]] = {
    "LLaMA-Factory": ("model_name_or_path", read_llamafactory),
    "Axolotl": ("base_model", read_axolotl),
}
"""Each program with the key that its configs are known by."""


def import_config(path: str | Path) -> Imported:
    """The recipe that a config asks for, with a note for each of its settings. Nothing is written.

    Raises RecipeError where the file is no such config, or where what it asks for is no supervised fine-tuning; DataError where
    its data set is one of preferences.
    """
    where = Path(path)
    said = _read(where)
    for program, (key, read) in SOURCES.items():
        if key in said:
            reading = Reading(where, said, program=program)
            read(reading)
            return reading.finish()
    keys = " or ".join(f"`{key}` ({program})" for program, (key, _) in SOURCES.items())
    raise RecipeError(f"{where}: this is no config of {' or '.join(SOURCES)}: it has no {keys}.")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        said = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RecipeError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise RecipeError(f"{path}: a config is a YAML text in UTF-8.") from None
    except NotYaml as error:
        raise RecipeError(f"{path}: this is not YAML: {error}") from None
    if not isinstance(said, dict):
        raise RecipeError(f"{path}: a config is a tree of keys, found {type(said).__name__}.")
    return {str(key): value for key, value in said.items()}
