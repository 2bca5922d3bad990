"""Which column is the text, which the answer, and what else helps: by names in many languages, and by content."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tunewright.core.config import Config
from tunewright.core.errors import DataError, nearest
from tunewright.core.sentence import Sentence
from tunewright.data.columns.choose import Reasons, find_group, find_label, find_split, find_texts, find_weight
from tunewright.data.columns.labels import Kind, find_kind
from tunewright.data.columns.profile import Profile, profile
from tunewright.data.keys import Kind as AnyKind
from tunewright.data.language import find_language
from tunewright.data.table import RESERVED


class ColumnsConfig(Config):
    """Which column holds what. Everything that is not given is found out; `none` says that there is no such column."""

    text: str | None = None
    """The column with the text to judge. None: found by name and content."""

    text_pair: str | None = None
    """The column with the second text, for sentence pairs. None: found by name."""

    label: str | None = None
    """The column with the answer. None: found by name and content."""

    group: str | None = None
    """Rows with one value here never stand on two sides of a split (customer, author). None: found by name."""

    weight: str | None = None
    """How much a row counts in training. None: a numeric column of that name, if there is one."""

    split: str | None = None
    """A column that says train, validation or test. None: found by name and content."""

    baseline: str | None = None
    """The answer of whatever is used today, to be measured beside the model. Never guessed."""

    task: Kind | None = None
    """single_label, multi_label or regression. None: found from the label column."""

    label_separator: str | None = None
    """What stands between several labels in one cell; setting it makes the task multi-label. None: found."""

    language: str | None = None
    """ISO 639-1 code of the texts. None: found from a sample."""


PARTS = ("text", "text_pair", "label", "group", "weight", "split", "baseline")
"""What a column can be, besides left over."""


@dataclass(frozen=True, kw_only=True)
class ColumnPlan:
    """Which column holds what, the kind of task, and why."""

    text: str
    text_pair: str | None = None
    label: str | None = None
    group: str | None = None
    weight: str | None = None
    split: str | None = None
    baseline: str | None = None
    kind: AnyKind = "single_label"
    label_separator: str | None = None
    language: str = "und"
    reasons: dict[str, str]
    """Why each column was chosen, and the kind and the language; a `Sentence` each."""


def find_columns(table: pa.Table, *, chosen: ColumnsConfig | None = None) -> ColumnPlan:
    """The plan for a raw table. Raises DataError for a chosen column that is not there, or where no text is found."""
    chosen = chosen or ColumnsConfig()
    names = [name for name in table.column_names if name not in RESERVED]
    asked = {part: getattr(chosen, part) for part in PARTS}
    _check_asked(asked, names)
    profiles = {name: profile(name, table.column(name)) for name in names}
    reasons: Reasons = {part: _as_asked(name, names) for part, name in asked.items() if name is not None}
    columns = {part: name if name in names else None for part, name in asked.items()}

    def free() -> list[Profile]:
        return [profiles[name] for name in names if name not in columns.values()]

    if asked["split"] is None:
        columns["split"] = find_split(free(), reasons)
    if asked["text"] is None:
        columns["text"], pair = find_texts(free(), names, reasons, pairs=asked["text_pair"] is None)
        columns["text_pair"] = columns["text_pair"] or pair
    if asked["label"] is None:
        columns["label"] = find_label(table, free(), reasons)
    if asked["weight"] is None:
        columns["weight"] = find_weight(free(), reasons)
    if asked["group"] is None:
        columns["group"] = find_group(free(), len(table), reasons)
    kind, separator = _find_kind(chosen, table, profiles, columns["label"], reasons)
    language = chosen.language
    if language is None:
        language, reasons["language"] = find_language(list(profiles[str(columns["text"])].counts))
    text = str(columns.pop("text"))
    return ColumnPlan(text=text, **columns, kind=kind, label_separator=separator, language=language, reasons=reasons)


def _check_asked(asked: dict[str, str | None], names: list[str]) -> None:
    for part, name in asked.items():
        refused = name == "none" and part != "text"
        if name is not None and name not in names and not refused:
            raise DataError(
                f"there is no column `{name}` for the {part.replace('_', ' ')}.{nearest(name, names)} "
                f"The columns are: {', '.join(names)}."
            )


def _as_asked(name: str, names: list[str]) -> Sentence:
    return Sentence("as asked for" if name in names else "none, as asked for")


def _find_kind(
    chosen: ColumnsConfig, table: pa.Table, profiles: dict[str, Profile], label: str | None, reasons: Reasons
) -> tuple[Kind, str | None]:
    if label is None:
        return chosen.task or "single_label", chosen.label_separator
    kind, separator, why = find_kind(profiles[label], is_list=pa.types.is_list(table.column(label).type))
    if chosen.label_separator is not None:
        kind, separator = "multi_label", chosen.label_separator
        why = Sentence("the separator `{separator}` was given", separator=separator)
    if chosen.task is not None and chosen.task != kind:
        separator = separator if chosen.task == "multi_label" else None
        kind, why = chosen.task, Sentence("as asked for")
    reasons["task"] = why
    return kind, separator
