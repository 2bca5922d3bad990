"""Models write: many prompts in batches sorted by length, or one answer as it comes.

    generate(model, tokenizer, tokenizer.encode_prompts(texts), config=GenerateConfig(max_new_tokens=64))

transformers' `generate` does the search. What is decided here: which rows go together, so that memory stays bounded; that
padding stands on the left of decoders' prompts, where their answers follow; that a row's answer, drawn ones included, has nothing
to do with the rows beside it; where an answer ends and why.

B  rows     T  tokens, padded
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from tunewright.core.errors import ModelError
from tunewright.models.config import GenerateConfig
from tunewright.models.evaluating import evaluating
from tunewright.models.likelihood import token_log_probs
from tunewright.models.quiet import quiet
from tunewright.models.rectangles import groups_by_length, rectangle
from tunewright.models.sampling import Draw, PenalizeRepetition, StopAt, StopWhen
from tunewright.models.text_stream import HALF, TextStream
from tunewright.models.tokenizer import Tokenizer
from tunewright.runtime import attention_kernel

__all__ = ["GenerateConfig", "Generated", "generate", "stream"]

Tokens = npt.NDArray[np.int32]
Stop = Literal["end", "length", "stop_string"]


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What a model wrote."""

    text: str
    """Without special tokens, and without the stop string."""
    token_ids: Tokens
    """All that was generated: the token of ending, or those that made the stop string, included."""
    stop: Stop
    """Why it ended: the model ended it (`end`), there was no more room (`length`), or a stop string came."""
    logprob: float | None
    """Sum of log p over `token_ids`, in nats, as the model has it before temperature or penalties; a language code that was
    forced is not counted. None where it was not asked for."""


def generate(
    model: Any, tokenizer: Tokenizer, prompts: Sequence[Tokens], *, config: GenerateConfig,
    device: torch.device | None = None, keys: Sequence[str] | None = None, with_logprob: bool = True,
) -> list[Generated]:  # fmt: skip
    """An answer to each prompt, in the order given.

    `prompts` are token ids: for a decoder what is to be gone on with, for an encoder-decoder the source. `keys` name the rows for
    drawing (`do_sample`): the same key, prompt and seed draw the same answer, among whatever rows; the default is the row's place.

    Raises ModelError where a prompt leaves no room for an answer, or the model has not been told its language.
    """
    names = [str(row) for row in range(len(prompts))] if keys is None else list(keys)
    room = np.array([_room(model, tokenizer, len(prompt), config) for prompt in prompts], np.int64)
    _require_room(room, prompts)
    lengths = np.array([len(prompt) for prompt in prompts], np.int64)
    answers: list[Tokens] = [np.zeros(0, np.int32)] * len(prompts)
    groups = groups_by_length(lengths, most_tokens=config.batch_tokens, extra=room, copies=config.num_beams)
    with evaluating(model), quiet():
        for group in groups:
            found = _search(
                model, tokenizer, [prompts[row] for row in group], config=config, max_new_tokens=int(room[group[0]]),
                keys=[names[row] for row in group], device=device,
            )  # fmt: skip
            for row, answer in zip(group, found, strict=True):
                answers[row] = answer
    endings = [_ending(tokenizer, prompt, ids, config) for prompt, ids in zip(prompts, answers, strict=True)]
    kept = [ids[: ending.num_tokens] for ids, ending in zip(answers, endings, strict=True)]
    logprobs = _logprobs(model, tokenizer, prompts, kept, config, device) if with_logprob else [None] * len(prompts)
    return [
        Generated(text=ending.text, token_ids=ids, stop=ending.stop, logprob=logprob)
        for ending, ids, logprob in zip(endings, kept, logprobs, strict=True)
    ]


def stream(
    model: Any, tokenizer: Tokenizer, prompt: Tokens, *, config: GenerateConfig, device: torch.device | None = None,
    key: str = "0",
) -> Generator[str, None, Generated]:  # fmt: skip
    """One answer in pieces of text as it is written, never half a character; at its end what `generate` would have returned.

    Closing the generator, or an exception that is raised while it waits (Ctrl-C), stops the model after the token in hand.
    `logprob` is None. Raises ModelError as `generate` does, RecipeError for a beam search, which has nothing to show on its way.
    """
    config.require_no_beams()
    room = _room(model, tokenizer, len(prompt), config)
    _require_room(np.array([room]), [prompt])
    pieces: SimpleQueue[int | BaseException | None] = SimpleQueue()
    asked = threading.Event()
    written: list[int] = []

    def write() -> None:
        try:
            with evaluating(model), quiet():
                _search(
                    model, tokenizer, [prompt], config=config, max_new_tokens=room, keys=[key], device=device,
                    streamer=_Streamer(pieces), stop=asked.is_set,
                )  # fmt: skip
            pieces.put(None)
        except BaseException as error:  # raised again where the pieces are waited for
            pieces.put(error)

    worker = threading.Thread(target=write, daemon=True)
    text = TextStream(tokenizer, after=_context(tokenizer, prompt), stop_strings=config.stop_strings)
    worker.start()
    try:
        while (token := pieces.get()) is not None:
            if isinstance(token, BaseException):
                raise token
            written.append(token)
            if token not in tokenizer.eos_ids and (piece := text.push(token)):
                yield piece
        if piece := text.finish():
            yield piece
    finally:
        asked.set()
        worker.join()
    ids = np.array(written, np.int32)
    ending = _ending(tokenizer, prompt, ids, config)
    return Generated(text=ending.text, token_ids=ids[: ending.num_tokens], stop=ending.stop, logprob=None)


@dataclass(frozen=True)
class _Streamer:
    """Puts tokens into a queue as they are generated: what transformers expects of a streamer."""

    pieces: SimpleQueue[Any]

    def put(self, value: torch.Tensor) -> None:
        """(1,) a new token, or (1, T) the prompt, which is not repeated."""
        for token in value.tolist() if value.ndim == 1 else ():
            self.pieces.put(token)

    def end(self) -> None:
        """Nothing more comes."""


def _search(
    model: Any, tokenizer: Tokenizer, prompts: Sequence[Tokens], *, config: GenerateConfig, max_new_tokens: int,
    keys: Sequence[str], device: torch.device | None, streamer: Any = None, stop: Any = None,
) -> list[Tokens]:  # fmt: skip
    """The new tokens of each row of one batch, from the first one to at most `max_new_tokens`."""
    from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

    side: Literal["left", "right"] = "right" if tokenizer.is_encoder_decoder else "left"
    ids_BT, mask_BT = rectangle(prompts, fill=tokenizer.pad_id, side=side, device=device or model.device)
    start = 1 if tokenizer.is_encoder_decoder else ids_BT.shape[1]
    processors, criteria = LogitsProcessorList(), StoppingCriteriaList()
    if config.repetition_penalty != 1.0:
        padding_B = torch.zeros_like(mask_BT[:, 0]) if tokenizer.is_encoder_decoder else (1 - mask_BT).sum(dim=1)
        processors.append(PenalizeRepetition(config.repetition_penalty, padding_B))
    if config.do_sample:
        processors.append(
            Draw(keys, seed=config.seed, temperature=config.temperature, top_k=config.top_k, top_p=config.top_p)
        )
    if config.stop_strings:
        criteria.append(StopAt(config.stop_strings, prompt_length=start, decode=tokenizer.decode))
    if stop is not None:
        criteria.append(StopWhen(stop))
    settings = GenerationConfig(
        **tokenizer.generation_values(), max_new_tokens=max_new_tokens, do_sample=False, num_beams=config.num_beams, use_cache=True,
        repetition_penalty=1.0, min_length=0,
        **({"length_penalty": config.length_penalty, "early_stopping": False} if config.num_beams > 1 else {}),
    )  # fmt: skip
    with attention_kernel(start + max_new_tokens, device=ids_BT.device):
        found = model.generate(
            input_ids=ids_BT, attention_mask=mask_BT, generation_config=settings, logits_processor=processors,
            stopping_criteria=criteria, streamer=streamer,
        )  # fmt: skip
    return [np.asarray(row[start:].cpu(), np.int32) for row in found]


@dataclass(frozen=True, kw_only=True)
class _Ending:
    text: str
    num_tokens: int
    stop: Stop


def _ending(tokenizer: Tokenizer, prompt: Tokens, ids: Tokens, config: GenerateConfig) -> _Ending:
    """Where an answer ends: at the first token of ending, or where a stop string is complete; behind that is padding."""
    ends = np.flatnonzero(np.isin(ids, tokenizer.eos_ids))
    body = ids[: ends[0]] if len(ends) else ids
    context = _context(tokenizer, prompt)
    text = tokenizer.decode(body, after=context).rstrip(HALF)  # cut in the middle of a character
    if any(stop in text for stop in config.stop_strings):
        few, many = 0, len(body)  # the fewest tokens that hold a stop string
        while few < many:
            middle = (few + many) // 2
            has_one = any(stop in tokenizer.decode(body[:middle], after=context) for stop in config.stop_strings)
            few, many = (few, middle) if has_one else (middle + 1, many)
        text = tokenizer.decode(body[:few], after=context)
        first = min(text.find(stop) for stop in config.stop_strings if stop in text)
        return _Ending(text=text[:first], num_tokens=few, stop="stop_string")
    if len(ends):
        return _Ending(text=text, num_tokens=int(ends[0]) + 1, stop="end")
    return _Ending(text=text, num_tokens=len(ids), stop="length")


def _context(tokenizer: Tokenizer, prompt: Tokens) -> Tokens:
    """What stands in front of an answer as text: a decoder's prompt; an encoder-decoder begins anew."""
    return prompt[:0] if tokenizer.is_encoder_decoder else prompt


def _logprobs(
    model: Any, tokenizer: Tokenizer, prompts: Sequence[Tokens], answers: Sequence[Tokens], config: GenerateConfig,
    device: torch.device | None,
) -> list[float | None]:  # fmt: skip
    """Found in a pass of its own over prompt and answer, which costs little and is the same for every kind of search."""
    values = tokenizer.generation_values()
    found = token_log_probs(
        model, prompts, answers, pad_id=tokenizer.pad_id, decoder_start_id=values.get("decoder_start_token_id"),
        most_tokens=config.batch_tokens, device=device,
    )  # fmt: skip
    forced = values.get("forced_bos_token_id")
    return [
        float(values_T[1 if forced is not None and len(ids) and ids[0] == forced else 0 :].sum())
        for values_T, ids in zip(found, answers, strict=True)
    ]


def _room(model: Any, tokenizer: Tokenizer, prompt_length: int, config: GenerateConfig) -> int:
    """New tokens that fit: what was asked for, or as many as the model has places for."""
    inner = model.config.get_text_config(decoder=True)
    places = next((n for name in _PLACES if isinstance(n := getattr(inner, name, None), int) and n > 0), None)
    if places is None:
        return config.max_new_tokens
    return min(config.max_new_tokens, places if tokenizer.is_encoder_decoder else places - prompt_length)


_PLACES = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")


def _require_room(room: npt.NDArray[np.int64], prompts: Sequence[Tokens]) -> None:
    full = np.flatnonzero(room < 1)
    if len(full):
        row = int(full[0])
        raise ModelError(
            f"prompt {row + 1} of {len(prompts)} has {len(prompts[row]):,} tokens and leaves the model no room for an answer "
            f"({len(full)} such). Shorten it, or take a model that reads more."
        )
