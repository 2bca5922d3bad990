"""`tunewright label` after a run: a table for people, with reasons, that `data apply` puts into the data."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import DataError, FolderError
from tunewright.core.folder import read_json
from tunewright.evaluate import from_logits
from tunewright.pipeline.label import Pool, _to_label, rows_to_label
from tunewright.pipeline.run import Run, run
from tunewright.recipe import load_recipe

UNSURE = ["great film", "terrible film", "great film!", "so so", "", "a film about a dog"]


@pytest.fixture(scope="module")
def finished(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of word counting alone, some labels of which are wrong."""
    path = tmp_path_factory.mktemp("label") / "reviews.csv"
    with reviews.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 3]
    for row in rows[5:60:9]:
        row[2] = {"pos": "neg", "neg": "pos"}[row[2]]
    rows += [[f"1{i}", text, ""] for i, text in enumerate(UNSURE)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return run(path, model="none", overrides=QUICK, output=path.parent / "run")


def test_rows_come_with_reasons_and_go_back_into_the_data(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, source = tmp_path / "label.csv", finished.folder.path.parent / "reviews.csv"
    assert main(["label", str(finished.folder.path), "--output", str(table), "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    texts = {row["text"] for row in value["to_label"]}
    assert texts >= {"so so", "a film about a dog"}
    assert "" not in texts
    assert all("%" in row["why"]["en"] and "%" in row["why"]["zh"] for row in value["to_label"] + value["to_check"])
    # What is suspected here was planted.
    planted = {row["row_id"] for row in value["to_check"]}
    assert planted == {one["row_id"] for one in read_json(finished.folder.suspects)["suspects"]["found"]}
    assert value["to_check"]

    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["new_label"] = row["suggested"]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    assert main(["data", "apply", str(source), str(table), "--output", str(tmp_path / "new.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == len(rows)


def test_rows_of_a_further_file_in_both_languages(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.jsonl"
    new.write_text("\n".join(json.dumps({"review": text}) for text in UNSURE), encoding="utf-8")
    for language, said in (("en", "unsure"), ("zh", "没有把握")):
        output = tmp_path / f"{language}.xlsx"
        command = ["label", str(finished.folder.path), str(new), "--next", "2", "--output", str(output)]
        assert main([*command, "--lang", language]) == 0
        assert said in capsys.readouterr().out
        assert output.stat().st_size > 0
    found = rows_to_label(finished.folder.path, file=new, next_rows=2)
    assert (len(found.to_label), len(found.to_check), found.unlabelled) == (2, 0, 5)


def test_what_can_not_be_is_said(finished: Run, reviews: Path, tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="no finished run"):
        rows_to_label(tmp_path)
    other = tmp_path / "other.csv"
    other.write_text("body\nhello\n", encoding="utf-8")
    with pytest.raises(DataError, match="--text COLUMN"):
        rows_to_label(finished.folder.path, file=other)
    with pytest.raises(DataError, match="nothing to ask"):
        rows_to_label(finished.folder.path, next_rows=0, check_rows=0)


def test_of_a_single_label_that_a_row_may_have_or_not(tmp_path: Path) -> None:
    predictions = from_logits(
        ["1", "2"], kind="multi_label", labels=("urgent",), gold=None, logits_NC=np.array([[4.0], [0.1]])
    )
    found = _to_label(
        Pool(predictions=predictions, texts=["now", "later"], labels=("urgent",)), number=1, separator=";"
    )
    assert [(row.row_id, str(row.why)) for row in found] == [("2", "unsure of `urgent`: 52%")]


def test_texts_of_a_private_run_stand_in_the_table_alone(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe(finished.folder.recipe)
    private = recipe.model_copy(update={"report": recipe.report.model_copy(update={"private": True})})
    monkeypatch.setattr("tunewright.pipeline.label.load_recipe", lambda _: private)
    for options in ([], ["--json"]):
        table = tmp_path / f"{len(options)}.csv"
        assert main(["label", str(finished.folder.path), "--output", str(table), *options]) == 0
        assert "a film about a dog" not in capsys.readouterr().out
        assert "a film about a dog" in table.read_text(encoding="utf-8-sig")
