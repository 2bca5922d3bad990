from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.data.audit_tables import table
from tunewright.core.text import fold
from tunewright.data.clean import (
    STEPS,
    TEXT_STEPS,
    CleanConfig,
    apply_text_steps,
    chosen_text_steps,
    clean,
    fix_mojibake,
    strip_markup,
)
from tunewright.data.keys import Kind
from tunewright.data.ledger import Ledger


def cleaned(fields: pa.Table, *, kind: Kind = "single_label", **config: object) -> tuple[pa.Table, Ledger]:
    ledger = Ledger()
    return clean(fields, kind=kind, config=CleanConfig.model_validate(config), ledger=ledger), ledger


def rows(fields: pa.Table) -> list[tuple[object, object]]:
    return list(zip(fields["text"].to_pylist(), fields["label"].to_pylist(), strict=True))


def test_a_sound_table_passes_untouched() -> None:
    fields = table(["one", "two", "three"], ["a", "b", "a"])
    result, ledger = cleaned(fields)
    assert result.equals(fields)
    assert ledger.entries == []


def test_rows_without_text_go_and_a_pair_with_one_text_stays() -> None:
    fields = table(["", None, "\u3000 ", "text", ""], ["a"] * 5, text_pair=["", None, " ", "", "second"])
    result, ledger = cleaned(fields)
    assert result["text"].to_pylist() == ["text", ""]
    assert [(entry.line, entry.reason_code) for entry in ledger.entries] == [(n, "empty_text") for n in (2, 3, 4)]


def test_label_variants_become_the_commonest_spelling_and_the_ledger_says_what_stood_there() -> None:
    fields = table(["one", "two", "three", "four"], ["Refund", "refund ", "Refund", None])
    result, ledger = cleaned(fields)
    assert result["label"].to_pylist() == ["Refund", "Refund", "Refund", None]
    (entry,) = ledger.entries
    assert (entry.action, entry.before, entry.after, entry.line) == ("changed", "refund ", "Refund", 3)
    assert [account.changed for account in ledger.accounts if account.stage == "clean.label_variants"] == [1]


def test_labels_with_different_letters_are_never_merged() -> None:
    fields = table(["one", "two", "three"], ["refund", "refunds", "re-fund"])
    assert rows(cleaned(fields)[0]) == rows(fields)


def test_variants_in_lists_are_merged_without_doubling() -> None:
    fields = table(["one", "two"], [["Red", "red", "big"], ["Red"]], label_type=pa.list_(pa.string()))
    assert cleaned(fields, kind="multi_label")[0]["label"].to_pylist() == [["Red", "big"], ["Red"]]


def test_one_of_equal_rows_is_kept_whatever_their_order() -> None:
    fields = table(["Good!", "good!", "GOOD!", "bad"], ["a", "a", "a", "b"])
    kept = {tuple(cleaned(fields.take(order))[0]["row_id"].to_pylist()) for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2])}
    assert len(kept) == 1
    _, ledger = cleaned(fields)
    assert {entry.after for entry in ledger.entries} == set(next(iter(kept)))  # each names the row that stands for it
    assert Counter(entry.reason_code for entry in ledger.entries) == {"exact_duplicate": 2}


def test_equal_texts_of_unlabelled_rows_all_stay() -> None:
    fields = table(["same", "same", "same", "other"], [None, None, "a", "b"])
    assert len(cleaned(fields)[0]) == 4


@pytest.mark.parametrize(
    ("policy", "labels", "kept"),
    [
        ("majority", ["a", "a", "b"], {"a"}),
        ("majority", ["a", "b"], set()),
        ("majority", ["a", "a", "b", "c"], set()),
        ("drop", ["a", "a", "b"], set()),
        ("keep", ["a", "a", "b"], {"a", "b"}),
    ],
)
def test_contradictions_follow_the_policy(policy: str, labels: list[str], kept: set[str]) -> None:
    texts = ["the text", "The Text", "THE TEXT", " the text "][: len(labels)]
    result, _ = cleaned(table(texts, labels), contradictions=policy)
    assert set(result["label"].to_pylist()) == kept


def test_values_of_a_regression_contradict_nothing() -> None:
    fields = table(["t", "t", "t"], [1.0, 2.0, 2.0], label_type=pa.float64())
    assert cleaned(fields, kind="regression")[0]["label"].to_pylist() == [1.0, 2.0]


def test_given_validation_and_test_splits_keep_their_repeats_and_contradictions() -> None:
    texts = ["twice", "twice", "both", "both"] * 3
    fields = table(texts, ["a", "a", "a", "b"] * 3, split=["train"] * 4 + ["dev"] * 4 + ["test"] * 4)
    result, _ = cleaned(fields)
    assert Counter(result["split"].to_pylist()) == {"train": 1, "dev": 4, "test": 4}


def test_text_is_left_as_it_is_unless_asked_for() -> None:
    dirty = ["<b>x</b> &amp; y", "itâ€™s", " spaces \u3000kept ", "ＦＵＬＬ"]
    assert cleaned(table(dirty, list("abcd")))[0]["text"].to_pylist() == dirty


def test_text_steps_change_the_table_as_apply_text_steps_changes_a_string() -> None:
    dirty = ["<b>x</b> &amp; y", "itâ€™s", "fine"]
    config = CleanConfig(fix_mojibake=True, strip_markup=True)
    result, ledger = cleaned(table(dirty, list("abc")), fix_mojibake=True, strip_markup=True)
    names = chosen_text_steps(config)
    assert names == ["fix_mojibake", "strip_markup"]
    assert (
        result["text"].to_pylist() == [apply_text_steps(text, names) for text in dirty] == [" x  & y", "it’s", "fine"]
    )
    assert [(entry.before, entry.after) for entry in ledger.entries] == [
        ("itâ€™s", "it’s"),
        ("<b>x</b> &amp; y", " x  & y"),
    ]


def test_a_text_that_becomes_empty_by_a_step_is_dropped_by_the_next() -> None:
    result, ledger = cleaned(table(["<br/>", "text"], ["a", "b"]), strip_markup=True)
    assert result["text"].to_pylist() == ["text"]
    assert [entry.reason_code for entry in ledger.entries] == ["strip_markup", "empty_text"]


@pytest.mark.parametrize("text", ["a < b and c > d", "R&D", "1<2, 3>2", "价格<500元，>300元", "<3 you", "x&y;z"])
def test_strip_markup_leaves_plain_signs(text: str) -> None:
    assert strip_markup(text) == text


@pytest.mark.parametrize(
    "text", ["ＦＵＬＬ ｗｉｄｔｈ", "“quotes”", "价格不错，服务好！", "ﬁne", "e\u0301", "über", "", "한국어\n"]
)
def test_fix_mojibake_leaves_sound_text(text: str) -> None:
    assert fix_mojibake(text) == text


def test_every_step_is_named_by_a_field_of_the_config() -> None:
    assert set(STEPS) == set(CleanConfig.model_fields)
    assert set(TEXT_STEPS) < set(STEPS)


labels = st.sampled_from(["a", "A", "a ", "b", None])
texts = st.sampled_from(["", " ", "x", "X", "x ", "ｘ", "y", "<p>x</p>", "z &amp;", None])


@settings(max_examples=300, deadline=None)
@given(
    cells=st.lists(st.tuples(texts, labels, st.sampled_from(["train", "dev", "test", None])), max_size=25),
    contradictions=st.sampled_from(["majority", "drop", "keep"]),
    strip=st.booleans(),
)
def test_every_row_that_is_gone_has_one_reason_and_every_sum_adds_up(
    cells: list[tuple[str | None, str | None, str | None]], contradictions: str, strip: bool
) -> None:
    fields = table(*([cell[n] for cell in cells] for n in (0, 1)), split=[cell[2] for cell in cells])
    result, ledger = cleaned(fields, contradictions=contradictions, strip_markup=strip)
    before, after = fields["row_id"].to_pylist(), result["row_id"].to_pylist()
    gone = [entry.row_id for entry in ledger.entries if entry.action == "dropped"]
    assert sorted([*after, *gone]) == sorted(before)
    assert after == [row_id for row_id in before if row_id not in gone]
    read = len(fields)
    for account in ledger.accounts:
        assert account.read == read == account.kept + account.dropped
        read = account.kept
    assert read == len(result)
    changed = {(entry.row_id, entry.field) for entry in ledger.entries if entry.action == "changed"}
    old = {row["row_id"]: row for row in fields.to_pylist()}
    for row in result.to_pylist():
        assert {name for name in row if row[name] != old[row["row_id"]][name]} <= {
            field for row_id, field in changed if row_id == row["row_id"]
        }


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(texts, labels), max_size=25))
def test_cleaning_twice_is_cleaning_once(cells: list[tuple[str | None, str | None]]) -> None:
    fields = table([cell[0] for cell in cells], [cell[1] for cell in cells])
    once, _ = cleaned(fields)
    twice, ledger = cleaned(once)
    assert twice.equals(once)
    assert ledger.entries == []
    kept = [(fold(text or ""), label) for text, label in rows(once) if label is not None]  # type: ignore[arg-type]
    assert len({text for text, _ in kept}) == len(kept)
