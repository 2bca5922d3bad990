"""Which numbers may move. To add an adapter: a config with `attach` and `merge`, and one line here. Owns peft."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunewright.adapters.frozen import FrozenConfig
from tunewright.adapters.full import FullConfig
from tunewright.adapters.lora import LoraConfig
from tunewright.adapters.other import Ia3Config, PeftConfig
from tunewright.adapters.settings import AdapterSettings, HeadKind

ADAPTERS: dict[str, type[AdapterSettings]] = {
    "full": FullConfig,
    "frozen": FrozenConfig,
    "lora": LoraConfig,
    "ia3": Ia3Config,
    "peft": PeftConfig,
}
"""Every adapter by the name that a recipe gives it."""

AdapterConfig = Annotated[FullConfig | FrozenConfig | LoraConfig | Ia3Config | PeftConfig, Field(discriminator="name")]

__all__ = [
    "ADAPTERS",
    "AdapterConfig",
    "AdapterSettings",
    "FrozenConfig",
    "FullConfig",
    "HeadKind",
    "Ia3Config",
    "LoraConfig",
    "PeftConfig",
]
