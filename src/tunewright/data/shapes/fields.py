"""Canonical rows as a fields table: beside what the rows are, `text` (what is asked) and `label` (the answer as a text).

So the stages that know nothing of shapes (audit, cleaning, splits, the account) see a text and its answer in every row, and
what trains and answers takes the rows themselves back out with `rows_of`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa

from tunewright.data.keys import names_a_split
from tunewright.data.shapes.arrow import FORM_OF, SCHEMAS, from_table, to_table
from tunewright.data.shapes.moving import moved
from tunewright.data.shapes.types import Completion, Dialogue, Form, Labelled, Message, Pair, Row, Tagged, Text
from tunewright.data.table import set_column

ANSWERED: tuple[Form, ...] = ("dialogue", "completion", "pair", "text")
"""Forms whose answers are texts."""
_TURN_SEPARATOR = "\n"


def answer_fields(rows: Sequence[Row]) -> pa.Table:
    """A table of `to_table` with `text`, `label` (null where there is no answer yet) and, where the rows give one, `split`."""
    table = to_table(rows)
    table = set_column(table, "text", pa.array([question(row) for row in rows], pa.string()))
    table = set_column(table, "label", pa.array([answer(row) for row in rows], pa.string()))
    splits = [_split_of(row) for row in rows]
    return set_column(table, "split", pa.array(splits, pa.string())) if any(splits) else table


def rows_of(fields: pa.Table) -> list[Row]:
    """The canonical rows of a table that `answer_fields` made, whatever other columns it has by now."""
    form = form_in(fields)
    names = ["row_id", "origin", *SCHEMAS[form], "columns"]
    return from_table(fields.select(names).replace_schema_metadata({b"tunewright.form": form.encode()}))


def form_in(fields: pa.Table) -> Form:
    """The form of the rows in a fields table, told by its columns."""
    names = set(fields.column_names)
    forms: tuple[Form, ...] = ("dialogue", "completion", "pair", "tagged")
    return next((form for form in forms if set(SCHEMAS[form]) <= names), "text")


def question(row: Row) -> str:
    """What is asked, as people read it: the source, the prompt, or all turns before the last answer."""
    if isinstance(row, Pair):
        return row.source
    if isinstance(row, Completion):
        return row.prompt
    if isinstance(row, Dialogue):
        turn = last_answer(row)
        before = row.messages if turn is None else row.messages[:turn]
        return _TURN_SEPARATOR.join(text for message in before if (text := said(message)))
    assert isinstance(row, (Text, Tagged)), f"rows of {FORM_OF[type(row)]} have no answers that are texts"
    return row.text


def answer(row: Row) -> str | None:
    """The answer as a text, the first of several; None where there is none. Of spans, their places and labels."""
    if isinstance(row, Pair):
        return row.targets[0] if row.targets else None
    if isinstance(row, Completion):
        return row.completion
    if isinstance(row, Dialogue):
        turn = last_answer(row)
        return None if turn is None else said(row.messages[turn])
    if isinstance(row, Tagged):
        return "; ".join(f"{span.start}-{span.end} {span.label}" for span in row.spans)
    return row.text if isinstance(row, Text) else None


def plain_text(row: Row) -> Text | None:
    """The text of a row by itself, both of a pair below each other; None for forms of which no text is the whole."""
    if isinstance(row, Text):
        return row
    if not isinstance(row, (Labelled, Tagged)):
        return None
    text = _TURN_SEPARATOR.join(row.texts) if isinstance(row, Labelled) else row.text
    return Text(row_id=row.row_id, path=row.path, line=row.line, columns=row.columns, text=text)


def references(row: Row) -> list[str]:
    """All accepted answers; several in translation."""
    if isinstance(row, Pair):
        return list(row.targets)
    found = answer(row)
    return [] if found is None else [found]


def last_answer(row: Dialogue) -> int | None:
    """The place of the last turn of the assistant that counts, or None."""
    places = [i for i, message in enumerate(row.messages) if message.role == "assistant" and message.weight != 0]
    return places[-1] if places else None


def said(message: Message) -> str:
    """A turn as one text: what was said, or the calls that were made."""
    calls = [json.dumps({"name": c.name, "arguments": c.arguments}, ensure_ascii=False) for c in message.tool_calls]
    return _TURN_SEPARATOR.join(text for text in (message.content, *calls) if text)


def map_texts(row: Row, change: Callable[[str], str]) -> Row:
    """The row with every text of people and models changed by a function, spans moved along; itself where nothing changes."""
    if isinstance(row, Pair):
        return replace(row, source=change(row.source), targets=tuple(change(target) for target in row.targets))
    if isinstance(row, Completion):
        return replace(row, prompt=change(row.prompt), completion=change(row.completion))
    if isinstance(row, Dialogue):
        return replace(row, messages=tuple(_mapped(message, change) for message in row.messages))
    if isinstance(row, Tagged):
        return moved(row, change).row
    return replace(row, text=change(row.text)) if isinstance(row, Text) else row


def _mapped(message: Message, change: Callable[[str], str]) -> Message:
    reasoning = None if message.reasoning is None else change(message.reasoning)
    return replace(message, content=change(message.content), reasoning=reasoning)


def _split_of(row: Row) -> str | None:
    """The side that the row's own column `split` names, where it names one."""
    value = row.columns.get("split")
    return value if isinstance(value, str) and names_a_split(value) else None
