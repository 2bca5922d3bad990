"""Paired tests as the page tells them: always seen from the fine-tuned model, whichever way the file has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from tunewright.report.context import MAIN, Context
from tunewright.report.numbers import decimals_for, hundred_decimals, p_value, scale
from tunewright.report.words import Words


@dataclass(frozen=True, kw_only=True)
class Paired:
    """The model against another system: `difference` is the model's score less the other's."""

    metric: str
    other: str
    difference: float
    low: float | None
    high: float | None
    p_value: float | None
    method: str
    n: int
    n_changed: int | None
    verdict: Literal["better", "worse", "no_difference_shown"]
    crossed: bool
    """Whether the rows were predicted by cross-validation instead of being test rows."""


def all_paired(context: Context) -> list[Paired]:
    """Every comparison in which the main system takes part."""
    main = context.main_system or MAIN
    return [seen for record in context.run.evidence.get("comparisons") or () if (seen := _seen_from(main, record))]


def paired(context: Context, metric: str, *, other: str) -> Paired | None:
    """The comparison of the main system with another on one metric; on any metric where that one was not tested."""
    found = [comparison for comparison in all_paired(context) if comparison.other == other and not comparison.crossed]
    return next((c for c in found if c.metric == metric), found[0] if found else None)


def versus(context: Context, comparison: Paired, *, whole: bool) -> str:
    """The difference without its sign, since the sentence says who is better: `9 (6–12)`; `whole` as the headline."""
    return signed(context, comparison, absolute=True, whole=whole)


def signed(context: Context, comparison: Paired, *, absolute: bool = False, whole: bool = False) -> str:
    """The difference with its interval, in points of a hundred where the metric is read so."""
    return difference_text(
        context.words, comparison.metric, comparison.difference, comparison.low, comparison.high, absolute=absolute,
        whole=whole,
    )  # fmt: skip


def difference_text(
    words: Words, metric: str, difference: float, low: float | None, high: float | None, *, absolute: bool = False,
    whole: bool = False,
) -> str:  # fmt: skip
    """`+2.4 (−1.0 to 5.8)` on the scale of the metric; `absolute` without its sign, `whole` in whole points if those will do."""
    by = scale(metric)
    value = difference * by
    low, high = (None if bound is None else bound * by for bound in (low, high))
    if absolute and value < 0:
        value, low, high = -value, None if high is None else -high, None if low is None else -low
    if by == 100:
        decimals = hundred_decimals(value / by, *(None if v is None else v / by for v in (low, high))) if whole else 1
    else:
        decimals = decimals_for(value, low, high)
    text = words.interval(value, low, high, decimals=decimals)
    return text if absolute or value <= 0 else f"+{text}"


def p_text(comparison: Paired) -> str:
    """`p = 0.03`, or nothing where no test was made."""
    return "" if comparison.p_value is None else p_value(comparison.p_value)


def _seen_from(main: str, record: dict[str, Any]) -> Paired | None:
    crossed = f"{main}_cv" in (record["system_a"], record["system_b"])
    name = f"{main}_cv" if crossed else main
    if name not in (record["system_a"], record["system_b"]) or record.get("difference") is None:
        return None
    turned = record["system_b"] == name
    low, high = record.get("low"), record.get("high")
    if turned:
        low, high = None if high is None else -high, None if low is None else -low
    winner = {"a_better": record["system_a"], "b_better": record["system_b"]}.get(record.get("verdict", ""))
    return Paired(
        metric=record["metric"],
        other=(record["system_a"] if turned else record["system_b"]).removesuffix("_cv"),
        difference=-record["difference"] if turned else record["difference"],
        low=low,
        high=high,
        p_value=record.get("p_adjusted", record.get("p_value")),
        method=record.get("method") or "",
        n=record["n"],
        n_changed=record.get("n_changed"),
        verdict="no_difference_shown" if winner is None else "better" if winner == name else "worse",
        crossed=crossed,
    )
