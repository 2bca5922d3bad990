"""Decoders and encoder-decoders give classes: by a head or by the text of labels, through the same pipeline as any classifier."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import tunewright as tw
from tests.flow.conftest import FILLER, QUICK
from tests.word_models import write_word_model
from tunewright.batching import TokenStore, make_batch
from tunewright.cli.main import main
from tunewright.core.errors import ModelError, RecipeError
from tunewright.core.folder import RunFolder
from tunewright.models.load import resolve
from tunewright.pipeline.fine_tune import load_base
from tunewright.pipeline.prepare import prepare
from tunewright.pipeline.preview import preview
from tunewright.pipeline.teaching.labels import LabelTeaching
from tunewright.recipe import load_recipe
from tunewright.runtime import World, prepare_machine
from tunewright.serve import Predictor

TEXTS = ["good room", "it was a very bad and cold place with rude staff again", "", "lovely", "the day"]


@pytest.fixture(scope="module")
def runs(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tw.Run]:
    """An encoder-decoder by the text of labels, a decoder so, and with a head: by default, or as asked for."""
    folder = tmp_path_factory.mktemp("runs")
    made = {}
    for name, family, answers in (
        ("bart", "bart", []),
        ("llama", "llama", []),
        ("llama by text", "llama", ["model.answers=label_text"]),
    ):
        model = write_word_model(folder / "models" / family, family)
        made[name] = tw.run(reviews, model=str(model), output=folder / name, overrides=[*QUICK, *answers])
    return made


def score_of(run: tw.Run, system: str, metric: str = "accuracy") -> float:
    (value,) = (s["value"] for s in run.scores
                if (s["system"], s["split"], s["metric"], s["slice"]) == (system, "test", metric, None))  # fmt: skip
    return float(value)


def probabilities(predictor: Predictor, texts: list[str]) -> np.ndarray:
    return np.array([list((answer.scores or {}).values()) for answer in predictor.predict(texts)])


@pytest.mark.parametrize(
    ("name", "answers"), [("bart", "label_text"), ("llama", "head"), ("llama by text", "label_text")]
)
def test_a_model_that_writes_classifies_as_any_classifier(runs: dict[str, tw.Run], name: str, answers: str) -> None:
    run = runs[name]
    assert load_recipe(run.folder.recipe).model.answers == answers
    assert score_of(run, "model") >= 0.85 > score_of(run, "majority")
    evidence = run.evidence
    assert evidence["calibration"]["temperature"] > 0
    assert evidence["automation"]
    assert evidence["confusion"]["labels"] == ["neg", "pos"]
    systems = {"model", "tfidf", "frozen", "majority"} | ({"base"} if answers == "label_text" else set())
    assert {s["system"] for s in run.scores if s["split"] == "test"} == systems
    decided = {d["what"]: d["value"] for d in json.loads(run.folder.plan.read_text())["decisions"]}
    assert decided["answers"] == answers
    page = run.report.read_text(encoding="utf-8")
    assert page.count("<section") >= 5


@pytest.mark.parametrize("name", ["bart", "llama", "llama by text"])
def test_the_bundle_says_what_was_measured_one_by_one_or_together(runs: dict[str, tw.Run], name: str) -> None:
    predictor = runs[name].model
    assert isinstance(predictor, Predictor)
    together = probabilities(predictor, TEXTS)
    assert np.abs(together - np.concatenate([probabilities(predictor, [text]) for text in TEXTS])).max() < 1e-6
    assert together.sum(axis=1) == pytest.approx(1.0)
    measured = pq.read_table(runs[name].folder.predictions("model", "test")).to_pylist()
    text_of = {row["row_id"]: row["text"] for row in pq.read_table(runs[name].folder.rows).to_pylist()}
    again = probabilities(predictor, [text_of[row["row_id"]] for row in measured])
    assert again == pytest.approx(np.array([row["scores"] for row in measured]), abs=1e-6)


def test_a_decoders_head_reads_the_last_token_whatever_the_padding(runs: dict[str, tw.Run]) -> None:
    """Beside plain transformers, one text at a time and without padding."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    run = runs["llama"]
    plain = AutoModelForSequenceClassification.from_pretrained(run.folder.bundle)
    tokenizer = AutoTokenizer.from_pretrained(run.folder.bundle)
    predictor = run.model
    assert isinstance(predictor, Predictor)
    texts = [text for text in TEXTS if text]
    ours = predictor.predictions([str(i) for i in range(len(texts))], texts).logits_NC
    for text, logits in zip(texts, ours, strict=True):
        with torch.no_grad():
            assert plain(**tokenizer(text, return_tensors="pt")).logits[0].numpy() == pytest.approx(logits, abs=1e-5)


def test_features_of_a_decoder_have_nothing_of_the_label_in_them(runs: dict[str, tw.Run]) -> None:
    """The same model's features, whether its examples hold the label or not."""
    by_text, by_head = (
        pq.read_table(runs[name].folder.predictions("frozen", "test")).to_pylist()
        for name in ("llama by text", "llama")
    )
    # What is read of a text may differ by a few tokens of the longest ones; no text is so long here.
    assert [row["row_id"] for row in by_text] == [row["row_id"] for row in by_head]
    assert np.array([row["logits"] for row in by_text]) == pytest.approx(np.array([row["logits"] for row in by_head]))


@pytest.mark.parametrize("name", ["bart", "llama by text"])
def test_what_is_learned_is_the_likelihood_that_answers_and_a_row_counts_once(
    runs: dict[str, tw.Run], name: str, tmp_path: Path
) -> None:
    recipe = load_recipe(
        runs[name].folder.recipe, overrides=["loss.name=cross_entropy", "loss.class_weights=[1.0, 3.0]"]
    )
    folder = RunFolder(tmp_path / "again")
    prepared = prepare(recipe, folder)
    base = load_base(recipe, prepared, folder, machine=prepare_machine(recipe.runtime), world=World())
    teaching, rows = base.teaching, base.places("train")[:6]
    assert isinstance(teaching, LabelTeaching)
    assert isinstance(base.store, TokenStore)
    gold = np.array([prepared.labels.index(prepared.answers[row]) for row in rows])
    weights = np.array([1.0, 3.0])[gold]
    assert base.store.weights[rows] == pytest.approx(weights)
    model = teaching.load(seed=0).eval()
    batch = make_batch(base.store, rows, pad_id=teaching.tokenizer.pad_id)
    with torch.no_grad():
        losses = teaching.objective(model, base.store)(model, batch).numpy()
    said = teaching.outputs(model, base.store, rows)[np.arange(len(rows)), gold]
    assert losses == pytest.approx(-weights * said, rel=1e-4)


def test_the_three_kinds_stand_on_one_page(
    runs: dict[str, tw.Run], reviews: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = tw.run(reviews, model=str(tiny_model), output=tmp_path / "encoder", overrides=[*QUICK, "train.epochs=1"])
    page = tmp_path / "page.html"
    folders = [str(run.folder.path) for run in (encoder, runs["llama"], runs["bart"])]
    assert main(["compare", *folders, "--measure", "--json", "--html", str(page)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in found["runs"]] == ["encoder", "llama", "bart"]
    assert {(recipe["settings"]["model.answers"]) for recipe in found["recipes"]} == {"head", "label_text"}
    assert found["n"] == len(pq.read_table(encoder.folder.predictions("model", "test")))
    for run, measured in zip(found["runs"], found["measured"]["runs"].values(), strict=True):
        assert run["scores"][0]["low"] <= run["scores"][0]["value"] <= run["scores"][0]["high"]
        assert run["megabytes"] > 0
        assert measured["milliseconds_per_row"] > 0
        assert measured["memory_megabytes"] > 50
    assert "label_text" in page.read_text(encoding="utf-8")


def test_lora_on_a_decoder_with_a_head(reviews: Path, tmp_path: Path) -> None:
    """GPT-2's tokenizer has no token to pad with."""
    model = write_word_model(tmp_path / "gpt2", "gpt2")
    run = tw.run(
        reviews, model=str(model), output=tmp_path / "run",
        overrides=[*QUICK, "adapter.name=lora", "adapter.r=8"],
    )  # fmt: skip
    # Words of random vectors, which stay as they are: little can be learned, and what can is.
    assert score_of(run, "model") > score_of(run, "frozen") > score_of(run, "majority")
    assert (run.folder.adapter / "adapter_model.safetensors").exists()
    predictor = run.model
    assert isinstance(predictor, Predictor)
    together = probabilities(predictor, TEXTS)
    assert np.abs(together - np.concatenate([probabilities(predictor, [text]) for text in TEXTS])).max() < 1e-6


def test_training_goes_on_by_the_text_of_labels_where_it_began_so(
    runs: dict[str, tw.Run], reviews: Path, tmp_path: Path
) -> None:
    run = tw.run(
        reviews, model=str(runs["llama by text"].folder.bundle), output=tmp_path / "run",
        overrides=[*QUICK, "train.epochs=1"],
    )  # fmt: skip
    recipe = load_recipe(run.folder.recipe)
    assert recipe.model.answers == "label_text"
    assert recipe.encode.prompt == load_recipe(runs["llama by text"].folder.recipe).encode.prompt
    assert score_of(run, "earlier") == score_of(runs["llama by text"], "model") == score_of(run, "base")


def test_files_are_answered_and_scored(runs: dict[str, tw.Run], reviews: Path, tmp_path: Path) -> None:
    bundle = runs["bart"].folder.bundle
    found = tw.evaluate_file(bundle, reviews)
    assert found.stored is not None
    assert found.stored.now == pytest.approx(found.stored.stored)
    long = tmp_path / "long.csv"
    long.write_text("review\n" + "good food " * 60 + "\nbad\n")
    answered = tw.predict_file(bundle, long, output=tmp_path / "out.csv")
    assert (answered["rows"], answered["cut"]) == (2, 1)
    assert [row["prediction"] for row in csv.DictReader((tmp_path / "out.csv").open())][1] == "neg"


@pytest.mark.parametrize("family", ["llama", "bart"])
def test_a_preview_shows_the_label_as_what_is_learned(family: str, reviews: Path, tmp_path: Path) -> None:
    model = write_word_model(tmp_path / family, family)
    shown = preview(reviews, model=str(model), overrides=["model.answers=label_text"], rows=4)
    for example in shown.examples:
        learned = [token.text.strip() for part in example.parts for token in part.tokens if token.weight > 0]
        assert learned == [example.answer, "</s>"]
        assert example.weight == 1.0


def other_labels(path: Path, reviews: Path, labels: dict[str, str]) -> Path:
    rows = [row for row in csv.DictReader(reviews.open(encoding="utf-8")) if row["sentiment"] in labels]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([["review", "label"], *([row["review"], labels[row["sentiment"]]] for row in rows)])
    return path


def test_labels_that_an_encoder_decoder_can_not_write_get_a_head(reviews: Path, tmp_path: Path) -> None:
    data = other_labels(tmp_path / "data.csv", reviews, {"pos": "好评", "neg": "差评"})
    model = write_word_model(tmp_path / "bart", "bart")
    run = tw.run(data, model=str(model), output=tmp_path / "run", overrides=[*QUICK, "train.epochs=1"])
    assert load_recipe(run.folder.recipe).model.answers == "head"
    assert (run.folder.bundle / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("family", "task", "error", "expected"),
    [
        ("llama", "multi_label", RecipeError, "`label_text` tells one class of several"),
        ("bert", None, ModelError, "read texts but write none"),
    ],
)
def test_what_can_not_be_done_is_said(
    family: str,
    task: str | None,
    error: type[Exception],
    expected: str,
    reviews: Path,
    tmp_path: Path,
    tiny_model: Path,
) -> None:
    folder: Any = tiny_model if family == "bert" else write_word_model(tmp_path / family, family)
    with pytest.raises(error, match=expected):
        tw.run(
            reviews, model=str(folder), task=task, output=tmp_path / "run",
            overrides=[*QUICK, "model.answers=label_text"],
        )  # fmt: skip


def test_an_architecture_without_a_head_for_classes_tells_them_by_text(reviews: Path, tmp_path: Path) -> None:
    model = write_word_model(tmp_path / "marian", "marian")
    assert resolve(str(model)).config["model_type"] == "marian"
    run = tw.run(reviews, model=str(model), output=tmp_path / "run", overrides=[*QUICK, "train.epochs=2"])
    assert load_recipe(run.folder.recipe).model.answers == "label_text"
    assert score_of(run, "model", "nll") < score_of(run, "base", "nll") + 0.05
    with pytest.raises(ModelError, match="no head for classification"):
        tw.run(reviews, model=str(model), output=tmp_path / "head", overrides=[*QUICK, "model.answers=head"])


def test_a_head_is_no_way_to_write_texts(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    rows = [{"source": f"good {filler}", "target": f"bad {filler}"} for filler in FILLER]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = write_word_model(tmp_path / "bart", "bart")
    with pytest.raises(RecipeError, match="answers that are texts are written"):
        tw.run(pairs, model=str(model), output=tmp_path / "run", overrides=[*QUICK, "model.answers=head"])
