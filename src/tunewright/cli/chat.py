"""`tunewright chat MODEL [TEXT]`: a conversation in the terminal, an answer as it is written.

Without TEXT, questions are read line by line: typed at a terminal, or from stdin. Ctrl-C stops the answer and not the program,
Ctrl-D leaves, `/new` begins another conversation. With `--json` each answer is one JSON object on a line of its own.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tunewright.cli.options import add_json, add_verb
from tunewright.core.errors import DataError, ModelError, RecipeError

if TYPE_CHECKING:
    from tunewright.cli.screen import Screen
    from tunewright.serve import Chat

NEW = "/new"


def add_chat(verbs: Any) -> None:
    """Add the verb to the parser."""
    chat = add_verb(verbs, "chat", _chat, "talk to a model that has a chat template")
    chat.add_argument(
        "model", metavar="MODEL", help="the model folder of a run, any other decoder's folder, or a hub id"
    )
    chat.add_argument("text", nargs="?", metavar="TEXT", help="one question; without it there is a conversation")
    chat.add_argument("--system", metavar="TEXT", help="what the model is told before the first question")
    chat.add_argument("--max-new-tokens", type=int, default=512, metavar="N", help="of one answer (default: 512)")
    chat.add_argument(
        "--temperature",
        type=float,
        default=0.0,
        metavar="T",
        help="0 (default) takes the likeliest token; else it is drawn",
    )
    chat.add_argument("--seed", type=int, default=17, metavar="N", help="of drawing (default: 17)")
    chat.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the messages")
    add_json(chat)


def _chat(options: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from tunewright.cli.screen import Screen
    from tunewright.models.config import GenerateConfig
    from tunewright.serve import load_chat

    try:
        drawing = {"do_sample": True, "temperature": options.temperature} if options.temperature else {}
        config = GenerateConfig(max_new_tokens=options.max_new_tokens, seed=options.seed, **drawing)
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}.") from None
    screen = Screen(as_json=options.json, language=options.lang)
    chat = load_chat(options.model, config=config, system=options.system, announce=screen.remark)
    if options.text is not None:
        _answer(chat, options.text, screen)
        return 0
    if sys.stdin.isatty():
        screen.say("chat.begin", model=options.model)
    while (line := screen.read_line("> ")) is not None:
        if line.strip() == NEW:
            chat.forget()
            screen.say("chat.new")
        elif line.strip():
            _converse(chat, line, screen)
    return 0


def _converse(chat: Chat, text: str, screen: Screen) -> None:
    """One question of a conversation; it goes on whatever became of it."""
    from tunewright.cli.screen import show_error

    try:
        _answer(chat, text, screen)
    except KeyboardInterrupt:
        screen.end_of_answer(None)
        screen.say("chat.stopped")
    except (DataError, ModelError) as error:
        show_error(str(error))


def _answer(chat: Chat, text: str, screen: Screen) -> None:
    """Show the answer as it is written."""
    began = time.monotonic()
    said = ""
    with closing(chat.ask(text)) as pieces:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                answer = end.value
                break
            said += piece
            screen.piece(piece)
    screen.end_of_answer(
        {
            "text": said.rstrip(), "stop": answer.stop, "num_tokens": len(answer.token_ids),
            "seconds": round(time.monotonic() - began, 3),
        }
    )  # fmt: skip
    if answer.stop == "length":
        screen.say("chat.cut")
