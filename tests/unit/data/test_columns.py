"""The right columns are found under any names, the kind of task with them, and every choice can be overruled."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from tunewright.core.errors import DataError
from tunewright.data.columns import ColumnPlan, ColumnsConfig, find_columns, to_fields
from tunewright.data.ledger import Entry
from tunewright.data.sources import read
from tunewright.data.table import origins

EN = [
    "the",
    "delivery",
    "came",
    "late",
    "and",
    "the",
    "box",
    "was",
    "open",
    "when",
    "it",
    "arrived",
    "at",
    "my",
    "door",
    "number",
]
ZH = ["这家酒店的服务不错", "房间很大也很干净", "早餐一般没有什么选择", "再也不会来了太差了", "快递很快质量也很好"]
DE = ["das", "paket", "kam", "leider", "viel", "zu", "spät", "und", "der", "karton", "war", "schon", "offen"]


def sentences(words: list[str], n: int = 40) -> list[str]:
    rng = random.Random(5)
    join = "，" if words is ZH else " "
    return [join.join(rng.choices(words, k=3 if words is ZH else 8)) + f" {i}" for i in range(n)]


def raw(**columns: list[object]) -> pa.Table:
    n = len(next(iter(columns.values())))
    ids = pa.array([f"{i:032x}" for i in range(n)])
    arrays = [ids, origins(["a.csv"] * n, list(range(2, n + 2))), *(pa.array(values) for values in columns.values())]
    return pa.table(arrays, names=["row_id", "origin", *columns])


def cycle(*values: object, n: int = 40) -> list[object]:
    return [values[i % len(values)] for i in range(n)]


def roles(plan: ColumnPlan) -> tuple[str, str | None]:
    return plan.text, plan.label


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"text": sentences(EN), "label": cycle("a", "b")}, ("text", "label")),
        ({"评论": sentences(ZH), "标签": cycle("好", "差")}, ("评论", "标签")),
        ({"类别": cycle("好", "差"), "用户评论内容": sentences(ZH)}, ("用户评论内容", "类别")),
        ({"Text": sentences(DE), "Kategorie": cycle("gut", "schlecht")}, ("Text", "Kategorie")),
        ({"Kundennachricht": sentences(DE), "Abteilung": cycle("x", "y", "z")}, ("Kundennachricht", "Abteilung")),
        ({"Unnamed: 0": list(range(40)), "review": sentences(EN), "stars": cycle(1, 2, 3)}, ("review", "stars")),
        ({"column_1": sentences(EN), "column_2": cycle("a", "b", "c")}, ("column_1", "column_2")),
        ({"column_1": cycle("0", "1"), "column_2": sentences(EN)}, ("column_2", "column_1")),
        ({"foo": sentences(EN), "bar": cycle("yes", "no"), "id": [f"T-{i:04}" for i in range(40)]}, ("foo", "bar")),
        (
            {"title": sentences(EN), "body": sentences(EN), "country": cycle("de", "fr"), "topic": cycle("a", "b")},
            ("body", "topic"),
        ),
        (
            {"date": [f"2025-01-{i % 9 + 1:02}" for i in range(40)], "msg": sentences(EN), "queue": cycle("a", "b")},
            ("msg", "queue"),
        ),
        ({"Bewertung": sentences(DE), "Note": cycle("1", "2", "3")}, ("Bewertung", "Note")),
        ({"text": cycle("ok", "bad", "fine", "good", "meh"), "label": cycle("a", "b")}, ("text", "label")),
    ],
)
def test_text_and_label_are_found(columns: dict[str, list[object]], expected: tuple[str, str]) -> None:
    assert roles(find_columns(raw(**columns))) == expected


def test_file_without_answers_has_a_text_and_no_label() -> None:
    plan = find_columns(raw(id=list(range(40)), text=sentences(EN)))
    assert roles(plan) == ("text", None)
    assert "--label" in plan.reasons["label"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("premise", "hypothesis"),
        ("question1", "question2"),
        ("句子1", "句子2"),
        ("Sentence A", "Sentence B"),
        ("s1", "s2"),
    ],
)
def test_sentence_pairs_are_found_by_name(first: str, second: str) -> None:
    plan = find_columns(raw(**{first: sentences(EN), second: sentences(EN)[::-1], "label": cycle("0", "1")}))
    assert (plan.text, plan.text_pair, plan.label, plan.kind) == (first, second, "label", "single_label")


@pytest.mark.parametrize("separator", [";", "|", "、", ","])
def test_several_labels_in_a_cell_are_multi_label(separator: str) -> None:
    cells = cycle("a", f"a{separator} b", "b", f"b{separator}c", "c", "")
    table = raw(text=sentences(EN), tags=cells)
    plan = find_columns(table)
    assert (plan.kind, plan.label_separator) == ("multi_label", separator)
    assert to_fields(table, plan)["label"].to_pylist()[:6] == [["a"], ["a", "b"], ["b"], ["b", "c"], ["c"], None]


def test_a_comma_in_the_name_of_a_class_does_not_make_it_multi_label() -> None:
    plan = find_columns(raw(text=sentences(EN), label=cycle("home, garden", "food/drink", "other")))
    assert (plan.kind, plan.label_separator) == ("single_label", None)


def test_lists_are_multi_label_and_an_empty_list_is_an_answer() -> None:
    table = raw(text=sentences(EN), labels=cycle(["a"], ["a", "b"], []))
    plan = find_columns(table)
    assert plan.kind == "multi_label"
    assert to_fields(table, plan)["label"].to_pylist()[:3] == [["a"], ["a", "b"], []]
    text_lists = raw(text=sentences(EN), labels=cycle('["a"]', '["a", "b"]', "['c', 'b']", ""))
    plan = find_columns(text_lists)
    assert plan.kind == "multi_label"
    assert to_fields(text_lists, plan)["label"].to_pylist()[:4] == [["a"], ["a", "b"], ["c", "b"], None]


def test_decimals_are_regression_and_few_whole_numbers_are_classes() -> None:
    decimals = find_columns(raw(text=sentences(EN), rating=cycle("1.5", "2.0", "4.25")))
    assert decimals.kind == "regression"
    stars = find_columns(raw(text=sentences(EN), rating=cycle("1", "2", "5")))
    assert stars.kind == "single_label"
    assert "--task regression" in stars.reasons["task"]
    amounts = find_columns(raw(text=sentences(EN), score=[i * 7 % 101 for i in range(40)]))
    assert amounts.kind == "regression"


def test_decimal_commas_are_numbers_where_the_column_has_them() -> None:
    table = raw(text=sentences(DE), bewertung=cycle("1,5", "2,0", "4"))
    plan = find_columns(table)
    assert plan.kind == "regression"
    assert to_fields(table, plan)["label"].to_pylist()[:3] == [1.5, 2.0, 4.0]


def test_a_word_among_numbers_is_noted_and_never_silent() -> None:
    table = raw(text=sentences(EN), rating=[*cycle("1.5", "2.5", n=39), "n/a"])
    plan = find_columns(table, chosen=ColumnsConfig(task="regression"))
    with pytest.raises(DataError, match=r"a\.csv:41: column `rating` should hold a number, but says 'n/a'"):
        to_fields(table, plan)
    entries: list[Entry] = []
    assert to_fields(table, plan, entries=entries)["label"][39].as_py() is None
    assert [(entry.line, entry.before, entry.action) for entry in entries] == [(41, "n/a", "noted")]


def test_json_integers_become_names_and_floats_of_whole_numbers_too() -> None:
    table = raw(text=sentences(EN), label=cycle(0.0, 1.0, None))
    assert to_fields(table, find_columns(table))["label"].to_pylist()[:3] == ["0", "1", None]


def test_names_are_preferred_to_numbers_where_each_number_has_one() -> None:
    table = raw(text=sentences(EN), label=cycle(0, 1), label_name=cycle("no", "yes"))
    assert find_columns(table).label == "label_name"
    mixed = raw(text=sentences(EN), label=cycle(0, 1), label_name=cycle("no", "yes", "maybe"))
    assert find_columns(mixed).label == "label"
    crossed = raw(text=sentences(EN), label=cycle(0, 1), label_name=cycle("no", "no", "yes", "yes"))
    assert find_columns(crossed).label == "label"
    assert find_columns(table, chosen=ColumnsConfig(label="label")).label == "label"


def test_split_group_and_weight_are_found_by_name_and_content() -> None:
    table = raw(
        text=sentences(EN, 200),
        label=cycle("a", "b", n=200),
        customer_id=[f"C-{i % 60}" for i in range(200)],
        weight=cycle("1", "0.5", n=200),
        set=cycle("train", "dev", "test", n=200),
    )
    plan = find_columns(table)
    assert (plan.split, plan.group, plan.weight) == ("set", "customer_id", "weight")
    fields = to_fields(table, plan)
    assert fields["split"].to_pylist()[:3] == ["train", "validation", "test"]
    assert fields["weight"].to_pylist()[:2] == [1.0, 0.5]


def test_none_says_that_there_is_no_such_column() -> None:
    table = raw(premise=sentences(EN), hypothesis=sentences(EN), label=cycle("a", "b"), weight=cycle(1, 2))
    plan = find_columns(table, chosen=ColumnsConfig(text_pair="none", weight="none", label="none"))
    assert (plan.text_pair, plan.weight, plan.label) == (None, None, None)
    assert plan.reasons["weight"] == "none, as asked for"
    assert find_columns(table, chosen=ColumnsConfig(text="premise")).text_pair is None


def test_folds_and_languages_are_no_labels() -> None:
    plan = find_columns(raw(text=sentences(EN), fold=cycle(0, 1, 2), lang=cycle("en", "de")))
    assert (plan.label, plan.split) == (None, None)


def test_chosen_columns_win_and_a_wrong_name_gets_the_nearest() -> None:
    table = raw(text=sentences(EN), label=cycle("a", "b"), other=cycle("x", "y"))
    plan = find_columns(table, chosen=ColumnsConfig(label="other", baseline="label"))
    assert (plan.label, plan.baseline) == ("other", "label")
    assert to_fields(table, plan)["baseline"].to_pylist()[:2] == ["a", "b"]
    with pytest.raises(DataError, match=r"Did you mean `label`\? The columns are: text, label, other"):
        find_columns(table, chosen=ColumnsConfig(label="lable"))


def test_table_without_text_says_how_to_name_it() -> None:
    with pytest.raises(DataError, match="--text NAME"):
        find_columns(raw(a=cycle("1", "2"), b=cycle("x", "y")))


def test_texts_stay_exactly_as_read_and_empty_labels_become_null() -> None:
    texts = [" a\u00a0b \n", *sentences(EN, 39)]
    table = raw(text=texts, label=[" ", *cycle("a", "b", n=39)])
    fields = to_fields(table, find_columns(table))
    assert fields["text"].to_pylist() == texts
    assert fields["label"][0].as_py() is None


@pytest.mark.parametrize(("words", "language"), [(EN, "en"), (ZH, "zh"), (DE, "de")])
def test_language_of_the_texts_is_found(words: list[str], language: str) -> None:
    assert find_columns(raw(text=sentences(words), label=cycle("a", "b"))).language == language


SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data sets beside the repository")
@pytest.mark.parametrize(
    ("name", "label", "language", "rows"),
    [
        ("sst2", "label", "en", 9613),
        ("banking77", "label_name", "en", 13083),
        ("tweeteval_emotion", "label", "en", 5052),
        ("cr", "label", "en", 3775),
        ("chnsenticorp", "label", "zh", 12000),
    ],
)
def test_real_folders_are_read_and_understood(name: str, label: str, language: str, rows: int) -> None:
    result = read(SHARED / name)
    plan = find_columns(result.table)
    assert (plan.text, plan.label, plan.kind, plan.language) == ("text", label, "single_label", language)
    assert (len(result.table), result.read) == (rows, rows)
    assert plan.split == (None if name == "cr" else "split")
