from __future__ import annotations

import json
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

from tunewright.core.errors import DataError
from tunewright.evaluate import Predictions, compare, from_texts, score, value_of
from tunewright.evaluate.config import TextConfig
from tunewright.evaluate.texts import text_metrics

SOURCES = ["The neural network of the bank", "A river bank, a Bank, two networks", "nothing"]
ANSWERS = ["这家银行的神经网络", "河岸、银行和神经", "没有"]


def predictions(answers: list[str], sources: list[str] = SOURCES) -> Predictions:
    return from_texts(
        [str(i) for i in range(len(answers))], references=[["参考"]] * len(answers), answers=answers, sources=sources
    )


def glossary(folder: Path, text: str) -> TextConfig:
    path = folder / "terms.csv"
    path.write_text(text, encoding="utf-8")
    return TextConfig(glossary=str(path))


def test_terms_of_the_glossary_are_looked_for_in_the_answers(tmp_path: Path) -> None:
    text = "en,zh\nneural network,神经网络\nnetwork,网络\nbank,银行\nriver,河流\nriver bank,河岸|岸边\n"
    texts = text_metrics(glossary(tmp_path, text), source_language="en", target_language="zh")
    # Row 1: neural network and bank are there. Row 2: river bank and Bank are; `networks` is another word.
    assert value_of(predictions(ANSWERS), "term_accuracy", texts=texts) == 1.0
    worse = ["这家银行的网络", "岸边、网", "没有"]
    assert value_of(predictions(worse), "term_accuracy", texts=texts) == 2 / 4
    [figure] = [
        s
        for s in score(predictions(worse), split="test", system="m", seed=0, texts=texts)
        if s.metric == "term_accuracy"
    ]
    assert (figure.n, figure.low < 0.5 < figure.high) == (2, True)


def test_a_term_counts_as_often_as_it_stands_there(tmp_path: Path) -> None:
    texts = text_metrics(
        glossary(tmp_path, "en,de\nbank,Bank|Kreditinstitut\n"), source_language="en", target_language="de"
    )
    rows = predictions(
        ["Eine Bank, ein Kreditinstitut", "Bankkonto", "bank, BANK"], ["a bank, a bank, a bank", "bank", "Bank!"]
    )
    assert value_of(rows, "term_accuracy", texts=texts) == 3 / 5


def test_answers_are_held_against_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"type": "object", "required": ["a"]}), encoding="utf-8")
    texts = text_metrics(TextConfig(json_schema=str(path)))
    good, bad = predictions(['{"a": 1}'] * 3), predictions(['{"a": 1}', "{}", "no"])
    assert (value_of(good, "schema_rate", texts=texts), value_of(bad, "schema_rate", texts=texts)) == (1.0, 1 / 3)
    assert compare(good, bad, metric="schema_rate", seed=0, texts=texts).difference == pytest.approx(2 / 3)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="can't be read"):
        text_metrics(TextConfig(json_schema=str(path)))


def test_bleu_is_cut_as_asked_for() -> None:
    rows = from_texts(["a"], references=[["今天天气很好 ok"]], answers=["今天天气很好 吗"], sources=None)
    texts = text_metrics(TextConfig(bleu_tokenizer="char"))
    wanted = BLEU(tokenize="char").corpus_score(["今天天气很好 吗"], [["今天天气很好 ok"]])
    assert value_of(rows, "bleu", texts=texts) == pytest.approx(wanted.score)
    [bleu] = [s for s in score(rows, split="test", system="m", seed=0, texts=texts) if s.metric == "bleu"]
    assert "tok:char" in bleu.signature


def test_the_language_of_the_task_is_what_answers_should_be_in() -> None:
    rows = from_texts(["a"], references=[["Ja"]], answers=["这个国家的经济发展很快。"], sources=None)
    assert value_of(rows, "off_target_rate", texts=text_metrics(TextConfig(), target_language="de")) == 1.0
    assert value_of(rows, "off_target_rate", texts=text_metrics(TextConfig(language="zh"), target_language="de")) == 0.0
    assert value_of(rows, "off_variant_rate", texts=text_metrics(TextConfig(), target_language="zh-TW")) == 1.0


def test_metrics_that_need_a_setting_are_refused_without_it() -> None:
    with pytest.raises(DataError, match="term_accuracy"):
        value_of(predictions(ANSWERS), "term_accuracy")
