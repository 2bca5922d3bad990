"""What the code decides is said in English and in Chinese alike."""

from __future__ import annotations

import ast
import copy
import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import tunewright
from tunewright.core.chinese import CHINESE
from tunewright.core.sentence import Sentence, in_both, joined

SOURCE = Path(tunewright.__file__).parent


def templates() -> Iterator[tuple[str, str]]:
    """(file, English) of each `Sentence(...)` in the code; its first argument is written out, or one of two written out."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.name == "sentence.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Sentence"
                and node.args
            ):
                first = node.args[0]
                for one in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                    assert isinstance(one, ast.Constant), f"{path}:{node.lineno}: not a plain string"
                    yield f"{path.name}:{node.lineno}", str(one.value)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_every_sentence_has_its_chinese_and_no_chinese_stands_for_nothing() -> None:
    said = {template: where for where, template in templates()}
    assert len(said) > 60
    missing = {where: template for template, where in said.items() if template not in CHINESE}
    assert not missing
    assert not CHINESE.keys() - said.keys()


@pytest.mark.parametrize("english", CHINESE)
def test_the_chinese_has_no_value_that_the_english_lacks(english: str) -> None:
    assert fields(CHINESE[english]) <= fields(english)
    assert CHINESE[english] != english


def test_a_sentence_is_its_english_and_knows_its_chinese() -> None:
    said = Sentence("format {kind}: {reason}", kind="jsonl", reason=Sentence("by its ending"))
    assert said == "format jsonl: by its ending"
    assert said.chinese == "格式 jsonl：根据扩展名"
    assert json.dumps(said) == '"format jsonl: by its ending"'


def test_sentences_behind_each_other_are_each_in_their_language() -> None:
    both = in_both(joined([Sentence("by its content"), "plain {braces}", Sentence("rows of text")], Sentence("; ")))
    assert both == {
        "en": "by its content; plain {braces}; rows of text", "zh": "根据内容；plain {braces}；一行一条的文本"
    }  # fmt: skip


def test_a_copy_is_a_sentence_too() -> None:
    said = copy.deepcopy([Sentence("{count} of {total} samples", count=3, total=12)])[0]
    assert (said, said.chinese) == ("3 of 12 samples", "12 份样本中有 3 份")


def test_a_sentence_without_chinese_stands_as_it_is() -> None:
    assert Sentence("nobody translated {what}", what="this").chinese == "nobody translated this"
