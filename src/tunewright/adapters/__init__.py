"""Which numbers may move. To add an adapter: a config with `attach` and `merge`, and one line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunewright.adapters.frozen import FrozenConfig
from tunewright.adapters.full import FullConfig
from tunewright.adapters.settings import AdapterSettings

ADAPTERS: dict[str, type[AdapterSettings]] = {
    "full": FullConfig,
    "frozen": FrozenConfig,
}
"""Every adapter by the name that a recipe gives it."""

AdapterConfig = Annotated[FullConfig | FrozenConfig, Field(discriminator="name")]

__all__ = ["ADAPTERS", "AdapterConfig", "AdapterSettings", "FrozenConfig", "FullConfig"]
