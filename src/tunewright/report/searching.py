"""A search as it is shown: the best settings and how sure they are, every trial, what mattered; or a race with its standings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Figure, Figures, Section, Table
from tunewright.report.numbers import count, fixed, metric_decimals, scale
from tunewright.report.plots import Line, bar, lines, strip, strip_axis
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]
NAMED_CURVES = 3
"""Of a race's picture; the others are drawn without a name."""


def search_view(search: Json, words: Words) -> View:
    """The view of a search or a race as search.json has it."""
    file = PurePath(str(search["source"]).replace("\\", "/")).name
    shown = _Race(search, words) if search["how"] == "race" else _Shown(search, words)
    return View(
        title=words(f"search.page_title_{shown.name}", file=file), file=file, sections=tuple(shown.sections()),
        verdict=Verdict(
            headline=shown.headline(), sentences=tuple(shown.sentences()), basis=shown.basis(),
        ),
    )  # fmt: skip


class _Shown:
    """One search in one language."""

    name = "search"

    def __init__(self, search: Json, words: Words) -> None:
        self.search, self.words = search, words
        self.metric = str(search["metric"])
        self.complete: list[Json] = [one for one in search["trials"] if one["state"] == "complete"]

    def headline(self) -> Markup:
        """How good the best is."""
        best, words = self.complete[0], self.words
        return words(
            "search.headline", metric=words.heading("metric", self.metric), value=words.inline(self.value(best))
        )

    def sentences(self) -> Iterator[Markup]:
        """The best settings, who is as good, what became of the others, and what to do with it."""
        words, trials = self.words, self.search["trials"]
        yield words("search.best", settings=self.settings(self.complete[0]))
        open_with = sum(bool(one["not_shown_worse"]) for one in self.complete[1:])
        if len(self.complete) > 1:
            yield words("search.open_with", n=count(open_with), complete=count(len(self.complete) - 1))
        pruned, failed = (sum(one["state"] == state for one in trials) for state in ("pruned", "failed"))
        if pruned or failed:
            yield words("search.others", pruned=count(pruned), failed=count(failed))
        yield words("search.next", recipe=self.search["best_recipe"])

    def basis(self) -> Markup:
        """On which rows, and why the best of many looks a little too good."""
        return self.words(
            "search.basis", rows=count(self.search["validation_rows"]), n=count(len(self.search["trials"]))
        )

    def sections(self) -> Iterator[Section]:
        """Trials, and what mattered."""
        words = self.words
        yield Section(anchor="trials", title=words("search.title_trials"), blocks=(self.trials(),))
        if self.search["importances"]:
            yield Section(anchor="importance", title=words("search.title_importance"), blocks=(self.importance(),))

    def trials(self) -> Table:
        """Every trial with its settings."""
        words = self.words
        keys = self.search["keys"]
        columns = (
            Column(title=words("search.trial")), Column(title=words.heading("metric", self.metric), kind="number"),
            *(Column(title=_short(key, keys), kind="number") for key in keys),
            Column(title=words("search.epochs"), kind="number", narrow=False),
            Column(title=words("search.took"), kind="number", narrow=False), Column(title="", kind="tag"),
        )  # fmt: skip
        return Table(
            caption=words("search.trials"), columns=columns, note=words("search.trials_note"),
            rows=tuple(self._row(one, keys) for one in self.search["trials"]),
        )  # fmt: skip

    def _row(self, one: Json, keys: Sequence[str]) -> tuple[str | Markup | Cell, ...]:
        is_best = one is self.complete[0]
        state = "same" if one["not_shown_worse"] and not is_best else one["state"]
        return (
            Cell(text=str(one["number"]), tone="model" if is_best else ""), self.value(one),
            *(_setting(one["values"].get(key)) for key in keys),
            fixed(one["about"]["epochs"], 1) if "epochs" in one["about"] else "–",
            "–" if one["seconds"] is None else self.words.duration(one["seconds"]),
            self.words(f"search.state_{'best' if is_best else state}"),
        )  # fmt: skip

    def importance(self) -> Table:
        """Each field with the share of the variance that it explains."""
        words = self.words
        rows = tuple(
            (
                one["key"], bar(one["value"], label=f"{one['key']}: {fixed(100 * one['value'], 0)}%"),
                f"{fixed(100 * one['value'], 0)}% ({words.span(100 * one['low'], 100 * one['high'], decimals=0)})",
            )
            for one in self.search["importances"]
        )  # fmt: skip
        columns = (
            Column(title=words("search.field")), Column(title="", kind="strip"),
            Column(title=words("search.share"), kind="number"),
        )  # fmt: skip
        return Table(
            caption=words("search.importance"), columns=columns, rows=rows, note=words("search.importance_note")
        )

    def value(self, one: Json) -> str:
        """A score with its interval, `–` where there is none."""
        if one["value"] is None:
            return "–"
        return self.words.metric(self.metric, one["value"], one["about"].get("low"), one["about"].get("high"))

    def settings(self, one: Json) -> Markup:
        """`learning_rate 3e-4, weight_decay 0.01`."""
        parts = [f"{key} = {_setting(value)}" for key, value in one["values"].items()]
        return self.words("data.list_comma").join(parts)


class _Race(_Shown):
    """A race: each racer by the best of its rates."""

    name = "race"

    def __init__(self, search: Json, words: Words) -> None:
        super().__init__(search, words)
        self._key = next(key for key in search["keys"] if key.endswith(".name"))
        self._rate = next(key for key in search["keys"] if key != self._key)
        by_name: dict[str, list[Json]] = {}
        for one in search["trials"]:
            by_name.setdefault(one["values"][self._key], []).append(one)
        # Trials stand in order, those that failed last: so do the racers by their first.
        self._racers = {name: trials for name, trials in by_name.items() if trials[0]["state"] == "complete"}
        self._out = [name for name in by_name if name not in self._racers]

    def headline(self) -> Markup:
        """Who won."""
        return self.words("race.headline", name=next(iter(self._racers)))

    def sentences(self) -> Iterator[Markup]:
        """How good, who is as good, who fell out."""
        words, (first, *others) = self.words, list(self._racers)
        best = self._racers[first][0]
        yield words("race.best", metric=words.name("metric", self.metric), value=words.inline(self.value(best)))
        same = [name for name in others if self._racers[name][0]["not_shown_worse"]]
        yield words("race.same", names=words("data.list_comma").join(same)) if same else words("race.alone")
        if self._out:
            yield words("race.out", names=words("data.list_comma").join(self._out))

    def basis(self) -> Markup:
        """What each racer was given."""
        rates = max(len(trials) for trials in self._racers.values())
        epochs = max(one["about"].get("epochs", 0.0) for one in self.complete)
        return self.words(
            "race.basis", rates=count(rates), epochs=fixed(epochs, 1), rows=count(self.search["validation_rows"])
        )

    def sections(self) -> Iterator[Section]:
        """Standings and curves; then every trial."""
        words = self.words
        blocks: list[Block] = [self._standings()]
        if any(len(trials[0]["about"]["curve"]) > 1 for trials in self._racers.values()):
            blocks.append(Figures(figures=(self._curves(),)))
        yield Section(anchor="race", title=words("race.title"), blocks=tuple(blocks))
        yield Section(anchor="trials", title=words("search.title_trials"), blocks=(self.trials(),))

    def _standings(self) -> Table:
        words, by = self.words, scale(self.metric)
        ends = [
            by * end
            for trials in self._racers.values()
            for end in (trials[0]["value"], trials[0]["about"]["low"], trials[0]["about"]["high"])
            if end is not None
        ]
        axis = (min(ends), max(ends) if max(ends) > min(ends) else min(ends) + 1.0)
        columns = (
            Column(title=words("race.racer")), Column(title=strip_axis(scale=axis), kind="strip"),
            Column(title=words.heading("metric", self.metric), kind="number"),
            Column(title=words("race.rate"), kind="number"), Column(title=words("race.worst"), kind="number", narrow=False),
            Column(title=words("search.took"), kind="number", narrow=False), Column(title="", kind="tag"),
        )  # fmt: skip
        rows = []
        for place, (name, trials) in enumerate(self._racers.items()):
            best, values = trials[0], [one["value"] for one in trials if one["state"] == "complete"]
            low, high = (None if best["about"][end] is None else by * best["about"][end] for end in ("low", "high"))
            drawn = strip(
                by * best["value"], low, high, scale=axis, label=f"{name}: {self.value(best)}",
                tone="" if place else "model",
            )  # fmt: skip
            decimals = metric_decimals(self.metric, by * values[-1])
            rows.append(
                (
                    Cell(text=name, tone="" if place else "model"), drawn, self.value(best),
                    _setting(best["values"][self._rate]), fixed(by * values[-1], decimals),
                    "–" if best["seconds"] is None else words.duration(best["seconds"]),
                    words("search.state_same") if best["not_shown_worse"] and place else "",
                )
            )  # fmt: skip
        return Table(caption=words("race.caption"), columns=columns, rows=tuple(rows), note=words("race.note"))

    def _curves(self) -> Figure:
        """Of each racer's best rate; behind them the ones that have no name."""
        words, by = self.words, scale(self.metric)
        curves = [
            Line(
                name=name if place < NAMED_CURVES else "", tone="quiet" if place else "model", dots=place == 0,
                points=tuple((epoch, value) for epoch, value in trials[0]["about"]["curve"]),
            )
            for place, (name, trials) in enumerate(self._racers.items())
        ]  # fmt: skip
        title, said = words("race.curves"), words("race.curves_said")
        svg = lines(
            curves[::-1], x_label=words("search.epochs"), y_label=words.heading("metric", self.metric), title=title,
            description=said, y_by=by,
        )  # fmt: skip
        return Figure(svg=svg, title=title, caption=said)


def _short(key: str, keys: Sequence[str]) -> str:
    """The last part of a key, where that names it among all."""
    last = key.rpartition(".")[2]
    return last if sum(one.rpartition(".")[2] == last for one in keys) == 1 else key


def _setting(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else "–" if value is None else str(value)
