"""The wrong answers the model was surest of: often the label is what is wrong, and always worth ten minutes.

Of spans, the texts with most of them wrong, marked as the file has them and as they were found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup, escape

from tunewright.report.blocks import Block, Marked, MarkedItem, Mistake, Mistakes, Near, Paragraph, Section
from tunewright.report.context import Context
from tunewright.report.numbers import count, decimals_for, fixed

Json = dict[str, Any]

SHOWN = 20
"""Mistakes that are shown at first."""
PAIRS = 8
"""Confusions by which the list can be narrowed down, the most frequent ones."""
LONGEST = 600
"""Characters of a text that are shown; its file and line say where the rest is."""
NEAR_LONGEST = 200
"""Characters of a training row that are shown beside a mistake."""
PIECE_LONGEST = 60
BETWEEN = "\n—\n"
"""Between the two texts of a pair."""
BEFORE = 200
"""Characters that are shown of a longer text in front of its first wrong span."""

TITLES = {"regression": "mistakes_numeric", "text": "mistakes_texts", "spans": "mistakes_spans"}
SAID = {"regression": "mistakes.numeric", "text": "mistakes.texts", "spans": "mistakes.spans"}


def mistakes(context: Context) -> Section | None:
    """The worst mistakes, and which of them to look at; without texts in a private report. None where nothing is answered."""
    run, words = context.run, context.words
    if run.evidence.get("task") in ("masked", "continue"):
        return None
    if run.lacks(run.folder.evidence):
        return context.section("mistakes", [context.missing(run.folder.evidence, what="mistakes")])
    errors = [error for error in run.evidence.get("errors") or () if isinstance(error, dict)]
    if not errors:
        return context.section("mistakes", [Paragraph(text=words("mistakes.none"), tone="quiet")])
    listed: Mistakes | Marked
    if run.kind == "spans" and not context.private:
        errors = errors[:SHOWN]
        listed = Marked(
            items=tuple(_marked(context, error) for error in errors),
            gold=words("mistakes.reference"), found=words("mistakes.found"),
        )  # fmt: skip
    else:
        listed = _listed(context, errors)
    key = "mistakes.private" if context.private else SAID.get(run.kind, "mistakes.said")
    blocks: list[Block] = [Paragraph(text=words(key, n=len(errors))), listed]
    if doubts := run.evidence.get("label_doubts"):
        blocks.insert(1, Paragraph(text=_doubts_said(context, doubts)))
    return context.section("mistakes", blocks, title=TITLES.get(run.kind))


def _doubts_said(context: Context, doubts: Mapping[str, Any]) -> Markup:
    words = context.words
    said = words("mistakes.doubts", found=count(doubts["found"]), n=count(doubts["n"]), **context.units)
    if doubts["confirmed"]:
        said += words(
            "mistakes.confirmed", n=count(doubts["confirmed"]), right=fixed(100 * doubts["right"], 1),
            at_most=fixed(100 * doubts["right_at_most"], 1),
        )  # fmt: skip
    return said + words("mistakes.look")


def _listed(context: Context, errors: list[Json]) -> Mistakes:
    words, written = context.words, context.run.kind == "text"
    choices = _choices(context, errors)
    return Mistakes(
        mistakes=tuple(
            replace(
                _mistake(context, error),
                choices=tuple(place for place, (_, chosen) in enumerate(choices) if chosen[number]),
            )
            for number, error in enumerate(errors)
        ),
        gold=words("mistakes.reference" if written else "mistakes.gold"),
        prediction=words("mistakes.written" if written else "mistakes.prediction"), stacked=written,
        choose=words("mistakes.show"), choices=tuple(text for text, _ in choices),
    )  # fmt: skip


def _choices(context: Context, errors: list[Json]) -> list[tuple[Markup, list[bool]]]:
    """Ways to narrow the list down, each with what it shows of it; nothing where there is one way only."""
    words, kinds = context.words, [_near_kind(context, error) for error in errors]
    found = [("all", [True] * len(errors))]
    if len(errors) > SHOWN:
        found.insert(0, ("first", [number < SHOWN for number in range(len(errors))]))
    found.append(("two_doubt", [error.get("doubted_by") == 2 for error in errors]))
    found.append(("doubt", [error.get("doubted_by") == 1 for error in errors]))
    found += [(f"near_{kind}", [one == kind for one in kinds]) for kind in ("prediction", "gold", "other")]
    choices = [
        (words(f"mistakes.choose_{name}", n=sum(chosen)), chosen)
        for name, chosen in found
        if any(chosen) and (name == "all" or not all(chosen))
    ]
    if context.run.kind in ("single_label", "multi_label"):
        pairs = [(answer_text(error.get("gold")), answer_text(error.get("prediction"))) for error in errors]
        for pair, n in Counter(pairs).most_common(PAIRS):
            if 1 < n < len(errors):
                text = words("mistakes.choose_pair", gold=pair[0], prediction=pair[1], n=n)
                choices.append((text, [one == pair for one in pairs]))
    return choices if len(choices) > 1 else []


def _near_kind(context: Context, error: Json) -> str:
    """Whether most of the nearest training rows have the row's label, the answer, or neither; empty where that is no question."""
    rows = error.get("nearest") or ()
    if context.run.kind not in ("single_label", "multi_label") or not rows:
        return ""
    alike = {side: sum(row.get("label") == error.get(side) for row in rows) for side in ("gold", "prediction")}
    return next((side for side, n in alike.items() if 2 * n > len(rows)), "other")


def _mistake(context: Context, error: Json) -> Mistake:
    words, confidence = context.words, error.get("confidence")
    text, more = cut_text("" if context.private else joined(error), longest=LONGEST)
    mattered = [] if context.private else error.get("mattered") or []
    return Mistake(
        where=place_of(context, error),
        gold=cut_text(answer_text(error.get("gold")), longest=LONGEST)[0],
        prediction=cut_text(answer_text(error.get("prediction")), longest=LONGEST)[0],
        confidence="" if confidence is None else str(words("mistakes.sure", sure=fixed(100 * confidence, 1))),
        text=_highlighted(text, error, mattered),
        more=str(words("mistakes.longer", n=count(more))) if more else "",
        tag=words("mistakes.doubted") if error.get("doubted_by") == 2 else "",
        mattered=_mattered_said(context, error, mattered) if mattered else "",
        **_near(context, error),
    )  # fmt: skip


def _highlighted(text: str, error: Json, mattered: list[Json]) -> Markup:
    """The text with the pieces marked that its answer leans on; what is behind the cut is not shown."""
    pieces, at = [], 0
    for start, end in sorted(_span(error, one) for one in mattered):
        if end <= len(text) and start >= at:
            pieces += [escape(text[at:start]), Markup("<mark>{}</mark>").format(text[start:end])]
            at = end
    return Markup("").join([*pieces, escape(text[at:])])


def _span(error: Json, one: Json) -> tuple[int, int]:
    """Where a piece stands in the joined texts."""
    before = len(error["text"]) + len(BETWEEN) if one["part"] else 0
    return before + one["start"], before + one["end"]


def _mattered_said(context: Context, error: Json, mattered: list[Json]) -> Markup:
    """What the model would say without each of the pieces."""
    words, texts = context.words, (error["text"], error.get("text_pair"))

    def said(one: Json) -> Markup:
        piece = cut_text(str(texts[one["part"]])[one["start"] : one["end"]], longest=PIECE_LONGEST)[0]
        if one["confidence"] is None or one["answer"] != error["prediction"]:
            return words("mistakes.without_other", piece=piece, answer=answer_text(one["answer"]))
        return words("mistakes.without", piece=piece, sure=fixed(100 * one["confidence"], 0))

    return words("mistakes.mattered", pieces=words("data.list_comma").join(map(said, mattered)))


def _near(context: Context, error: Json) -> dict[str, Any]:
    """Training rows like it, as fields of a `Mistake`; labels stand in the line that opens them, unless answers are texts."""
    rows = error.get("nearest") or ()
    if not rows:
        return {}
    words, labels = context.words, [answer_text(row.get("label")) for row in rows]
    near = tuple(
        Near(
            where=place_of(context, row),
            label="" if row.get("label") is None else cut_text(label, longest=NEAR_LONGEST)[0],
            text=cut_text("" if context.private else joined(row), longest=NEAR_LONGEST)[0],
        )
        for row, label in zip(rows, labels, strict=True)
    )  # fmt: skip
    if context.run.kind == "text":
        return {"near": near, "near_said": words("mistakes.near_rows", n=len(near))}
    return {"near": near, "near_said": words("mistakes.near", labels=words("data.list_comma").join(labels))}


def _marked(context: Context, error: Json) -> MarkedItem:
    text = str(error["text"])
    gold, found = ([_Part(**span) for span in error[side]] for side in ("gold", "prediction"))
    wrong = {*gold} ^ {*found}
    start = max(0, min(part.start for part in wrong) - BEFORE) if len(text) > LONGEST else 0
    end = min(len(text), start + LONGEST)
    return MarkedItem(
        where=place_of(context, error),
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


def joined(row: Json) -> str:
    """The text, and below it the second one of a pair."""
    return BETWEEN.join(str(row[name]) for name in ("text", "text_pair") if row.get(name) is not None)


def place_of(context: Context, row: Json) -> str:
    """`reviews.csv, line 418`; the row id where there is no line."""
    origin = row.get("origin") or {}
    name = context.file_name(origin.get("path"))
    if name and origin.get("line") is not None:
        return str(context.words("mistakes.where", file=name, line=origin["line"]))
    return name or str(row.get("row_id") or "")


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
