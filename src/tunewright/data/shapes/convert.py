"""From any shape into any other that can hold it, with an exact account of what would be lost.

A row that would lose something is refused, unless it is said that losses are accepted; then it goes without. Where
nothing was said to be lost, converting there and back gives equal rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tunewright.core.errors import DataError, nearest
from tunewright.core.languages import language_of
from tunewright.data.shapes.catalog import SHAPES
from tunewright.data.shapes.features import FEATURES, features
from tunewright.data.shapes.find import Found, find_shape
from tunewright.data.shapes.forms import Step, way, without
from tunewright.data.shapes.reading import iter_shape
from tunewright.data.shapes.types import FileShape, Form, Pair, Refused, Row, Shape
from tunewright.data.shapes.writing import CONTAINERS_LOSE, clashing, holds, lost, write_rows

DEFAULTS: dict[Form, str] = {
    "dialogue": "openai", "completion": "completion", "pair": "pairs", "tagged": "spans", "labelled": "labelled",
    "text": "text",
}  # fmt: skip
"""The shape of each form that holds the most."""

HARD = frozenset(
    ["odd_order", "later_system", "no_languages", "line_breaks", "unlabelled", "control_characters", "overlapping_spans",
     "uncut_spans", "odd_tokens", "odd_labels"]
)  # fmt: skip
"""What can't be taken out of a row: a shape without a place for it can't have the row at all."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a conversion would do, counted row by row."""

    found: Found
    shape: Shape
    output: Path
    lossy: bool
    read: int
    written: int
    refused: list[Refused]
    """Rows that can't be read, or can't be written without a loss."""
    losses: dict[str, int]
    """Rows that lose each feature (with `lossy`), or would and are refused for it."""
    notes: list[str] = field(default_factory=list)


def plan_conversion(
    path: Path, output: Path, *, to: str | None = None, shape: str | None = None, dataset: str | None = None,
    languages: tuple[str, str] | None = None, lossy: bool = False,
) -> Plan:  # fmt: skip
    """Read the file once and count. Raises DataError where no row of it could be written."""
    found = find_shape(path, shape=shape, dataset=dataset, languages=languages)
    target = _target(found, output, to)
    steps = way(found.shape.form, target.form)
    if steps is None:
        raise DataError(
            f"{path}: {found.shape.title} can't become {target.title}. "
            f"These can: {', '.join(name for name, other in SHAPES.items() if way(found.shape.form, other.form) is not None)}."
        )
    losses: Counter[str] = Counter()
    refused: list[Refused] = []
    read = written = 0
    for item in converted(found, target, output, steps, languages=languages, lossy=lossy, losses=losses):
        read += 1
        if isinstance(item, Refused):
            refused.append(item)
        else:
            written += 1
    if read and not written:
        reasons = Counter(one.detail for one in refused).most_common(3)
        said = "; ".join(f"{count} rows: {detail}" for detail, count in reasons)
        hint = " --lossy writes what can be written." if not lossy and set(losses) - HARD else ""
        raise DataError(f"{output}: none of {read:,} rows could be written as {target.title}. {said}.{hint}")
    return Plan(
        found=found, shape=target, output=output, lossy=lossy, read=read, written=written, refused=refused,
        losses=dict(losses), notes=_notes(found, target, output),
    )  # fmt: skip


def carry_out(plan: Plan, *, languages: tuple[str, str] | None = None) -> None:
    """Write the file that was planned."""
    steps = way(plan.found.shape.form, plan.shape.form) or []
    rows = converted(
        plan.found, plan.shape, plan.output, steps, languages=languages, lossy=plan.lossy, losses=Counter()
    )
    write_rows((row for row in rows if not isinstance(row, Refused)), plan.shape, plan.output)


def converted(
    found: Found, target: Shape, output: Path, steps: list[Step], *, languages: tuple[str, str] | None, lossy: bool,
    losses: Counter[str],
) -> Iterator[Row | Refused]:  # fmt: skip
    """Every row in its new form, or why not; what is lost is added to `losses`."""
    can_hold = holds(target, output)
    for item in iter_shape(found):
        if isinstance(item, Refused):
            yield item
            continue
        row: Row | Refused = item
        for step in steps:
            if isinstance(row, Row):
                row = _step(row, step, lossy=lossy, losses=losses)
        if isinstance(row, Pair) and row.source_language is None and row.target_language is None and languages:
            row = replace(row, source_language=languages[0], target_language=languages[1])
        yield row if isinstance(row, Refused) else _fitted(row, target, can_hold, lossy=lossy, losses=losses)


def _step(row: Row, step: Step, *, lossy: bool, losses: Counter[str]) -> Row | Refused:
    names = features(row) & step.loses
    changed = step.change(row)
    if isinstance(changed, str):
        return _refused(row, "no_such_form", changed)
    losses.update(names)
    return changed if lossy or not names else _refused(row, "would_lose", words_for(names))


def _fitted(row: Row, target: Shape, can_hold: frozenset[str], *, lossy: bool, losses: Counter[str]) -> Row | Refused:
    names = lost(row, target, can_hold)
    if not names:
        return row
    lighter = without(row, names)
    clashes = clashing(lighter, target)
    lighter = replace(lighter, columns={name: value for name, value in lighter.columns.items() if name not in clashes})
    remaining = lost(lighter, target, can_hold) & HARD
    # What goes away together with something else (an odd order together with the calls) is no loss of its own.
    names -= HARD - remaining
    if "columns" in names:
        names -= {"typed_columns", "nested_columns", "empty_columns"}
    losses.update(names)
    if remaining:
        return _refused(row, "can_not_hold", words_for(remaining))
    return lighter if lossy else _refused(row, "would_lose", words_for(names))


def words_for(names: set[str]) -> str:
    """What is lost, in words."""
    return "; ".join(FEATURES[name] for name in sorted(names))


def _refused(row: Row, reason_code: str, detail: str) -> Refused:
    return Refused(path=row.path, line=row.line, reason_code=reason_code, detail=detail, row_id=row.row_id)


def _target(found: Found, output: Path, to: str | None) -> Shape:
    if to is not None:
        if to not in SHAPES:
            raise DataError(f"there is no shape `{to}`.{nearest(to, SHAPES)} The shapes are: {', '.join(SHAPES)}.")
        return SHAPES[to]
    suffix = output.suffix.lower()
    by_ending = [one for one in SHAPES.values() if isinstance(one, FileShape) and suffix in one.suffixes]
    if by_ending:
        return found.shape if found.shape in by_ending else by_ending[0]
    if suffix in CONTAINERS_LOSE:
        same = not isinstance(found.shape, FileShape)
        return found.shape if same else SHAPES[DEFAULTS[found.shape.form]]
    if language_of(suffix[1:]):
        return SHAPES["parallel"]
    endings = [
        *CONTAINERS_LOSE,
        *(end for one in SHAPES.values() if isinstance(one, FileShape) for end in one.suffixes),
    ]
    raise DataError(
        f"{output}: the ending `{suffix}` names no format. Accepted: {' '.join(dict.fromkeys(endings))}, or a language "
        "for parallel text (`corpus.en`)."
    )


def _notes(found: Found, target: Shape, output: Path) -> list[str]:
    notes = list(found.reasons)
    if "row_id" not in target.holds:
        notes.append(f"{target.title} has no row ids: they are made anew from the content when it is read")
    if target.name == "xliff2" or target.name == "xliff":
        notes.append("rows of one group stand in one `file` element where they follow each other")
    return notes
