"""The answers that differ, row by row, both side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from tunewright.report.blocks import Block, Changed, ChangedItem, Column, Folded, Paragraph, Table
from tunewright.report.compared.context import Compared, Json
from tunewright.report.numbers import count, fixed
from tunewright.report.sections.mistakes import LONGEST, answer_text, cut_text

SHOWN = 15
"""Rows of each kind of change that stand on the page."""
OPEN_PAIRS = 3
"""So many pairs stand open; of more, each is behind a line."""


def changed(compared: Compared) -> Iterator[Block]:
    """What becomes of the answers when another recipe takes the first one's place."""
    pairs = compared.found["changed"]
    for pair in pairs:
        blocks = tuple(_pair(compared, pair))
        if len(pairs) <= OPEN_PAIRS:
            yield from blocks
        else:
            title = compared.words("compared.changed_caption", a=pair["a"], b=pair["b"])
            yield Folded(summary=title, blocks=blocks)


def _pair(compared: Compared, pair: Json) -> Iterator[Block]:
    words, kind = compared.words, compared.found["kind"]
    numbers = kind == "regression"
    counts = {name: count(n or 0) for name, n in pair["counts"].items()}
    key = "compared.changed_numbers" if numbers else "compared.changed_said"
    said = words(key, a=compared.quoted(pair["a"]), b=compared.quoted(pair["b"]), **counts)
    if compared.several:
        runs = {name: compared.chosen_run(compared.recipe(pair[name]))["name"] for name in ("a", "b")}
        said += " " + words("compared.changed_of", **runs)
    if not numbers:
        yield _fourfold(compared, pair)
    yield Paragraph(text=said)
    for change in ("gained", "lost", "other"):
        rows = [row for row in pair["rows"] if row["change"] == change]
        if rows:
            title = words(
                f"compared.{change}{'_numbers' if numbers else ''}", a=pair["a"], b=pair["b"], n=counts[change]
            )
            yield Folded(summary=title, blocks=_rows(compared, pair, rows, total=pair["counts"][change]))


def _fourfold(compared: Compared, pair: Json) -> Table:
    """Right and wrong in one against right and wrong in the other."""
    words, n, a, b = compared.words, pair["counts"], pair["a"], pair["b"]
    return Table(
        caption=words("compared.changed_caption", a=a, b=b),
        columns=(
            Column(title=""), Column(title=words("compared.right", name=b), kind="number"),
            Column(title=words("compared.wrong", name=b), kind="number"),
        ),
        rows=(
            (words("compared.right", name=a), count(n["both_right"]), count(n["lost"])),
            (words("compared.wrong", name=a), count(n["gained"]), count(n["both_wrong"])),
        ),
    )  # fmt: skip


def _rows(compared: Compared, pair: Json, rows: Sequence[Json], *, total: int) -> tuple[Block, ...]:
    shown = rows[:SHOWN]
    items = tuple(_item(compared, row) for row in shown)
    listed = Changed(items=items, gold=compared.words("mistakes.gold"), a=pair["a"], b=pair["b"])
    more = total - len(shown)
    rest = Paragraph(text=compared.words("compared.changed_more", n=count(more)), tone="quiet")
    return (listed, rest) if more > 0 else (listed,)


def _item(compared: Compared, row: Json) -> ChangedItem:
    words = compared.words
    texts = [row[name] for name in ("text", "text_pair") if row.get(name) is not None]
    text, more = cut_text("\n—\n".join(map(str, texts)), longest=LONGEST)
    name = PurePath(str(row.get("path") or "").replace("\\", "/")).name
    where = words("mistakes.where", file=name, line=row["line"]) if row.get("line") else row["row_id"]
    return ChangedItem(
        where=str(where), gold=answer_text(row["gold"]), a=answer_text(row["a"]), b=answer_text(row["b"]),
        sure_a=_sure(row["confidence_a"]), sure_b=_sure(row["confidence_b"]), text=text,
        right="b" if row["change"] == "gained" else "a" if row["change"] == "lost" else "",
        more=str(words("mistakes.longer", n=count(more))) if more else "",
    )  # fmt: skip


def _sure(confidence: float | None) -> str:
    return "" if confidence is None else f"{fixed(100 * confidence, 0)}%"
