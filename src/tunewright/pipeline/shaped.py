"""Files of chats, prompts, parallel and tagged text, read for the same story as a table of labelled texts.

A file is read by its *shape* when the recipe's task is one of `SHAPED_TASKS`, or when nothing else was said and the
shape is plain from its content. The rows then go the way of all rows: audit, clean, split, account.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.languages import base_language
from tunewright.core.sentence import Sentence
from tunewright.core.text import digest
from tunewright.data.clean import TEXT_STEPS, CleanConfig, chosen_text_steps
from tunewright.data.columns import ColumnPlan
from tunewright.data.language import find_language
from tunewright.data.ledger import Entry, Ledger
from tunewright.data.pii.scrub import scrub
from tunewright.data.shapes import (
    Found,
    Pair,
    PreferenceDataError,
    Refused,
    Row,
    ShapeConfig,
    Tagged,
    answer_fields,
    find_shape,
    map_texts,
    plain_text,
    read_found,
)
from tunewright.data.shapes.fields import question
from tunewright.data.sources import Quarantined, ReadConfig, ReadResult, SourceFormat
from tunewright.data.sources.places import data_files
from tunewright.recipe import Recipe
from tunewright.tasks import SHAPED_TASKS

SURE = 0.9
"""From this confidence on a file is read by its shape without being told; below, it may be a table for classification."""
SAMPLED = 2000
"""Rows by which the language is found."""
_TASK_OF_FORM = {"dialogue": "chat", "completion": "complete", "pair": "transduce", "tagged": "tag"}


def find_shaped_task(recipe: Recipe) -> str | None:
    """The one of `SHAPED_TASKS` that a recipe asks for or a file is plainly for; None: it is a table of labels.

    Raises PreferenceDataError for preference data, which must not be taken for something else.
    """
    if recipe.task is not None:
        return recipe.task if recipe.task in SHAPED_TASKS else None
    asked = recipe.data.columns
    if recipe.data.shape.name is None and (asked.text or asked.label or asked.task):
        return None
    try:
        found = _find(recipe)[0][1]
    except PreferenceDataError:
        raise
    except (DataError, OSError):
        return None  # the reader of tables says what is wrong with it
    if found.confidence < SURE and recipe.data.shape.name is None and recipe.data.shape.dataset is None:
        return None
    return _TASK_OF_FORM.get(found.shape.form)


def read_shaped(recipe: Recipe) -> tuple[ReadResult, ColumnPlan, str]:
    """The rows of a file as a fields table (`answer_fields`), what they were read as, and the task they are for.

    Raises DataError where the task can't be taught with rows of this form.
    """
    rows: list[Row] = []
    refused: list[Refused] = []
    files = _find(recipe)
    for split, found in files:
        read = read_found(found)
        given = {"split": split} if split is not None else {}
        rows += [replace(row, columns=row.columns | given) for row in read.rows]
        refused += read.refused
    first = files[0][1]
    task = recipe.task or _TASK_OF_FORM[first.shape.form]
    accepted = SHAPED_TASKS[task].forms
    texts = [text for row in rows if (text := plain_text(row)) is not None] if accepted == ("text",) else []
    if texts:
        rows = list(texts)
    if first.shape.form not in accepted and not texts:
        raise DataError(
            f"{recipe.data.path}: these are {first.shape.title}, and the task `{task}` is taught with "
            f"{' or '.join(accepted)} rows. `tunewright data convert` makes one of the other where that is possible; "
            "`--task` names another task."
        )
    if task == "tag" and not any(row.spans for row in rows if isinstance(row, Tagged)):
        raise DataError(
            f"{recipe.data.path}: no row has a span, so there is nothing to learn: every tag is O, or every list of spans is empty."
        )
    rows, languages = _with_languages(_told_apart(rows), recipe.data.shape)
    if recipe.task is None and task == "transduce" and languages[0] != languages[1]:
        task = "translate"
    table = answer_fields(rows)
    result = ReadResult(
        table=table, quarantined=[_quarantined(one) for one in refused],
        source=SourceFormat(
            kind=first.shape.name, reasons=list(first.reasons),
            input_digest=digest(*(str(found.path) for _, found in files)), header=_names(first),
        ),
    )  # fmt: skip
    stated = base_language(languages[0])
    spoken = find_language([question(row) for row in rows[:SAMPLED]])
    if stated is not None:
        spoken = stated, Sentence("as the file says")
    columns = ColumnPlan(
        text=_names(first)[0], label=_names(first)[-1], kind="text", language=recipe.data.columns.language or spoken[0],
        reasons={"language": spoken[1], "task": Sentence("rows of {form}", form=first.shape.title)},
    )  # fmt: skip
    return result, columns, task


def change_texts(table_rows: Sequence[Row], config: CleanConfig, ledger: Ledger) -> list[Row]:
    """The rows after the recipe's steps that change texts, each change in the ledger, and each labelled part that is gone."""
    rows = list(table_rows)
    for name in chosen_text_steps(config):
        changed = [map_texts(row, TEXT_STEPS[name]) for row in rows]
        show = scrub if config.scrub else str
        entries = [
            entry
            for before, after in zip(rows, changed, strict=True) if before != after
            for entry in _entries(name, before, after, show)
        ]  # fmt: skip
        ledger.close_stage(f"clean.{name}", read=len(rows), kept=len(rows), entries=entries)
        rows = changed
    return rows


def _entries(name: str, before: Row, after: Row, show: Callable[[str], str]) -> Iterator[Entry]:
    """For the ledger: a changed row, and which kinds of labelled parts nothing is left of."""
    entry = partial(
        Entry, row_id=before.row_id, path=before.path, line=before.line, stage=f"clean.{name}", action="changed"
    )
    was = None if name == "scrub" else show(question(before))
    yield entry(reason_code=name, field="text", before=was, after=show(question(after)))
    if isinstance(before, Tagged) and isinstance(after, Tagged) and len(after.spans) < len(before.spans):
        gone = Counter(span.label for span in before.spans) - Counter(span.label for span in after.spans)
        named = ", ".join(f"{label} {count}" for label, count in sorted(gone.items()))
        yield entry(reason_code="span_gone", field="spans", before=named, after="nothing is left of it")


def _find(recipe: Recipe) -> list[tuple[str | None, Found]]:
    """The files behind the recipe's path with the side that each one's name says, and their shapes."""
    path = Path(recipe.data.path)
    if not path.is_dir():
        return [(None, _shape_of(path, recipe))]
    with data_files(path, ReadConfig()) as files:
        found_files = [(file.split, _shape_of(file.path, recipe)) for file in files.files]
    forms = {found.shape.form for _, found in found_files}
    if len(forms) > 1:
        raise DataError(f"{path}: its files are of several forms ({', '.join(sorted(forms))}); name one of them.")
    return found_files


def _shape_of(path: Path, recipe: Recipe) -> Found:
    """The shape of one file; columns that were named for question and answer make it pairs, or prompts with completions."""
    shape, columns = recipe.data.shape, recipe.data.columns
    if columns.text is not None and recipe.task is not None and SHAPED_TASKS[recipe.task].forms == ("text",):
        found = find_shape(path, shape="text")
        return replace(found, settings=found.settings | {"text": columns.text})
    if shape.name is None and columns.text is not None and columns.label is not None and recipe.task is not None:
        name, keys = (
            ("completion", ("prompt", "completion")) if recipe.task == "complete" else ("pairs", ("source", "target"))
        )
        found = find_shape(path, shape=name, languages=shape.languages)
        return replace(found, settings=found.settings | dict(zip(keys, (columns.text, columns.label), strict=True)))
    return find_shape(path, shape=shape.name, dataset=shape.dataset, languages=shape.languages)


def _told_apart(rows: list[Row]) -> list[Row]:
    """Equal rows of several files keep ids of their own: `+k` for the k-th."""
    seen: Counter[str] = Counter()
    told = []
    for row in rows:
        count = seen[row.row_id]
        seen[row.row_id] += 1
        told.append(replace(row, row_id=f"{row.row_id}+{count}") if count else row)
    return told


def _with_languages(rows: list[Row], asked: ShapeConfig) -> tuple[list[Row], tuple[str | None, str | None]]:
    """Pairs with their languages said, where the recipe, the file or a sample of the texts says them."""
    pairs = [row for row in rows if isinstance(row, Pair)]
    if not pairs:
        return rows, (None, None)
    stated = Counter((row.source_language, row.target_language) for row in pairs).most_common(1)[0][0]
    source = asked.source_language or stated[0]
    target = asked.target_language or stated[1]
    return [
        replace(row, source_language=row.source_language or source, target_language=row.target_language or target)
        if isinstance(row, Pair) else row
        for row in rows
    ], (source, target)  # fmt: skip


def _names(found: Found) -> list[str]:
    """What the question and the answer are called in the file, as far as that can be said in two words."""
    settings = found.settings
    usual = {
        "dialogue": ("messages", "last answer"), "pair": ("source", "target"), "text": ("text", "text"),
        "tagged": ("text", "tags" if found.shape.name == "tokens" else "spans"),
    }  # fmt: skip
    first, second = usual.get(found.shape.form, ("prompt", "completion"))
    return [str(settings.get(first, first)), str(settings.get(second, second))]


def _quarantined(refused: Refused) -> Quarantined:
    return Quarantined(
        path=refused.path, line=refused.line, byte_start=0, byte_end=0, reason_code=refused.reason_code,
        detail=refused.detail, raw="",
    )  # fmt: skip
