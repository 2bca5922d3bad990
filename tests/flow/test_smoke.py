"""The smoke test says yes to what can be learned, and no, with the reason, to what can't; and it changes no run."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import tunewright as tw
from tests.flow.conftest import FILLER
from tests.tiny_writers import TEMPLATE, write_decoder, write_encoder_decoder
from tunewright.cli.main import main
from tunewright.core.errors import RecipeError, SmokeFailed
from tunewright.core.events import read_events
from tunewright.pipeline import smoke

FAST = [
    "optimizer.learning_rate=1e-2", "train.steps=2", "train.examples_per_step=8", "evaluate.resamples=100",
    "runtime.threads=1", "runtime.matmul=highest", "evaluate.cross_validation.below_rows=0",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a tiny model's loss has not begun to fall after so many steps, it won't."""
    monkeypatch.setattr(smoke, "STEPS", 40)


@pytest.fixture(scope="module")
def encoder_decoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_encoder_decoder(tmp_path_factory.mktemp("models") / "encoder-decoder"))


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_decoder(tmp_path_factory.mktemp("models") / "decoder", chat_template=TEMPLATE))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each source has an answer of its own."""
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    sources = [f"{a}{b}" for a in "abcdef" for b in "uvwxyz"]
    rows = [{"source": source, "target": source[::-1] + "ok"} for source in sources]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def outcome(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "smoke.json").read_text(encoding="utf-8"))
    return found


def test_rows_that_can_be_learned_are_and_the_run_goes_on_to_the_same_bits(
    pairs: Path, encoder_decoder: str, tmp_path: Path
) -> None:
    plain = tw.run(pairs, model=encoder_decoder, output=tmp_path / "plain", overrides=FAST)
    tested = tw.run(pairs, model=encoder_decoder, output=tmp_path / "tested", overrides=FAST, smoke=True)
    assert tested.weights_digest == plain.weights_digest
    assert not (tmp_path / "plain" / "smoke.json").exists()
    found = outcome(tmp_path / "tested")
    assert (found["passed"], found["num_rows"], found["reproduced"]) == (True, 8, 8)
    assert found["loss"] <= found["near_zero"] < 0.2 < 1.0 < found["start"]
    assert [steps for steps, _ in found["tried"][0]["curve"]] == list(range(0, found["steps"] + 1, 5))


@pytest.mark.parametrize(
    ("settings", "reason", "says"),
    [
        (["optimizer.learning_rate=1e-7"], "rate_low", r"`optimizer.learning_rate` \(1e-07\) is too low"),
        (["optimizer.learning_rate=5"], "rate_high", r"`optimizer.learning_rate` \(5\) is too high"),
        (
            ["adapter.name=lora", "adapter.r=1", 'adapter.targets=["*.encoder.layers.0.fc1"]'], "too_little_moves",
            "the adapter `lora` moves too little",
        ),
        (["generate.max_new_tokens=2"], "no_room", r"`generate.max_new_tokens` \(2\) is too small"),
        (['generate.stop_strings=["o"]'], "written_otherwise", "something else is written"),
    ],
)  # fmt: skip
def test_what_can_not_work_is_refused_with_the_reason_before_anything_is_trained(
    settings: list[str], reason: str, says: str, pairs: Path, encoder_decoder: str, tmp_path: Path
) -> None:
    with pytest.raises(SmokeFailed, match=says):
        tw.run(pairs, model=encoder_decoder, output=tmp_path / "run", overrides=[*FAST, *settings], smoke=True)
    found = outcome(tmp_path / "run")
    assert (found["passed"], found["reason"]) == (False, reason)
    kinds = {event["kind"] for event in read_events(tmp_path / "run" / "events.jsonl")}
    assert "smoke" in kinds
    assert "step" not in kinds


def test_texts_that_are_cut_before_they_differ_are_found(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    rng = random.Random(0)
    rows = [f"the day was cold {' '.join(rng.choices(FILLER, k=30))},{'ab'[n % 2]}\n" for n in range(40)]
    path.write_text("text,label\n" + "".join(rows))
    with pytest.raises(SmokeFailed, match=r"reads the same in all training rows.*max_length` \(5\) too small"):
        tw.run(
            path, model=str(tiny_model), output=tmp_path / "run", overrides=[*FAST, "encode.max_length=5"], smoke=True
        )
    assert outcome(tmp_path / "run")["reason"] == "read_alike"


@pytest.mark.parametrize(
    ("label", "task"), [("stars", "regression"), ("topics", "multi_label"), ("sentiment", "classify")]
)
def test_every_kind_of_answer_can_be_tested(label: str, task: str, tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    good, bad = ["good", "great", "lovely", "fine"], ["bad", "awful", "poor", "sad"]
    lines = []
    for n in range(48):
        word, other = (good if n % 2 else bad)[n // 2 % 4], ["room", "food", "staff"][n % 3]
        topics = "|".join(sorted({other, "day" if n % 2 else other}))
        lines.append(f"the {other} was {'very ' * (n // 12)}{word},{n % 2 * 3 + 0.5},{topics},{'pn'[n % 2]}\n")
    path.write_text("text,stars,topics,sentiment\n" + "".join(lines))
    run = tw.run(
        path,
        label=label,
        task=task,
        model=str(tiny_model),
        output=tmp_path / "run",
        overrides=[*FAST, "optimizer.learning_rate=3e-3"],
        smoke=True,
    )
    found = outcome(run.folder.path)
    assert (found["passed"], found["reproduced"]) == (True, None)


def test_spans_and_texts_of_labels_can_be_tested(decoder: str, tiny_model: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.conll"
    blocks = ["the O\nplace O\nrome B-LOC\n", "a O\nstaff O\nkim B-PER\n", "we O\nwait O\nagain O\n"] * 20
    names.write_text("\n".join(f"day{'y' * n} O\n{block}" for n, block in enumerate(blocks)).replace(" ", "\t"))
    run = tw.run(names, model=str(tiny_model), output=tmp_path / "tags", overrides=FAST, smoke=True)
    assert outcome(run.folder.path)["passed"]
    path = tmp_path / "r.csv"
    path.write_text("text,label\n" + "".join(f"{'good' if n % 2 else 'bad'} {n},{'yn'[n % 2]}\n" for n in range(40)))
    settings = [*FAST, "model.answers=label_text"]
    run = tw.run(path, model=decoder, output=tmp_path / "labels", overrides=settings, smoke=True)
    assert outcome(run.folder.path)["passed"]


@pytest.mark.parametrize("task", ["chat", "continue"])
def test_chats_are_answered_and_texts_are_gone_on_with(task: str, decoder: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    words = [f"{a}{b}{a}" for a in "abcdef" for b in "uvwxyz"]
    if task == "chat":
        rows: list[dict[str, Any]] = [
            {"messages": [{"role": "user", "content": word}, {"role": "assistant", "content": word[::-1] + "!"}]}
            for word in words
        ]
    else:
        rows = [{"text": f"{word} and then {word[::-1]}"} for word in words]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = tw.run(path, model=decoder, task=task, output=tmp_path / "run", overrides=FAST, smoke=True)
    found = outcome(run.folder.path)
    assert (found["passed"], found["reproduced"]) == (True, 8 if task == "chat" else None)


def test_a_test_that_was_passed_is_not_done_again(pairs: Path, encoder_decoder: str, tmp_path: Path) -> None:
    again = 0

    class Later(Exception):
        pass

    def listen(event: dict[str, Any]) -> None:
        nonlocal again
        again += event["kind"] == "smoke_tried"
        if event["kind"] == "stage_started" and event["stage"] == "untuned":
            raise Later

    for _ in range(2):
        with pytest.raises(Later):
            tw.run(pairs, model=encoder_decoder, output=tmp_path / "run", overrides=FAST, smoke=True, listener=listen)
    assert again == 1


def test_the_command_says_it_in_words_and_by_its_exit_code(
    pairs: Path, encoder_decoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, said in {
        "zh": ["冒烟测试未通过", "（2）太小"],
        "en": ["smoke test failed", "(2) is too small"],
    }.items():
        recipe = tw.init_recipe(
            pairs, model=encoder_decoder, output=tmp_path / f"{language}.yaml", language=language,
            overrides=[*FAST, "generate.max_new_tokens=2"],
        )  # fmt: skip
        assert main(["train", str(recipe), "--smoke", "--output", str(tmp_path / language)]) == 1
        err = capsys.readouterr().err
        assert [one for one in said if one not in err] == []


def test_words_that_are_hidden_anew_each_time_are_no_test(reviews: Path, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="other words are hidden each time"):
        tw.run(
            reviews, task="masked", text="review", model=str(tiny_model), output=tmp_path / "run", overrides=FAST, smoke=True
        )  # fmt: skip


def test_without_a_model_there_is_nothing_to_test(reviews: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no model that could be trained"):
        tw.run(reviews, label="sentiment", model="none", output=tmp_path / "run", overrides=FAST, smoke=True)
