"""The ranking of pretrained models as it is shown: which one to start with, what each knows, what each costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Figure, Figures, Section, Table
from tunewright.report.numbers import count, fixed, megabytes, milliseconds
from tunewright.report.plots import Point, scatter
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]


def ranking_view(ranking: Json, words: Words) -> View:
    """The view of a ranking as ranking.json has it."""
    file = PurePath(str(ranking["source"]).replace("\\", "/")).name
    shown = _Shown(ranking, words)
    sections = [
        Section(anchor="known", title=words("rank.title_known"), blocks=tuple(shown.known())),
        Section(anchor="costs", title=words("rank.title_costs"), blocks=(shown.costs(),)),
    ]
    if ranking["halving"]:
        sections.insert(0, Section(anchor="halving", title=words("rank.title_halving"), blocks=(shown.halving(),)))
    return View(
        title=words("rank.page_title", file=file), file=file, sections=tuple(sections),
        verdict=Verdict(
            headline=words("rank.headline", name=shown.name(ranking["recommended"])), sentences=tuple(shown.reasons()),
            basis=words("rank.basis", rows=count(ranking["rows"])), warnings=tuple(shown.warnings()),
        ),
    )  # fmt: skip


class _Shown:
    """One ranking in one language."""

    def __init__(self, ranking: Json, words: Words) -> None:
        self._ranking, self._words = ranking, words
        self._places: list[Json] = ranking["places"]
        self._candidates: list[Json] = [place["candidate"] for place in self._places]
        names = Counter(candidate["name"] for candidate in self._candidates)
        # Two folders may have one name; then the way to them tells them apart.
        self._names = {
            one["reference"]: one["name"] if names[one["name"]] == 1 else one["reference"] for one in self._candidates
        }

    def name(self, reference: str) -> str:
        """What a candidate is called."""
        return str(self._names[reference])

    def reasons(self) -> Iterator[Markup]:
        """Why this one, how sure that is, and what would be cheaper."""
        words, ranking, first = self._words, self._ranking, self._places[0]
        if halving := ranking["halving"]:
            best, *others = halving["rungs"][-1]["entries"]
            yield words(
                "rank.halved", metric=words.name("metric", ranking["metric"]), rows=count(halving["num_rows"]),
                value=words.inline(words.metric(ranking["metric"], best["value"], best["low"], best["high"])),
            )  # fmt: skip
            if others:
                key = "rank.halved_better" if halving["is_shown_better"] else "rank.halved_open"
                yield words(key, other=self.name(others[0]["reference"]))
        elif len(self._places) == 1:
            yield words("rank.only")
        else:
            yield words(f"rank.{ranking['sureness']}", share=fixed(100 * first["first_share"], 0))
            open_with = [self.name(p["candidate"]["reference"]) for p in self._places[1:] if p["not_shown_worse"]]
            if open_with:
                yield words("rank.open_with", names=words("data.list_comma").join(open_with))
        if (cheaper := self._alternative()) is not None and not ranking["halving"]:
            ratio = self._candidates[0]["milliseconds_per_row"] / cheaper["milliseconds_per_row"]
            yield words("rank.alternative", name=self.name(cheaper["reference"]), times=fixed(ratio, 1))

    def warnings(self) -> Iterator[Markup]:
        """A licence that forbids something, and candidates that were left out."""
        chosen = next(one for one in self._candidates if one["reference"] == self._ranking["recommended"])
        if chosen["noncommercial"]:
            yield self._words("rank.noncommercial", license=chosen["license"])
        for refused in self._ranking["refused"]:
            yield self._words("rank.refused", reason=self._words.pick(refused["reason"]))

    def known(self) -> Iterator[Block]:
        """The estimates, and score against cost as a picture."""
        words, metric = self._words, self._ranking["metric"]
        columns = (
            Column(title=words("rank.model")), Column(title="LogME", kind="number"),
            Column(title=words("rank.first"), kind="number"),
            Column(title=words("rank.probe", metric=words.name("metric", metric)), kind="number"),
            Column(title="H", kind="number", narrow=False),
            Column(title=words("rank.last", name="LogME"), kind="number", narrow=False),
            Column(title=words("rank.last", name="H"), kind="number", narrow=False),
        )  # fmt: skip
        rows = tuple(
            (
                Cell(text=self.name(one["reference"]), tone="model" if one["reference"] == self._recommended else ""),
                fixed(one["layers"]["log_me"], 4), f"{fixed(100 * place['first_share'], 0)}%",
                words.metric(metric, one["probe"], one["probe_low"], one["probe_high"]),
                _h_score(one["layers"]), fixed(one["last"]["log_me"], 4), _h_score(one["last"]),
            )
            for place, one in zip(self._places, self._candidates, strict=True)
        )  # fmt: skip
        yield Table(caption=words("rank.known"), columns=columns, rows=rows, note=words("rank.known_note"))
        if len(self._places) > 1:
            yield Figures(figures=(self._pareto(),))

    def costs(self) -> Table:
        """Time, size, what the tokenizer makes of the texts, licence."""
        words = self._words
        titles = ("model", "time", "parameters", "memory", "tokens", "unknown", "cut", "license")
        rows = tuple(
            (
                self.name(one["reference"]), milliseconds(one["milliseconds_per_row"]),
                f"{fixed(one['num_parameters'] / 1e6, 1)} M",
                f"{megabytes(one['answer_bytes'] / 1e6)} / {megabytes(one['train_bytes'] / 1e6)}",
                fixed(one["tokens_per_character"], 2), f"{fixed(100 * one['unknown_share'], 2)}%",
                f"{fixed(100 * one['share_truncated'], 1)}%", one["license"] or words("rank.no_license"),
            )
            for one in self._candidates
        )  # fmt: skip
        columns = tuple(
            Column(
                title=words(f"rank.{name}"), kind="text" if name in ("model", "license") else "number",
                narrow=name in ("model", "time", "parameters"),
            )
            for name in titles
        )  # fmt: skip
        return Table(caption=words("rank.costs"), columns=columns, rows=rows, note=words("rank.costs_note"))

    def halving(self) -> Table:
        """What each fine-tune reached."""
        words, metric = self._words, self._ranking["metric"]
        columns = (
            Column(title=words("rank.model")), Column(title=words("rank.training"), kind="number"),
            Column(title=words.heading("metric", metric), kind="number"),
            Column(title=words("rank.seconds"), kind="number"), Column(title="", kind="tag"),
        )  # fmt: skip
        rows = tuple(
            (
                self.name(entry["reference"]), f"{fixed(100 * rung['share'], 0)}%",
                words.metric(metric, entry["value"], entry["low"], entry["high"]), words.duration(entry["seconds"]),
                words("rank.goes_on") if entry["goes_on"] else "",
            )
            for rung in self._ranking["halving"]["rungs"]
            for entry in rung["entries"]
        )  # fmt: skip
        return Table(caption=words("rank.halving"), columns=columns, rows=rows, note=words("rank.halving_note"))

    @property
    def _recommended(self) -> str:
        return str(self._ranking["recommended"])

    def _alternative(self) -> Json | None:
        return next((one for one in self._candidates if one["reference"] == self._ranking["alternative"]), None)

    def _pareto(self) -> Figure:
        words = self._words
        points = [
            Point(
                name=self.name(one["reference"]), x=one["milliseconds_per_row"], y=one["layers"]["log_me"],
                stands_out=place["pareto"],
            )
            for place, one in zip(self._places, self._candidates, strict=True)
        ]  # fmt: skip
        title, said = words("rank.pareto"), words("rank.pareto_said")
        return Figure(
            svg=scatter(points, x_label=words("rank.axis_time"), y_label="LogME", title=title, description=said),
            title=title, caption=said,
        )  # fmt: skip


def _h_score(estimates: Json) -> str:
    return "–" if estimates["h_score"] is None else fixed(estimates["h_score"], 3)
