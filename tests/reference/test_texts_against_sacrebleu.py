"""BLEU, chrF and TER against sacreBLEU's own corpus scores: promise 38."""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.metrics.lib_ter import translation_edit_rate

from tunewright.evaluate import from_texts, score, value_of
from tunewright.metrics import TEXT_METRICS, Asked, Said
from tunewright.metrics.text.edits import count_edits
from tunewright.metrics.text.sacre import bleu_cut

SHARED = Path(__file__).parents[3] / "shared" / "data"
ENGLISH = (
    "The old man said, that 3.5 % of the well-known U.S. firms hadn't paid (yet); \"nobody\" cares &amp; it's fine !"
)
GERMAN = (
    "Der alte Mann hätte gern über 1.000,50 € gesprochen; »niemand« weiß, warum die Straße – wie immer – gesperrt ist."
)
CHINESE = "他说，2024年有百分之三点五的公司（包括“老字号”）还没有付款；没有人关心DNA和U.S.的事，一切都好。"
JAPANESE = "彼は二〇二四年に会社の三・五パーセントがまだ支払っていないと言いました。カタカナもあります。"
KOREAN = "그는 2024년에 회사의 3.5%가 아직 지불하지 않았다고 말했다. 아무도 신경 쓰지 않는다."
CUTS = {"en": "13a", "de": "13a", "zh": "zh", "ja": "char", "ko": "13a"}
TEXTS = {"en": ENGLISH, "de": GERMAN, "zh": CHINESE, "ja": JAPANESE, "ko": KOREAN}


def corpus(language: str, *, rows: int, references: int, seed: int = 0) -> tuple[list[str], list[list[str]]]:
    """Answers and references of random length from one text's own parts; some answers are empty, some are right."""
    rng = random.Random(f"{language}-{seed}")
    spaced = language in ("en", "de", "ko")
    parts = TEXTS[language].split() if spaced else list(TEXTS[language])
    text = (" " if spaced else "").join

    def shaken(tokens: list[str]) -> list[str]:
        kept = [rng.choice(parts) if rng.random() < 0.2 else token for token in tokens if rng.random() > 0.1]
        place = rng.randrange(len(kept) + 1)
        return kept[place:] + kept[:place] if rng.random() < 0.3 else kept

    right = [[rng.choice(parts) for _ in range(rng.randrange(1, 25))] for _ in range(rows)]
    accepted = [[text(row), *(text(shaken(row)) or "x" for _ in range(references - 1))] for row in right]
    answers = [text(row) if rng.random() < 0.1 else text(shaken(row)) for row in right]
    return ["" if rng.random() < 0.05 else answer for answer in answers], accepted


def asked_and_said(answers: list[str], accepted: list[list[str]]) -> tuple[Asked, Said]:
    unknown, none = np.full(len(answers), np.nan), [None] * len(answers)
    return Asked(references=accepted, sources=none, num_tokens_N=unknown), Said(
        texts=answers, nll_N=unknown, stops=none
    )


def theirs(language: str) -> dict[str, object]:
    asian = language in ("zh", "ja")
    return {
        "bleu": BLEU(tokenize=CUTS[language]), "chrf": CHRF(), "ter": TER(normalized=asian, asian_support=asian),
    }  # fmt: skip


@pytest.mark.parametrize("references", [1, 3])
@pytest.mark.parametrize("language", TEXTS)
def test_corpus_scores_and_signatures_are_sacrebleus(language: str, references: int) -> None:
    answers, accepted = corpus(language, rows=60, references=references)
    rows = from_texts([str(i) for i in range(60)], references=accepted, answers=answers, sources=None)
    scores = {s.metric: s for s in score(rows, split="test", system="s", seed=0, resamples=100)}
    for name, metric in theirs(language).items():
        wanted = metric.corpus_score(answers, list(zip(*accepted, strict=True)))
        assert scores[name].value == pytest.approx(wanted.score, rel=1e-13)
        assert value_of(rows, name) == scores[name].value
        assert f"{scores[name].value:.10f}" == f"{wanted.score:.10f}"
        assert scores[name].signature == str(metric.get_signature())
        assert scores[name].low < scores[name].value < scores[name].high


def test_rows_may_have_different_numbers_of_references() -> None:
    answers, accepted = corpus("en", rows=40, references=3)
    accepted = [row[: 1 + place % 3] for place, row in enumerate(accepted)]
    streams = [[row[k] if k < len(row) else None for row in accepted] for k in range(3)]
    for name, metric in theirs("en").items():
        wanted = metric.corpus_score(answers, streams).score
        ours = TEXT_METRICS[name]
        assert ours(*asked_and_said(answers, accepted)) == pytest.approx(wanted, rel=1e-13)
        assert ours.signature(accepted) == str(metric.get_signature())


@pytest.mark.parametrize("name", ["bleu", "chrf", "ter"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_sums_over_any_draw_of_rows_give_sacrebleus_score_of_those_rows(name: str, language: str) -> None:
    answers, accepted = corpus(language, rows=30, references=2)
    metric = TEXT_METRICS[name]
    statistics_NK = metric.statistics(*asked_and_said(answers, accepted))
    draws_RN = np.random.default_rng(0).multinomial(5, np.full(30, 1 / 30), size=60)  # small: many orders lack a match
    ours = metric.combine(draws_RN @ statistics_NK)
    for value, drawn_N in zip(ours, draws_RN, strict=True):
        rows = np.repeat(np.arange(30), drawn_N)
        streams = list(zip(*(accepted[row] for row in rows), strict=True))
        wanted = theirs(language)[name].corpus_score([answers[row] for row in rows], streams).score
        assert value == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("answers", "accepted"),
    [
        (["", ""], [["a b"], ["c"]]), (["", "x"], [[""], [""]]), (["a"], [["a"]]), (["a b c d e"], [["f"]]),
        (["a", " "], [["", "a"], ["b", "c"]]), (["a b c d e f"], [["a b x d y f"]]),  # neither trigrams nor 4-grams match
    ],
)  # fmt: skip
def test_empty_and_tiny_texts_score_as_in_sacrebleu(answers: list[str], accepted: list[list[str]]) -> None:
    for name, metric in theirs("en").items():
        ours = TEXT_METRICS[name]
        wanted = metric.corpus_score(answers, list(zip(*accepted, strict=True))).score
        assert ours(*asked_and_said(answers, accepted)) == pytest.approx(wanted, rel=1e-13)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
@pytest.mark.parametrize(("file", "language"), [("multi30k/dev.jsonl", "de"), ("tatoeba_en_zh/all.jsonl", "zh")])
def test_real_sentences_score_as_in_sacrebleu(file: str, language: str) -> None:
    with (SHARED / file).open(encoding="utf-8") as lines:
        texts = [json.loads(line)[language] for line in islice(lines, 400)]
    rng = random.Random(0)
    answers = [
        rng.choice((text, text[: len(text) // 2], text[len(text) // 2 :] + text[:5], rng.choice(texts)))
        for text in texts
    ]
    accepted = [[text] for text in texts]
    for name, metric in theirs(language).items():
        wanted = metric.corpus_score(answers, list(zip(*accepted, strict=True)))
        found = TEXT_METRICS[name](*asked_and_said(answers, accepted))
        assert f"{found:.10f}" == f"{wanted.score:.10f}"
        assert TEXT_METRICS[name].signature(accepted) == str(metric.get_signature())


def test_another_cut_into_words_would_be_noticed() -> None:
    answers, accepted = corpus("zh", rows=60, references=1)
    asked, said = asked_and_said(answers, accepted)
    by_character, by_space = bleu_cut("zh")(asked, said), bleu_cut("13a")(asked, said)
    assert by_character == TEXT_METRICS["bleu"](asked, said)
    assert abs(by_character - by_space) > 1
    assert "tok:13a" in bleu_cut("13a").signature(accepted)


def test_edits_are_counted_as_by_sacrebleu() -> None:
    rng = random.Random(1)
    moved = 0
    for _ in range(1500):
        words = [f"w{place}" for place in range(rng.choice((2, 5, 20, 100)))]
        right = [rng.choice(words) for _ in range(rng.randrange(0, rng.choice((5, 15, 40))))]
        if rng.random() < 0.6:
            said = [rng.choice(words) if rng.random() < 0.2 else word for word in right if rng.random() > 0.15]
            for _ in range(rng.randrange(3)):
                first, last = sorted(rng.randrange(len(said) + 1) for _ in range(2))
                said = said[first:last] + said[:first] + said[last:]
        else:
            said = [rng.choice(words) for _ in range(rng.randrange(0, rng.choice((5, 15, 40, 120))))]
        edits, length = translation_edit_rate(said, right)
        assert (count_edits(said, right), len(right)) == (edits, length), (said, right)
        moved += edits < edit_distance(said, right)
    assert moved > 100


def edit_distance(one: list[str], other: list[str]) -> int:
    row = list(range(len(other) + 1))
    for place, word in enumerate(one, start=1):
        corner, row[0] = row[0], place
        for column, right in enumerate(other, start=1):
            corner, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, corner + (word != right))
    return row[-1]
