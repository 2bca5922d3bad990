"""SentencePiece tokenizers that have no fast version (Marian, M2M100), behind the few calls that are made of fast ones.

Their vocabulary is a file beside the SentencePiece model, which only cuts texts into pieces: so the ids are not the model's own,
and there may be one such model for sources and another for answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_SPACE = "▁"

Frame = Callable[[], tuple[Sequence[int], Sequence[int]]]


@dataclass(frozen=True, kw_only=True)
class PieceEncoding:
    """A text as pieces; names and meanings as in `tokenizers.Encoding`."""

    ids: list[int]
    offsets: list[tuple[int, int]]
    """Where each piece stands in the text, as far as it can be found there: SentencePiece may have written it otherwise."""
    sequence_ids: list[int | None]

    @property
    def type_ids(self) -> list[int]:
        """No token types."""
        return [0] * len(self.ids)


class PieceBackend:
    """A SentencePiece model and a vocabulary.

    `special` are tokens that stand for no text, `frame` says what is put before and behind a text, and `codes` (Marian) are those
    of languages that a text may begin with, such as `>>deu<<`.
    """

    decoder = None
    encode_special_tokens = True
    """Special tokens in a text are text; nothing else can be had here."""

    def __init__(
        self, processor: Any, vocabulary: Mapping[str, int], *, unknown: str, special: Mapping[str, int], frame: Frame,
        codes: Mapping[str, int] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self._processor = processor
        self._vocabulary = vocabulary
        self._unknown_id = vocabulary[unknown]
        self._special = special
        self._frame = frame
        self._codes = codes
        self._pieces_of = {id_: piece for piece, id_ in {**vocabulary, **special}.items()}

    def encode(self, text: str, pair: str | None = None, *, add_special_tokens: bool = True) -> PieceEncoding:
        """One text or two as pieces, in their frame unless told otherwise."""
        parts = [self._cut(part) for part in ([text] if pair is None else [text, pair])]
        before, after = self._frame() if add_special_tokens else ((), ())
        ids = [*before, *(self._id(piece) for pieces, _ in parts for piece in pieces), *after]
        outside: list[tuple[int, int]] = [(0, 0)]
        return PieceEncoding(
            ids=ids,
            offsets=[
                *outside * len(before),
                *(place for _, places in parts for place in places),
                *outside * len(after),
            ],
            sequence_ids=[
                *[None] * len(before),
                *(number for number, (pieces, _) in enumerate(parts) for _ in pieces),
                *[None] * len(after),
            ],
        )

    def encode_batch(self, texts: Sequence[str], *, add_special_tokens: bool = True) -> list[PieceEncoding]:
        """Each text as pieces."""
        return [self.encode(text, add_special_tokens=add_special_tokens) for text in texts]

    encode_batch_fast = encode_batch

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """The text of tokens."""
        left_out = set(self._special.values()) if skip_special_tokens else set()
        pieces = [self._pieces_of[id_] for id_ in ids if id_ not in left_out and id_ in self._pieces_of]
        text: str = self._processor.decode(pieces)
        return text

    def id_to_token(self, token_id: int) -> str | None:
        """A token as the vocabulary has it."""
        return self._pieces_of.get(token_id)

    @property
    def special_ids(self) -> frozenset[int]:
        """Tokens that stand for no text."""
        return frozenset(self._special.values())

    def get_vocab(self, *, with_added_tokens: bool = True) -> dict[str, int]:
        """Tokens to ids."""
        return {**self._vocabulary, **(self._special if with_added_tokens else {})}

    def no_padding(self) -> None:
        """There is none."""

    def no_truncation(self) -> None:
        """There is none."""

    def _id(self, piece: str) -> int:
        return self._vocabulary.get(piece, self._unknown_id)

    def _cut(self, text: str) -> tuple[list[str], list[tuple[int, int]]]:
        """Pieces, and where they stand in the text."""
        code = next((code for code in self._codes if text.startswith(code)), "")
        pieces: list[str] = [*([code] if code else []), *self._processor.encode(text[len(code) :], out_type=str)]
        places, at = [], 0
        for piece in pieces:
            letters = piece.replace(_SPACE, " ").strip()
            found = text.find(letters, at)
            start = at if found < 0 else found
            at = min(len(text), start + len(letters))
            places.append((start, at))
        return pieces, places


def backends_of(hf: Any) -> tuple[PieceBackend, PieceBackend] | None:
    """For sources and for answers, of a transformers tokenizer of this kind; None for any other."""
    special = {str(token): int(id_) for token, id_ in zip(hf.all_special_tokens, hf.all_special_ids, strict=True)}
    unknown, end = str(hf.unk_token), str(hf.eos_token)
    if hasattr(hf, "spm_source"):  # Marian
        codes = {code: hf.encoder[code] for code in hf.supported_language_codes}
        answers = hf.target_encoder if hf.separate_vocabs else hf.encoder

        def around_source() -> tuple[list[int], list[int]]:
            code = f">>{hf.target_lang}<<"
            return [codes[code]] if code in codes else [], [hf.eos_token_id]

        return (
            PieceBackend(hf.spm_source, hf.encoder, unknown=unknown, special=special, frame=around_source, codes=codes),
            PieceBackend(
                hf.spm_target, answers, unknown=unknown, frame=lambda: ([], [answers[end]]),
                special={token: answers[token] for token in special if token in answers},
            ),
        )  # fmt: skip
    if hasattr(hf, "sp_model") and hasattr(hf, "lang_token_to_id"):  # M2M100
        both = PieceBackend(
            hf.sp_model, hf.encoder, unknown=unknown, special={**special, **hf.lang_token_to_id},
            frame=lambda: (hf.prefix_tokens, hf.suffix_tokens),
        )  # fmt: skip
        return both, both
    return None
