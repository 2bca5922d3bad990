"""The wrong answers the model was surest of: often the label is what is wrong, and always worth ten minutes.

Of spans, the texts with most of them wrong, marked as the file has them and as they were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from tunewright.report.blocks import Marked, MarkedItem, Mistake, Mistakes, Paragraph, Section
from tunewright.report.context import Context
from tunewright.report.numbers import count, decimals_for, fixed

SHOWN = 20
LONGEST = 600
"""Characters of a text that are shown; its file and line say where the rest is."""
BEFORE = 200
"""Characters that are shown of a longer text in front of its first wrong span."""


def mistakes(context: Context) -> Section | None:
    """At most `SHOWN` mistakes, surest first; without texts in a private report. None where nothing is answered."""
    run, words = context.run, context.words
    if run.evidence.get("task") in ("masked", "continue"):
        return None
    if run.lacks(run.folder.evidence):
        return context.section("mistakes", [context.missing(run.folder.evidence, what="mistakes")])
    errors = [error for error in run.evidence.get("errors") or () if isinstance(error, dict)]
    if not errors:
        return context.section("mistakes", [Paragraph(text=words("mistakes.none"), tone="quiet")])
    shown = errors[:SHOWN]
    if run.kind == "spans" and not context.private:
        marked = Marked(
            items=tuple(_marked(context, error) for error in shown),
            gold=words("mistakes.reference"), found=words("mistakes.found"),
        )  # fmt: skip
        return context.section(
            "mistakes", [Paragraph(text=words("mistakes.spans", n=len(shown))), marked], title="mistakes_spans"
        )
    numeric = run.kind == "regression"
    written = run.kind == "text"
    key = "mistakes.numeric" if numeric else "mistakes.texts" if written else "mistakes.said"
    said = words("mistakes.private" if context.private else key, n=len(shown))
    listed = Mistakes(
        mistakes=tuple(_mistake(context, error) for error in shown),
        gold=words("mistakes.reference" if written else "mistakes.gold"),
        prediction=words("mistakes.written" if written else "mistakes.prediction"),
        stacked=written,
    )
    titles = {"regression": "mistakes_numeric", "text": "mistakes_texts", "spans": "mistakes_spans"}
    title = titles.get(run.kind)
    return context.section("mistakes", [Paragraph(text=said), listed], title=title)


def _mistake(context: Context, error: dict[str, Any]) -> Mistake:
    origin = error.get("origin") or {}
    text, more = cut_text("" if context.private else _joined(error), longest=LONGEST)
    confidence = error.get("confidence")
    return Mistake(
        where=_where(context, origin, str(error.get("row_id") or "")),
        gold=cut_text(answer_text(error.get("gold")), longest=LONGEST)[0],
        prediction=cut_text(answer_text(error.get("prediction")), longest=LONGEST)[0],
        confidence="" if confidence is None else str(context.words("mistakes.sure", sure=fixed(100 * confidence, 1))),
        text=text,
        more=str(context.words("mistakes.longer", n=count(more))) if more else "",
    )


def _marked(context: Context, error: dict[str, Any]) -> MarkedItem:
    text = str(error["text"])
    gold, found = ([_Part(**span) for span in error[side]] for side in ("gold", "prediction"))
    wrong = {*gold} ^ {*found}
    start = max(0, min(part.start for part in wrong) - BEFORE) if len(text) > LONGEST else 0
    end = min(len(text), start + LONGEST)
    return MarkedItem(
        where=_where(context, error.get("origin") or {}, str(error.get("row_id") or "")),
        gold=_with_marks(text, gold, wrong, start=start, end=end),
        found=_with_marks(text, found, wrong, start=start, end=end),
    )


@dataclass(frozen=True)
class _Part:
    start: int
    end: int
    label: str


def _with_marks(text: str, parts: list[_Part], wrong: set[_Part], *, start: int, end: int) -> Markup:
    """The characters from `start` to `end` with each part marked and named; of parts that overlap, the first."""
    pieces: list[Markup | str] = ["…" if start else ""]
    at = start
    for part in sorted(parts, key=lambda part: (part.start, -part.end)):
        if part.start < at or part.end > end:
            continue
        mark = Markup(
            '<mark class="wrong">{}<small>{}</small></mark>' if part in wrong else "<mark>{}<small>{}</small></mark>"
        )
        pieces += [text[at : part.start], mark.format(text[part.start : part.end], part.label)]
        at = part.end
    pieces += [text[at:end], "…" if end < len(text) else ""]
    return Markup("").join(map(escape, pieces))


def _joined(error: dict[str, Any]) -> str:
    """The text, and below it the second one of a pair."""
    texts = [error.get("text"), error.get("text_pair")]
    return "\n—\n".join(str(text) for text in texts if text is not None)


def _where(context: Context, origin: dict[str, Any], row_id: str) -> str:
    """`reviews.csv, line 418`; the row id where there is no line."""
    name = context.file_name(origin.get("path"))
    if name and origin.get("line") is not None:
        return str(context.words("mistakes.where", file=name, line=origin["line"]))
    return name or row_id


def cut_text(text: str, *, longest: int) -> tuple[str, int]:
    """The text as far as it is shown, and how many characters are not."""
    more = len(text) - longest
    return (text[:longest] + "…", more) if more > 0 else (text, 0)


def answer_text(value: Any) -> str:
    """A label, labels, spans or a number as it stands beside another."""
    if isinstance(value, list):
        parts = [f"{v['label']} {v['start']}–{v['end']}" if isinstance(v, dict) else str(v) for v in value]
        return ", ".join(parts) or "∅"
    if isinstance(value, float):
        return fixed(value, decimals_for(value))
    return "∅" if value is None else str(value)
