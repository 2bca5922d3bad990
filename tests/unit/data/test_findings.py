"""Each finding is made by its planted cause, names the planted rows, and is silent where the cause is taken away."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.data.audit_tables import sentence, table
from tunewright.core.scripts import chinese_variant
from tunewright.data.audit import Audit, AuditConfig, Finding, TokenCounts, audit
from tunewright.data.clean import fold_width, strip_invisible
from tunewright.report.findings import say
from tunewright.report.words import Words

ROWS = 120


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is planted, in which rows it must be found, and the same table without it."""

    code: str
    planted: pa.Table
    control: pa.Table
    rows: tuple[int, ...] | None
    """None: the finding names no rows."""


def texts(seed: int = 5, *, chinese: bool = False, rows: int = ROWS) -> list[str]:
    chance = random.Random(seed)
    return [sentence(chance, chinese=chinese) for _ in range(rows)]


def with_changed(change: Any, rows: tuple[int, ...], *, chinese: bool = False) -> tuple[pa.Table, pa.Table]:
    before = texts(chinese=chinese)
    after = [change(text) if row in rows else text for row, text in enumerate(before)]
    labels = ["pos", "neg"] * (ROWS // 2)
    return table(after, labels), table(before, labels)


def case(code: str, change: Any, *, rows: tuple[int, ...] = (4, 9, 77), chinese: bool = False) -> Case:
    planted, control = with_changed(change, rows, chinese=chinese)
    return Case(code=code, planted=planted, control=control, rows=rows)


def labelled(code: str, labels: list[str], plain: list[str], rows: tuple[int, ...] | None) -> Case:
    return Case(code=code, planted=table(texts(), labels), control=table(texts(), plain), rows=rows)


MANY = tuple(range(0, ROWS, 4))
FOREIGN = "Die Lieferung kam viel zu spät an und der Kundendienst hat auf keine meiner vielen Nachrichten geantwortet."
ENGLISH = "The delivery came far too late and nobody at customer service has answered any of my many messages since."


def languages() -> Case:
    chance = random.Random(2)
    english = [f"{ENGLISH} {chance.randrange(10**6)}" for _ in range(ROWS)]
    mixed = [f"{FOREIGN} {row}" if row % 20 == 7 else text for row, text in enumerate(english)]
    labels = ["pos", "neg"] * (ROWS // 2)
    rows = tuple(range(7, ROWS, 20))
    return Case(code="language_mix", planted=table(mixed, labels), control=table(english, labels), rows=rows)


def groups() -> Case:
    labels = ["pos", "neg"] * (ROWS // 2)
    even = [f"g{row % 30}" for row in range(ROWS)]
    one = ["g0" if row < 50 else name for row, name in enumerate(even)]
    rows = tuple(row for row, name in enumerate(one) if name == "g0")
    return Case(
        code="dominant_group",
        planted=table(texts(), labels, group=one),
        control=table(texts(), labels, group=even),
        rows=rows,
    )


CASES = [
    case("zero_width", lambda text: text.replace("e", "e\u200b", 1)),
    case("zero_width", lambda text: text[:9] + "\ufeff" + text[9:], chinese=True),
    case("bidi_controls", lambda text: text + "\u202egnp.exe"),
    case("control_characters", lambda text: text + "\x07"),
    case("control_characters", lambda text: "\ue004" + text, chinese=True),
    case("mixed_scripts", lambda text: text + " p\u0430yp\u0430l"),
    case("width_mix", lambda text: text.replace(" ", " Ｎ１２ ", 1)),
    case("chinese_mix", lambda text: "這裡還沒有開門" + text, chinese=True),
    case("no_words", lambda text: "!!! ... ???"),
    case("no_words", lambda text: "哈哈哈哈哈", chinese=True),
    case("same_beginning", lambda text: "This message was sent from the contact form of the shop: " + text, rows=MANY),
    case("same_beginning", lambda text: "本邮件由系统自动发送请勿回复：" + text, rows=MANY, chinese=True),
    case("same_end", lambda text: text + " -- sent from my telephone, please excuse the typing errors", rows=MANY),
    case("dominant_text", lambda text: "no comment was given", rows=MANY),
    labelled(
        "label_lists", ["bug；refund" if row == 3 else ["bug", "refund"][row % 2] for row in range(ROWS)],
        [["bug", "refund"][row % 2] for row in range(ROWS)], (3,),
    ),
    labelled(
        "label_hierarchy", [["card > lost", "card > broken", "loan > new", "loan > paid"][row % 4] for row in range(ROWS)],
        [["card lost", "card broken", "loan new", "loan paid"][row % 4] for row in range(ROWS)], None,
    ),
    languages(),
    groups(),
]  # fmt: skip


def audited(fields: pa.Table, **more: Any) -> Audit:
    return audit(fields, kind="single_label", config=AuditConfig(), **more)


def named(case: Case) -> str:
    return case.code


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_planted_cause_is_found_in_its_rows_and_only_there(case: Case) -> None:
    finding = audited(case.planted).finding(case.code)
    assert finding is not None
    ids = case.planted["row_id"].to_pylist()
    assert finding.row_ids == ([] if case.rows is None else [ids[row] for row in case.rows])


@pytest.mark.parametrize("case", CASES, ids=named)
def test_without_the_cause_there_is_no_finding(case: Case) -> None:
    assert audited(case.control).finding(case.code) is None


@pytest.mark.parametrize("case", CASES, ids=named)
def test_every_finding_is_said_in_both_languages_and_privately_without_its_own_sentence(case: Case) -> None:
    finding = audited(case.planted).finding(case.code)
    assert finding is not None
    check_words(finding)


def check_words(finding: Finding) -> None:
    english = say(finding.to_json(), Words("en"))
    assert str(english.message) == finding.message
    for language in ("en", "zh"):
        said = say(finding.to_json(), Words(language), private=True)  # type: ignore[arg-type]
        assert finding.code not in str(said.message)
        assert said.fix
    assert any("\u4e00" <= char <= "\u9fff" for char in str(say(finding.to_json(), Words("zh")).message))


def test_the_command_of_a_finding_has_the_file_in_it_quoted() -> None:
    planted, _ = with_changed(lambda text: text + "\x07", (1,))
    finding = audited(planted).finding("control_characters")
    assert finding is not None
    said = say(finding.to_json(), Words("en"), file="my file.csv")
    assert said.command == "tunewright data clean 'my file.csv' --output OUT --set clean.strip_invisible=true"


def test_a_column_that_settles_the_label_is_named_and_others_are_not() -> None:
    labels = [["pos", "neg"][row % 2] for row in range(ROWS)]
    chance = random.Random(3)
    others = {
        "status": [{"pos": "closed", "neg": "open"}[label] for label in labels],
        "number": [str(row) for row in range(ROWS)],
        "shop": [chance.choice(["Rome", "Kyoto", "Lima"]) for _ in labels],
    }
    finding = audited(table(texts(), labels), others=others).finding("telling_columns")
    assert finding is not None
    assert finding.values["names"] == "status"
    check_words(finding)
    assert audited(table(texts(), labels), others={"shop": others["shop"]}).finding("telling_columns") is None


def test_lengths_in_tokens_say_what_each_max_length_cuts() -> None:
    fields = table([f"{'w ' * (10 * row + 1)}{row}" for row in range(ROWS)], ["pos", "neg"] * (ROWS // 2))

    def count(first: Any, second: Any) -> TokenCounts:
        return TokenCounts(
            model="tiny", limit=512, lengths=[len(text.split()) + 2 for text in first], unknown_share=0.02
        )

    found = audited(fields, count_tokens=count)
    lengths = [10 * row + 4 for row in range(ROWS)]
    summary = found.to_json()["tokens"]
    assert summary["share_cut"]["256"] == sum(length > 256 for length in lengths) / ROWS
    finding = found.finding("over_limit")
    assert finding is not None
    assert finding.count == sum(length > 512 for length in lengths)
    unknown = found.finding("unknown_tokens")
    assert unknown is not None
    check_words(finding)
    check_words(unknown)
    assert audited(fields).finding("over_limit") is None


def test_languages_are_counted_and_short_texts_are_uncertain() -> None:
    planted = languages().planted
    counts = audited(planted).languages
    assert counts["de"] == 6
    assert counts["en"] >= 110
    assert sum(counts.values()) == ROWS
    short = table(["ja gut", "oui", "ok", "nein danke"] * 5, ["pos", "neg"] * 10)
    assert audited(short).languages == {"uncertain": 20}
    assert audited(short).finding("language_mix") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这里还没有开门", "simplified"),
        ("這裡還沒有開門", "traditional"),
        ("这里還沒有开门", "both"),
        ("学校に行く時間です", None),  # Japanese has forms of both
        ("你好", None),  # the same in both
        ("how are you", None),
    ],
)
def test_traditional_and_simplified_are_told_apart(text: str, expected: str | None) -> None:
    assert chinese_variant(text) == expected


def test_a_look_alike_is_not_any_greek_letter() -> None:
    control = table([f"{text} 5μm Ωmega" for text in texts()], ["pos", "neg"] * (ROWS // 2))
    assert audited(control).finding("mixed_scripts") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u200bb\ufeffc\x07d\u202ee", "abcde"),
        ("line\nnext\ttab", "line\nnext\ttab"),
        ("👩\u200d🔬 می\u200cخواهم", "👩\u200d🔬 می\u200cخواهم"),
        ("中\u200d文", "中文"),
    ],
)
def test_strip_invisible_takes_out_what_does_not_show_and_leaves_joiners_where_they_join(
    text: str, expected: str
) -> None:
    assert strip_invisible(text) == expected


def test_fold_width_leaves_chinese_punctuation_alone() -> None:
    assert fold_width("ＡＢ１２％，好！（是）\u3000“对”。") == "AB12%，好！（是） “对”。"
