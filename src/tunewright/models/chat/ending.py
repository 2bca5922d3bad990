"""Which token ends an answer of a chat, so that what is generated ends where what was taught ended. In training and in use."""

from __future__ import annotations

from dataclasses import replace

from tunewright.core.errors import DataError, ModelError
from tunewright.models.chat.encode import encode_chat
from tunewright.models.chat.render import render_taught
from tunewright.models.tokenizer import Tokenizer

_SHORT = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})


def with_end_of_turn(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with its chat template's end of a turn among the tokens at which a text ends.

    A model's own list often has the end of a document alone, and then its answers run on. Without a template, or with one that
    ends a short chat with no token or refuses it, the tokenizer is as it was.
    """
    if tokenizer.is_encoder_decoder or not tokenizer.has_chat_template or tokenizer.targets is None:
        return tokenizer
    template = tokenizer.chat_template()
    specials = [token for token in tokenizer.hf.all_special_tokens if token]
    try:
        rendered = render_taught(template, _SHORT, end_of_turn=specials)[-1]
    except (DataError, ModelError):
        return tokenizer
    encoded = encode_chat(tokenizer.hf, rendered)
    end = int(encoded.ids_T[encoded.weights_T > 0][-1])
    side = tokenizer.targets
    if end in side.eos_ids:
        return tokenizer
    return replace(tokenizer, targets=replace(side, eos_ids=(*side.eos_ids, end), special_ids=side.special_ids | {end}))
