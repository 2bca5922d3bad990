"""The first screen of a comparison: who is better, as far as that is shown; and the sections behind it."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from tunewright.report.blocks import Section
from tunewright.report.compared.changed import changed
from tunewright.report.compared.context import Compared, Json
from tunewright.report.compared.costs import cost_of, costs, settings
from tunewright.report.compared.sides import seeds, sides, tests
from tunewright.report.numbers import count, fixed, scale
from tunewright.report.sections.verdict import Fact, Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

SECTIONS = {"sides": sides, "tests": tests, "seeds": seeds, "changed": changed, "costs": costs, "settings": settings}
"""In reading order; one without blocks does not apply."""
WORTH_SAYING = 1.2
"""How many times as quick a system that is not shown to be worse must be, to be named for it."""


def compared_view(found: Json, words: Words) -> View:
    """The view of what `RunsComparison.to_json` holds."""
    compared = Compared(found, words)
    blocks = {name: tuple(build(compared)) for name, build in SECTIONS.items()}
    return View(
        title=words("compared.title", names=compared.listed([recipe["name"] for recipe in compared.recipes])), file="",
        sections=tuple(
            Section(anchor=name, title=words(f"compared.title_{name}"), blocks=of) for name, of in blocks.items() if of
        ),
        verdict=Verdict(
            headline=_headline(compared), sentences=tuple(_sentences(compared)), facts=tuple(_facts(compared)),
            basis=words("compared.basis", level=compared.level),
        ),
    )  # fmt: skip


def _headline(compared: Compared) -> Markup:
    words, best, open_ = compared.words, compared.found["best"], compared.found["not_shown_worse"]
    others = [recipe["name"] for recipe in compared.recipes if recipe["name"] != best]
    if len(open_) == len(others):
        return words("compared.headline.same")
    best = compared.quoted(best)
    if open_:
        names = compared.listed([compared.quoted(name) for name in open_])
        return words("compared.headline.some", best=best, others=names)
    if len(others) > 1:
        return words("compared.headline.better_all", best=best, n=len(others))
    return words("compared.headline.better", best=best, other=compared.quoted(others[0]))


def _sentences(compared: Compared) -> Iterator[Markup]:
    """What each measured, the difference of two, and which of equals is the quickest."""
    words, found, main = compared.words, compared.found, compared.main
    ordered = sorted(compared.recipes, key=lambda recipe: recipe["name"] != found["best"])
    measured = [
        words("compared.one", name=recipe["name"], value=words.inline(compared.score_text(recipe, main)))
        for recipe in ordered
    ]
    yield words("compared.measured", metric=compared.metric(main), list=compared.listed(measured))
    tests = [c for c in found["comparisons"] if c["metric"] == main and c["difference"] is not None]
    if len(tests) == 1:
        key = "compared.difference_points" if scale(main) == 100 else "compared.difference"
        yield words(key, difference=words.inline(compared.difference_text(tests[0], absolute=True)))
    # Times that runs measured each by itself say little of each other; only a measurement in turn is put into words.
    if found["measured"]:
        times = {name: _time_of(compared, name) for name in (found["best"], *found["not_shown_worse"])}
        quickest = min(times, key=lambda name: times[name])
        times_as_quick = times[found["best"]] / times[quickest]
        if WORTH_SAYING <= times_as_quick < float("inf"):
            yield words("compared.quicker", name=compared.quoted(quickest), times=fixed(times_as_quick, 1))


def _time_of(compared: Compared, name: str) -> float:
    milliseconds = cost_of(compared, compared.recipe(name))["milliseconds_per_row"]
    return float("inf") if milliseconds is None else float(milliseconds)


def _facts(compared: Compared) -> Iterator[Fact]:
    """Which rows, what the seeds do, how often these rows were looked at."""
    words, found, units = compared.words, compared.found, compared.units
    left_out = {name: count(n) for name, n in found["left_out"].items()}
    key = "compared.rows_left_out" if any(found["left_out"].values()) else "compared.rows"
    yield Fact(title=words("compared.fact.rows"), text=words(key, n=count(found["n"]), **left_out, **units))
    yield Fact(title=words("compared.fact.seeds"), text=_seeds_said(compared))
    key = "compared.ledger" if found["split"] == "test" else f"compared.ledger_{found['split']}"
    yield Fact(title=words("compared.fact.ledger"), text=words(key, times=count(found["times_scored"]), **units))


def _seeds_said(compared: Compared) -> Markup:
    """The two deviations of the recipe with the most seeds."""
    main = compared.main
    recipe = max(compared.recipes, key=lambda recipe: len(recipe["runs"]))
    score = compared.over_seeds(recipe, main)
    if score["seed_deviation"] is None:
        return compared.words("compared.seeds_unknown")
    if not score["seed_deviation"]:
        test = compared.deviation_text(main, score["test_deviation"])
        return compared.words("compared.seeds_none", name=compared.quoted(recipe["name"]), test=test, **compared.units)
    return compared.words(
        "compared.seeds_known", name=compared.quoted(recipe["name"]),
        seed=compared.deviation_text(main, score["seed_deviation"]),
        test=compared.deviation_text(main, score["test_deviation"]), **compared.units,
    )  # fmt: skip
