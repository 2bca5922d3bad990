"""The whole way for masked words: texts in; an encoder that knows them better, from which a task can be learned, out."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.flow.conftest import QUICK, sentence
from tests.tiny_writers import write_decoder
from tunewright.core.errors import ModelError, RecipeError, StoppedBySignal
from tunewright.core.events import read_events

MASKED = [*QUICK[:1], "train.epochs=3", *QUICK[1:]]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labelled reviews, of which only the texts are read."""
    rng = random.Random(3)
    path = tmp_path_factory.mktemp("texts") / "reviews.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        writer.writerows([sentence(rng, label), label] for label in ["pos", "neg"] * 100)
        writer.writerow(["", "pos"])
    return path


@pytest.fixture(scope="module")
def learned(texts: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    folder = tmp_path_factory.mktemp("runs") / "masked"
    return tw.run(texts, task="masked", model=str(tiny_model), output=folder, overrides=MASKED)


def scores_of(run: tw.Run, system: str) -> dict[str, float]:
    return {
        s["metric"]: s["value"] for s in run.scores if (s["system"], s["split"], s["slice"]) == (system, "test", None)
    }


def test_an_encoder_knows_the_texts_better_than_before(learned: tw.Run) -> None:
    model, untuned = scores_of(learned, "model"), scores_of(learned, "base")
    assert model.keys() == untuned.keys() == {"nll_per_token", "perplexity"}
    assert model["perplexity"] < 0.7 * untuned["perplexity"]
    losses = [event["loss"] for event in read_events(learned.folder.events) if event["kind"] == "evaluated"]
    assert losses[-1] < losses[0]
    [untaught] = [comparison for comparison in learned.evidence["comparisons"] if comparison["metric"] == "perplexity"]
    assert (untaught["system_b"], untaught["verdict"]) == ("base", "a_better")
    assert learned.evidence["next_step"]["code"] == "take_further"
    page = learned.report.read_text(encoding="utf-8")
    assert "perplexity" in page
    card = (learned.folder.bundle / "README.md").read_text(encoding="utf-8")
    assert "AutoModelForMaskedLM" in card
    assert 'pipeline_tag: "fill-mask"' in card


def test_both_are_asked_for_the_same_hidden_words(learned: tw.Run) -> None:
    asked = [
        pq.read_table(learned.folder.predictions(system, "test")).select(["row_id", "num_tokens"]).to_pylist()
        for system in ("model", "base")
    ]
    assert asked[0] == asked[1]
    assert all(row["num_tokens"] >= 1 for row in asked[0])


def test_the_encoder_is_taken_further_and_has_its_pooler(learned: tw.Run, texts: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file
    from transformers import AutoModel, AutoModelForMaskedLM

    bundle = learned.folder.bundle
    assert "bert.pooler.dense.weight" in load_file(bundle / "model.safetensors")
    AutoModelForMaskedLM.from_pretrained(bundle)
    pooler = AutoModel.from_pretrained(bundle).pooler.dense.weight
    assert pooler.equal(load_file(bundle / "model.safetensors")["bert.pooler.dense.weight"])
    run = tw.run(texts, model=str(bundle), output=tmp_path / "run", overrides=[*QUICK, "train.epochs=1"])
    test = set(pq.read_table(run.folder.predictions("model", "test")).column("row_id").to_pylist())
    masked = set(pq.read_table(learned.folder.predictions("model", "test")).column("row_id").to_pylist())
    assert test == masked  # rows that were held out stay so
    with pytest.raises(ModelError, match=r"tunewright run FILE --model"):
        tw.load(bundle)


def test_a_split_that_the_file_gives_comes_first(learned: tw.Run, texts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    rows = list(csv.DictReader(texts.open(encoding="utf-8")))[:200]
    for name, part in (("train", rows[:140]), ("dev", rows[140:160]), ("test", rows[160:])):
        lines = [json.dumps({"text": row["review"], "label": row["sentiment"]}) for row in part]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = tw.run(
        folder, model=str(learned.folder.bundle), output=tmp_path / "run", overrides=[*QUICK, "train.epochs=1"]
    )
    assert len(pq.read_table(run.folder.predictions("model", "test"))) == 40


def test_a_kill_in_training_costs_nothing(texts: Path, tiny_model: Path, learned: tw.Run, tmp_path: Path) -> None:
    calls = iter(range(1000))
    overrides = [*MASKED, "train.save_seconds=0"]
    with pytest.raises(StoppedBySignal):
        tw.run(
            texts, task="masked", model=str(tiny_model), output=tmp_path / "run", overrides=overrides,
            stop=lambda: 15 if next(calls) == 30 else None,
        )  # fmt: skip
    again = tw.run(texts, task="masked", model=str(tiny_model), output=tmp_path / "run", overrides=overrides)
    assert again.weights_digest == learned.weights_digest


@pytest.mark.parametrize("shape", ["lines", "tagged", "column"])
def test_texts_are_read_from_any_file_that_has_some(shape: str, tiny_model: Path, tmp_path: Path) -> None:
    rng = random.Random(5)
    texts = [sentence(rng, "pos") for _ in range(60)]
    said: dict[str, str] = {}
    if shape == "lines":
        path = tmp_path / "texts.txt"
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    elif shape == "tagged":
        path = tmp_path / "tags.conll"
        path.write_text(
            "\n\n".join("\n".join(f"{word}\tO" for word in text.split()) for text in texts), encoding="utf-8"
        )
    else:
        path, said = tmp_path / "notes.csv", {"text": "note"}
        path.write_text("id,body,note\n" + "".join(f"{n},x{n},{t}\n" for n, t in enumerate(texts)), encoding="utf-8")
    run = tw.run(
        path,
        task="masked",
        model=str(tiny_model),
        output=tmp_path / "run",
        overrides=[*QUICK, "train.epochs=1"],
        **said,
    )
    read = pq.read_table(run.folder.rows).column("text").to_pylist()
    assert set(read) <= set(texts)
    assert len(read) > 50


def test_what_can_not_be_done_is_said_with_what_to_do(texts: Path, tiny_model: Path, tmp_path: Path) -> None:
    decoder = write_decoder(tmp_path / "decoder")
    with pytest.raises(ModelError, match="no mask token"):
        tw.run(texts, task="masked", model=str(decoder), output=tmp_path / "a", overrides=MASKED)
    with pytest.raises(RecipeError, match=r"evaluate\.metric: `chrf`"):
        tw.run(
            texts,
            task="masked",
            model=str(tiny_model),
            output=tmp_path / "b",
            overrides=[*MASKED, "evaluate.metric=chrf"],
        )


def test_a_preview_shows_what_is_hidden_first(texts: Path, tiny_model: Path) -> None:
    from tunewright.pipeline.preview import preview

    found = preview(texts, task="masked", model=str(tiny_model), rows=4)
    assert found.learned_share == pytest.approx(0.15, abs=0.05)
    for example in found.examples:
        assert any(token.weight for token in example.parts[0].tokens)
        assert not any(token.weight and token.special for token in example.parts[0].tokens)


@pytest.mark.parametrize("task", ["masked", "tag"])
def test_a_text_that_the_tokenizer_makes_nothing_of_is_left_out_with_its_reason(
    task: str, tiny_model: Path, tmp_path: Path
) -> None:
    from tunewright.pipeline.preview import preview

    rng = random.Random(6)
    rows = [{"text": sentence(rng, "pos"), "spans": [{"start": 0, "end": 3, "label": "X"}]} for _ in range(30)]
    rows.append({"text": "\u200b", "spans": []})
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = preview(path, task=task, model=str(tiny_model), rows=4)
    [reason] = [reason for reason in found.untaught if reason.stage == "encode"]
    assert reason.reason_code == {"masked": "nothing_to_learn", "tag": "no_word_read"}[task]
    assert (found.taught, reason.line) == (30, 31)
