"""Abstaining and sets of possible answers, from the run to the file that `predict` writes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import DataError
from tunewright.core.folder import read_json
from tunewright.evaluate import read_predictions
from tunewright.pipeline.predict import predict_file
from tunewright.pipeline.run import Run, run
from tunewright.serve import load


@pytest.fixture(scope="module")
def words_run(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "words"
    return run(reviews, model="none", output=folder, overrides=[*QUICK, "evaluate.wanted_precision=[0.8,0.9]"])


def answered(
    model: Path, file: Path, output: Path, **options: object
) -> tuple[dict[str, object], list[dict[str, str]]]:
    summary = predict_file(model, file, output=output, **options)  # type: ignore[arg-type]
    with output.open(encoding="utf-8", newline="") as opened:
        return summary, list(csv.DictReader(opened))


def test_below_the_confidence_there_is_a_suggestion_and_no_answer(
    words_run: Run, reviews: Path, tmp_path: Path
) -> None:
    model = words_run.folder.baseline_bundle
    summary, rows = answered(model, reviews, tmp_path / "out.csv", abstain_below=0.9)
    unsure = [row for row in rows if float(row["confidence"]) < 0.9]
    assert summary["abstained"] == len(unsure) > 0
    assert all(row["prediction"] == "" and row["suggested"] in ("pos", "neg") for row in unsure)
    assert all(row["suggested"] == "" for row in rows if row not in unsure)
    _, plain = answered(model, reviews, tmp_path / "plain.csv")
    assert [row["prediction"] or row["suggested"] for row in rows] == [row["prediction"] for row in plain]
    assert "suggested" not in plain[0]


def test_the_confidence_for_a_wanted_precision_is_that_of_the_report(
    words_run: Run, reviews: Path, tmp_path: Path
) -> None:
    model = words_run.folder.baseline_bundle
    (line,) = (line for line in words_run.evidence["automation"] if line["wanted"] == 0.9)
    summary, _ = answered(model, reviews, tmp_path / "out.csv", precision=0.9)
    assert summary["threshold"] == pytest.approx(line["threshold"])
    with pytest.raises(DataError, match=r"--precision 0\.97.*Found for: 0\.8, 0\.9"):
        answered(model, reviews, tmp_path / "other.csv", precision=0.97)
    with pytest.raises(DataError, match="between 0 and 1"):
        answered(model, reviews, tmp_path / "other.csv", abstain_below=80.0)


def test_sets_of_the_bundle_hold_the_right_answer_as_often_as_the_report_says(
    words_run: Run, reviews: Path, tmp_path: Path
) -> None:
    _, rows = answered(words_run.folder.baseline_bundle, reviews, tmp_path / "out.csv", possible=True)
    test = read_predictions(words_run.folder.predictions("tfidf", "test"))
    gold = dict(zip(test.row_ids, test.table.column("gold").to_pylist(), strict=True))
    predictor = load(words_run.folder.baseline_bundle)
    texts = {row["review"]: row["possible"].split(";") for row in rows}
    assert all(row["prediction"] == row["possible"].split(";")[0] for row in rows)
    check = words_run.evidence["conformal"]
    assert check["wanted"] == 0.95
    assert predictor.about.conformal is not None
    assert predictor.about.conformal.rows == check["learned_from"]
    from tunewright.pipeline.prepare import prepare
    from tunewright.recipe import load_recipe

    prepared = prepare(load_recipe(words_run.folder.recipe), words_run.folder)
    text_of = dict(zip(prepared.row_ids, prepared.texts, strict=True))
    held = [label in texts[text_of[row_id]] for row_id, label in gold.items()]
    assert sum(held) / len(held) == pytest.approx(check["held"])


def test_a_single_text_says_what_else_is_possible(words_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(words_run.folder.baseline_bundle)
    assert main(["predict", model, "the room was", "--abstain-below", "0.999", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["abstained"]
    assert set(answer["possible"]) <= {"pos", "neg"}
    assert main(["predict", model, "the room was", "--abstain-below", "0.999", "--lang", "zh"]) == 0
    assert "把握不足" in capsys.readouterr().out


def test_a_number_gets_an_interval(tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    lines = [f'"{"good " * (i % 5)}{"bad " * (5 - i % 5)} room {i}",{i % 5 + 0.5 * (i % 2)}' for i in range(300)]
    path.write_text("text,stars\n" + "\n".join(lines) + "\n", encoding="utf-8")
    found = run(path, model="none", task="regression", output=tmp_path / "run", overrides=QUICK)
    _, rows = answered(found.folder.baseline_bundle, path, tmp_path / "out.csv", possible=True)
    width = load(found.folder.baseline_bundle).about.conformal.half_width  # type: ignore[union-attr]
    assert width is not None
    assert all(
        float(row["high"]) - float(row["prediction"]) == pytest.approx(width)
        and float(row["low"]) < float(row["prediction"])
        for row in rows
    )
    assert found.evidence["conformal"]["wanted"] == 0.95
    with pytest.raises(DataError, match="no confidence to abstain by"):
        predict_file(found.folder.baseline_bundle, path, output=tmp_path / "no.csv", abstain_below=0.5)


def test_a_scaling_that_the_recipe_wants_is_what_answers(reviews: Path, tmp_path: Path) -> None:
    overrides = [*QUICK, "evaluate.scaling=vector"]
    found = run(reviews, model="none", output=tmp_path / "run", overrides=overrides)
    predictor = load(found.folder.baseline_bundle)
    assert predictor.about.scaling is not None
    assert predictor.about.scaling.name == "vector"
    test = read_predictions(found.folder.predictions("tfidf", "test"))
    rows = read_json(found.folder.evidence)["calibration"]
    assert rows["scaling"] == "vector"
    from tunewright.pipeline.prepare import prepare
    from tunewright.recipe import load_recipe

    prepared = prepare(load_recipe(found.folder.recipe), found.folder)
    text_of = dict(zip(prepared.row_ids, prepared.texts, strict=True))
    again = predictor.predictions(test.row_ids, [text_of[row_id] for row_id in test.row_ids])
    assert again.scores_NC == pytest.approx(test.scores_NC, abs=1e-6)
    raw = predictor.about.model_copy(update={"scaling": None})
    assert raw.temperature != 1.0
