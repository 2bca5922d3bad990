"""The view of a bias: every kind of model, both languages, hostile names; nothing leaves the page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from tunewright.core.text import is_cjk
from tunewright.evaluate import FairnessConfig, Predictions, from_logits, group_gaps
from tunewright.evaluate.counterfactual import Design, effect, judged
from tunewright.pipeline.bias import AxisFound, Bias, Example, FileAccount, Part, ProbeFound
from tunewright.report.bias import bias_view
from tunewright.report.bias_lines import tally
from tunewright.report.view import render_view
from tunewright.report.words import Words

EVIL = "<script>document.title='x'</script>"
QUICK = FairnessConfig(resamples=999)
LABELS = {"binary": ["no", "yes"], "many": ["a", "b", "c"], "regression": []}


def predictions(kind: str, rows: int, *, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = LABELS[kind]
    if kind == "regression":
        values = rng.normal(50, 10, rows)
        return from_logits(
            [str(i) for i in range(rows)], kind="regression", labels=(), gold=(values + rng.normal(0, 1, rows)).tolist(),
            logits_NC=values[:, None],
        )  # fmt: skip
    logits = rng.normal(0, 2, (rows, len(labels)))
    return from_logits(
        [str(i) for i in range(rows)], kind="single_label", labels=labels, gold=[labels[i] for i in logits.argmax(1)],
        logits_NC=logits,
    )  # fmt: skip


def bias_of(kind: str, *, name: str = "north") -> Bias:
    """All parts, with one axis of two groups and one of three, and a probe set that is not applicable."""
    frames = [str(i // 6) for i in range(120)]
    two = Design(
        axis="gender", groups=("female", "male"), frames=frames, clusters=frames, group_V=np.arange(120) % 2,
        terms=["t"] * 120,
    )  # fmt: skip
    three = replace(two, axis="religion", groups=("christian", "muslim", "hindu"), group_V=np.arange(120) % 3)
    effects = judged([effect(predictions(kind, 120), design, config=QUICK) for design in (two, three)])
    axes = tuple(
        AxisFound(
            axis=one.axis, language="en", rows=20, asked=20, effect=one, by_tone={"neutral": one},
            examples=(
                Example(
                    row_id="r", origin={"path": "f.csv", "line": 7}, text=f"She came {name}", version=f"He came {name}",
                    group="female", version_group="male", answer=name, version_answer="other",
                ),
            ),
        )
        for one in effects
    )  # fmt: skip
    few = AxisFound(axis="names", language="en", rows=3, asked=0, reason="few_rows")
    groups = [name, "south", None, "tiny"]
    column = [groups[0 if i % 2 else 1] if i > 4 else groups[2 + i % 2] for i in range(100)]
    return Bias(
        model="/home/xyzzy/runs/x/model", system="model", kind="regression" if kind == "regression" else "single_label",
        labels=tuple(LABELS[kind]), looked_at={"binary": ("yes",), "many": ("a", "b", "c"), "regression": ()}[kind],
        language="en", level=0.95, min_group_rows=20,
        file=FileAccount(
            name=f"{name}.csv", rows_read=102, rows_used=100, unreadable=1, empty=1, labelled=100, language="en", times_scored=3
        ),
        groups=tuple(group_gaps(predictions(kind, 100), {name: column}, config=QUICK)), groups_reason=None,
        swaps=Part(axes=(*axes, few)), sentences=Part(axes=axes),
        probes=(
            ProbeFound(
                name="winobias", path="all.jsonl", source="Zhao et al. 2018", needs="text_probability", texts=3168,
                part=Part(reason="text_probability"),
            ),
        ),
    )  # fmt: skip


def page_of(bias: Bias, language: str, *, private: bool = False) -> str:
    words = Words(language)
    return render_view(bias_view(bias.to_json(private=private), words), words=words, private=private)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", LABELS)
def test_every_kind_of_model_has_a_page_in_both_languages(kind: str, language: str) -> None:
    page = page_of(bias_of(kind), language)
    assert "{" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL), "a value was not put in"
    assert not re.search(r"\bnan\b", page, flags=re.IGNORECASE)
    assert "xyzzy" not in page, "no home directory stands on the page"
    assert any(map(is_cjk, page)) == (language == "zh")
    assert ("not applicable" in page.lower()) == (language == "en")
    assert ("Points of 100" in page) == (language == "en" and kind != "regression")


def test_every_test_is_counted_once_and_the_headline_has_their_number() -> None:
    bias = bias_of("binary")
    value = bias.to_json()
    tested = sum(gap.p_value is not None for one in bias.groups for gap in one.gaps)
    tested += 2 * sum(len(one.effect.shifts) for one in bias.sentences.axes if one.effect)
    assert tally(value).tested == tested
    assert str(tested) in bias_view(value, Words("en")).verdict.headline


@pytest.mark.parametrize("kind", ["binary", "many"])
def test_names_from_the_file_are_escaped_wherever_they_stand(kind: str) -> None:
    harmless, hostile = page_of(bias_of(kind), "en"), page_of(bias_of(kind, name=EVIL), "en")
    assert Tags(harmless).tags == Tags(hostile).tags
    assert "&lt;script&gt;" in hostile


def test_a_private_page_has_neither_texts_nor_names_of_small_groups() -> None:
    bias = bias_of("binary")
    shown, hidden = page_of(bias, "en"), page_of(bias, "en", private=True)
    for secret in ("She came", "tiny"):
        assert secret in shown
        assert secret not in hidden
    assert "south" in hidden
