from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.data.audit_tables import WORDS, disguised, retouched, sentence, table
from tunewright.core.errors import DataError
from tunewright.data.audit import Audit, AuditConfig, audit
from tunewright.data.keys import Kind
from tunewright.data.table import origins, row_ids

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def audited(fields: pa.Table, *, kind: Kind = "single_label", **config: object) -> Audit:
    return audit(fields, kind=kind, config=AuditConfig.model_validate(config))


def clean_table(rows: int = 60) -> pa.Table:
    chance = random.Random(0)
    return table([sentence(chance) for _ in range(rows)], [("pos", "neg")[n % 2] for n in range(rows)])


def test_a_clean_table_has_no_findings() -> None:
    assert audited(clean_table()).findings == []


# --- against real data ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "chnsenticorp").exists(), reason="the shared data folder is not there")
def test_the_known_leaks_of_chnsenticorp_are_found_to_the_row() -> None:
    fields = read_shared("chnsenticorp", ("train", "dev", "test"))
    found = audited(fields)
    assert {pair: overlap.texts for pair, overlap in found.overlaps.items()} == {
        ("train", "validation"): 335,
        ("train", "test"): 330,
        ("validation", "test"): 39,
    }
    by_split = {
        name: (split.rows, split.duplicate_rows, split.contradictory_texts) for name, split in found.by_split.items()
    }
    assert by_split == {"train": (9600, 1351, 24), "validation": (1200, 22, 1), "test": (1200, 22, 1)}
    text_of = dict(zip(fields["row_id"].to_pylist(), fields["text"].to_pylist(), strict=True))
    split_of = dict(zip(fields["row_id"].to_pylist(), fields["split"].to_pylist(), strict=True))
    leak = found.overlaps["train", "test"]
    assert {split_of[row] for row in leak.row_ids[0]} == {"train"}
    assert {split_of[row] for row in leak.row_ids[1]} == {"test"}
    assert {fold_by_hand(text_of[row]) for row in leak.row_ids[0]} == {
        fold_by_hand(text_of[row]) for row in leak.row_ids[1]
    }


@pytest.mark.skipif(not (SHARED / "banking77").exists(), reason="the shared data folder is not there")
def test_the_paraphrases_of_banking77_are_not_near_duplicates() -> None:
    fields = read_shared("banking77", ("train", "test"))
    found = audited(fields)
    assert found.overlaps["train", "test"].texts == 7
    assert found.by_split["train"].duplicate_rows == 4
    # 77 intents with 170 paraphrases each: were paraphrases joined, the clusters would be few and large.
    assert max(map(len, found.near_groups)) <= 5
    assert sum(map(len, found.near_groups)) < 0.03 * len(fields)


def read_shared(name: str, splits: tuple[str, ...]) -> pa.Table:
    rows = [
        (split, number, json.loads(line))
        for split in splits
        for number, line in enumerate((SHARED / name / f"{split}.jsonl").read_text(encoding="utf-8").splitlines(), 1)
    ]
    cells = [[split, row["text"], str(row["label"])] for split, _, row in rows]
    return pa.table(
        {
            "row_id": row_ids(cells),
            "origin": origins([f"{split}.jsonl" for split, _, _ in rows], [number for _, number, _ in rows]),
            "text": [row["text"] for _, _, row in rows],
            "label": [str(row["label"]) for _, _, row in rows],
            "split": [split for split, _, _ in rows],
        }
    )


def fold_by_hand(text: str) -> str:
    return " ".join(text.lower().split())


# --- planted faults: all are found, and nothing else ----------------------------------------------------------------


@pytest.mark.parametrize("chinese", [False, True])
def test_planted_leaks_are_found_exactly(chinese: bool) -> None:
    chance = random.Random(21)
    train = [sentence(chance, chinese=chinese, words=16) for _ in range(400)]
    exact = {row: disguised(train[row], chance) for row in range(0, 60)}
    near = {row: retouched(train[row], chance) for row in range(100, 180)}
    fresh = [sentence(chance, chinese=chinese, words=16) for _ in range(100)]
    texts = [*train, *exact.values(), *near.values(), *fresh]
    splits = ["train"] * 400 + ["test"] * 240
    fields = table(texts, ["a", "b"] * 320, split=splits)
    ids = fields["row_id"].to_pylist()
    found = audited(fields)
    assert sorted(found.overlaps["train", "test"].row_ids[0]) == sorted(ids[:60])  # recall 1, precision 1
    assert sorted(found.overlaps["train", "test"].row_ids[1]) == sorted(ids[400:460])
    near_train, near_test = (set(rows) for rows in found.near_overlaps["train", "test"])
    for planted, seen in ((set(ids[100:180]), near_train), (set(ids[460:540]), near_test)):
        assert len(seen & planted) / len(planted) >= 0.95
        assert len(seen & planted) / len(seen) >= 0.95
    leak = found.finding("leak_train_test")
    assert leak is not None
    assert (leak.severity, leak.count) == ("error", 60)
    assert found.finding("near_leak_train_test") is not None


def test_without_a_planted_leak_none_is_reported() -> None:
    chance = random.Random(22)
    fields = table([sentence(chance) for _ in range(300)], ["a", "b"] * 150, split=["train", "dev", "test"] * 100)
    found = audited(fields)
    assert found.findings == []
    assert set(found.by_split) == {"train", "validation", "test"}


def test_pairs_are_duplicates_only_when_both_texts_are() -> None:
    fields = table(["a b", "A  b", "a b"], ["x", "y", "x"], text_pair=["one", "ONE", "two"])
    found = audited(fields)
    ids = fields["row_id"].to_pylist()
    assert found.exact_groups == [[ids[0], ids[1]]]
    assert found.contradictions == [[ids[0], ids[1]]]


def test_text_moved_from_one_side_of_a_pair_to_the_other_is_another_pair() -> None:
    assert audited(table(["a b", "a"], ["x", "x"], text_pair=["c", "b c"])).exact_groups == []


def test_a_text_with_two_labels_is_a_contradiction_and_with_one_label_is_not() -> None:
    fields = table(["Refund!", "refund!", "parcel", "Parcel", "alone"], ["a", "b", "a", "a", "b"])
    found = audited(fields)
    assert found.contradictions == [fields["row_id"].to_pylist()[:2]]
    finding = found.finding("contradictions")
    assert finding is not None
    assert finding.count == 1


def test_repeats_are_the_rows_beyond_the_first() -> None:
    fields = table(["one", "ONE", "one ", "two", "two", "three"], ["a"] * 6)
    finding = audited(fields).finding("exact_duplicates")
    assert finding is not None
    assert (finding.count, len(finding.row_ids)) == (3, 5)


def test_empty_texts_of_a_split_are_counted_apart_from_its_repeats() -> None:
    fields = table(["", " ", "x", "X", "x", "y"], ["a", "b"] * 3, split=["train"] * 5 + ["test"])
    counts = audited(fields).by_split["train"]
    assert (counts.rows, counts.empty, counts.duplicate_rows, counts.contradictory_texts) == (5, 2, 2, 1)


def test_an_unlabelled_row_contradicts_nothing() -> None:
    assert audited(table(["hello", "hello", "bye"], ["a", None, "b"])).contradictions == []


def test_the_order_of_several_labels_is_no_contradiction() -> None:
    fields = table(["t", "t", "u", "u"], [["a", "b"], ["b", "a"], ["a"], ["b"]], label_type=pa.list_(pa.string()))
    found = audited(fields, kind="multi_label")
    assert found.contradictions == [fields["row_id"].to_pylist()[2:]]
    assert found.class_counts == {"a": 3, "b": 3}


def test_empty_texts_are_reported_and_are_not_duplicates_of_each_other() -> None:
    fields = table(["", None, " \u3000\n", "real text"], ["a", "a", "b", "b"])
    found = audited(fields)
    finding = found.finding("empty_text")
    assert finding is not None
    assert finding.row_ids == fields["row_id"].to_pylist()[:3]
    assert found.exact_groups == found.near_groups == []


@pytest.mark.parametrize(
    ("text", "long"), [("word " * 300, False), ("word " * 500, True), ("好" * 500, False), ("好" * 520, True)]
)
def test_long_texts_are_counted_in_tokens_of_their_script(text: str, long: bool) -> None:
    found = audited(table([text, "short"], ["a", "b"]))
    assert (found.finding("long_text") is not None) == long


@pytest.mark.parametrize("text", ["itâ€™s broken", "lost \ufffd character", "Ã¼ber schÃ¶n"])
def test_broken_characters_are_seen(text: str) -> None:
    assert audited(table([text, "ok"], ["a", "b"])).finding("broken_characters") is not None


@pytest.mark.parametrize(
    "text", ["it’s fine", "über schön", "价格不错，服务好！", "naïve café – 5 €", "😀👍🏽", "한국어", "ａｂｃ"]
)
def test_sound_text_of_any_language_is_not_called_broken(text: str) -> None:
    assert audited(table([text, "ok"], ["a", "b"])).finding("broken_characters") is None


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a<br/>b", True),
        ("fish &amp; chips", True),
        ('<a href="x">y</a>', True),
        ("a < b and c > d", False),
        ("R&D; AT&T", False),
    ],
)
def test_markup_is_seen_and_plain_signs_are_not(text: str, seen: bool) -> None:
    assert (audited(table([text, "ok"], ["a", "b"])).finding("markup") is not None) == seen


def test_rare_classes_and_imbalance_are_reported_from_their_thresholds_on() -> None:
    chance = random.Random(1)
    labels = ["big"] * 100 + ["ten"] * 10 + ["nine"] * 9
    found = audited(table([sentence(chance) for _ in labels], labels))
    rare, imbalance = found.finding("rare_classes"), found.finding("imbalance")
    assert rare is not None
    assert imbalance is not None
    assert (rare.count, len(rare.row_ids)) == (1, 9)
    assert (
        audited(table([sentence(chance) for _ in labels], labels), imbalance_ratio=12, rare_class_rows=9).findings == []
    )


def test_spellings_of_one_label_are_found_and_the_commonest_is_meant() -> None:
    fields = table(
        [f"{word} {n}" for n, word in enumerate(WORDS[:7])],
        ["Refund"] * 3 + ["refund ", "ＲＥＦＵＮＤ", "Other", "other"],
    )
    finding = audited(fields, rare_class_rows=1).finding("label_variants")
    assert finding is not None
    assert finding.count == 3
    assert len(finding.row_ids) == 3


@pytest.mark.parametrize(
    ("rare", "is_typo"),
    [("delivry", True), ("devlivery", True), ("pickup", False), ("delivery2", False), ("del", False)],
)
def test_a_rare_label_next_to_a_common_one_looks_like_a_typing_error(rare: str, is_typo: bool) -> None:
    chance = random.Random(1)
    labels = ["delivery"] * 30 + ["payment"] * 30 + [rare]
    finding = audited(table([sentence(chance) for _ in labels], labels)).finding("label_typos")
    assert (finding is not None) == is_typo


def test_a_label_written_into_its_texts_is_reported() -> None:
    chance = random.Random(1)
    labels = ["billing", "shipping"] * 20
    told = [f"[{label}] {sentence(chance)}" for label in labels]
    finding = audited(table(told, labels)).finding("label_in_text")
    assert finding is not None
    assert finding.count == 2
    both = [f"billing or shipping? {sentence(chance)}" for _ in labels]
    assert audited(table(both, labels)).finding("label_in_text") is None


def test_one_class_and_no_labels_are_errors() -> None:
    for labels, code in ((["a", "a"], "one_class"), ([None, None], "unlabelled")):
        finding = audited(table(["one text", "another"], labels)).finding(code)
        assert finding is not None
        assert finding.severity == "error"


def test_a_group_on_two_given_sides_is_reported() -> None:
    fields = table(["one", "two", "three"], ["a", "b", "a"], group=["k", "k", "m"], split=["train", "test", "test"])
    finding = audited(fields, rare_class_rows=1).finding("group_leak")
    assert finding is not None
    assert (finding.count, len(finding.row_ids)) == (1, 2)


def test_an_unknown_name_of_a_split_is_refused_with_the_names_that_are_known() -> None:
    with pytest.raises(DataError, match=r"'fold7'.*validation: .*dev"):
        audited(table(["x"], ["a"], split=["fold7"]))


def test_regression_has_no_classes_and_its_differing_values_are_only_noted() -> None:
    fields = table(["t", "T", "u"], [1.0, 2.0, 3.0], label_type=pa.float64())
    found = audited(fields, kind="regression")
    finding = found.finding("contradictions")
    assert finding is not None
    assert finding.severity == "info"
    assert found.class_counts == {}


def test_messages_hold_no_text_of_a_row() -> None:
    chance = random.Random(8)
    secret = "Wilhelmine Österreicher"
    texts = [f"{secret} {sentence(chance)}" for _ in range(40)]
    texts += [texts[0], retouched(texts[1], chance), f"<b>{secret}</b>", f"{secret} â€™", f"{secret} " * 200, ""]
    fields = table(texts, ["a", "b"] * 23, split=["train", "test"] * 23)
    found = audited(fields)
    assert len(found.findings) >= 6
    assert all(secret not in finding.message + finding.fix for finding in found.findings)


def test_the_json_form_is_json_and_shortens_the_row_ids() -> None:
    fields = table(["same text here"] * 200, ["a", "b"] * 100, split=["train", "test"] * 100)
    value = json.loads(json.dumps(audited(fields).to_json(), allow_nan=False))
    assert {"findings", "class_counts", "lengths"} <= value.keys()
    assert all(len(finding["row_ids"]) <= 50 for finding in value["findings"])


def test_an_empty_table_is_taken() -> None:
    assert audited(table([], [])).rows == 0


def test_every_check_speaks_up_on_some_table_of_these_tests() -> None:
    """Negative control of the clean table: the checks are wired in, so silence there means something."""
    chance = random.Random(1)
    near = sentence(chance)
    base = [sentence(chance) for _ in range(60)]
    texts = [
        *base,
        base[0],
        base[1],
        near,
        retouched(near, chance),
        "",
        "<br>",
        "â€™",
        "long " * 900,
        "x",
        "y",
        "z",
        "v",
    ]
    labels: list[str | None] = ["delivery", "Delivery"] * 30
    labels += [
        "delivery",
        "other",
        "other",
        "other",
        "other",
        "delivry",
        None,
        "other",
        "other",
        "other",
        "other",
        "other",
    ]
    groups = ["g"] * len(texts)
    splits = ["train", "train", "test"] * 20 + ["test", "test", "train", "test"] + ["train"] * 8
    codes = {
        finding.code
        for finding in audited(table(texts, labels, group=groups, split=splits), rare_class_rows=20).findings
    }
    told = table([f"{label} {sentence(chance)}" for label in ["spam", "eggs"] * 20], ["spam", "eggs"] * 20)
    codes |= {finding.code for finding in audited(told).findings}
    codes |= {finding.code for finding in audited(table(["a", "b"], ["x", "x"])).findings}
    expected = {
        "leak_train_test", "near_leak_train_test", "group_leak", "exact_duplicates", "near_duplicates",
        "contradictions", "empty_text", "long_text", "broken_characters", "markup", "unlabelled", "one_class",
        "rare_classes", "imbalance", "label_variants", "label_typos", "label_in_text",
    }  # fmt: skip
    assert expected <= codes
