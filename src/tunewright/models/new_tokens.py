"""Characters that a model has no token for, and the tokens that let it write them.

    V  rows of the table of embeddings

A new token gets the next free id of its vocabulary. Where that is a row that the table has and no vocabulary used, or a row
that is added, it begins as the mean of all tokens that there were; it is then learned like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from tunewright.models.tokenizer import Tokenizer

_UNKNOWN = ("<unk>", "[UNK]", "<UNK>", "UNK")


def unwritable(tokenizer: Tokenizer, texts: Sequence[str]) -> Counter[str]:
    """Characters of answers that the model can't write, and in how many of the texts each stands."""
    return _unknown_characters(_target_backend(tokenizer), tokenizer, texts)


def with_new_tokens(tokenizer: Tokenizer, tokens: Sequence[str]) -> Tokenizer:
    """The tokenizer with further tokens for answers; in a vocabulary that source and answers share, for both."""
    from tokenizers import AddedToken

    backend = _target_backend(tokenizer)
    missing = [token for token in tokens if backend.token_to_id(token) is None]
    if backend is tokenizer.hf.backend_tokenizer:
        tokenizer.hf.add_tokens([AddedToken(token, normalized=False) for token in missing])
        backend = tokenizer.hf.backend_tokenizer
        targets = tokenizer.targets and replace(tokenizer.targets, backend=backend)
        return replace(tokenizer, targets=targets)
    backend.add_tokens([AddedToken(token, normalized=False) for token in missing])
    return tokenizer


def new_ids(tokenizer: Tokenizer, tokens: Sequence[str]) -> tuple[int, ...]:
    """The ids of tokens that a tokenizer was given, in their order."""
    found = [_target_backend(tokenizer).token_to_id(token) for token in tokens]
    return tuple(dict.fromkeys(int(token_id) for token_id in found if token_id is not None))


def token_tables(model: Any) -> list[nn.Module]:
    """The modules with a row for each token: of what is read, and of what is written where that is another one."""
    read, written = model.get_input_embeddings(), model.get_output_embeddings()
    return [read] if written is None or written.weight is read.weight else [read, written]


def grow(model: nn.Module, tokenizer: Tokenizer, tokens: Sequence[str]) -> None:
    """Give a model whose tokenizer got `tokens` a row for each of them, in place."""
    ids = new_ids(tokenizer, tokens)
    table = model.get_input_embeddings().weight  # type: ignore[operator]
    used_before = len(table)
    if max(ids, default=0) >= used_before:
        model.resize_token_embeddings(max(ids) + 1, mean_resizing=False)  # type: ignore[operator]
    taken = set(tokenizer.hf.backend_tokenizer.get_vocab(with_added_tokens=True).values())
    own = _target_backend(tokenizer) is tokenizer.hf.backend_tokenizer
    fresh = [token_id for token_id in ids if own or token_id >= used_before or token_id not in taken]
    with torch.no_grad():
        for rows in (table.weight for table in token_tables(model)):
            assert isinstance(rows, torch.Tensor)
            known = torch.ones(len(rows), dtype=torch.bool)
            known[fresh] = False
            known[used_before:] = False
            rows[fresh] = rows[known].mean(0)


def _target_backend(tokenizer: Tokenizer) -> Any:
    return tokenizer.hf.backend_tokenizer if tokenizer.targets is None else tokenizer.targets.backend


def _unknown_characters(backend: Any, tokenizer: Tokenizer, texts: Sequence[str]) -> Counter[str]:
    named = (*_UNKNOWN, tokenizer.hf.unk_token) if tokenizer.hf.unk_token else _UNKNOWN
    unknown = {found for token in named if (found := backend.token_to_id(token)) is not None}
    if not unknown:
        return Counter()  # a vocabulary of bytes writes everything
    counts: Counter[str] = Counter()
    for text, encoding in zip(texts, backend.encode_batch_fast(list(texts), add_special_tokens=False), strict=True):
        if unknown.intersection(encoding.ids):
            counts.update({char for char in text if not char.isspace()})
    alone = {char: backend.encode(char, add_special_tokens=False).ids for char in counts}
    return Counter({char: n for char, n in counts.items() if unknown.intersection(alone[char])})
