"""What a model folder says of how the model begins and ends a text: generation_config.json, or where there is none config.json.

A stranger's file: only what is known here is taken from it, so that nothing in it can make transformers fetch or run anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunewright.core.errors import ModelError
from tunewright.models.folder import read_json_file

if TYPE_CHECKING:
    from tunewright.models.local import LocalModel

NAME = "generation_config.json"
TOKENS = (
    "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "forced_bos_token_id",
)  # fmt: skip
"""Keys of tokens; `eos_token_id` may be a list. Not `forced_eos_token_id`: an answer that was cut would end as if it were whole."""
LIMITS = (
    "suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size",
    "min_length", "min_new_tokens", "renormalize_logits",
)  # fmt: skip
"""Keys of what the model may not say. How it searches and samples is for the caller to decide, whatever the folder says."""


def read_generation_values(local: LocalModel) -> dict[str, Any]:
    """What is known of `TOKENS` and `LIMITS`, without what is null.

    Raises ModelError where the file is damaged, or names tokens that the model doesn't have.
    """
    path = local.folder / NAME
    stated = read_json_file(path) if path.exists() else local.config
    if not path.exists():
        path = local.folder / "config.json"
    values = {key: stated[key] for key in (*TOKENS, *LIMITS) if stated.get(key) is not None}
    for key in TOKENS:
        found = values.get(key)
        for token in found if isinstance(found, list) else [found]:
            if token is not None and (not isinstance(token, int) or isinstance(token, bool)):
                raise ModelError(f"{path}: `{key}` is {found!r}. A token's id is a number from 0.")
    return values


def end_ids(values: dict[str, Any], *, num_ids: int | None) -> tuple[int, ...]:
    """The tokens at which a text ends, as the folder says; ids that the table of `num_ids` rows lacks are left out."""
    found = values.get("eos_token_id")
    ids = found if isinstance(found, list) else [] if found is None else [found]
    return tuple(token for token in ids if token >= 0 and (num_ids is None or token < num_ids))
