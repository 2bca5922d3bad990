"""Numbers as people read them: `87 (84–90)`, `1,240`, `3.2 s`, `p < 0.001`. Pure functions of values and language."""

from __future__ import annotations

import math
from typing import Literal

Language = Literal["en", "zh"]

PERCENT = frozenset(
    {
        "accuracy", "balanced_accuracy", "macro_f1", "micro_f1", "weighted_f1", "precision", "recall", "f1",
        "subset_accuracy", "exact_match", "token_f1", "rouge1", "rouge2", "rougeL",
        "empty_rate", "copied_rate", "repeated_rate", "cut_rate",
        "off_target_rate", "off_variant_rate", "numbers_kept", "addresses_kept", "placeholders_kept", "term_accuracy",
        "numeric_accuracy", "json_valid_rate", "json_match", "schema_rate", "tool_name_accuracy", "tool_call_accuracy",
        "span_f1", "span_precision", "span_recall", "span_macro_f1", "span_weighted_f1", "token_accuracy",
    }
)  # fmt: skip
"""Metrics between 0 and 1 that are shown as so many of a hundred; the others keep their own scale."""


def scale(metric: str) -> float:
    """100 for a metric shown as so many of a hundred, otherwise 1."""
    return 100.0 if metric in PERCENT else 1.0


def fixed(value: float, decimals: int) -> str:
    """A number with thousands separators and a real minus sign; never `-0`."""
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else "−" + text[1:]
    return text


def count(value: float) -> str:
    """A whole number with thousands separators."""
    return fixed(value, 0)


def decimals_for(value: float, *others: float | None) -> int:
    """Decimals that keep three significant digits of the largest of the numbers, at most four."""
    largest = max((abs(v) for v in (value, *others) if v is not None and math.isfinite(v)), default=0.0)
    return 3 if largest == 0 else max(0, min(4, 2 - math.floor(math.log10(largest))))


def interval(value: float, low: float | None, high: float | None, *, decimals: int, language: Language) -> str:
    """`87 (84–90)`. Without bounds only the value."""
    shown = fixed(value, decimals)
    if low is None or high is None:
        return shown
    return f"{shown} ({span(low, high, decimals=decimals, language=language)})"


def span(low: float, high: float, *, decimals: int, language: Language) -> str:
    """`84–90`, or `−2 to 5` where a dash would be read as a minus."""
    low_text, high_text = fixed(low, decimals), fixed(high, decimals)
    if "−" in low_text + high_text:
        return f"{low_text} {'至' if language == 'zh' else 'to'} {high_text}"
    return f"{low_text}–{high_text}"


def metric_decimals(metric: str, value: float, low: float | None = None, high: float | None = None) -> int:
    """One decimal for so many of a hundred, three significant digits for the rest."""
    return 1 if metric in PERCENT else min(3, decimals_for(value, low, high))


def hundred_decimals(value: float, low: float | None, high: float | None) -> int:
    """0, or 1 where whole numbers would hide the interval: 99.2 (98.9–99.4) must not become 99 (99–99)."""
    if low is None or high is None:
        return 0
    rounded = [round(100 * v) for v in (low, value, high)]
    return 0 if rounded[0] < rounded[1] < rounded[2] else 1


def p_value(p: float) -> str:
    """`p = 0.03`, `p < 0.001`: two significant digits, never a bare zero."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"


def duration(seconds: float, *, language: Language) -> str:
    """Seconds, minutes or hours with their unit: `42 s`, `3 min 20 s`, `2 h 5 min`."""
    hour, minute, second = ("小时", "分", "秒") if language == "zh" else ("h", "min", "s")
    if seconds < 10:
        return f"{seconds:.1f} {second}"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} {second}"
    if whole < 3600:
        return f"{whole // 60} {minute} {whole % 60} {second}"
    return f"{whole // 3600} {hour} {whole % 3600 // 60} {minute}"


def megabytes(value: float) -> str:
    """`3.1 MB`, `91 MB`, `1.2 GB`."""
    if value >= 1000:
        return f"{value / 1000:.1f} GB"
    return f"{value:.0f} MB" if value >= 10 else f"{value:.1f} MB"


def milliseconds(value: float) -> str:
    """`0.08 ms`, `3.2 ms`, `140 ms`."""
    return f"{value:.0f} ms" if value >= 100 else f"{value:.1f} ms" if value >= 1 else f"{value:.2g} ms"
