"""The top of the page: what to expect, against what else, what to do. A manager reads only this."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from tunewright.report.context import MAIN, Context
from tunewright.report.numbers import fixed, hundred_decimals, metric_decimals, scale
from tunewright.report.paired import Paired, paired, versus
from tunewright.report.run import Score


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One of the few things to know besides the score: a short name and a sentence."""

    title: str | Markup
    text: str | Markup


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The first screen."""

    headline: str | Markup
    sentences: tuple[Markup, ...] = ()
    facts: tuple[Fact, ...] = ()
    basis: str | Markup = ""
    warnings: tuple[Markup, ...] = ()


def verdict(context: Context) -> Verdict:
    """The verdict in plain words; where nothing was scored yet, that."""
    run, words = context.run, context.words
    main = context.main_system
    name = _winner(context) or main
    score = run.score(context.headline_metric, system=name) if name else None
    if score is None or name is None:
        return Verdict(headline=words("verdict.none"), sentences=tuple(_unfinished(context)))
    facts = (_automation(context), _weakest(context), _next_step(context))
    others = _others(context, score)
    if name != main:
        # What can run by itself and which class is weakest was measured on the system that lost.
        facts, others = (None, None, facts[2]), _loser(context, score)
    return Verdict(
        headline=_headline(context, score),
        sentences=(*_primary(context, name), *others, *_recommendation(context)),
        facts=tuple(fact for fact in facts if fact),
        basis=words(
            "verdict.basis" if score.low is not None else "verdict.basis_bare",
            n=fixed(score.n, 0), **context.units, level=fixed(100 * score.level, 0),
        ),
        warnings=tuple(_warnings(context)),
    )  # fmt: skip


def _winner(context: Context) -> str | None:
    """The recommended system, where it is shown to be better than the one the page is about: it has the headline."""
    recommended = str(context.run.evidence.get("recommended") or "")
    if recommended not in context.run.systems(context.headline_metric):
        return None
    comparison = paired(context, context.headline_metric, other=recommended)
    return recommended if comparison and comparison.verdict == "worse" else None


def _loser(context: Context, winner: Score) -> list[Markup]:
    """What the system the page is about gets, and by how much the winner is better."""
    score = context.run.score(winner.metric, system=str(context.main_system))
    comparison = paired(context, winner.metric, other=winner.system)
    if score is None or comparison is None:
        return []
    return [_rival(context, score, comparison, key="rival_worse", main=winner)]


def _unfinished(context: Context) -> list[Markup]:
    last = context.run.steps("stage_started")
    if not last:
        return [context.words("verdict.nothing_yet")]
    return [context.words("verdict.stopped_in", stage=context.words.name("stage", str(last[-1].get("stage", ""))))]


def _headline(context: Context, score: Score) -> Markup:
    words = context.words
    metric = "subset_accuracy" if (score.metric, context.run.kind) == ("accuracy", "multi_label") else score.metric
    key = f"verdict.of_100.{metric}" if score.system == MAIN else f"verdict.other.{metric}"
    if scale(score.metric) == 100:
        decimals = hundred_decimals(score.value, score.low, score.high)
    else:
        decimals = metric_decimals(score.metric, score.value, score.low, score.high)
    value = _value(context, score, decimals)
    values = {"value": value, **context.units, "system": context.system(score.system, form="the"),
              "metric": context.metric(score.metric)}  # fmt: skip
    return words.find(key, **values) or words("verdict.any_metric", **values)


def _value(context: Context, score: Score, decimals: int) -> Markup:
    by = scale(score.metric)
    number = Markup('<b class="figure">{}</b>').format(fixed(score.value * by, decimals))
    if score.low is None or score.high is None:
        return number
    bounds = context.words.span(score.low * by, score.high * by, decimals=decimals)
    return number + context.words("verdict.bounds", bounds=bounds)


def _primary(context: Context, system: str) -> list[Markup]:
    """The metric the run went by, where it is not the one of the headline."""
    if context.primary_metric == context.headline_metric:
        return []
    score = context.run.score(context.primary_metric, system=system)
    if score is None:
        return []
    name = context.metric(score.metric, alone=True)
    return [context.words("verdict.primary", metric=name, value=context.words.inline(context.score_text(score)))]


def _others(context: Context, main: Score) -> list[Markup]:
    """What is shown to be better, if anything is; what is used today and the simplest rival; each with what the test says."""
    measured = context.run.systems(main.metric)
    usual = ("current", "tfidf", "frozen", "base", "dictionary", "majority")
    rivals = [name for name in usual if name in measured and name != main.system]
    wanted = rivals[:2] if rivals[:1] == ["current"] else rivals[:1]
    recommended = str(context.run.evidence.get("recommended") or "")
    if recommended in rivals and recommended not in wanted:
        wanted = [*wanted, recommended]
    best = _best_ahead(context, main)
    wanted = [best, *wanted] if best is not None and best not in wanted else wanted
    sentences = []
    for name in wanted:
        score = context.run.score(main.metric, system=name)
        comparison = paired(context, main.metric, other=name)
        if score is None:
            continue
        key = {"better": "rival_worse", "worse": "rival_better"}.get(
            comparison.verdict if comparison else "", "rival_same"
        )
        sentences.append(_rival(context, score, comparison, key=key, main=main))
    return sentences


def _best_ahead(context: Context, main: Score) -> str | None:
    """Of the systems that are shown to be better, the one that is so by most."""
    ahead = {
        name: comparison
        for name in context.run.systems(main.metric)
        if (comparison := paired(context, main.metric, other=name)) is not None and comparison.verdict == "worse"
    }
    return max(ahead, key=lambda name: abs(ahead[name].difference), default=None)


def _rival(context: Context, score: Score, comparison: Paired | None, *, key: str, main: Score) -> Markup:
    """One sentence: what a rival gets, and what the paired test says; which metric, where it is not the headline's."""
    shown = context.score_text(score)
    if scale(score.metric) == 100:
        shown = _whole(context, score.value, score.low, score.high)
    values = {"other": context.system(score.system, form="The"), "value": context.words.inline(shown)}
    if comparison is None:
        return context.words("verdict.rival_alone", **values)
    same = comparison.metric == main.metric
    return context.words(
        f"verdict.{key}" if same else f"verdict.{key}_in",
        difference=context.words.inline(versus(context, comparison, whole=same)),
        metric=context.metric(comparison.metric),
        main=context.system(main.system, form="the"),
        **values,
    )


def _whole(context: Context, value: float, low: float | None, high: float | None) -> str:
    """So many of a hundred, in whole numbers where those still show the interval."""
    bounds = [None if bound is None else 100 * bound for bound in (low, high)]
    return context.words.interval(100 * value, *bounds, decimals=hundred_decimals(value, low, high))


def _recommendation(context: Context) -> list[Markup]:
    """What to use, and by which rule: what each costs to run and to make is part of the reason."""
    evidence, words = context.run.evidence, context.words
    recommended = evidence.get("recommended")
    if not recommended:
        return []
    rule = evidence.get("recommendation") or {}
    why = words.why_recommended(rule)
    if rule.get("reason") == "not_shown":
        return [why] if why else []
    return [words("verdict.recommended", system=context.system(str(recommended), form="the")), *([why] if why else [])]


def _automation(context: Context) -> Fact | None:
    """The largest wanted precision up to 95 % (else the lowest) that some share of the test rows did reach."""
    rows = [
        row for row in context.run.evidence.get("automation") or ()
        if row.get("share") and row.get("reached") != "missed" and (row.get("precision") or 0.0) >= row["wanted"]
    ]  # fmt: skip
    if not context.run.evidence.get("automation"):
        return None
    words = context.words
    if not rows:
        lowest = min(row["wanted"] for row in context.run.evidence["automation"])
        text = words("verdict.automation_none", wanted=fixed(100 * lowest, 0), **context.units)
        return Fact(title=words("fact.automation"), text=text)
    usual = [row for row in rows if row["wanted"] <= 0.9501]
    row = max(usual, key=lambda r: r["wanted"]) if usual else min(rows, key=lambda r: r["wanted"])
    values = {
        "wanted": fixed(100 * row["wanted"], 0), "share": fixed(100 * row["share"], 0), **context.units,
        "precision": words.inline(words.metric("precision", row["precision"], row.get("low"), row.get("high"))),
        "n": fixed(row["n"], 0),
    }  # fmt: skip
    if row.get("threshold") is None:
        return Fact(title=words("fact.automation"), text=words("verdict.automation_any", **values))
    values["threshold"] = fixed(100 * row["threshold"], 0)
    return Fact(title=words("fact.automation"), text=words("verdict.automation", **values))


def _weakest(context: Context) -> Fact | None:
    weakest = context.run.evidence.get("weakest")
    if not weakest:
        return None
    metric, words = str(weakest["metric"]), context.words
    if weakest.get("value") is None:
        return None
    text = words(
        "verdict.weakest_spans" if context.run.kind == "spans" else "verdict.weakest",
        label=weakest["label"],
        metric=context.metric(metric),
        value=words.inline(words.metric(metric, weakest["value"], weakest.get("low"), weakest.get("high"))),
        n=fixed(weakest["n"], 0),
        **context.units,
    )
    return Fact(title=words("fact.weakest"), text=text)


def _next_step(context: Context) -> Fact | None:
    step = context.run.evidence.get("next_step")
    if not step:
        return None
    values = {key: _shown(context, key, value) for key, value in step.items() if key != "key"} | context.units
    text = context.words.find(f"next.{step.get('code')}", **values) or context.free(step.get("message"))
    return Fact(title=context.words("fact.next"), text=text) if text else None


def _shown(context: Context, key: str, value: object) -> object:
    if key == "system":
        return context.system(str(value), form="the")
    if isinstance(value, float) and not value.is_integer():
        return fixed(value, 2)
    return fixed(value, 0) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _warnings(context: Context) -> list[Markup]:
    times = (context.run.evidence.get("test_ledger") or {}).get("times_scored") or 0
    return [context.words("warning.test_ledger", times=times)] if times > 1 else []
