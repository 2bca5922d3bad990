"""What each token of a text stands for, to be shown to people: the characters that it adds, or the name of a special token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tunewright.models.pieces import PieceBackend
from tunewright.models.tokenizer import Tokenizer
from tunewright.models.windows import Ids

_LONGEST_CHARACTER = 4
"""Tokens that one character may be cut into: the bytes of UTF-8."""
_HALF = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, kw_only=True)
class TokenText:
    """One token as people read it."""

    token_id: int
    text: str
    """The characters that it adds, spaces included; empty where a character is not complete before a later token."""
    is_special: bool
    """It stands for no text: a beginning, an end, a role. `text` is its name."""


def token_texts(tokenizer: Tokenizer, ids: Sequence[int] | Ids, *, of_answer: bool = False) -> list[TokenText]:
    """The tokens of a text one by one; `of_answer` reads them in the vocabulary of answers, where that is another.

    The texts of tokens that are not special are together what the whole decodes to.
    """
    targets = tokenizer.targets
    backend = targets.backend if of_answer and targets is not None else tokenizer.backend
    special = _special_ids(tokenizer, backend)
    found: list[TokenText] = []
    run: list[int] = []
    for token_id in [int(id_) for id_ in ids]:
        if token_id in special:
            found += _texts_of_run(backend, run)
            run = []
            found.append(TokenText(token_id=token_id, text=_name(backend, token_id), is_special=True))
        else:
            run.append(token_id)
    return found + list(_texts_of_run(backend, run))


def _texts_of_run(backend: Any, run: list[int]) -> Iterator[TokenText]:
    """Each token's text is what the tokens up to it decode to, less what those before it did."""
    # A text's first word loses its space when it is decoded, so there is always something in front.
    anchor = list(backend.encode("a", add_special_tokens=False).ids[-1:])
    context = first = 0  # of the last whole piece of text, and of the one in hand: each may be several tokens
    for place, token_id in enumerate(run):
        known = _decode(backend, [*anchor, *run[context:first]])
        whole = _decode(backend, [*anchor, *run[context : place + 1]])
        is_half = whole.endswith(_HALF) and place + 1 < len(run) and place + 1 - first < _LONGEST_CHARACTER
        text = ""
        if not is_half:
            text = whole[len(known) :] if whole.startswith(known) else _name(backend, token_id)
            context, first = first, place + 1
        yield TokenText(token_id=token_id, text=text, is_special=False)


def _decode(backend: Any, ids: list[int]) -> str:
    text: str = backend.decode(ids, skip_special_tokens=False)
    return text


def _name(backend: Any, token_id: int) -> str:
    """A token as its vocabulary has it; a number that no vocabulary knows stays one."""
    found: str | None = backend.id_to_token(token_id)
    return f"<{token_id}>" if found is None else found


def _special_ids(tokenizer: Tokenizer, backend: Any) -> set[int]:
    if isinstance(backend, PieceBackend):
        return set(backend.special_ids)
    own = {id_ for id_, token in backend.get_added_tokens_decoder().items() if token.special}
    return own | (set(tokenizer.hf.all_special_ids) if backend is tokenizer.backend else set())
