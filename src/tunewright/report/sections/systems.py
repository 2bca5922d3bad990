"""Everything that was measured, side by side: the model, the simple baselines, what is used today."""

from __future__ import annotations

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Folded, Paragraph, Section, Table
from tunewright.report.context import Context
from tunewright.report.numbers import count, megabytes, metric_decimals, milliseconds, scale
from tunewright.report.paired import Paired, all_paired, p_text, signed
from tunewright.report.plots import strip, strip_axis
from tunewright.report.run import Score


def systems(context: Context) -> Section:
    """A row for each system with its interval, the paired tests, every other metric of the model, and the costs."""
    run = context.run
    if not run.scores:
        return context.section("systems", [context.missing(run.folder.scores, what="scores")])
    metrics = dict.fromkeys([context.headline_metric, context.primary_metric])
    blocks: list[Block] = [_side_by_side(context, metric) for metric in metrics if run.systems(metric)]
    blocks.extend(_cross_validation(context))
    if all_paired(context):
        blocks.append(_tests(context))
    elif run.lacks(run.folder.evidence):
        blocks.append(context.missing(run.folder.evidence, what="comparisons"))
    blocks.extend(_leaks(context))
    blocks.append(Folded(summary=context.words("systems.all_metrics"), blocks=(_all_metrics(context),)))
    return context.section("systems", blocks)


def _leaks(context: Context) -> list[Block]:
    """The headline metric on test rows that also stood in train and on those that did not, where there were any."""
    words, run, metric = context.words, context.run, context.headline_metric
    names = [name for name in ("clean", "leaked", "near_leaked") if any(s.slice == name for s in run.scores)]
    systems = [name for name in run.systems(metric) if run.score(metric, system=name, slice_="clean")]
    if len(names) < 2 or not systems:
        return []
    rows = []
    for name in (None, *names):
        scores = [run.score(metric, system=system, slice_=name) for system in systems]
        first = next((s for s in scores if s), None)
        cells = [context.score_text(s) if s else "–" for s in scores]
        rows.append((words(f"leaks.{name or 'all'}"), *cells, count(first.n) if first else "–"))
    columns = (
        Column(title=words("leaks.rows")), *(Column(title=context.system(s), kind="number") for s in systems),
        Column(title="n", kind="number"),
    )  # fmt: skip
    caption = words("leaks.caption", metric=context.metric(metric))
    return [Table(caption=caption, columns=columns, rows=tuple(rows), note=words("leaks.note"))]


def _side_by_side(context: Context, metric: str) -> Table:
    words, run = context.words, context.run
    scores = [s for name in run.systems(metric) if (s := run.score(metric, system=name))]
    bounds = _scale(scores)
    costs = run.evidence.get("costs") or {}
    ordered = sorted(scores, key=lambda s: -s.value if scale(metric) == 100 else s.value)
    name = context.metric(metric, alone=True)
    rows = tuple(_row(context, score, bounds, costs.get(score.system) or {}) for score in ordered)
    by = words("systems.percent", metric=name) if scale(metric) == 100 else name
    return Table(
        caption=words("systems.caption", metric=name),
        columns=(
            Column(title=words("column.system")),
            Column(title=strip_axis(scale=bounds), kind="strip"),
            Column(title=by, kind="number"),
            Column(title="n", kind="number", narrow=False),
            Column(title=words("column.cost"), kind="number", narrow=False),
        ),
        rows=rows,
        note=words("systems.note", level=f"{100 * scores[0].level:.0f}"),
    )


def _row(
    context: Context, score: Score, bounds: tuple[float, float], cost: dict[str, float]
) -> tuple[Cell | Markup, ...]:
    by = scale(score.metric)
    low, high = (None if b is None else b * by for b in (score.low, score.high))
    main = score.system == context.main_system
    name = context.system(score.system)
    drawn = strip(
        score.value * by, low, high, scale=bounds, label=f"{name}: {context.score_text(score)}",
        tone="model" if main else "",
    )  # fmt: skip
    explained = context.words.find(f"explain.{score.system}") or ""
    spent = [milliseconds(cost["milliseconds_per_row"])] if cost.get("milliseconds_per_row") is not None else []
    spent += [megabytes(cost["megabytes"])] if cost.get("megabytes") is not None else []
    return (
        Cell(text=name, note=explained, tone="model" if main else ""),
        drawn,
        Cell(text=context.score_text(score), tone="model" if main else ""),
        Cell(text=count(score.n)),
        Cell(text=spent[0] if spent else "–", note=spent[1] if len(spent) > 1 else ""),
    )


def _scale(scores: list[Score]) -> tuple[float, float]:
    by = scale(scores[0].metric)
    values = [v * by for s in scores for v in (s.value, s.low, s.high) if v is not None]
    low, high = min(values), max(values)
    if by == 100:
        return max(0.0, 10.0 * (low // 10)), 100.0
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return (max(0.0, low - room) if low >= 0 else low - room), high + room


def _cross_validation(context: Context) -> list[Paragraph]:
    words, run = context.words, context.run
    record = run.evidence.get("cross_validation")
    if not record:
        return []
    metric = str(record["metric"])
    values = [float(value) for value in record.get("values") or ()]
    shown = [
        (name, score)
        for name in ("model_cv", "frozen_cv", "tfidf_cv")
        if (score := run.score(metric, system=name, split="cv"))
    ]
    by = scale(metric)
    text = words("systems.folds", folds=record["folds"], metric=context.metric(metric))
    if values:
        decimals = metric_decimals(metric, max(values) * by)
        text += words("systems.folds_range", range=words.span(min(values) * by, max(values) * by, decimals=decimals))
    figures = [
        words(
            "systems.fold_score",
            system=context.system(name.removesuffix("_cv"), form="the"),
            value=words.inline(context.score_text(score)),
            n=count(score.n),
        )
        for name, score in shown
    ]
    text += words("systems.fold_joiner").join(figures) + words("systems.fold_end")
    return [Paragraph(text=text)]


def _tests(context: Context) -> Table:
    words = context.words
    main = context.system(context.main_system or "model", form="The")
    rows = tuple(
        (
            Cell(text=context.system(c.other), note=_about(context, c)),
            Cell(text=signed(context, c)),
            Cell(text=p_text(c) or "–", note=words.name("method", c.method)),
            Cell(text=count(c.n), note="" if c.n_changed is None else words("systems.changed", n=count(c.n_changed))),
            Cell(text=words(f"paired.{c.verdict}", main=main), tone="model" if c.verdict == "better" else ""),
        )
        for c in all_paired(context)
    )
    return Table(
        caption=words("systems.tests", system=context.system(context.main_system or "model", form="the")),
        columns=(
            Column(title=words("column.against")),
            Column(title=words("column.difference"), kind="number"),
            Column(title=words("column.test"), kind="number", narrow=False),
            Column(title="n", kind="number", narrow=False),
            Column(title=words("column.verdict")),
        ),
        rows=rows,
        note=words("systems.tests_note", main=context.system(context.main_system or "model", form="the")),
    )


def _about(context: Context, comparison: Paired) -> str | Markup:
    """What was compared: the metric, and whether over rows of cross-validation."""
    metric = context.metric(comparison.metric, alone=True)
    return context.words("systems.crossed", metric=metric) if comparison.crossed else metric


def _all_metrics(context: Context) -> Table:
    """Every metric of every system on the test split: the table an engineer looks for."""
    run, words = context.run, context.words
    whole = [s for s in run.scores if s.split == "test" and s.slice is None]
    metrics = list(dict.fromkeys(s.metric for s in whole))
    names = list(dict.fromkeys(s.system for s in whole))
    names.sort(key=lambda name: name != context.main_system)
    rows = []
    for metric in metrics:
        cells: list[Cell | str] = [Cell(text=context.metric(metric, alone=True))]
        for name in names:
            score = run.score(metric, system=name)
            cells.append(Cell(text=context.score_text(score), note=f"n = {count(score.n)}") if score else "–")
        rows.append(tuple(cells))
    return Table(
        caption=words("systems.all_metrics"),
        columns=(
            Column(title=words("column.metric")), *(Column(title=context.system(n), kind="number") for n in names)
        ),
        rows=tuple(rows),
        show_caption=False,
    )  # fmt: skip
