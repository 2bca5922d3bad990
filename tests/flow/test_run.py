"""From a raw file to a report and a model that answers, on a tiny model made on the spot."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import FolderError, RecipeError


@pytest.fixture(scope="module")
def finished(tiny_model: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEWRIGHT_HOME", str(tmp_path_factory.mktemp("home")))
        return tw.run(
            reviews, model=str(tiny_model), output=tmp_path_factory.mktemp("runs") / "reviews", overrides=QUICK
        )


def score_of(run: tw.Run, system: str, metric: str) -> float:
    return next(
        s["value"]
        for s in run.scores
        if (s["system"], s["metric"], s["split"], s["slice"]) == (system, metric, "test", None)
    )


def test_a_tiny_model_learns_what_is_in_the_words(finished: tw.Run) -> None:
    assert score_of(finished, "model", "accuracy") > 0.9
    assert score_of(finished, "majority", "accuracy") < 0.7


def test_the_account_adds_up_and_names_each_row(finished: tw.Run) -> None:
    account = json.loads(finished.folder.account.read_text())
    assert all(stage["read"] == stage["kept"] + stage["quarantined"] + stage["dropped"] for stage in account)
    assert account[0]["read"] == 204
    ledger = pq.read_table(finished.folder.ledger).to_pylist()
    assert {entry["reason_code"] for entry in ledger} >= {"empty_text", "exact_duplicate", "too_many_cells"}
    quarantined = [json.loads(line) for line in finished.folder.quarantine.read_text().splitlines()]
    assert [row["line"] for row in quarantined] == [205]
    assert quarantined[0]["raw"].startswith("903,one cell")


def test_a_row_without_a_label_gets_an_answer(finished: tw.Run) -> None:
    lines = (finished.folder.path / "predictions" / "unlabelled.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].split(",")[4] in {"pos", "neg"}


def test_plain_transformers_gives_the_same_logits(finished: tw.Run) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    texts = ["the food was superb", "really awful service , cold and rude !", "a"]
    model = AutoModelForSequenceClassification.from_pretrained(finished.folder.bundle)
    tokenizer = AutoTokenizer.from_pretrained(finished.folder.bundle)
    predictions = finished.model.predictions(["a", "b", "c"], texts)
    with torch.no_grad():
        for text, ours in zip(texts, predictions.logits_NC, strict=True):
            theirs = model(**tokenizer(text, return_tensors="pt")).logits[0]
            assert np.abs(theirs.numpy() - ours).max() <= 1e-5
    assert [model.config.id2label[i] for i in range(2)] == list(predictions.labels)


def test_predictions_of_the_test_split_are_those_of_the_bundle(finished: tw.Run) -> None:
    """What was measured is what is served: same rows, same probabilities."""
    rows = {row["row_id"]: row["text"] for row in pq.read_table(finished.folder.rows).to_pylist()}
    stored = pq.read_table(finished.folder.predictions("model", "test")).to_pylist()
    answers = finished.model.predict([rows[row["row_id"]] for row in stored])
    assert [a.label for a in answers] == [row["prediction"] for row in stored]
    worst = max(abs(a.confidence - max(row["scores"])) for a, row in zip(answers, stored, strict=True))
    assert worst <= 1e-6


def test_a_text_gets_the_same_answer_alone_and_among_others(finished: tw.Run) -> None:
    texts = ["good", "the staff was late again and again and again and really rude", "it is"] * 5
    together = finished.model.predict(texts)
    alone = [finished.model.predict([text])[0] for text in texts]
    assert max(abs(a.confidence - b.confidence) for a, b in zip(together, alone, strict=True)) <= 1e-6


def test_the_same_call_finds_the_finished_run(finished: tw.Run, tiny_model: Path, reviews: Path) -> None:
    before = finished.folder.finished.stat().st_mtime_ns
    again = tw.run(reviews, model=str(tiny_model), output=finished.folder.path, overrides=QUICK)
    assert again.weights_digest == finished.weights_digest
    assert finished.folder.finished.stat().st_mtime_ns == before


def test_another_request_does_not_get_into_the_folder(finished: tw.Run, tiny_model: Path, reviews: Path) -> None:
    with pytest.raises(FolderError, match="holds another run"):
        tw.run(reviews, model=str(tiny_model), output=finished.folder.path, overrides=[*QUICK, "train.seed=18"])


def test_the_resolved_recipe_repeats_the_run_to_the_same_bits(finished: tw.Run, tmp_path: Path) -> None:
    again = tw.train_recipe(finished.folder.recipe, output=tmp_path / "again")
    assert again.weights_digest == finished.weights_digest
    assert again.folder.recipe.read_text() == finished.folder.recipe.read_text()
    other = tw.train_recipe(finished.folder.recipe, output=tmp_path / "other", overrides=["train.seed=18"])
    assert other.weights_digest != finished.weights_digest  # the control: the digest can tell two models apart


def test_a_recipe_of_another_machine_stops_unless_told_otherwise(finished: tw.Run, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    text = finished.folder.recipe.read_text()
    recipe.write_text(text.replace("torch: ", "torch: 0."))
    with pytest.raises(RecipeError, match="another machine"):
        tw.train_recipe(recipe, output=tmp_path / "r1")
    run = tw.train_recipe(recipe, output=tmp_path / "r2", allow_different_machine=True)
    assert run.weights_digest == finished.weights_digest


def test_a_changed_bundle_is_refused(finished: tw.Run, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(finished.folder.bundle, tmp_path / "model")
    assert tw.load(copy).predict(["good"])[0].label == "pos"
    config = json.loads((copy / "config.json").read_text())
    config["id2label"] = {"0": "pos", "1": "neg"}  # labels swapped: the field's costliest silent error
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(tw.TunewrightError, match=r"changed since it was written: config\.json"):
        tw.load(copy)


def test_a_file_in_is_a_file_out(
    finished: tw.Run, reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "answered.csv"
    assert main(["predict", str(finished.folder.bundle), str(reviews), "--output", str(output), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows"], summary["unreadable"]) == (203, 1)
    lines = output.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,review,sentiment,prediction,confidence"
    assert lines[1].startswith("000,")
    assert len(lines) == 204


def test_predict_counts_the_texts_it_does_not_read_to_their_end(finished: tw.Run, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    texts = ["it was good", "good " * 200, "quite"]
    path.write_text("".join(json.dumps({"review": text}) + "\n" for text in texts), encoding="utf-8")
    assert tw.predict_file(finished.folder.bundle, path, output=tmp_path / "out.jsonl")["cut"] == 1
    baseline = tw.predict_file(finished.folder.baseline_bundle, path, output=tmp_path / "other.jsonl")
    assert baseline["cut"] == 0


def test_evaluate_scores_a_labelled_file(finished: tw.Run, reviews: Path) -> None:
    found = tw.evaluate_file(finished.folder.bundle, reviews)
    accuracy = next(s for s in found.scores if s.metric == "accuracy" and s.slice is None)
    assert accuracy.n == found.rows_scored == 201
    assert accuracy.low < accuracy.value <= accuracy.high
    assert (found.rows_read, found.unreadable, found.unlabelled, found.empty) == (204, 1, 1, 1)
    assert found.rows_read == found.rows_scored + found.unreadable + found.unlabelled + found.empty


def test_evaluate_finds_the_rows_of_training_and_the_stored_test_score(finished: tw.Run, reviews: Path) -> None:
    found = tw.evaluate_file(finished.folder.bundle, reviews)
    assert found.seen is not None
    assert found.stored is not None
    rows = pq.read_table(finished.folder.rows).column("split").to_pylist()
    assert found.seen["test"] == rows.count("test")
    assert found.seen["train"] >= rows.count("train")  # a duplicate of a training row was trained on as well
    assert found.stored.now == found.stored.stored == score_of(finished, "model", found.stored.metric)


def test_evaluate_takes_spellings_of_a_label_for_it_and_names_labels_it_does_not_know(
    finished: tw.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new.csv"
    path.write_text(
        'review,sentiment\nit was great,Pos\nreally happy,"pos "\nawful,neg\nsad and dull,negg\nquite,other\n',
        encoding="utf-8",
    )
    found = tw.evaluate_file(finished.folder.bundle, path)
    assert [(m.written, m.meant, m.rows) for m in found.merged] == [("Pos", "pos", 1), ("pos ", "pos", 1)]
    assert [(u.label, u.rows, u.nearest) for u in found.unknown] == [("negg", 1, "neg"), ("other", 1, None)]
    accuracy = next(s for s in found.scores if s.metric == "accuracy" and s.slice is None)
    assert (accuracy.value, accuracy.n) == (0.6, 5)  # without the merging two of the right answers would be wrong
    assert main(["evaluate", str(finished.folder.bundle), str(path), "--lang", "zh"]) == 0
    assert "是否应为“neg”？" in capsys.readouterr().err
    assert main(["evaluate", str(finished.folder.bundle), str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unknown"][0]["nearest"] == "neg"


def test_predictions_of_frozen_features_are_those_of_their_bundle(
    finished: tw.Run, tiny_model: Path, reviews: Path, tmp_path: Path
) -> None:
    """What was measured is what is served, with the temperature of this system and the bytes of the model as it came."""
    overrides = [*QUICK, "probes.save_frozen=always"]
    run = tw.run(reviews, model=str(tiny_model), output=tmp_path / "run", overrides=overrides)
    rows = {row["row_id"]: row["text"] for row in pq.read_table(run.folder.rows).to_pylist()}
    stored = pq.read_table(run.folder.predictions("frozen", "test")).to_pylist()
    frozen = tw.load(run.folder.frozen_bundle)
    answers = frozen.predict([rows[row["row_id"]] for row in stored])
    worst = max(abs(a.confidence - max(row["scores"])) for a, row in zip(answers, stored, strict=True))
    assert worst <= 1e-6
    assert frozen.about.temperature != 1.0
    assert frozen.about.base_model == "tiny-bert"
    weights = "model.safetensors"
    assert (run.folder.frozen_bundle / "encoder" / weights).read_bytes() == (tiny_model / weights).read_bytes()
    assert "frozen features" in (run.folder.frozen_bundle / "README.md").read_text(encoding="utf-8")
    assert tw.evaluate_file(run.folder.frozen_bundle, reviews).stored is not None


def test_frozen_features_are_saved_only_where_they_are_recommended_or_asked_for(finished: tw.Run) -> None:
    assert finished.folder.frozen_bundle.exists() == (finished.evidence["recommended"] == "frozen")
    assert finished.recommended.about.system == finished.evidence["recommended"]


def test_the_baseline_is_a_model_too(finished: tw.Run) -> None:
    answer = tw.load(finished.folder.baseline_bundle).predict(["awful , sad and broken"])[0]
    assert answer.label == "neg"
    assert not list(finished.folder.path.rglob("*.pkl"))


def test_report_and_card_are_there(finished: tw.Run) -> None:
    page = finished.report.read_text(encoding="utf-8")
    assert "<html" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "reviews.csv" in page
    card = (finished.folder.bundle / "README.md").read_text(encoding="utf-8")
    assert "tunewright" in card.lower()


def test_everything_on_the_screen_is_chinese_where_that_is_asked_for(
    tiny_model: Path, reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = [part for override in QUICK for part in ("--set", override)]
    folder = tmp_path / "run"
    arguments = ["run", str(reviews), "--model", str(tiny_model), "--output", str(folder), "--lang", "zh", *overrides]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    # Names of files, columns, labels, settings and metrics are what they are; three English words in a row are prose.
    named = r"\S*[/.=`|_-]\S*|--\S+|COLUMN|CODE|FOLDER_OR_HUB_ID"
    prose = [
        line for line in (printed.err + printed.out).splitlines()
        if re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", re.sub(named, "", line))
    ]  # fmt: skip
    assert not prose
    assert "推荐：" in printed.out
    assert main(["train", str(folder / "recipe.yaml"), "--output", str(tmp_path / "again")]) == 0
    assert "推荐：" in capsys.readouterr().out  # the recipe says which language


def test_private_leaves_no_text_in_report_card_or_messages(
    tiny_model: Path, reviews: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = [part for override in QUICK for part in ("--set", override)]
    folder = tmp_path / "run"
    assert (
        main(["run", str(reviews), "--model", str(tiny_model), "--output", str(folder), "--private", *overrides]) == 0
    )
    printed = capsys.readouterr()
    shown = [
        printed.out,
        printed.err,
        (folder / "report.html").read_text(),
        (folder / "model" / "README.md").read_text(),
    ]
    shown += [(folder / name).read_text() for name in ("events.jsonl", "evidence.json", "audit.json", "plan.json")]
    texts = [row["text"] for row in pq.read_table(folder / "data" / "rows.parquet").to_pylist()]
    for text in texts:
        assert not any(text in page for page in shown), text


@pytest.mark.parametrize(
    ("task", "kind"), [("multi_label", "multi_label"), ("regression", "regression"), ("pair", "single_label")]
)
def test_other_tasks_go_the_same_way(task: str, kind: str, tiny_model: Path, tmp_path: Path) -> None:
    import csv
    import random

    from tests.flow.conftest import sentence

    rng = random.Random(3)
    path = tmp_path / f"{task}.csv"
    header = {
        "multi_label": ["text", "labels"],
        "regression": ["text", "score"],
        "pair": ["sentence1", "sentence2", "label"],
    }[task]
    rows = []
    for i in range(160):
        parts = rng.choice([("pos",), ("neg",), ("pos", "neg")])
        if task == "multi_label":
            rows.append([" ".join(sentence(rng, part) for part in parts), ";".join(parts)])
        elif task == "regression":
            share = rng.random()
            words = [sentence(rng, "pos" if rng.random() < share else "neg") for _ in range(3)]
            rows.append([" ".join(words), f"{100 * share + i / 1000:.3f}"])
        else:
            a, b = rng.choice(["pos", "neg"]), rng.choice(["pos", "neg"])
            rows.append([sentence(rng, a), sentence(rng, b), "same" if a == b else "other"])
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    asked = "multi_label" if task == "multi_label" else None  # two labels alone could as well be three classes
    overrides = [*QUICK, "train.epochs=16", "train.stopping.patience=null"]
    run = tw.run(path, model=str(tiny_model), output=tmp_path / "run", overrides=overrides, task=asked)
    assert run.evidence["kind"] == kind
    pairs = ["the staff was rude"] if task == "pair" else None
    answer = run.model.predict(["really good and happy"], pairs=pairs)[0]
    if task == "regression":
        assert isinstance(answer.label, float)
        assert score_of(run, "model", "pearson") > 0.3
        assert abs(answer.label) < 1000
    elif task == "multi_label":
        assert score_of(run, "model", "micro_f1") > score_of(run, "majority", "micro_f1")
        assert isinstance(answer.label, list)
    else:
        assert answer.label in {"same", "other"}
    assert "<html" in run.report.read_text(encoding="utf-8")


def test_a_misspelt_column_is_named_and_does_not_block_the_folder(
    tiny_model: Path, reviews: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    with pytest.raises(tw.TunewrightError, match=r"no column `sentimnet`.*Did you mean `sentiment`"):
        tw.run(reviews, label="sentimnet", model=str(tiny_model), output=folder, overrides=QUICK)
    run = tw.run(reviews, label="sentiment", model="none", output=folder, overrides=QUICK)
    assert run.evidence["recommended"] == "tfidf"


def test_a_misspelt_key_is_named_with_its_place_and_the_nearest_one(tmp_path: Path, reviews: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"data: {{path: {reviews}}}\noptimizer: {{name: adamw, learning_rte: 2e-5}}\ntrian: {{}}\n")
    with pytest.raises(RecipeError) as caught:
        tw.load_recipe(recipe)
    lines = str(caught.value).splitlines()
    assert "`optimizer.learning_rte`. Did you mean `learning_rate`?" in lines[0]
    assert "`trian`. Did you mean `train`?" in lines[1]


def test_yaml_floats_are_floats(tmp_path: Path, reviews: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"data: {{path: {reviews}}}\noptimizer: {{learning_rate: 2e-5}}\n")
    assert tw.load_recipe(recipe).optimizer.learning_rate == 2e-5


def test_training_goes_on_from_an_earlier_bundle_and_keeps_its_test_rows(
    finished: tw.Run, reviews: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more.csv"
    lines = reviews.read_text(encoding="utf-8").splitlines()[:201]
    lines += [f"{1000 + i},the staff was late and it is day {i} of time,mixed" for i in range(30)]
    more.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = tw.run(more, model=str(finished.folder.bundle), output=tmp_path / "run", overrides=QUICK)
    assert run.evidence["labels"] == ["mixed", "neg", "pos"]
    old = {row["row_id"]: row["split"] for row in pq.read_table(finished.folder.rows).to_pylist()}
    new = {row["row_id"]: row["split"] for row in pq.read_table(run.folder.rows).to_pylist()}
    both = old.keys() & new.keys()
    assert len(both) > 150
    assert all(old[row_id] == new[row_id] for row_id in both)
    assert any((c["system_a"], c["system_b"]) == ("model", "earlier") for c in run.evidence["comparisons"])
