"""A rendered chat as tokens, each with the weight it has as something to be learned.

T  tokens
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.models.chat.render import Rendered


@dataclass(frozen=True, kw_only=True)
class EncodedChat:
    """Tokens of a text and their weights; `weights_T[t]` is about predicting `ids_T[t]`, whatever was read before."""

    ids_T: npt.NDArray[np.int32]
    weights_T: npt.NDArray[np.float32]
    turn_T: npt.NDArray[np.int32]
    """The message that each learned token belongs to; -1 for all others."""
    num_straddling: int
    """Tokens that begin before an answer and end inside: they are not learned."""


def encode_chat(hf: Any, rendered: Rendered) -> EncodedChat:
    """Tokens of the whole text at once, as at inference. `hf` is a fast transformers tokenizer.

    Inside messages' own texts special tokens are text: what a user types ends no turn and opens none.
    """
    ids: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end, is_content in _pieces(hf, rendered):
        encoding = _encode(hf.backend_tokenizer, rendered.text[start:end], as_text=is_content)
        ids += encoding.ids
        starts += [start + offsets[0] for offsets in encoding.offsets]
        ends += [start + offsets[1] for offsets in encoding.offsets]
    weights = np.zeros(len(ids), np.float32)
    turns = np.full(len(ids), -1, np.int32)
    starts_T, ends_T = np.array(starts, np.int64), np.array(ends, np.int64)
    straddling = 0
    for answer in rendered.answers:
        inside = (starts_T >= answer.start) & (ends_T <= answer.end) & (ends_T > answer.start)
        weights[inside] = answer.weight
        turns[inside] = answer.turn
        straddling += int(((starts_T < answer.start) & (ends_T > answer.start)).sum())
    return EncodedChat(ids_T=np.array(ids, np.int32), weights_T=weights, turn_T=turns, num_straddling=straddling)


def _pieces(hf: Any, rendered: Rendered) -> list[tuple[int, int, bool]]:
    """Start and end of pieces to be encoded apart: the whole text, unless a message holds a special token's letters."""
    special = [token for token in hf.all_special_tokens if token]
    guarded = [
        (start, end)
        for start, end in rendered.contents
        if any(token in rendered.text[start:end] for token in special)
    ]  # fmt: skip
    pieces: list[tuple[int, int, bool]] = []
    at = 0
    for start, end in guarded:
        if start > at:
            pieces.append((at, start, False))
        pieces.append((start, end, True))
        at = end
    if at < len(rendered.text):
        pieces.append((at, len(rendered.text), False))
    return pieces


def _encode(backend: Any, text: str, *, as_text: bool) -> Any:
    before = backend.encode_special_tokens
    backend.encode_special_tokens = as_text
    try:
        return backend.encode(text, add_special_tokens=False)
    finally:
        backend.encode_special_tokens = before
