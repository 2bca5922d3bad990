"""Which pretrained model to start from."""

from __future__ import annotations

from tunewright.core.config import Config


class ModelConfig(Config):
    """The model to fine-tune."""

    path: str | None = None
    """A local folder, a hub id such as `answerdotai/ModernBERT-base`, `modelscope:ID`, `starter`, or the `model/` folder of an
    earlier run, which is then trained further. `none`: baselines only. Left empty: chosen by language from what is at hand."""
    revision: str | None = None
    """Commit, branch or tag on the hub; the resolved recipe has the commit."""
    digest: str | None = None
    """Digest of the weights, filled in by the resolved recipe; other weights under the same path then stop the run."""
