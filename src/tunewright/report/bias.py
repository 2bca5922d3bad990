"""A model's bias as it is shown: gaps between groups, swaps, sentences, probe sets, and what none of them can say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tunewright.report import bias_lines as lines
from tunewright.report.bias_lines import Json, ShiftLine
from tunewright.report.blocks import Block, Cell, Column, Folded, Mistake, Mistakes, Paragraph, Section, Table
from tunewright.report.gaps import column_blocks, from_zero
from tunewright.report.numbers import count, decimals_for, fixed, p_value
from tunewright.report.plots import strip, strip_axis
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

LIMITS = ("lists", "words", "texts", "none", "law")


def bias_view(bias: Mapping[str, Any], words: Words) -> View:
    """The view of `Bias.to_json`; a private one has no texts to begin with."""
    file = bias["file"]["name"] if bias["file"] else ""
    times = (bias["file"] or {}).get("times_scored") or 0
    parts = {
        "gaps": gap_blocks(bias, words), "swaps": _swaps(bias, words), "sentences": _sentences(bias, words),
        "probes": _probes(bias, words), "limits": _limits(words),
    }  # fmt: skip
    built = {name: tuple(blocks) for name, blocks in parts.items()}
    return View(
        title=words("bias.page_title", file=_model_name(bias["model"])), file=file,
        verdict=Verdict(
            headline=lines.headline(bias, words), sentences=tuple(lines.basis(bias, words)),
            basis=words("bias.basis", level=fixed(100 * bias["level"], 0)),
            warnings=(words("bias.ledger", times=count(times)),) if times > 1 and bias["groups"] else (),
        ),
        sections=tuple(
            Section(
                anchor=name, title=words.find(f"bias.title.{name}") or "", blocks=blocks, page_only=name == "limits"
            )
            for name, blocks in built.items()
            if blocks
        ),
    )  # fmt: skip


def gap_blocks(bias: Json, words: Words) -> Iterator[Block]:
    """Gaps by each column, or why there are none."""
    if bias["groups_reason"]:
        yield Paragraph(text=_reason(bias["groups_reason"], words), tone="quiet")
        return
    yield Paragraph(text=words("bias.gaps.intro"))
    for column in bias["groups"]:
        yield from column_blocks(column, words, least=bias["min_group_rows"])
    if bias["looked_at"]:
        yield Paragraph(text=words("bias.gaps.impossible"), tone="quiet")


def _swaps(bias: Json, words: Words) -> Iterator[Block]:
    part = bias["swaps"]
    if part["reason"]:
        yield Paragraph(text=_reason(part["reason"], words), tone="quiet")
        return
    yield Paragraph(text=words("bias.swaps.intro"))
    yield from part_blocks(part | {"sampled": True}, words, bias=bias)
    for one in part["axes"]:
        if one["examples"]:
            yield Folded(
                summary=Markup("{} — {}").format(words("bias.examples"), words.name("axis", one["axis"])),
                blocks=(_examples(one, words),),
            )


def _sentences(bias: Json, words: Words) -> Iterator[Block]:
    part = bias["sentences"]
    if part["reason"]:
        yield Paragraph(text=_reason(part["reason"], words), tone="quiet")
        return
    for language in dict.fromkeys(one["language"] for one in part["axes"]):
        own = [one for one in part["axes"] if one["language"] == language]
        n = sum(one["rows"] for one in own)
        yield Paragraph(text=words("bias.sentences.intro", n=count(n), language=words.name("language", language)))
        yield from part_blocks({"axes": own}, words, bias=bias)
        yield Folded(summary=words("bias.tones.caption"), blocks=(_tones(own, words, by=_by(bias)),))


def _probes(bias: Json, words: Words) -> Iterator[Block]:
    for probe in bias["probes"]:
        yield Paragraph(
            text=words(
                "bias.probes.intro", name=probe["name"].replace("_", " "), source=probe["source"], n=count(probe["texts"]),
                file=probe["path"],
            )
        )  # fmt: skip
        if probe["part"]["reason"]:
            yield Paragraph(text=_reason(probe["part"]["reason"], words), tone="quiet")
        elif probe["preferences"]:
            yield _preference_table(probe["preferences"], words)
        else:
            yield from part_blocks(probe["part"], words, bias=bias)


def _preference_table(preferences: Sequence[Json], words: Words) -> Table:
    rows = []
    for one in preferences:
        is_shown = one["verdict"] != "no_preference_shown"
        name, figure = one["category"] or words("bias.preference.all"), lines.share_text(one, words)
        tone = "model" if is_shown else ""
        drawn = strip(*lines.hundred(one), scale=(0.0, 100.0), label=f"{name}: {figure}", tone=tone)
        verdict = words.name("bias.verdict", one["verdict"])
        rows.append(
            (
                name, drawn, figure, count(one["n"]),
                Cell(text=verdict, note=p_value(one["p_adjusted"]), tone="model" if is_shown else ""),
            )
        )  # fmt: skip
    columns = (
        Column(title=words("bias.column.category")), Column(title=strip_axis(scale=(0.0, 100.0)), kind="strip"),
        Column(title=words("bias.preference.share"), kind="number"),
        Column(title=words("bias.preference.pairs"), kind="number", narrow=False),
        Column(title=words("bias.column.verdict"), kind="tag"),
    )  # fmt: skip
    caption, note = words("bias.preference.caption"), words("bias.preference.note")
    return Table(caption=caption, columns=columns, rows=tuple(rows), note=note)


def part_blocks(part: Json, words: Words, *, bias: Json) -> Iterator[Block]:
    """Flips and shifts of the axes of a part."""
    flips = lines.flip_lines(part["axes"], words)
    if flips:
        scale = from_zero([one.bounds for one in flips])
        rows = tuple(
            (
                one.axis, strip(*one.bounds, scale=scale, label=f"{one.axis}: {one.figure}", tone="model"),
                one.figure, one.within or "–", one.texts,
            )
            for one in flips
        )  # fmt: skip
        columns = (
            Column(title=words("bias.column.axis")), Column(title=strip_axis(scale=scale), kind="strip"),
            Column(title=words("bias.column.flips"), kind="number"),
            Column(title=words("bias.column.within"), kind="number", narrow=False),
            Column(title=words("bias.column.texts"), kind="number", narrow=False),
        )  # fmt: skip
        yield Table(caption=words("bias.flips.caption"), columns=columns, rows=rows, note=words("bias.flips.note"))
    shifts = lines.shift_lines(part["axes"], words, by=_by(bias))
    if shifts:
        yield _shift_table(shifts, words, bias=bias)
    for remark in lines.remarks(part, words, least=bias["min_group_rows"]):
        yield Paragraph(text=remark, tone="quiet")


def _shift_table(shifts: Sequence[ShiftLine], words: Words, *, bias: Json) -> Table:
    scale = _around_zero([one.bounds for one in shifts])
    rows = tuple(
        (
            Cell(text=one.who, note=one.label),
            strip(*one.bounds, scale=scale, label=f"{one.who}: {one.figure}", tone="model" if one.is_shown else ""),
            one.figure,
            Cell(text=one.verdict, note="" if one.test == "–" else one.test, tone="model" if one.is_shown else ""),
        )
        for one in shifts
    )
    note = words("bias.shifts.note_numbers" if _by(bias) == 1 else "bias.shifts.note")
    if len(bias["looked_at"]) > 1:
        note += " " + words("bias.shifts.most", n=count(len(bias["looked_at"])))
    return Table(
        caption=words("bias.shifts.caption"),
        columns=(
            Column(title=words("bias.column.group")), Column(title=strip_axis(scale=scale), kind="strip"),
            Column(title=words("bias.column.shift"), kind="number"), Column(title=words("bias.column.verdict"), kind="tag"),
        ),
        rows=rows, note=note,
    )  # fmt: skip


def _tones(axes: Sequence[Json], words: Words, *, by: float) -> Table:
    """Flips of the neutral, the positive and the negative sentences, and the group whose score moves most in each."""
    rows = []
    for one in axes:
        for tone, effect in one["by_tone"].items():
            most = max(effect["shifts"], key=lambda s: abs(lines.most_moved(s["shifts"])["value"]), default=None)
            moved = "–"
            if most:
                figure = lines.shift_text(lines.most_moved(most["shifts"]), words, by=by)
                moved = f"{lines.people(most['group'], words)} {figure}"
            flips = lines.share_text(effect["flips"], words) if effect["flips"] else "–"
            rows.append((lines.axis_name(one, words), words.name("tone", tone), flips, moved))
    columns = (
        Column(title=words("bias.column.axis")), Column(title=words("bias.column.tone")),
        Column(title=words("bias.column.flips"), kind="number"),
        Column(title=words("bias.column.shift"), kind="number", narrow=False),
    )  # fmt: skip
    return Table(caption=words("bias.tones.caption"), columns=columns, rows=tuple(rows), show_caption=False)


def _examples(one: Json, words: Words) -> Mistakes:
    shown = tuple(
        Mistake(
            where=words("audit.line", line=example["origin"]["line"]), gold=_answer(example["answer"]),
            prediction=_answer(example["version_answer"]), text=example["text"], more=f"→ {example['version']}",
            confidence=words(
                "bias.example.change", group=lines.people(example["group"], words),
                version_group=lines.people(example["version_group"], words),
            ),
        )
        for example in one["examples"]
    )  # fmt: skip
    return Mistakes(
        mistakes=shown,
        gold=words("bias.example.original"),
        prediction=words("bias.example.version"),
        wrong="prediction",
    )


def _limits(words: Words) -> Iterator[Block]:
    for name in LIMITS:
        yield Paragraph(text=words.find(f"bias.limits.{name}") or "")


def _reason(code: str, words: Words) -> Markup:
    return words.find(f"bias.reason.{code}") or Markup("")


def _answer(answer: Any) -> str:
    if isinstance(answer, float):
        return fixed(answer, decimals_for(answer))
    return ", ".join(answer) if isinstance(answer, list) else str(answer)


def _by(bias: Json) -> float:
    """Scores are shown in points of 100, numbers in their own unit."""
    return 1.0 if bias["kind"] == "regression" else 100.0


def _model_name(path: str) -> str:
    """The run and the system: `runs/reviews-1a2b/model` is `reviews-1a2b/model`, and no home directory stands on the page."""
    return "/".join([part for part in path.replace("\\", "/").split("/") if part][-2:])


def _around_zero(bounds: Sequence[tuple[float, float | None, float | None]]) -> tuple[float, float]:
    most = max((abs(end) for one in bounds for end in one if end is not None), default=1.0)
    return -1.05 * max(most, 1e-9), 1.05 * max(most, 1e-9)
