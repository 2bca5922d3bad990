"""Which token ends an answer of a chat, so that what is generated ends where what was taught ended."""

from __future__ import annotations

from dataclasses import replace

from tunewright.models.chat.encode import encode_chat
from tunewright.models.chat.render import render_taught
from tunewright.models.tokenizer import Tokenizer

_SHORT = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"})


def with_end_of_turn(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with its chat template's end of a turn among the tokens at which a text ends; as it is without a template.

    A model's own list often has the end of a document alone, and then its answers run on.
    """
    if tokenizer.is_encoder_decoder or not tokenizer.has_chat_template or tokenizer.targets is None:
        return tokenizer
    specials = [token for token in tokenizer.hf.all_special_tokens if token]
    rendered = render_taught(tokenizer.chat_template(), _SHORT, end_of_turn=specials)[-1]
    encoded = encode_chat(tokenizer.hf, rendered)
    end = int(encoded.ids_T[encoded.weights_T > 0][-1])
    known = tokenizer.targets.eos_ids
    return tokenizer if end in known else replace(tokenizer, targets=replace(tokenizer.targets, eos_ids=(*known, end)))
