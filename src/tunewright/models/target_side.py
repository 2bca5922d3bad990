"""How a model's answers become tokens, and its tokens answers: which token begins, which ends, which vocabulary they are of.

What the source's side does with a text is in tokenizer.py. Here is the other side, as the model's own tokenizer has it when
plain transformers is given `text_target`: an encoder-decoder may have a vocabulary of its own for answers
(`tokenizer_target.json`), and models of many languages are told by a token which one to write.

    mBART                    reads  text </s> en_XX    writes after zh_CN          text </s>
    mBART-50, NLLB, M2M100   reads  en_XX text </s>    writes after </s>   zh_CN   text </s>    zh_CN is forced
    Marian                   reads  >>zh<< text </s>   writes after <pad>          text </s>    if it knows several
    others                   reads  text </s>          writes after start          text </s>
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import ModelError
from tunewright.models.generation_config import end_ids, read_generation_values
from tunewright.models.languages import codes_of, writes_language_first

if TYPE_CHECKING:
    from tunewright.models.local import LocalModel

Ids = npt.NDArray[np.int32]
NAME = "tokenizer_target.json"
"""Beside tokenizer.json: the vocabulary of the answers, where it is another."""

_BETWEEN_HAN = re.compile(
    r"(?<=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]) | (?=[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef])"
)


@dataclass(frozen=True, kw_only=True)
class TargetSide:
    """How a model's answers are written."""

    backend: Any
    """The `tokenizers.Tokenizer` of answers: the source's own, or a second one."""
    is_separate: bool
    """Whether `backend` is the vocabulary in `tokenizer_target.json`, to be written there again."""
    before: Ids
    """In front of each answer, and to be predicted as it is: the code of a language, or a token of beginning."""
    end_id: int
    """What ends an answer that is taught."""
    eos_ids: tuple[int, ...]
    """At which of them a generated answer ends; `end_id` is among them."""
    decoder_start_id: int | None
    """What the decoder of an encoder-decoder reads first; None for decoders."""
    forced_bos_id: int | None
    """What has to be the first token of an answer."""
    special_ids: frozenset[int]
    """Left out when tokens become text."""

    def encode(self, texts: list[str]) -> list[Ids]:
        """Answers as tokens to be predicted, the last one `end_id`."""
        encodings = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        end = np.array([self.end_id], np.int32)
        return [np.concatenate([self.before, np.array(encoding.ids, np.int32), end]) for encoding in encodings]

    def decode(self, ids: list[int]) -> str:
        """The text of tokens, special ones left out and spaces as they are."""
        text: str = self.backend.decode([id_ for id_ in ids if id_ not in self.special_ids], skip_special_tokens=True)
        # BERT's tokenizers put a space around each Chinese character, and no one wrote it.
        return _BETWEEN_HAN.sub("", text) if type(self.backend.decoder).__name__ == "WordPiece" else text


def read_target_side(
    hf: Any, backend: Any, local: LocalModel, *, is_encoder_decoder: bool, num_ids: int | None
) -> TargetSide | None:
    """How the model writes; None where it has no token of ending, or was not told in which language.

    `backend` is what cuts answers where the folder has no vocabulary of its own for them. Raises ModelError where that can't be
    read, or is not the model's.
    """
    values = read_generation_values(local)
    own = _own_backend(local, num_ids=num_ids)
    if writes_language_first(hf) and not hf.tgt_lang:
        return None
    stated = end_ids(values, num_ids=num_ids)
    taught = hf.eos_token_id if hf.eos_token_id is not None else hf.sep_token_id
    known = tuple(dict.fromkeys([*([] if taught is None else [int(taught)]), *stated]))
    if not known:
        return None
    before, after = _frame(hf, own or backend)
    end = next((token for token in after if token in known), known[0])
    start = values.get("decoder_start_token_id", values.get("bos_token_id"))
    forced = values.get("forced_bos_token_id")
    if writes_language_first(hf):
        language = codes_of(hf)[hf.tgt_lang]
        start, forced = (start, language) if language in before else (language, None)
    return TargetSide(
        backend=own or backend, is_separate=own is not None,
        before=np.array(before if is_encoder_decoder else [], np.int32), end_id=end,
        eos_ids=tuple(dict.fromkeys([*stated, end])), decoder_start_id=start if is_encoder_decoder else None,
        forced_bos_id=forced if is_encoder_decoder else None,
        special_ids=frozenset(known if own else {*hf.all_special_ids, *known}),
    )  # fmt: skip


def _own_backend(local: LocalModel, *, num_ids: int | None) -> Any:
    from tokenizers import Tokenizer

    path = local.folder / NAME
    if not path.exists():
        return None
    try:
        backend = Tokenizer.from_file(str(path))
    except Exception as error:  # the backend has no error family of its own
        raise ModelError(
            f"{path}: the tokenizer of the answers can't be read: {' '.join(str(error).split())[:300]}"
        ) from None
    backend.no_padding()
    backend.no_truncation()
    backend.encode_special_tokens = True
    highest = max(backend.get_vocab(with_added_tokens=True).values(), default=0)
    if num_ids is not None and highest >= num_ids:
        raise ModelError(
            f"{path} has ids up to {highest}, but the model's table has {num_ids} rows. They belong to different models."
        )
    return backend


def _frame(hf: Any, backend: Any) -> tuple[list[int], list[int]]:
    """The tokens that the tokenizer puts before and behind an answer."""
    if writes_language_first(hf):
        hf._switch_to_target_mode()
    encoding = backend.encode("a")
    if writes_language_first(hf):
        hf._switch_to_input_mode()
    own = [place for place, sequence in enumerate(encoding.sequence_ids) if sequence == 0]
    return encoding.ids[: own[0]], encoding.ids[own[-1] + 1 :]
