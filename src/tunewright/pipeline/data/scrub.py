"""`tunewright data scrub`: a file in, the same file out with surrogates for personal data; and back, with the key file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.core.folder import write_json
from tunewright.data.pii import DETECTORS, NOT_FOUND
from tunewright.data.pii.rows import as_text, change_rows, numbers_to_look_at, unseen_columns
from tunewright.data.pii.scrub import find_in_cell, replace_spans
from tunewright.data.pii.surrogates import Surrogates
from tunewright.data.sources import SOURCES, LikeWriter, ReadConfig, find_source, iter_rows
from tunewright.pipeline.data.key_file import new_surrogates, open_key_file, save_key_file

HONEST = (
    "This is pseudonymisation, not anonymisation. Not looked for, as it has no format: "
    + ", ".join(NOT_FOUND[:4])
    + "."
)


@dataclass(frozen=True, kw_only=True)
class ScrubbedFile:
    """What scrubbing or restoring a file did. Holds no value of the file."""

    output: Path
    rows: int
    unreadable: int
    """Rows that could not be read: they are not in the output."""
    changed_rows: int
    replaced: dict[str, int] = field(default_factory=dict)
    """Places by class; of a restored file, surrogates that were turned back."""
    by_column: dict[str, int] = field(default_factory=dict)
    distinct: int = 0
    """Different surrogates that this file has got."""
    collisions: int = 0
    """Values whose first surrogate was another's already, so that they got their next."""
    unknown: int = 0
    """Restoring: surrogates that are not of this key file, left as they are."""
    unseen: tuple[str, ...] = ()
    """Columns that hold no text (numbers, dates) and were left as they are."""
    retyped: tuple[str, ...] = ()
    """Columns of whole numbers with personal data among them, which are text now."""
    key_file: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`."""
        return vars(self) | {
            "output": str(self.output), "key_file": None if self.key_file is None else str(self.key_file),
            "unseen": list(self.unseen), "retyped": list(self.retyped),
        }  # fmt: skip


@dataclass
class _Tally:
    replaced: Counter[str] = field(default_factory=Counter)
    by_column: Counter[str] = field(default_factory=Counter)
    unknown: int = 0


def scrub_file(
    path: Path, *, output: Path, classes: Sequence[str] | None = None, columns: Sequence[str] | None = None,
    key_file: Path | None = None, account: Path | None = None, read: ReadConfig | None = None,
) -> ScrubbedFile:  # fmt: skip
    """Write the file with a surrogate for each piece of personal data in its strings; all else stays to the letter.

    With a key file (made where there is none) surrogates agree over columns, files and calls, and can be turned back with
    it. Without one they agree inside this file, and the key is gone afterwards. `account` is a file to write the summary to.
    """
    for name in classes or ():
        if name not in DETECTORS:
            raise DataError(
                f"--classes {name}: no such class.{nearest(name, DETECTORS)} Known: {', '.join(DETECTORS)}."
            )
    surrogates = new_surrogates() if key_file is None else open_key_file(key_file, create=True)
    tally = _Tally()
    used: set[str] = set()

    def change(column: str, cell: str) -> str:
        spans = [span for span in find_in_cell(cell, column, classes) if span.start >= 0]
        if not spans:
            return cell
        tally.replaced.update(span.class_name for span in spans)
        tally.by_column[column] += len(spans)
        new = [surrogates.replace(span.class_name, cell[span.start : span.end]) for span in spans]
        used.update(new)
        return replace_spans(cell, spans, lambda span: new[spans.index(span)])

    retyped = _numbers_that_are_personal(path, classes, columns=columns, read=read)
    done = _rewrite(
        path, output, change, columns=columns, read=read, key_file=key_file, surrogates=surrogates, retyped=retyped
    )
    result = ScrubbedFile(
        output=output, key_file=key_file, replaced=dict(tally.replaced.most_common()),
        by_column=dict(tally.by_column.most_common()), distinct=len(used), collisions=surrogates.collisions, **done,
    )  # fmt: skip
    if account is not None:
        write_json(account, result.to_json())
    return result


def restore_file(path: Path, *, output: Path, key_file: Path, read: ReadConfig | None = None) -> ScrubbedFile:
    """Write the file with its surrogates turned back into what they stand for in the key file."""
    surrogates = open_key_file(key_file, create=False)
    tally = _Tally()

    def change(column: str, cell: str) -> str:
        restored = surrogates.restore(cell)
        tally.unknown += restored.unknown
        if restored.turned:
            tally.replaced["surrogates"] += restored.turned
            tally.by_column[column] += restored.turned
        return restored.text

    done = _rewrite(path, output, change, columns=None, read=read, key_file=None, surrogates=surrogates)
    return ScrubbedFile(
        output=output, key_file=key_file, replaced=dict(tally.replaced), by_column=dict(tally.by_column),
        unknown=tally.unknown, **done,
    )  # fmt: skip


def _rewrite(
    path: Path, output: Path, change: Any, *, columns: Collection[str] | None, read: ReadConfig | None,
    key_file: Path | None, surrogates: Surrogates, retyped: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    if output.exists() and output.resolve() == path.resolve():
        raise DataError(f"{output}: this is the input file itself. Give another `--output`.")
    source = find_source(path, config=read)
    rows = unreadable = changed_rows = 0
    unseen: set[str] = set()
    row_changed = False

    def noting(column: str, cell: str) -> str:
        nonlocal row_changed
        after: str = change(column, cell)
        row_changed |= after != cell
        return after

    def end_of_row() -> None:
        nonlocal row_changed, changed_rows
        changed_rows += row_changed
        row_changed = False

    with LikeWriter(source, output) as writer:
        for chunk in iter_rows(path, config=read, rows_per_chunk=1024):
            names = [name for name in chunk.table.column_names if name not in ("row_id", "origin")]
            header = chunk.source.header or names
            for name in columns or ():
                if name not in header and name not in names:
                    raise DataError(
                        f"{path}: there is no column `{name}`.{nearest(name, header)} Columns: {', '.join(header)}."
                    )
            native = as_text(chunk.native, retyped)
            unseen.update(unseen_columns(native))
            native = change_rows(native, noting, header=header, columns=columns, end_of_row=end_of_row)
            writer.write(replace(chunk, native=native), {})
            rows += len(chunk.table)
            unreadable += len(chunk.quarantined)
        if key_file is not None:
            # Before the output gets its name: surrogates that stand in a file can be turned back, whatever happens then.
            save_key_file(key_file, surrogates)
    return {"rows": rows, "unreadable": unreadable, "changed_rows": changed_rows, "unseen": tuple(sorted(unseen)),
            "retyped": tuple(sorted(retyped))}  # fmt: skip


def _numbers_that_are_personal(
    path: Path, classes: Sequence[str] | None, *, columns: Collection[str] | None, read: ReadConfig | None
) -> set[str]:
    """Columns of whole numbers that hold personal data somewhere: a pass of its own, as a column has one type throughout."""
    if not path.is_file() or SOURCES[find_source(path, config=read).kind].holds != "columns":
        return set()
    found: set[str] = set()
    for chunk in iter_rows(path, config=read):
        found |= numbers_to_look_at(chunk.native, lambda name, cell: bool(find_in_cell(cell, name, classes)))
    return found if columns is None else found & set(columns)
