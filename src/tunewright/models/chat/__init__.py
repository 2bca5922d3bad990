"""Chats as the model's own template writes them, and which characters of that are answers to be learned.

    template = compile_template(source)
    for rendered in render_taught(template, messages, tools=tools):
        rendered.text, rendered.answers

The template that comes with a model is the only source of formatting. It is a program, so it runs in a sandbox with limits.
"""

from tunewright.models.chat.encode import EncodedChat, encode_chat
from tunewright.models.chat.ending import with_end_of_turn
from tunewright.models.chat.render import Answer, Message, Rendered, render_asked, render_prompt, render_taught
from tunewright.models.chat.sandbox import ChatTemplate, compile_template

__all__ = [
    "Answer",
    "ChatTemplate",
    "EncodedChat",
    "Message",
    "Rendered",
    "compile_template",
    "encode_chat",
    "render_asked",
    "render_prompt",
    "render_taught",
    "with_end_of_turn",
]
