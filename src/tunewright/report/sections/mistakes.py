"""The wrong answers the model was surest of: often the label is what is wrong, and always worth ten minutes."""

from __future__ import annotations

from typing import Any

from tunewright.report.blocks import Mistake, Mistakes, Paragraph, Section
from tunewright.report.context import Context
from tunewright.report.numbers import count, decimals_for, fixed

SHOWN = 20
LONGEST = 600
"""Characters of a text that are shown; its file and line say where the rest is."""


def mistakes(context: Context) -> Section:
    """At most `SHOWN` mistakes, surest first; without texts in a private report."""
    run, words = context.run, context.words
    if run.lacks(run.folder.evidence):
        return context.section("mistakes", [context.missing(run.folder.evidence, what="mistakes")])
    errors = [error for error in run.evidence.get("errors") or () if isinstance(error, dict)]
    if not errors:
        return context.section("mistakes", [Paragraph(text=words("mistakes.none"), tone="quiet")])
    shown = errors[:SHOWN]
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
    title = "mistakes_numeric" if numeric else "mistakes_texts" if written else None
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
