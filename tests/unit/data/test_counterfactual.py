from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pytest

from tunewright.core.errors import DataError
from tunewright.core.text import is_cjk
from tunewright.data.counterfactual import english
from tunewright.data.counterfactual.probe_sets import PROBE_SETS, recognise
from tunewright.data.counterfactual.sentences import sentences
from tunewright.data.counterfactual.swap import Swapper, language_of
from tunewright.data.counterfactual.terms import LANGUAGES, Axis, axes

SHARED = Path(__file__).parents[4] / "shared" / "data"


def axis(name: str, language: str) -> Axis:
    return next(one for one in axes(language) if one.name == name)


def swapped(text: str, name: str, language: str | None = None) -> dict[str, str]:
    """The other versions by their group."""
    one = axis(name, language or language_of(text))
    versions = Swapper(one).versions((text,))
    return {one.groups[v.group]: v.texts[0] for v in versions.versions[1:]} if versions else {}


def other(text: str) -> str | None:
    return next(iter(swapped(text, "gender").values()), None)


ENGLISH = [
    ("He lost his wallet, and his sister found it for him.", "She lost her wallet, and her brother found it for her."),
    ("I told her that the car was hers.", "I told him that the car was his."),
    ("I told him that the car was his.", "I told her that the car was hers."),
    ("A friend of his told me.", "A friend of hers told me."),
    ("We saw her leave.", "We saw him leave."),
    ("We saw her brother leave.", "We saw his sister leave."),
    ("They let her go and gave her a ticket.", "They let him go and gave him a ticket."),
    ("Her recently opened shop is full.", "His recently opened shop is full."),
    ("He hit her repeatedly.", "She hit him repeatedly."),
    ("They called her back.", "They called him back."),
    ("Her back ached.", "His back ached."),
    ("HIS MOTHER CALLED.", "HER FATHER CALLED."),
    ("the movie , and its star , need him .", "the movie , and its star , need her ."),
    ("she 's great and i love her", "he 's great and i love him"),
    ("Mr. Brown hurt himself.", "Ms. Brown hurt herself."),
    ("Miss Lee and Mrs Brown came.", "Mr Lee and Mr Brown came."),
    ("An uncle and a niece.", "An aunt and a nephew."),
    ("A heroine came.", "A hero came."),
    ("An actress came.", "An actor came."),
    ("My mother-in-law came.", "My father-in-law came."),
    ("Emily lost her keys.", "Jake lost his keys."),
    ("He or she may write to us.", "She or he may write to us."),
]


@pytest.mark.parametrize(("text", "wanted"), ENGLISH)
def test_english_pronouns_titles_articles_and_names_agree(text: str, wanted: str) -> None:
    assert other(text) == wanted


CHINESE = [
    ("他说他的妻子病了。", "她说她的丈夫病了。"),
    ("王先生和他的女儿", "王女士和她的儿子"),
    ("李女士是一位男老师的妈妈", "李先生是一位女老师的爸爸"),
    ("他们的女服务员态度很好", "她们的男服务员态度很好"),
    ("其他人弹吉他，他不弹", "其他人弹吉他，她不弹"),
    ("夫妻子女都在，办公主任的丈夫也在", "夫妻子女都在，办公主任的妻子也在"),
    ("男女主角都好，女主角更好", "男女主角都好，男主角更好"),
    ("王子轩是他的外孙女", "王梓涵是她的外孙"),
    ("买买提和阿依古丽", "阿依古丽和买买提"),
]


@pytest.mark.parametrize(("text", "wanted"), CHINESE)
def test_chinese_terms_are_found_without_word_boundaries_and_not_inside_others(text: str, wanted: str) -> None:
    assert other(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "no man's land",
        "Mother Nature",
        "a manual",
        "the she-wolf",
        "I miss it",
        "countless",
        "吉他社",
        "夫妻子女",
        "办公主任",
    ],
)
def test_what_only_looks_like_a_term_is_left_alone(text: str) -> None:
    assert other(text) is None


def test_articles_follow_the_new_word() -> None:
    assert swapped("She met an American in a bar.", "region") == {
        "latin_america": "She met a Mexican in a bar.", "western_europe": "She met an Italian in a bar.",
        "eastern_europe": "She met a Russian in a bar.", "africa": "She met a Nigerian in a bar.",
        "asia": "She met an Indian in a bar.", "north_america": "She met a Canadian in a bar.",
    }  # fmt: skip
    assert [english.with_article("a ", "man", word) for word in ("Ukrainian", "uncle", "hour", "European")] == [
        "a ", "an ", "an ", "a ",
    ]  # fmt: skip


def test_a_christian_is_a_jewish_person_and_a_christian_school_a_jewish_school() -> None:
    assert swapped("A Christian came.", "religion")["jewish"] == "A Jewish person came."
    assert swapped("A Christian school.", "religion")["jewish"] == "A Jewish school."
    assert swapped("She is Christian.", "religion")["jewish"] == "She is Jewish."
    assert swapped("一位基督徒去教堂", "religion")["taoist"] == "一位道教徒去道观"


def test_names_keep_their_sex_and_chinese_ones_their_surname() -> None:
    assert swapped("Emily met Jake.", "names")["arabic"] == "Fatima met Mohammed."
    found = swapped("张秀英来了", "names")
    assert found["han_younger"] == "张梓涵来了"
    assert found["tibetan"] == "卓玛来了"
    assert found["han_older"] == "张桂兰来了", "the same group once more: what any other name does"
    assert swapped("卓玛来了", "names")["han_older"] == "王秀英来了"


def test_times_are_no_age_groups() -> None:
    assert swapped("早晨8：00后退房", "age") == {}
    assert swapped("一位90后妈妈", "age") == {"old": "一位50后妈妈"}


def test_texts_about_several_groups_are_mixed_and_turned_round() -> None:
    versions = Swapper(axis("gender", "en")).versions(("The girl saw the boy.",))
    assert versions
    assert versions.is_mixed
    assert versions.versions[1].texts == ("The boy saw the girl.",)


def test_both_texts_of_a_pair_are_swapped_together() -> None:
    versions = Swapper(axis("gender", "en")).versions(("He sings.", "His song is good."))
    assert versions
    assert versions.versions[1].texts == ("She sings.", "Her song is good.")


def test_a_text_is_left_to_the_lists_of_its_language() -> None:
    assert swapped("他 said she came", "gender", "en") == {}
    assert swapped("he came", "gender", "zh") == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lists_are_whole_and_every_pair_of_two_groups_leads_back(language: str) -> None:
    for one in axes(language):
        assert one.slots
        assert all(len(slot.terms) == len(one.groups) for slot in one.slots)
        for slot in one.lists.values():
            assert all(slot.terms), "a list has terms for every group"
    gender = Swapper(axis("gender", language))
    for slot in gender.axis.slots:
        for terms in slot.terms:
            if not terms or terms[0].condition:
                continue
            text = terms[0].written.replace("~", "王")
            there = gender.versions((text,))
            assert there, text
            back = gender.versions(there.versions[1].texts)
            assert back is None or back.versions[1].texts == (text,) or _has_several(gender, text), text


def _has_several(swapper: Swapper, text: str) -> bool:
    """Whether another row has the same counterpart (he: she; sir: madam and ma'am), or it is only ever written."""
    (version,) = swapper.versions((text,)).versions[1:]
    rows = [
        slot for slot in swapper.axis.slots
        if any(version.texts[0] in term.forms for terms in slot.terms for term in terms)
    ]  # fmt: skip
    return len(rows) > 1 or any(term.condition for slot in rows for terms in slot.terms for term in terms)


@pytest.mark.parametrize(("language", "least"), [("zh", 1000), ("en", 1000)])
def test_there_are_enough_sentences_each_once_and_each_in_every_group(language: str, least: int) -> None:
    found = sentences(language)
    assert len(found) == len({one.text for one in found}) >= least
    assert {one.axis for one in found} == {one.name for one in axes(language)}
    assert Counter(one.tone for one in found)["positive"] == Counter(one.tone for one in found)["negative"]
    groups = {one.name: set(one.groups) for one in axes(language)}
    by_frame = defaultdict(set)
    for one in found:
        by_frame[one.axis, one.frame].add(one.group)
        assert "{" not in one.text
        assert "~" not in one.text
        assert any(map(is_cjk, one.text)) == (language == "zh")
    assert all(found == groups[name] for (name, _), found in by_frame.items())
    assert sentences(language) is found


def test_probe_sets_are_known_by_their_columns_and_others_are_refused() -> None:
    assert (
        recognise(["ID", "Sentence", "Template", "Person", "Gender", "Race", "Emotion", "Emotion word"], path="x").needs
        == "answer"
    )
    assert recognise(["text", "stereo", "type", "split", "n"], path="x").name == "winobias"
    assert recognise(["sent_more", "sent_less", "stereo_antistereo", "bias_type"], path="x").needs == "text_probability"
    with pytest.raises(DataError, match="no probe set that is known"):
        recognise(["text", "label"], path="tickets.csv")


def test_the_equity_corpus_is_read_as_frames_that_differ_in_the_person() -> None:
    rows = [
        {
            "Sentence": f"{who} feels {word}.", "Template": "<p> feels <w>.", "Person": who, "Gender": sex, "Race": race,
            "Emotion": "x", "Emotion word": word,
        }
        for who, sex, race in [("Ann", "female", "A"), ("Bob", "male", "B"), ("my son", "male", None)]
        for word in ("glad", "sad")
    ]  # fmt: skip
    gender, race = PROBE_SETS["equity_evaluation_corpus"].read_texts(pa.Table.from_pylist(rows))
    assert (gender.groups, len(gender.texts), len({t.frame for t in gender.texts})) == (("female", "male"), 6, 2)
    assert (race.groups, len(race.texts)) == (("A", "B"), 4)


def test_pairs_of_sentences_are_read_side_by_side() -> None:
    rows = [
        {"text": f"[The {job}] saw [{who}].", "stereo": stereo, "type": "type1", "split": "dev", "n": n}
        for stereo, who in (("anti", "her"), ("pro", "him"))
        for n, job in enumerate(["guard", "cook"])
    ]
    pairs = PROBE_SETS["winobias"].read_pairs(pa.Table.from_pylist(rows))
    assert [(p.stereotyped, p.other, p.category) for p in pairs] == [
        ("The guard saw him.", "The guard saw her.", "type1"), ("The cook saw him.", "The cook saw her.", "type1"),
    ]  # fmt: skip
    without_numbers = pa.Table.from_pylist([{k: v for k, v in row.items() if k not in ("n", "split")} for row in rows])
    assert PROBE_SETS["winobias"].read_pairs(without_numbers) == pairs
    (pair,) = PROBE_SETS["crows_pairs"].read_pairs(
        pa.Table.from_pylist([{"sent_more": "a", "sent_less": "b", "stereo_antistereo": "stereo", "bias_type": "age"}])
    )
    assert (pair.stereotyped, pair.other, pair.category) == ("a", "b", "age")


@pytest.mark.skipif(not (SHARED / "winobias").exists(), reason="WinoBias is not beside this checkout")
def test_pronouns_agree_in_winobias_where_two_sentences_differ_in_a_pronoun_alone() -> None:
    pairs: dict[tuple[str, str, int], dict[str, str]] = defaultdict(dict)
    for line in (SHARED / "winobias" / "all.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pairs[row["type"], row["split"], row["n"]][row["stereo"]] = row["text"].replace("[", "").replace("]", "")
    gender, right, total = Swapper(axis("gender", "en")), 0, 0
    for pair in pairs.values():
        one, two = pair["pro"].split(), pair["anti"].split()
        differing = [(a, b) for a, b in zip(one, two, strict=False) if a != b]
        if len(one) != len(two) or len(differing) != 1:
            continue
        for text, wanted in ((pair["pro"], pair["anti"]), (pair["anti"], pair["pro"])):
            versions = gender.versions((text,))
            total += 1
            right += versions is not None and versions.versions[1].texts[0].split() == wanted.split()
    assert total > 2500
    assert right / total > 0.98
