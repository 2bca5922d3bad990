"""A conversation with a model: its own chat template, an answer as it is written, and what was said before.

chat = load_chat("runs/support-1a2b3c4d/model")
for piece in chat.ask("你好"):
    print(piece, end="")
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from tunewright.bundle import is_bundle, read_about, require_intact
from tunewright.core.errors import ModelError
from tunewright.models.chat import Message, encode_chat, render_asked, with_end_of_turn
from tunewright.models.generate import GenerateConfig, Generated, stream
from tunewright.models.load import load_generator, resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.runtime import RuntimeConfig, prepare_machine, probe_runtime


class Chat:
    """A conversation. What was asked and answered so far is in `messages`, and is shown to the model each time."""

    def __init__(
        self, model: Any, tokenizer: Tokenizer, *, config: GenerateConfig, system: str | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self._model = model
        self._template = tokenizer.chat_template()
        self._tokenizer = with_end_of_turn(tokenizer)
        self._config = config
        self._variables = variables
        self._first: list[Message] = [] if system is None else [{"role": "system", "content": system}]
        self.messages: list[Message] = list(self._first)

    def ask(self, text: str) -> Generator[str, None, Generated]:
        """The answer in pieces as it is written, and at its end as a whole. Closed early, what was said so far is the answer.

        Raises DataError where the template refuses what was said, ModelError where it has grown longer than what the model reads;
        the conversation is then as it was before.
        """
        asked: list[Message] = [*self.messages, {"role": "user", "content": text}]
        prompt = encode_chat(self._tokenizer.hf, render_asked(self._template, asked, variables=self._variables)).ids_T
        pieces = stream(self._model, self._tokenizer, prompt, config=self._config, key=str(len(asked)))
        said = ""
        try:
            while True:
                piece = next(pieces)
                if (
                    piece := piece if said else piece.lstrip()
                ):  # what a template leaves to the model: no one wants to see it
                    said += piece
                    yield piece
        except StopIteration as end:
            self._remember(asked, said)
            whole: Generated = end.value
            return whole
        finally:
            pieces.close()
            if said:
                self._remember(asked, said)

    def _remember(self, asked: list[Message], said: str) -> None:
        self.messages = [*asked, {"role": "assistant", "content": said.rstrip()}]

    def forget(self) -> None:
        """Begin anew, with the same system prompt."""
        self.messages = list(self._first)


def load_chat(
    path: str, *, config: GenerateConfig, system: str | None = None, announce: Callable[[str], None] | None = None
) -> Chat:
    """A conversation with the model in a folder, a bundle or any other, or of that name on the hub.

    A bundle is asked as it was taught: with its template's variables, and where no other is given with its system prompt.
    Raises ModelError where there is none, a bundle is not as it was written, it writes no text, or it has no chat template.
    """
    taught_with = None
    if is_bundle(Path(path)):
        require_intact(Path(path))
        taught_with = read_about(Path(path)).encode
    local = resolve(path, announce=announce)
    tokenizer = load_tokenizer(local)
    if not tokenizer.has_chat_template:
        raise ModelError(
            f"{path}: the tokenizer has no chat template, so there is no telling how the model is to be asked. Models made for "
            "chats have one (`chat_template.jinja`, or in tokenizer_config.json)."
        )
    machine = prepare_machine(probe_runtime(RuntimeConfig()))
    model = load_generator(local).model.to(machine.device)
    if taught_with is None:
        return Chat(model, tokenizer, config=config, system=system)
    return Chat(
        model, tokenizer, config=config, system=taught_with.system if system is None else system,
        variables=taught_with.template_variables,
    )  # fmt: skip
