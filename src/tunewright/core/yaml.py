"""YAML read as plain values, by the one library that takes `2e-5` for a number."""

from __future__ import annotations

from typing import Any


class NotYaml(ValueError):
    """The text is not YAML; the message says where and why in a line."""


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises NotYaml."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise NotYaml(" ".join(str(error).split())) from None
