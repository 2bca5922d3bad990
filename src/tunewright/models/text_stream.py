"""Tokens to pieces of text as they come: never half a character, never the beginning of a stop string.

A Chinese character is often two or three tokens, and a token on its own may be no text at all. So the newest tokens are
decoded together with a few before them, and what is not certain yet is held back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tunewright.models.tokenizer import CONTEXT, Tokenizer

HALF = "\ufffd"
"""Stands at the end of a text whose last character is not complete."""


class TextStream:
    """All pieces together are the text of all tokens, up to the first stop string."""

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        after: Sequence[int] | npt.NDArray[np.int32] = (),
        stop_strings: Sequence[str] = (),
    ) -> None:
        self._tokenizer = tokenizer
        self._after = [int(token) for token in after]
        self._stop_strings = stop_strings
        self._ids: list[int] = []
        self._settled = 0  # tokens whose text is in `_held` or was given out
        self._held = ""  # text that may be the beginning of a stop string
        self._stopped = False

    def push(self, token: int) -> str:
        """The text that has become certain with this token; often empty."""
        self._ids.append(token)
        text = self._decode()
        if text.endswith(HALF):
            return ""
        self._settled = len(self._ids)
        return self._give_out(text, at_end=False)

    def finish(self) -> str:
        """What is left when no more tokens come; half a character is no text."""
        text = self._decode().rstrip(HALF)
        self._settled = len(self._ids)
        return self._give_out(text, at_end=True)

    def _decode(self) -> str:
        known = self._ids[max(0, self._settled - CONTEXT) : self._settled]
        if len(known) < CONTEXT:
            known = self._after[-(CONTEXT - len(known)) :] + known
        return self._tokenizer.decode(self._ids[self._settled :], after=known)

    def _give_out(self, text: str, *, at_end: bool) -> str:
        if self._stopped:
            return ""
        self._held += text
        places = [self._held.find(stop) for stop in self._stop_strings if stop in self._held]
        if places:
            self._stopped = True
            ready, self._held = self._held[: min(places)], ""
            return ready
        keep = 0 if at_end else max((_overlap(self._held, stop) for stop in self._stop_strings), default=0)
        ready = self._held[: len(self._held) - keep]
        self._held = self._held[len(ready) :]
        return ready


def _overlap(text: str, stop: str) -> int:
    """Letters at the end of the text with which the stop string may begin."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
