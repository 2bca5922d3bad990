"""Texts token by token on a terminal: in colours, or with marks where there are none."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from tunewright.core.text import printable
from tunewright.report.blocks import Token, Tokens

_LEARNED = ("black on green", "black on bright_green")
_READ = ("bright_white on black", "bright_white on bright_black")
_SPECIAL = "bold underline"
_CUT = "dim strike"
OPEN, CLOSE = "⟦", "⟧"
"""Around what is learned, where there are no colours."""
SPECIAL_OPEN, SPECIAL_CLOSE = "‹", "›"
CUT_OPEN, CUT_CLOSE = "~", "~"
BORDER = "│"


def coloured(block: Tokens) -> Text:
    """Tokens on alternating grounds: green for what is learned, grey for what is only read, struck through for what is cut."""
    text = Text()
    for place, token in enumerate(block.tokens):
        if token.weight:
            text.append(token.weight, style="bold red")
        style = _CUT if token.cut else (_LEARNED if token.learned else _READ)[place % 2]
        text.append(printable(token.text), style=f"{style} {_SPECIAL}" if token.special else style)
    return text


def marked(block: Tokens) -> str:
    """`‹<|user|>›Hi│ there‹</s>›⟦Hello│‹</s>›⟧`: a bar between tokens, brackets around what is learned and what is special."""
    return printable("".join(_marked(block.tokens)))


def _marked(tokens: tuple[Token, ...]) -> Iterator[str]:
    before: Token | None = None
    for token in tokens:
        same = before is not None and (before.learned, before.cut) == (token.learned, token.cut)
        if before is not None and not same:
            yield _closing(before)
        if before is None or not same:
            yield OPEN if token.learned else CUT_OPEN if token.cut else ""
        elif not (before.special or token.special):
            yield BORDER
        yield token.weight + (f"{SPECIAL_OPEN}{token.text}{SPECIAL_CLOSE}" if token.special else token.text)
        before = token
    if before is not None:
        yield _closing(before)


def _closing(token: Token) -> str:
    return CLOSE if token.learned else CUT_CLOSE if token.cut else ""
