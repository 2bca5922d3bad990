"""The canonical forms: what a row *is*, whatever file it came from. And the record that describes a shape.

A *form* is one of six frozen records below. A *shape* is a way of writing a form down that is found in the wild:
OpenAI's messages, ShareGPT and Alpaca are three shapes of one form, the dialogue. Reading a shape gives rows of its
form; writing takes them. Values are kept as they stand: text codepoint for codepoint, other columns as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tunewright.core.errors import DataError

Form = Literal["dialogue", "completion", "pair", "tagged", "labelled", "text"]
Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every form has: identity, origin, and the columns that are no part of the form."""

    row_id: str = ""
    """Over all cells as read; taken from a file that has it."""
    path: str = ""
    line: int = 0
    """Physical line the row starts on, from 1; in Parquet the number of the row."""
    columns: dict[str, Any] = field(default_factory=dict)
    """Every other column of the row, as a JSON value. One that is null is left out: it says nothing."""


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """What an assistant asks a tool to do."""

    name: str
    """Empty where the call could not be parsed; then `arguments` is the whole call as it stood."""
    arguments: str
    """JSON text of an object. Kept as it stands where it does not parse (the audit says so)."""
    call_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of a dialogue."""

    role: Role
    content: str = ""
    """Text parts joined without anything between them; empty where the turn has no text."""
    reasoning: str | None = None
    """What the assistant thought before it answered, where the file has that apart from the answer."""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    """Which call a tool's result belongs to."""
    name: str | None = None
    weight: float | None = None
    """How much the turn counts in training: 0 for `train: false`. None: the file does not say."""
    more: dict[str, Any] = field(default_factory=dict)
    """Other keys of the turn that are not null."""


@dataclass(frozen=True, kw_only=True)
class Dialogue(Row):
    """A chat: turns in order, and the tools that could be called."""

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()
    """JSON schemas as `{"type": "function", "function": {name, description, parameters}}`."""


@dataclass(frozen=True, kw_only=True)
class Completion(Row):
    """A prompt and what should follow it."""

    prompt: str
    completion: str


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An inline element of a translation file: its placeholder in the text, and the XML it stands for."""

    side: int
    """0 in the source, 1 in the first target, 2 in the second..."""
    mark: str
    """`<1>` opens, `</1>` closes, `<1/>` stands alone; the same number on both sides is the same element."""
    xml: str
    dialect: Literal["tmx", "xliff1", "xliff2"]


@dataclass(frozen=True, kw_only=True)
class Pair(Row):
    """A text and its translation, or any other text it should become."""

    source: str
    targets: tuple[str, ...] = ()
    """One, or several references; none where the row is not translated yet."""
    source_language: str | None = None
    target_language: str | None = None
    group: str | None = None
    """Project or document: rows of one group should stay on one side of a split."""
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Span:
    """Characters `start` to `end` (end excluded, code points) of the text, and what they are."""

    start: int
    end: int
    label: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tagged(Row):
    """A text whose parts have labels. Spans say which; tokens say where a tagger may cut."""

    text: str
    tokens: tuple[tuple[int, int], ...]
    """Start and end of each token in the text, in order, without overlap. No span begins or ends inside one."""
    spans: tuple[Span, ...] = ()
    """In the order of the text."""

    @property
    def words(self) -> list[str]:
        """The tokens as strings."""
        return [self.text[start:end] for start, end in self.tokens]


@dataclass(frozen=True, kw_only=True)
class Labelled(Row):
    """One text or two, and the answer: a label, several, a number, or none yet."""

    texts: tuple[str, ...]
    label: str | float | tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Text(Row):
    """Text alone."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row that could not be read or written, where it stands, and why."""

    path: str
    line: int
    reason_code: str
    detail: str
    row_id: str | None = None


class Unreadable(DataError):
    """Raised by a shape's `read` for one record; what calls it sets the row aside and goes on."""

    def __init__(self, reason_code: str, detail: str) -> None:
        super().__init__(f"{reason_code}: {detail}")
        self.reason_code = reason_code
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The beginning of a file, for `detect`."""

    path: Path
    head: str
    """The first 256 KB as text."""
    records: list[dict[str, Any]]
    """The first rows where the file is a table or JSON, else none."""
    languages: tuple[str, str] | None = None
    """Source and target language, where a person said them."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """That a file has this shape: how sure, why, and what its reader has to know (names of keys, languages)."""

    confidence: float
    why: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RecordShape:
    """A shape whose rows are the records of JSON Lines, JSON, Parquet, CSV or any other source."""

    name: str
    form: Form
    title: str
    """What it is, in a few words."""
    holds: frozenset[str]
    """Names of `FEATURES` that survive being written and read again."""
    own_keys: frozenset[str]
    """Keys that it writes; another column of that name has no place."""
    detect: Callable[[Sample], Guess | None]
    read: Callable[[dict[str, Any], Mapping[str, Any]], Row]
    """One record to a row without identity. Raises Unreadable."""
    write: Callable[[Any], dict[str, Any]]
    own_keys_of: Callable[[Any], frozenset[str]] = lambda row: frozenset()
    """Further keys that it needs for this very row."""


@dataclass(frozen=True, kw_only=True)
class FileShape:
    """A shape with a file format of its own."""

    name: str
    form: Form
    title: str
    holds: frozenset[str]
    suffixes: tuple[str, ...]
    detect: Callable[[Sample], Guess | None]
    read: Callable[[Path, Mapping[str, Any]], Iterator[Row | Refused]]
    """Rows with line numbers; an id where the file has one."""
    write: Callable[[Iterable[Any], Path], None]
    """Writes the file, whole or not at all."""


Shape = RecordShape | FileShape
