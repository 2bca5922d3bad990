"""A preview shows what training will learn: the letters of answers and nothing else, with weights; and what is cut or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import tunewright as tw
from tests.tiny_writers import TEMPLATE, write_decoder, write_encoder_decoder
from tunewright.cli.main import main
from tunewright.core.errors import RecipeError
from tunewright.pipeline.preview import Example, Preview, preview
from tunewright.report.preview import preview_view
from tunewright.report.view import render_view
from tunewright.report.words import Words

UNROLLING = """\
{%- for message in messages -%}
<|{{ message.role }}|>{{ message.content if loop.last or message.role != 'assistant' else '-' }}{{ eos_token }}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""
"""Writes earlier answers as a dash, so there is a text for each answer."""


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def chat(number: int, *, weight: float | None = None) -> dict[str, Any]:
    """People write small letters and the assistant capital ones, so that what is learned can be told by its letters."""
    first: dict[str, Any] = {"role": "assistant", "content": "YES" + "N" * (number % 5)}
    if weight is not None:
        first["weight"] = weight
    asked = [{"role": "user", "content": f"is it {'x' * number}</s>"}, first]
    return {"messages": [*asked, {"role": "user", "content": "and now"}, {"role": "assistant", "content": "NO\nMORE"}]}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_decoder(tmp_path_factory.mktemp("models") / "decoder", chat_template=TEMPLATE))


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_encoder_decoder(tmp_path_factory.mktemp("models") / "encoder-decoder"))


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [chat(number, weight=0 if number % 2 else None) for number in range(20)]
    rows += [{"messages": [{"role": "user", "content": "q" * 200}, {"role": "assistant", "content": "TOO LONG"}]}]
    rows += [{"messages": [{"role": "assistant", "content": "A", "weight": 0}, {"role": "user", "content": "b"}]}] * 2
    return write_rows(tmp_path_factory.mktemp("chats") / "chats.jsonl", rows)


def learned(example: Example) -> str:
    return "".join(token.text for part in example.parts for token in part.tokens if token.weight > 0)


def prompt_of(example: Example) -> str:
    assert example.prompt is not None
    return "".join(token.text for token in example.prompt)


def test_of_a_chat_the_answers_and_their_endings_are_learned_and_nothing_else(chats: Path, decoder: str) -> None:
    found = preview(chats, model=decoder, rows=30)
    assert found.task == "chat"
    assert len(found.examples) == 10
    for example in found.examples:
        text = "".join(token.text for token in example.parts[0].tokens)
        first = text.split("<|assistant|>")[1].split("</s>")[0] + "</s>"
        both = {f"{first}NO\nMORE</s>": False, "NO\nMORE</s>": True}
        assert both[learned(example)] == (example.line % 2 == 0), (
            "every second row gives its first answer a weight of 0"
        )
        assert not re.search("[a-z]", learned(example).replace("</s>", ""))
        assert text.startswith(prompt_of(example))
        assert prompt_of(example).endswith("and now</s><|assistant|>")
        assert (example.prompt_fits, example.ends) == (True, True)


def test_what_a_person_types_is_text_though_it_has_the_name_of_a_special_token(chats: Path, decoder: str) -> None:
    tokens = preview(chats, model=decoder, rows=1).examples[0].parts[0].tokens
    specials = [token.text for token in tokens if token.special]
    assert specials == ["<|user|>", "</s>", "<|assistant|>", "</s>"] * 2
    assert "".join(token.text for token in tokens).count("</s>") == 5


def test_rows_that_can_not_be_taught_are_counted_with_their_reason_and_place(chats: Path, decoder: str) -> None:
    found = preview(chats, model=decoder)
    reasons = {reason.reason_code: reason for reason in found.untaught}
    assert (reasons["too_long"].rows, reasons["too_long"].line) == (1, 21)
    assert "encode.max_length" in reasons["too_long"].detail
    assert found.looked_at - found.taught == 1


def test_a_row_of_which_nothing_is_answered_stands_among_those_without_an_answer(decoder: str, tmp_path: Path) -> None:
    """The weight of 0 takes the only answer away: nothing to learn, and so nothing that is called labelled."""
    rows = [chat(n) for n in range(12)] + [
        {"messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "A", "weight": 0}]}
    ]
    found = preview(write_rows(tmp_path / "c.jsonl", rows), model=decoder)
    assert found.labelled == 12


def test_a_template_that_rewrites_earlier_turns_gives_a_text_for_each_answer(tmp_path: Path) -> None:
    model = write_decoder(tmp_path / "m", chat_template=UNROLLING)
    found = preview(write_rows(tmp_path / "c.jsonl", [chat(n) for n in range(12)]), model=str(model), rows=1)
    assert [part.name for part in found.examples[0].parts] == ["text", "text"]
    first, last = ("".join(token.text for token in part.tokens) for part in found.examples[0].parts)
    assert "-</s>" in last
    assert "-</s>" not in first


def test_of_a_pair_both_sides_are_shown_and_the_rest_of_a_long_source_as_cut(
    encoder_decoder: str, tmp_path: Path
) -> None:
    rows = [{"source": "abc" * (n + 1), "target": "XYZ"} for n in range(20)]
    found = preview(
        write_rows(tmp_path / "p.jsonl", rows), model=encoder_decoder, rows=20, overrides=["encode.max_length=32"]
    )
    assert found.template is None
    assert [part.name for part in found.examples[0].parts] == ["source", "answer"]
    for example in found.examples:
        source, answer = example.parts
        whole = "abc" * example.line
        assert "".join(token.text for token in source.tokens) == f"<s>{whole}</s>"
        assert "".join(token.text for token in source.tokens if not token.read) == whole[30:]
        assert "".join(token.text for token in answer.tokens) == "</s><s>XYZ</s>"
        assert [token.weight for token in answer.tokens] == [0.0, *[1.0] * 5]
    assert found.cut == sum(3 * (n + 1) > 30 for n in range(20))


@pytest.mark.parametrize("task", ["complete", "continue"])
def test_prompts_are_not_learned_and_texts_are(task: str, decoder: str, tmp_path: Path) -> None:
    rows = [{"prompt": f"ask {'x' * n}", "completion": " YES"} for n in range(12)]
    if task == "continue":
        rows = [{"text": f"HELLO {'X' * n}"} for n in range(12)]
    found = preview(write_rows(tmp_path / "r.jsonl", rows), model=decoder, task=task, rows=12)
    for example in found.examples:
        assert learned(example) == (
            " YES</s>" if task == "complete" else f"HELLO {'X' * (example.line - 1)}</s>"
        )  # fmt: skip
        assert prompt_of(example) == (f"ask {'x' * (example.line - 1)}" if task == "complete" else "</s>")


def test_of_a_classifier_answer_weight_and_cut_are_shown(tiny_model: Path, tmp_path: Path) -> None:
    rows = [("good " * n, "pos", 2.0) for n in range(1, 16)] + [("bad " * n, "neg", 1.0) for n in range(1, 16)]
    path = tmp_path / "r.csv"
    path.write_text("review,label,weight\n" + "".join(f"{text},{label},{w}\n" for text, label, w in rows))
    said = ["encode.max_length=8", "encode.long_texts=head_tail", "data.columns.weight=weight"]
    found = preview(path, model=str(tiny_model), rows=30, overrides=said)
    assert {(example.answer, example.weight) for example in found.examples} == {("pos", 2.0), ("neg", 1.0)}
    assert found.learned_share is None
    for example in found.examples:
        (part,) = example.parts
        assert [token.text for token in part.tokens if token.special] == ["[CLS]", "[SEP]"]
        assert sum(token.read for token in part.tokens) == min(8, len(part.tokens))
        assert all(token.read for token in part.tokens[:2] + part.tokens[-5:])


def test_class_weights_of_the_loss_are_part_of_the_weight(tiny_model: Path, reviews: Path) -> None:
    plain = preview(reviews, label="sentiment", model=str(tiny_model))
    weighted = preview(
        reviews, label="sentiment", model=str(tiny_model),
        overrides=["loss.name=cross_entropy", "loss.class_weights=[1.0, 3.0]"],
    )  # fmt: skip
    assert {example.weight for example in plain.examples} == {1.0}
    assert {(one.answer, one.weight) for one in weighted.examples} <= {("neg", 1.0), ("pos", 3.0)}
    assert any(reason.stage.startswith("clean") for reason in plain.untaught)
    assert any(reason.stage == "read" for reason in plain.untaught)


def test_a_recipe_is_previewed_as_it_says_and_says_itself_what_the_columns_are(
    chats: Path, decoder: str, tmp_path: Path
) -> None:
    recipe = tw.init_recipe(chats, model=decoder, output=tmp_path / "recipe.yaml")
    assert preview(recipe).examples == preview(chats, model=decoder).examples
    with pytest.raises(RecipeError, match="is a recipe, and says that itself"):
        preview(recipe, label="x")


def test_a_few_rows_are_enough_to_look_at(decoder: str, tmp_path: Path) -> None:
    found = preview(write_rows(tmp_path / "c.jsonl", [chat(1)]), model=decoder)
    assert (found.taught, len(found.examples)) == (1, 1)


def test_where_no_row_can_be_taught_the_reasons_are_what_is_shown(decoder: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "c.jsonl", [chat(n) for n in range(12)])
    found = preview(path, model=decoder, overrides=["encode.max_length=8"])
    assert (found.taught, found.examples) == (0, ())
    assert found.untaught[-1].reason_code == "too_long"
    page = render_view(preview_view(found.to_json(), Words("en")), words=Words("en"))
    assert "can be taught none of these rows" in page


def test_a_private_preview_has_the_structure_and_no_text(chats: Path, decoder: str, tmp_path: Path) -> None:
    found = preview(chats, model=decoder, private=True)
    said = json.dumps(found.to_json(), ensure_ascii=False)
    page = render_view(preview_view(found.to_json(), Words("zh")), words=Words("zh"), private=True)
    for text in (said.replace(found.template or "", ""), page):
        assert "and now" not in text
        assert "MORE" not in text
    texts = {token.text for token in found.examples[0].parts[0].tokens}
    assert texts == {"•", "<|user|>", "<|assistant|>", "</s>"}


def test_without_colours_marks_say_what_is_learned(
    chats: Path, decoder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["preview", str(chats), "--model", decoder, "--rows", "1", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "⟦N│O│↵\n│M│O│R│E‹</s>›⟧" in said
    assert "要学习" in said


def test_with_colours_what_is_learned_has_a_ground_of_its_own(
    chats: Path, decoder: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["preview", str(chats), "--model", decoder, "--rows", "1"]) == 0
    said = capsys.readouterr().out
    assert re.search("\x1b\\[30;(42|102)mN\x1b", said)
    assert not re.search("\x1b\\[30;(42|102)mx\x1b", said)


def test_json_and_page_hold_the_same_and_markup_in_texts_stays_text(
    decoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"prompt": "<b>a</b>", "completion": f"<i>X{'Y' * n}</i>"} for n in range(12)]
    path = write_rows(tmp_path / "r.jsonl", rows)
    page = tmp_path / "out.html"
    arguments = ["preview", str(path), "--model", decoder, "--task", "complete", "--json", "--html", str(page)]
    assert main(arguments) == 0
    value = json.loads(capsys.readouterr().out)
    assert len(value["examples"]) == 4
    text = page.read_text(encoding="utf-8")
    assert "<i>" not in text
    assert text.count('class="tok learned"') >= sum(
        token["weight"] > 0 and not token["special"]
        for example in value["examples"] for part in example["parts"] for token in part["tokens"]
    )  # fmt: skip


def test_a_weight_other_than_1_is_written_where_it_begins(chats: Path, decoder: str, tmp_path: Path) -> None:
    found: Preview = preview(write_rows(tmp_path / "c.jsonl", [chat(n, weight=0.5) for n in range(12)]), model=decoder)
    page = render_view(preview_view(found.to_json(), Words("en")), words=Words("en"))
    assert page.count("×0.5") == page.count("×1") == 4
