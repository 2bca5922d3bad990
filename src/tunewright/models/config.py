"""Which pretrained model to start from, and how it writes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tunewright.core.config import Config
from tunewright.core.errors import RecipeError


class ModelConfig(Config):
    """The model to fine-tune."""

    path: str | None = None
    """A local folder, a hub id such as `answerdotai/ModernBERT-base`, `modelscope:ID`, `starter`, or the `model/` folder of an
    earlier run, which is then trained further. `none`: baselines only. Left empty: chosen by language from what is at hand."""
    answers: Literal["head", "label_text"] | None = None
    """How a model tells classes: `head`, by a new layer on top of it; or `label_text`, by how likely it finds the text of each
    label after the text, for models that write. None: encoders and decoders by a head, encoder-decoders by the text of labels
    if they can write them."""
    new_tokens: tuple[str, ...] | None = None
    """Tokens that are added to the vocabulary of a model that writes, and learned. None: the characters of the answers that
    it has no token for."""
    revision: str | None = None
    """Commit, branch or tag on the hub; the resolved recipe has the commit."""
    digest: str | None = None
    """Digest of the weights, filled in by the resolved recipe; other weights under the same path then stop the run."""


class GenerateConfig(Config):
    """How a model writes: greedily, by a beam search, or drawing. Names and meanings are those of transformers."""

    max_new_tokens: Annotated[int, Field(ge=1)] = 256
    """Tokens of an answer, at most. An answer cut by this says so (`stop: length`)."""
    num_beams: Annotated[int, Field(ge=1)] = 1
    """Beginnings that are kept side by side; 1 is greedy. 4 or 5 is usual for translation, and costs as many times more."""
    do_sample: bool = False
    """Draw each token instead of taking the likeliest. Answers then differ from seed to seed; off for measuring."""
    temperature: Annotated[float, Field(gt=0)] = 1.0
    """Drawing only: below 1 the likely tokens become likelier. For 0 leave `do_sample` off."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Drawing only: from the likeliest tokens that together have this probability."""
    top_k: Annotated[int, Field(ge=0)] = 0
    """Drawing only: from this many of the likeliest tokens; 0 for all."""
    stop_strings: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """An answer ends where one of these texts would stand."""
    length_penalty: float = 1.0
    """Beam search only: a score is divided by length to this power; above 1 favours long answers."""
    repetition_penalty: Annotated[float, Field(gt=0)] = 1.0
    """Above 1: what stands in the text already becomes less likely (arXiv:1909.05858)."""
    batch_tokens: Annotated[int, Field(ge=1)] = 16_384
    """Tokens in memory at a time: rows x beams x (prompt + `max_new_tokens`). Bounds the memory; changes no answer."""
    seed: int = 17
    """Of drawing. Each row draws with a generator of its own, so its answer does not depend on the rows beside it."""

    @model_validator(mode="after")
    def _one_kind_of_search(self) -> GenerateConfig:
        if self.do_sample and self.num_beams > 1:
            raise ValueError("`do_sample` draws, `num_beams` above 1 searches for the likeliest: choose one of them")
        return self

    def require_no_beams(self) -> None:
        """Raise RecipeError for a beam search, of which nothing can be shown before it has ended."""
        if self.num_beams > 1:
            raise RecipeError(
                "a beam search can't be shown as it goes: its text changes until the end. Set `num_beams` to 1."
            )
