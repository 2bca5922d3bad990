"""The base of every settings class: frozen, keyword-only, no unknown keys, one docstring under each field."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """Settings of one part. Lives beside the code it configures; a changed config is a new one (`model_copy`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)
