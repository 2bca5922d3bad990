"""The words of a text, and which token of a model answers for each.

    U  words of a text     P  pieces that the tokenizer makes of it     T  tokens that are read of it, special ones included

A text is encoded as it stands, not word by word: so nothing of where words or spans begin reaches the model, and plain
transformers reads the same tokens. A piece belongs to the first word of which it has a character, and the first piece of a word
answers for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tunewright.metrics.spans import Words
from tunewright.models.tokenizer import Tokenizer
from tunewright.models.windows import Encoded
from tunewright.tasks.task import EncodeConfig

Ints = npt.NDArray[np.int64]

UNREAD = -1
"""No token answers for the word: it lies behind what is read, or the tokenizer makes nothing of it."""
SHARED = -2
"""The word has no piece of its own: it goes on with the piece of the word before it."""


@dataclass(frozen=True, kw_only=True)
class ReadTexts:
    """Texts as a model reads them."""

    encoded: Encoded
    token_of_word: list[Ints]
    """Of each text, (U,): the place among the text's tokens that answers for each word, `UNREAD` or `SHARED`."""
    word_of_token: list[Ints]
    """Of each text, (T,): the word that each token is a piece of, -1 for special tokens and for what is in no word."""


def read_texts(
    tokenizer: Tokenizer, texts: Sequence[str], words: Sequence[Words], *, config: EncodeConfig
) -> ReadTexts:
    """Encode texts and find the tokens of their words. In windows, a word is answered for where most stands around it."""
    placed = tokenizer.encode_placed(
        texts, max_length=config.max_length or tokenizer.max_length, strategy=config.long_texts
    )
    encoded = placed.encoded
    token_of_word, word_of_token = [], []
    for row, (of_text, places_P2) in enumerate(zip(words, placed.places, strict=True)):
        word_P = word_of_piece(of_text, places_P2)
        piece_T = placed.piece_T[encoded.offsets[row] : encoded.offsets[row + 1]].astype(np.int64)
        windows = encoded.window_lengths[encoded.window_offsets[row] : encoded.window_offsets[row + 1]]
        token_of_word.append(_token_of_word(of_text, places_P2, word_P, piece_T, windows=windows))
        word_of_token.append(np.where(piece_T >= 0, np.append(word_P, -1)[piece_T], -1))
    return ReadTexts(encoded=encoded, token_of_word=token_of_word, word_of_token=word_of_token)


def word_of_piece(words: Words, places_P2: Ints) -> Ints:
    """(P,) the first word that each piece has a character of; -1 for pieces of what stands between words."""
    if not len(words):
        return np.full(len(places_P2), -1, np.int64)
    starts_U, ends_U = np.array(words, np.int64).T
    start_P, end_P = places_P2.T
    word_P = np.searchsorted(ends_U, start_P, side="right")
    shares = (word_P < len(words)) & (starts_U[np.minimum(word_P, len(words) - 1)] < end_P) & (start_P < end_P)
    return np.where(shares, word_P, -1)


def _token_of_word(
    words: Words, places_P2: Ints, word_P: Ints, piece_T: Ints, *, windows: npt.NDArray[np.int32]
) -> Ints:
    first_U = np.full(len(words), UNREAD, np.int64)
    own = np.flatnonzero(word_P >= 0)[::-1]
    first_U[word_P[own]] = own  # backwards, so that the first of each word is what stays
    token_P = _deepest_token(piece_T, len(places_P2), windows=windows)
    token_U = np.where(first_U >= 0, np.append(token_P, UNREAD)[first_U], UNREAD)
    for word in np.flatnonzero(first_U < 0).tolist():
        # The last piece that begins before the word ends: where it reaches into the word, another word has it.
        last = int(np.searchsorted(places_P2[:, 0], words[word][1])) - 1
        before = token_U[word - 1] if word else UNREAD
        if last >= 0 and places_P2[last, 1] > words[word][0] and before != UNREAD:
            token_U[word] = SHARED
    return token_U


def _deepest_token(piece_T: Ints, num_pieces: int, *, windows: npt.NDArray[np.int32]) -> Ints:
    """(P,) where each piece is read: of several windows in the one where it stands farthest from both ends; UNREAD if in none."""
    token_P, depth_P = np.full(num_pieces, UNREAD, np.int64), np.full(num_pieces, -1, np.int64)
    end = 0
    for length in windows.tolist():
        tokens = end + np.flatnonzero(piece_T[end : end + length] >= 0)
        end += length
        depth = np.minimum(np.arange(len(tokens)), np.arange(len(tokens))[::-1])
        deeper = depth > depth_P[piece_T[tokens]]
        token_P[piece_T[tokens[deeper]]], depth_P[piece_T[tokens[deeper]]] = tokens[deeper], depth[deeper]
    return token_P
