"""What `Bias.to_json` holds, as lines in the words of one language: the terminal and the page show the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tunewright.report.numbers import count, decimals_for, fixed, p_value
from tunewright.report.words import Words

Json = Mapping[str, Any]
_SHOWN = frozenset({"gap", "shift", "stereotype", "counter_stereotype"})
_SHARES = frozenset({"accuracy", "demographic_parity", "equal_opportunity", "equalized_odds", "calibration"})


@dataclass(frozen=True, kw_only=True)
class GapLine:
    """A measure of one label between the groups of a column."""

    measure: str
    means: str
    """What it compares, in words."""
    figure: str
    ratio: str
    largest: str
    smallest: str
    """The group, and its value."""
    test: str
    verdict: str
    is_shown: bool
    bounds: tuple[float, float | None, float | None] | None
    """Value, low and high on the scale of the figure; None where nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class FlipLine:
    """How often answers change on one axis."""

    axis: str
    texts: str
    figure: str
    within: str
    """Empty where no two words of one group were compared."""
    bounds: tuple[float, float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class ShiftLine:
    """How far scores move on one axis for one group against another or the others."""

    axis: str
    who: str
    label: str
    """Which label's score; empty where there is only one."""
    figure: str
    test: str
    verdict: str
    is_shown: bool
    bounds: tuple[float, float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many comparisons were tested, and how many show a difference."""

    tested: int
    shown: int


def tally(bias: Json) -> Tally:
    """Over all parts."""
    verdicts = [gap["verdict"] for column in bias["groups"] for gap in column["gaps"]]
    for part in _parts(bias):
        verdicts += [s["verdict"] for one in part["axes"] if one["effect"] for s in one["effect"]["shifts"]]
    verdicts += [one["verdict"] for probe in bias["probes"] for one in probe["preferences"]]
    tested = [verdict for verdict in verdicts if verdict not in ("not_measured", "not_tested")]
    return Tally(tested=len(tested), shown=sum(verdict in _SHOWN for verdict in tested))


def headline(bias: Json, words: Words) -> Markup:
    """One sentence: how many comparisons show a difference."""
    counted = tally(bias)
    if not counted.tested:
        return words("bias.headline_nothing")
    key = {0: "bias.headline_none", 1: "bias.headline_one"}.get(counted.shown, "bias.headline")
    return words.find(key, tested=count(counted.tested), shown=count(counted.shown)) or Markup("")


def basis(bias: Json, words: Words) -> list[Markup]:
    """What was looked at, and how figures are to be read."""
    file = bias["file"]
    said = [words("bias.no_file")]
    if file:
        said = [
            words(
                "bias.file", name=file["name"], read=count(file["rows_read"]), used=count(file["rows_used"]),
                empty=count(file["empty"]), unreadable=count(file["unreadable"]), labelled=count(file["labelled"]),
            )
        ]  # fmt: skip
    labels = bias["looked_at"]
    if not labels:
        said += [words("bias.looked_number")] if bias["kind"] == "regression" else []
    elif len(labels) == 1:
        said.append(words("bias.looked_one", label=labels[0]))
    else:
        said.append(words("bias.looked_many", n=count(len(labels))))
    return said


def gap_lines(column: Json, words: Words) -> list[GapLine]:
    """The measures of one column."""
    return [_gap_line(gap, words) for gap in column["gaps"]]


def refused(gaps: Sequence[Json], words: Words) -> str:
    """Groups that were too small for a measure, each once; empty where none was."""
    said = dict.fromkeys(
        words(
            f"bias.gaps.refused.{one['lacking']}", group=one["group"] or words("bias.gaps.hidden"), n=count(one["n"]),
            label=gap["label"] or "",
        )
        for gap in gaps
        for one in gap["refused"]
    )  # fmt: skip
    return words("data.list_comma").join(said)


def flip_lines(axes: Sequence[Json], words: Words) -> list[FlipLine]:
    """The axes whose answers can flip."""
    lines = []
    for one in axes:
        flips = one["effect"] and one["effect"]["flips"]
        if flips:
            within = one["effect"]["flips_within"]
            lines.append(
                FlipLine(
                    axis=axis_name(one, words), texts=count(flips["n"]), figure=share_text(flips, words),
                    within=share_text(within, words) if within else "", bounds=hundred(flips),
                )
            )  # fmt: skip
    return lines


def shift_lines(axes: Sequence[Json], words: Words, *, by: float) -> list[ShiftLine]:
    """Every group that was held against others; `by` is 100 for probabilities, 1 for numbers."""
    return [line for one in axes if one["effect"] for line in _shift_lines(one, words, by=by)]


def remarks(part: Json, words: Words, *, least: int) -> Iterator[Markup]:
    """What a reader should know of a part's axes: too few texts, texts about several groups, a sample."""
    for one in part["axes"]:
        name = axis_name(one, words, capital=True)
        if one["reason"] == "few_rows":
            yield words("bias.few_texts", axis=name, n=count(one["rows"]), least=count(least))
        elif one["effect"]["mixed"]:
            yield words("bias.mixed", axis=name, n=count(one["effect"]["mixed"]))
        if one["asked"] and one["asked"] < one["rows"] and part.get("sampled", False):
            yield words("bias.sampled", axis=name, n=count(one["rows"]), asked=count(one["asked"]))


def axis_name(one: Json, words: Words, *, capital: bool = False) -> str:
    """The name of an axis."""
    name = words.heading("axis", one["axis"]) if capital else str(words.name("axis", one["axis"]))
    return str(name)


def people(group: str, words: Words) -> str:
    """The name of a group of our lists; one of the user's own or of a probe set as it stands."""
    return str(words.find(f"people.{group}") or group)


def share_text(share: Json, words: Words) -> str:
    """`2.0 (0.7–5.7)` of 100."""
    value, low, high = hundred(share)
    return words.interval(value, low, high, decimals=1)


def hundred(share: Json) -> tuple[float, float | None, float | None]:
    """A share with its ends, of 100."""
    low, high = (None if share[name] is None else 100 * share[name] for name in ("low", "high"))
    return 100 * share["value"], low, high


def shift_text(shift: Json, words: Words, *, by: float) -> str:
    """`+1.2 (0.4 to 2.0)`."""
    value, low, high = (None if shift[name] is None else by * shift[name] for name in ("value", "low", "high"))
    assert value is not None
    text = words.interval(value, low, high, decimals=1 if by == 100 else decimals_for(value, low, high))
    return text if text.startswith("−") or not value else f"+{text}"


def tested(one: Json) -> str:
    """The adjusted p-value; a dash where nothing was tested."""
    return "–" if one["p_adjusted"] is None else p_value(one["p_adjusted"])


def most_moved(shifts: Sequence[Json]) -> Json:
    """The label whose score moves most."""
    return max(shifts, key=lambda shift: abs(shift["value"]))


def scale_of(measure: str) -> float:
    """100 for shares, 1 for numbers in their own unit."""
    return 100.0 if measure in _SHARES else 1.0


def _gap_line(gap: Json, words: Words) -> GapLine:
    by, label = scale_of(gap["measure"]), gap["label"] or ""
    bounds = None
    figure = str(words.name("bias.reason", gap["reason"])) if gap["reason"] else ""
    if gap["value"] is not None:
        value, low, high = (None if gap[name] is None else by * gap[name] for name in ("value", "low", "high"))
        assert value is not None
        bounds = (value, low, high)
        figure = words.interval(value, low, high, decimals=1 if by == 100 else decimals_for(value, low, high))
    largest, smallest = _ends(gap, words, by=by)
    return GapLine(
        measure=words.heading("bias.measure", gap["measure"]),
        means=str(words.find(f"bias.means.{gap['measure']}", label=label) or ""),
        figure=figure, ratio="" if gap["ratio"] is None else fixed(gap["ratio"], 2), largest=largest, smallest=smallest,
        test=tested(gap), verdict=str(words.name("bias.verdict", gap["verdict"])), is_shown=gap["verdict"] == "gap",
        bounds=bounds,
    )  # fmt: skip


def _ends(gap: Json, words: Words, *, by: float) -> tuple[str, str]:
    """The groups with the largest and the smallest value, of the figure whose groups lie farthest apart."""
    apart = [
        (max(values) - min(values), name)
        for name, figures in gap["figures"].items()
        if name != "calibration_error" and len(values := [figure["value"] for figure in figures]) > 1
    ]
    if gap["value"] is None or not apart:
        return "", ""
    figures = sorted(gap["figures"][max(apart)[1]], key=lambda figure: figure["value"])
    decimals = 1 if by == 100 else decimals_for(*(by * figure["value"] for figure in figures))
    smallest, largest = (f"{one['group']} {fixed(by * one['value'], decimals)}" for one in (figures[0], figures[-1]))
    return largest, smallest


def _shift_lines(one: Json, words: Words, *, by: float) -> Iterator[ShiftLine]:
    groups = one["effect"]["groups"]
    for shift in one["effect"]["shifts"]:
        most = most_moved(shift["shifts"])
        group = people(shift["group"], words)
        who = words("bias.against_others", group=group)
        if len(groups) == 2:
            other = people(next(name for name in groups if name != shift["group"]), words)
            who = words("bias.against", group=group, other=other)
        value, low, high = (None if most[name] is None else by * most[name] for name in ("value", "low", "high"))
        assert value is not None
        yield ShiftLine(
            axis=axis_name(one, words), who=str(Markup(who).unescape()),
            label=most["label"] or "" if len(shift["shifts"]) > 1 else "", figure=shift_text(most, words, by=by),
            test=tested(shift), verdict=str(words.name("bias.verdict", shift["verdict"])),
            is_shown=shift["verdict"] == "shift", bounds=(value, low, high),
        )  # fmt: skip


def _parts(bias: Json) -> list[Json]:
    return [bias["swaps"], bias["sentences"], *(probe["part"] for probe in bias["probes"])]
