"""Which writer makes tokens of rows for a model and a task."""

from __future__ import annotations

from tunewright.core.errors import ModelError
from tunewright.models.chat import ChatTemplate
from tunewright.models.tokenizer import Tokenizer
from tunewright.tasks.messages import check_prompt
from tunewright.tasks.task import EncodeConfig
from tunewright.tasks.taught import DecoderWriter, EncoderDecoderWriter, Writer


def writer_for(tokenizer: Tokenizer, config: EncodeConfig, *, task: str) -> Writer:
    """The writer. Raises ModelError for chats without a template."""
    check_prompt(config.prompt)
    limit = config.max_length or tokenizer.max_length
    if tokenizer.is_encoder_decoder:
        longest = config.max_target_length or tokenizer.max_length
        return EncoderDecoderWriter(tokenizer=tokenizer, max_length=limit, max_target_length=longest, config=config)
    template: ChatTemplate | None = None
    if task == "chat" or (task in ("translate", "transduce") and tokenizer.has_chat_template):
        if not tokenizer.has_chat_template:
            raise ModelError(
                "the model comes without a chat template, so there is no telling how its chats are written. "
                "`encode.chat_template: plain` takes a plain one of ours; a file with a template may be given as well."
            )
        template = tokenizer.chat_template()
    return DecoderWriter(tokenizer=tokenizer, template=template, max_length=limit, config=config)
