"""Baselines that are fitted in seconds: what a fine-tuned model has to beat to be worth its cost. Owns scikit-learn.

Each is fitted by its own function, gives `logits` and is saved without pickle; a saved one is a usable model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tunewright.core.config import Config
from tunewright.probes import storage
from tunewright.probes.frozen import FrozenConfig, FrozenProbe, fit_frozen, load_frozen
from tunewright.probes.linear import Kind
from tunewright.probes.majority import MajorityProbe, fit_majority, load_majority
from tunewright.probes.tfidf import TfidfConfig, TfidfProbe, fit_tfidf, load_tfidf

AnyProbe = MajorityProbe | TfidfProbe | FrozenProbe


class ProbesConfig(Config):
    """Settings of the baselines that have any."""

    tfidf: TfidfConfig = TfidfConfig()
    """Word counting."""
    frozen: FrozenConfig = FrozenConfig()
    """A linear model over the features of the pretrained model."""
    save_frozen: Literal["recommended", "always"] = "recommended"
    """When that linear model is saved with the pretrained model, ready to use: a copy of all its weights."""


@dataclass(frozen=True, kw_only=True)
class ProbeKind:
    """One kind of baseline."""

    reads: Literal["nothing", "texts", "features"]
    """What its `logits` takes; "nothing": a number of rows."""
    fit: Callable[..., AnyProbe]
    load: Callable[[Path], AnyProbe]


PROBES: dict[str, ProbeKind] = {
    "majority": ProbeKind(reads="nothing", fit=fit_majority, load=load_majority),
    "tfidf": ProbeKind(reads="texts", fit=fit_tfidf, load=load_tfidf),
    "frozen": ProbeKind(reads="features", fit=fit_frozen, load=load_frozen),
}
"""Every baseline by its name as a system in predictions and scores."""


def load_probe(folder: Path) -> AnyProbe:
    """The probe saved in `folder`, whichever it is. Raises ModelError where there is none that can be read."""
    from tunewright.core.errors import ModelError, nearest

    name = storage.peek(folder)["probe"]
    if name not in PROBES:
        hint = nearest(str(name), PROBES)
        raise ModelError(f"{folder / 'probe.json'}: unknown probe `{name}`; known are {', '.join(PROBES)}.{hint}")
    return PROBES[name].load(folder)


def load_text_probe(folder: Path) -> TfidfProbe | MajorityProbe:
    """The probe saved in `folder` if it answers texts by itself; raises ModelError for one that wants features."""
    from tunewright.core.errors import ModelError

    probe = load_probe(folder)
    if isinstance(probe, FrozenProbe):
        raise ModelError(f"{folder} holds a probe over a model's features, which is no use without that model.")
    return probe


__all__ = [
    "PROBES", "AnyProbe", "FrozenConfig", "FrozenProbe", "Kind", "MajorityProbe", "ProbeKind", "ProbesConfig",
    "TfidfConfig", "TfidfProbe", "fit_frozen", "fit_majority", "fit_tfidf", "load_frozen", "load_majority",
    "load_probe", "load_text_probe", "load_tfidf",
]  # fmt: skip
