"""Behaviour on a page: the worst first, reasons for what was not run, no text of the file where a page is private."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report.synthetic_run import build_run
from tunewright.core.folder import read_json, write_json
from tunewright.report import render
from tunewright.report.behaviour import behaviour_view
from tunewright.report.view import render_view
from tunewright.report.words import Words


def outcome(name: str, failed: int, *, text: str = "a text", **fields: Any) -> dict[str, Any]:
    """An outcome of 100 cases."""
    rate = None if "reason" in fields else failed / 100
    low, high = (None, None) if rate is None else (max(0.0, rate - 0.05), rate + 0.05)
    failure = {"row_id": "1", "text": text, "answer": "pos", "original": "a test", "original_answer": "neg",
               "score": None, "original_score": None}  # fmt: skip
    return {
        "name": name, "kind": "invariance", "capability": "", "cases": 100, "failed": failed, "rate": rate, "low": low,
        "high": high, "reason": None, "detail": "", "failures": [failure] if failed else [],
    } | fields  # fmt: skip


BEHAVIOUR: dict[str, Any] = {
    "model": "runs/a/model", "labels": ["neg", "pos"], "suite": "suite.yaml", "file": "rows.csv", "level": 0.95,
    "tests": [
        outcome("good enough", 2), outcome("no <case>", 0), outcome("bad", 40),
        outcome("lost", 0, reason="stub_texts", detail="<Stub>"),
    ],
    "changes": [outcome("case", 0), outcome("typos", 12, text="SECRET"), outcome("width", 0, reason="no_change")],
}  # fmt: skip


def test_the_worst_test_stands_first_and_is_said_in_the_first_lines() -> None:
    words = Words("en")
    page = render_view(behaviour_view(BEHAVIOUR, words), words=words)
    names = re.findall(r'<th scope="row"[^>]*><span class="cell-text">([^<]+)</span>', page)
    assert names == ["bad", "good enough", "no &lt;case&gt;", "A typing error", "Capitals and small letters"]
    assert "1 of 3 behaviour tests" in page
    assert "“bad” fails in" in page
    assert "No case fails in 1 tests." in page
    assert "its texts were lost when they were saved: &lt;Stub&gt;" in page
    assert "would change nothing in these texts: full and half width" in page


def test_an_example_shows_where_two_texts_part() -> None:
    words = Words("en")
    one = outcome("t", 1, text="x" * 200 + " end")
    one["failures"][0]["original"] = "x" * 200 + " END"
    page = render_view(behaviour_view(BEHAVIOUR | {"tests": [one]}, words), words=words)
    assert "“…" + "x" * 29 + " END” → neg; “…" + "x" * 29 + " end” → pos" in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_private_report_has_rates_and_no_text_of_the_file(tmp_path: Path, language: Any) -> None:
    folder = build_run(tmp_path)
    write_json(folder.evidence, read_json(folder.evidence) | {"behaviour": BEHAVIOUR})
    assert "SECRET" in render(folder, language=language, private=False)
    page = render(folder, language=language, private=True)
    assert "SECRET" not in page
    assert "12.0" in page
