"""What a page is made of: sections of paragraphs, tables, figures and folded parts. The templates draw these.

Plain strings are escaped when drawn; only `Markup` made by `words`, `plots` or the records here passes as HTML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

Kind = Literal["text", "number", "strip", "tag"]

MOST_CHOICES = 16


@dataclass(frozen=True, kw_only=True)
class Column:
    """The head of a column; numbers stand right, strips take what width is left, tags as little as they need."""

    title: str | Markup
    kind: Kind = "text"
    narrow: bool = True
    """Whether the column is shown on a phone."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell with a second, quieter line below, or set apart by its tone."""

    text: str | Markup
    note: str | Markup = ""
    tone: Literal["", "model", "wrong", "quiet"] = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of cells under columns. The first column names the row."""

    caption: str | Markup
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Markup | Cell, ...], ...]
    note: str | Markup = ""
    show_caption: bool = True
    block: str = "table"


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: str | Markup
    tone: Literal["", "quiet", "warning", "missing"] = ""
    block: str = "paragraph"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing with its title above, what to see in it below, and optionally its numbers as a table."""

    svg: Markup
    title: str | Markup
    caption: str | Markup = ""
    table: Table | None = None
    wide: bool = False


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Drawings side by side, one below the other on a phone."""

    figures: tuple[Figure, ...]
    block: str = "figures"


@dataclass(frozen=True, kw_only=True)
class Near:
    """A row that is like another one."""

    where: str
    label: str
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One wrong answer: where it stands, what was expected, what was given, and the text unless private."""

    where: str
    gold: str
    prediction: str
    confidence: str
    text: str | Markup = ""
    more: str = ""
    tag: str | Markup = ""
    """What else is to be said of it in a word or two."""
    mattered: str | Markup = ""
    """What in the text the answer leans on."""
    near: tuple[Near, ...] = ()
    near_said: str | Markup = ""
    """The line that opens them."""
    choices: tuple[int, ...] = ()
    """Places in the list's `choices`: it is shown under these."""


@dataclass(frozen=True, kw_only=True)
class Mistakes:
    """Wrong answers, the surest first."""

    mistakes: tuple[Mistake, ...]
    gold: str
    prediction: str
    wrong: Literal["gold", "prediction"] = "prediction"
    """Which of the two is held to be wrong."""
    stacked: bool = False
    """Whether answers are texts, each on lines of its own."""
    choose: str | Markup = ""
    """In front of the choices."""
    choices: tuple[str | Markup, ...] = ()
    """Ways to narrow the list down, the first one chosen. No script is needed: the style sheet knows `MOST_CHOICES` of them."""
    block: str = "mistakes"


@dataclass(frozen=True, kw_only=True)
class MarkedItem:
    """One text twice: its parts marked as they are in the file, and as they were found."""

    where: str
    gold: Markup
    found: Markup


@dataclass(frozen=True, kw_only=True)
class Marked:
    """Texts with marked parts, the most wrong ones first."""

    items: tuple[MarkedItem, ...]
    gold: str
    found: str
    block: str = "marked"


@dataclass(frozen=True, kw_only=True)
class ChangedItem:
    """One text with two systems' answers."""

    where: str
    gold: str
    a: str
    b: str
    sure_a: str = ""
    sure_b: str = ""
    right: Literal["", "a", "b"] = ""
    """Whose answer is right, where just one is."""
    text: str = ""
    more: str = ""


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Texts that two systems answer differently, the answers side by side under the systems' names."""

    items: tuple[ChangedItem, ...]
    gold: str
    a: str
    b: str
    block: str = "changed"


@dataclass(frozen=True, kw_only=True)
class Token:
    """One token of a text that is shown token by token."""

    text: str
    learned: bool = False
    special: bool = False
    cut: bool = False
    weight: str = ""
    """Put in front, where from here on tokens count otherwise than those before."""
    title: str | Markup = ""
    """What a page shows when it is pointed at."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A text token by token: which are learned, which only read, which cut."""

    caption: str | Markup
    tokens: tuple[Token, ...]
    block: str = "tokens"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Names and values."""

    rows: tuple[tuple[str | Markup, str | Markup], ...]
    block: str = "facts"


@dataclass(frozen=True, kw_only=True)
class Code:
    """Text as it stands in a file."""

    text: str
    block: str = "code"


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Blocks behind a line that opens them; printed open."""

    summary: str | Markup
    blocks: tuple[Block, ...]
    block: str = "folded"


Block = Paragraph | Table | Figures | Mistakes | Marked | Changed | Tokens | Facts | Code | Folded


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page with a title and an anchor."""

    anchor: str
    title: str | Markup
    blocks: tuple[Block, ...] = field(default=())
    page_only: bool = False
    """Whether a terminal leaves it out."""
