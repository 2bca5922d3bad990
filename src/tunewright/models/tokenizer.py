"""Texts to tokens and tokens to texts: what a model reads of each text, what it writes, and how well a vocabulary fits.

    N  texts

Encoded by the tokenizer's own fast backend straight into compact arrays. The *name* of a special token in a text
("[SEP]", "</s>") is read as those characters: what a user types can't end a sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import ModelError
from tunewright.models.folder import read_json_file, remote_code
from tunewright.models.languages import set_languages
from tunewright.models.local import build_config
from tunewright.models.pieces import backends_of
from tunewright.models.quiet import quiet
from tunewright.models.target_side import NAME as TARGET_NAME
from tunewright.models.target_side import TargetSide, read_target_side
from tunewright.models.windows import Encoded, Frame, Ids, LongTexts, Placed, Whole, Windows, before_cutting

if TYPE_CHECKING:
    from tunewright.models.chat.sandbox import ChatTemplate
    from tunewright.models.local import LocalModel

UNLIMITED = 8192
"""Taken as the limit of a model that states none (relative positions)."""
_CHUNK = 2_048
CONTEXT = 8
"""Tokens before a continuation that are decoded with it: enough for a character in pieces and the word before."""
_SETTINGS = {"split_special_tokens": True}
"""Saved with the tokenizer, so that plain transformers reads a bundle's texts as we do."""


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """A model's tokenizer. `hf` is the transformers object, to be used for saving and for nothing else."""

    hf: Any
    backend: Any
    """What cuts texts: a `tokenizers.Tokenizer`, or what stands in for one where there is no fast version."""
    max_length: int
    """The most tokens that the model reads at once."""
    pad_id: int
    has_segments: bool
    """Whether the model takes token types."""
    is_encoder_decoder: bool
    languages: tuple[str, ...]
    """Codes of the languages that the model is told by a token; empty for most models."""
    targets: TargetSide | None
    """How the model writes; None where it has no token of ending, or is not told yet in which language."""

    def encode(
        self, texts: Sequence[str], pairs: Sequence[str] | None = None, *, max_length: int, strategy: LongTexts = "head"
    ) -> Encoded:
        """Texts, or pairs of texts, as windows of at most `max_length` tokens.

        `head` reads the beginning, `head_tail` a beginning of a quarter of the room and the end (which says more in
        reviews: Sun et al. 2019, arXiv:1905.05583), `windows` everything, neighbours overlapping by a quarter.
        """
        frame = self._frame if pairs is None else self._pair_frame
        budget = _room(frame, max_length, at_least=1 if pairs is None else 2)
        assembled = Windows(frame)
        for start in range(0, len(texts), _CHUNK):
            first = self._ids(texts[start : start + _CHUNK])
            second = None if pairs is None else self._ids(pairs[start : start + _CHUNK])
            for i, ids in enumerate(first):
                assembled.add(ids, None if second is None else second[i], budget=budget, strategy=strategy)
        return assembled.finish(with_segments=self.has_segments)

    def whole(self, text: str, pair: str | None = None, *, max_length: int, strategy: LongTexts = "head") -> Whole:
        """All tokens of one text or pair, and which of them `encode` reads."""
        frame = self._frame if pair is None else self._pair_frame
        budget = _room(frame, max_length, at_least=1 if pair is None else 2)
        second = None if pair is None else self._ids([pair])[0]
        return before_cutting(self._ids([text])[0], second, frame, budget=budget, strategy=strategy)

    def encode_placed(self, texts: Sequence[str], *, max_length: int, strategy: LongTexts = "head") -> Placed:
        """`encode`, and where each token stands in its text: for answers about parts of a text."""
        frame = self._frame
        budget = _room(frame, max_length, at_least=1)
        assembled, numbers = Windows(frame), Windows(frame.blank())
        places: list[npt.NDArray[np.int64]] = []
        for start in range(0, len(texts), _CHUNK):
            chunk = [_clean(text) for text in texts[start : start + _CHUNK]]
            for found in self.backend.encode_batch(chunk, add_special_tokens=False):
                assembled.add(np.array(found.ids, np.int32), None, budget=budget, strategy=strategy)
                numbers.add(np.arange(len(found.ids), dtype=np.int32), None, budget=budget, strategy=strategy)
                places.append(np.array(found.offsets, np.int64).reshape(-1, 2))
        encoded = assembled.finish(with_segments=self.has_segments)
        return Placed(encoded=encoded, piece_T=numbers.finish(with_segments=False).values, places=places)

    def lengths(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Ids:
        """Tokens of each whole text or pair, special ones included, (N,)."""
        frame = self._frame if pairs is None else self._pair_frame
        counts = [len(ids) for ids in self._ids(texts)]
        if pairs is not None:
            counts = [a + len(b) for a, b in zip(counts, self._ids(pairs), strict=True)]
        return np.array(counts, np.int32) + np.int32(frame.size)

    def encode_prompts(self, texts: Sequence[str]) -> list[Ids]:
        """Whole texts to be answered or gone on with: what an encoder reads, or for a decoder a text open at its end."""
        frame = self._frame
        after = frame.after if self.is_encoder_decoder else frame.after[:0]
        found = [np.concatenate([frame.before, ids, after]) for ids in self._ids(texts)]
        # A decoder has to read something before it can write.
        return [ids if len(ids) else np.array([self._writing.end_id], np.int32) for ids in found]

    def encode_targets(self, texts: Sequence[str]) -> list[Ids]:
        """Answers as the tokens to be predicted, the token of ending last.

        The decoder of an encoder-decoder reads `targets.decoder_start_id` and then all of them but the last. Those of a decoder
        follow a prompt and are encoded apart from it; where the border matters, encode both as one text.

        Raises ModelError where the model writes nothing, or has to be told the language first.
        """
        return self._writing.encode([_clean(text) for text in texts])

    def decode(self, ids: Sequence[int] | Ids, *, after: Sequence[int] | Ids = ()) -> str:
        """The text of generated tokens: special ones left out, spaces as they are.

        `after` are the tokens in front of it, where it is the continuation of a text: the first word keeps its space then.
        """
        new, known = [int(id_) for id_ in ids], [int(id_) for id_ in after][-CONTEXT:]
        side = self._writing
        before = side.decode(known)
        whole = side.decode(known + new)
        return whole[len(before) :] if before and whole.startswith(before) else side.decode(new)

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """Tokens at which a generated text ends. Raises ModelError as `encode_targets` does."""
        return self._writing.eos_ids

    @property
    def has_chat_template(self) -> bool:
        """Whether the model came with a chat template."""
        return bool(self.hf.chat_template)

    def chat_template(self) -> ChatTemplate:
        """The model's own chat template, compiled in its sandbox. Raises ModelError where there is none, or it is broken."""
        from tunewright.models.chat.sandbox import compile_template

        found = self.hf.chat_template
        source = found.get("default") if isinstance(found, dict) else found
        if not source:
            raise ModelError(
                "the model's tokenizer has no chat template, so there is no telling how it is to be asked. Models made for chats "
                "have one (`chat_template.jinja`, or in tokenizer_config.json)."
            )
        return compile_template(
            source, special_tokens={k: str(v) for k, v in self.hf.special_tokens_map.items() if isinstance(v, str)}
        )

    def generation_values(self) -> dict[str, Any]:
        """The tokens of beginning, ending and padding under the names of generation_config.json."""
        side = self._writing
        values: dict[str, Any] = {"eos_token_id": list(side.eos_ids), "pad_token_id": self.pad_id}
        if self.is_encoder_decoder:
            values |= {"decoder_start_token_id": side.decoder_start_id, "forced_bos_token_id": side.forced_bos_id}
        return values

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files, as plain transformers reads them; a second vocabulary in a file of its own."""
        self.hf.save_pretrained(folder)
        if self.targets is not None and self.targets.is_separate:
            self.targets.backend.save(str(folder / TARGET_NAME))

    @property
    def _writing(self) -> TargetSide:
        if self.targets is not None:
            return self.targets
        if self.languages:
            some = ", ".join(f"`{code}`" for code in self.languages[:6])
            raise ModelError(
                f"the model writes {len(self.languages)} languages and has to be told which: set `target_language` to {some}..."
            )
        raise ModelError("the model's tokenizer has no token that ends a text, so it can't be taught to write.")

    def _ids(self, texts: Sequence[str]) -> list[Ids]:
        encodings = self.backend.encode_batch_fast([_clean(t) for t in texts], add_special_tokens=False)
        return [np.array(encoding.ids, np.int32) for encoding in encodings]

    @cached_property
    def _frame(self) -> Frame:
        ids, types, sequences = self._probe("a", None)
        own = [i for i, sequence in enumerate(sequences) if sequence == 0]
        first, end = own[0], own[-1] + 1
        return Frame(
            before=ids[:first], between=ids[:0], after=ids[end:],
            segments=(types[0], types[first], 0, 0, types[-1]),
        )  # fmt: skip

    @cached_property
    def _pair_frame(self) -> Frame:
        ids, types, sequences = self._probe("a", "b")
        a = [i for i, sequence in enumerate(sequences) if sequence == 0]
        b = [i for i, sequence in enumerate(sequences) if sequence == 1]
        single = self._frame
        if len(ids) == len(a) + len(b) and single.size:
            # A template for single texts alone would let two texts run into each other: put what ends a text between
            # them, or what begins one, and the rest around them.
            return Frame(
                before=single.before, between=single.after if len(single.after) else single.before, after=single.after,
                segments=(0, 0, 0, 0, 0),
            )  # fmt: skip
        return Frame(
            before=ids[: a[0]], between=ids[a[-1] + 1 : b[0]], after=ids[b[-1] + 1 :],
            segments=(types[0], types[a[0]], types[min(a[-1] + 1, b[0])], types[b[0]], types[-1]),
        )  # fmt: skip

    def _probe(self, text: str, pair: str | None) -> tuple[Ids, list[int], list[int | None]]:
        encoding = self.backend.encode(text, pair)
        return np.array(encoding.ids, np.int32), list(encoding.type_ids), list(encoding.sequence_ids)


@dataclass(frozen=True, kw_only=True)
class TokenizerFit:
    """How well a tokenizer's vocabulary fits some texts."""

    tokens_per_character: float
    """Around 0.25 for a vocabulary that knows the language, 1 or more for one that spells."""
    unknown_share: float
    """Of tokens."""
    characters_unknown_share: float
    """Of characters that are no spaces."""
    share_truncated: float
    """Of texts longer than `max_length`."""
    max_length: int
    num_texts: int


def load_tokenizer(
    local: LocalModel, *, source_language: str | None = None, target_language: str | None = None
) -> Tokenizer:
    """The tokenizer of a model.

    A model of many languages (mBART, NLLB...) has to know which it reads and writes, before it writes. `en`, `zh-TW` or the
    model's own codes will do; a bundle remembers them. Other models have no use for them, and take no notice.

    Raises ModelError where there is no tokenizer, it would need code, or it doesn't know a language.
    """
    folder, config = local.folder, local.config
    transformers_config = build_config(local)
    hf = _load_hf(local, transformers_config)
    pieces = backends_of(hf)
    backend, target_backend = pieces or (getattr(hf, "backend_tokenizer", None),) * 2
    if backend is None:
        raise ModelError(
            f"{folder}: the tokenizer ({type(hf).__name__}) has no fast version (tokenizer.json), which this needs. "
            "Models of the same family often have one; `tunewright models list` shows some that do."
        )
    # A tokenizer.json may pad or cut on its own account; here lengths are decided in one place.
    backend.no_padding()
    backend.no_truncation()
    backend.encode_special_tokens = True
    if hf.pad_token_id is None:
        if hf.eos_token is None and hf.unk_token is None:
            raise ModelError(f"{folder}: the tokenizer has no token to pad with (no pad, end or unknown token).")
        hf.pad_token = hf.eos_token or hf.unk_token
    if len(backend.encode("a", add_special_tokens=False).ids) == 0:
        raise ModelError(f"{folder}: the tokenizer makes nothing of the text `a`. Its vocabulary is empty or damaged.")
    vocabulary = config.get("vocab_size")
    highest = max(backend.get_vocab(with_added_tokens=True).values(), default=0)
    if isinstance(vocabulary, int) and highest >= vocabulary:
        raise ModelError(
            f"{folder}: the tokenizer has ids up to {highest}, but the model's table has {vocabulary} rows "
            "(`vocab_size` in config.json). They belong to different models."
        )
    languages = set_languages(hf, source_language, target_language)
    is_encoder_decoder = bool(transformers_config.is_encoder_decoder)
    num_ids = vocabulary if isinstance(vocabulary, int) else None
    return Tokenizer(
        hf=hf,
        backend=backend, max_length=_length_limit(hf, config), pad_id=int(hf.pad_token_id),
        has_segments="token_type_ids" in hf.model_input_names and int(config.get("type_vocab_size") or 0) > 1,
        is_encoder_decoder=is_encoder_decoder, languages=languages,
        targets=read_target_side(hf, target_backend, local, is_encoder_decoder=is_encoder_decoder, num_ids=num_ids),
    )  # fmt: skip


def tokenizer_fit(tokenizer: Tokenizer, texts: Sequence[str], *, max_length: int) -> TokenizerFit:
    """How a tokenizer fits a sample of texts; a couple of thousand are enough."""
    backend = tokenizer.backend
    unknown_id = tokenizer.hf.unk_token_id
    tokens = unknown = characters = characters_unknown = truncated = 0
    for start in range(0, len(texts), _CHUNK):
        chunk = [_clean(text) for text in texts[start : start + _CHUNK]]
        for text, encoding in zip(chunk, backend.encode_batch(chunk, add_special_tokens=False), strict=True):
            tokens += len(encoding.ids)
            characters += sum(not char.isspace() for char in text)
            truncated += len(encoding.ids) + tokenizer._frame.size > max_length
            for place in (i for i, found in enumerate(encoding.ids) if found == unknown_id):
                begin, end = encoding.offsets[place]
                unknown += 1
                characters_unknown += sum(not char.isspace() for char in text[begin:end])
    return TokenizerFit(
        tokens_per_character=tokens / max(characters, 1),
        unknown_share=unknown / max(tokens, 1),
        characters_unknown_share=characters_unknown / max(characters, 1),
        share_truncated=truncated / max(len(texts), 1),
        max_length=max_length,
        num_texts=len(texts),
    )


def _room(frame: Frame, max_length: int, *, at_least: int) -> int:
    """Tokens of a window besides its frame."""
    budget = max_length - frame.size
    if budget < at_least:
        raise ModelError(f"max_length is {max_length}, but the special tokens alone are {frame.size}. Make it larger.")
    return budget


def _clean(text: str) -> str:
    """Half a surrogate pair is no character, and the backend refuses it: U+FFFD stands in for it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
    "source.spm",
)


def _load_hf(local: LocalModel, config: Any) -> Any:
    from transformers import AutoTokenizer

    folder = local.folder
    if not any((folder / name).is_file() for name in _FILES):
        raise ModelError(
            f"{folder} has no tokenizer (looked for {', '.join(_FILES)}). Without the one it was trained with, a model "
            "can't read. Fetch the model again, or copy the tokenizer's files from where it comes from."
        )
    _refuse_code(folder / "tokenizer_config.json")
    try:
        with quiet():
            return AutoTokenizer.from_pretrained(
                str(folder), config=config, trust_remote_code=False, local_files_only=True, **_SETTINGS
            )
    except Exception as error:
        # Whatever a damaged file makes the backend raise (it has no error family of its own), the reason is its text.
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{folder}: the tokenizer can't be read ({type(error).__name__}: {reason}).") from None


def _refuse_code(path: Path) -> None:
    """Raise ModelError where the tokenizer is code: transformers would take another class, which reads other tokens."""
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    if not path.exists():
        return
    stated = read_json_file(path)
    code = remote_code(stated)
    if code and tokenizer_class_from_name(str(stated.get("tokenizer_class"))) is None:
        raise ModelError(
            f"{path} wants to run code that came with the model (`{code}`). Tunewright never runs code from a model "
            "folder. Choose another model; `tunewright models list` shows some."
        )


def _length_limit(hf: Any, config: dict[str, Any]) -> int:
    limits = [UNLIMITED]
    if isinstance(hf.model_max_length, int) and 0 < hf.model_max_length < 1_000_000:
        limits.append(hf.model_max_length)
    for key in ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"):
        positions = config.get(key)
        if isinstance(positions, int) and positions > 0:
            # 514 = 512 + 2: RoBERTa and its kin count positions from behind the padding id.
            pad = config.get("pad_token_id")
            offset = pad + 1 if isinstance(pad, int) and positions % 64 == pad + 1 else 0
            limits.append(positions - offset)
    return min(limits)
