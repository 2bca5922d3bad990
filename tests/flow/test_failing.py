"""Where a run fails: slices in the evidence, on the page and on the screen; their words go with the texts."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.flow.conftest import FILLER, QUICK, WORDS
from tunewright.cli.main import main
from tunewright.core.errors import DataError
from tunewright.core.folder import read_json
from tunewright.pipeline.purge import purge
from tunewright.pipeline.run import Run, run


@pytest.fixture(scope="module")
def two_channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 rows; those that came by telephone are labelled at random."""
    rng = random.Random(5)
    path = tmp_path_factory.mktemp("data") / "channels.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment", "channel"])
        for i in range(400):
            label = rng.choice(["pos", "neg"])
            channel = "telephone" if i % 4 == 0 else "mail"
            words = rng.choices(FILLER, k=6) + rng.choices(WORDS[label], k=3)
            said = rng.choice(["pos", "neg"]) if channel == "telephone" else label
            writer.writerow([f"{' '.join(words)} {i}", said, channel])
    return path


SLICED = (
    *QUICK,
    "evaluate.slices.columns=[channel]",
    "evaluate.slices.min_rows=20",
    "split.test=0.4",
    "clean.contradictions=keep",
)


@pytest.fixture(scope="module")
def sliced(two_channels: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("runs") / "sliced"
    return run(
        two_channels, label="sentiment", model=str(tiny_model), output=folder, overrides=[*SLICED, "train.epochs=3"]
    )


def test_the_slice_that_was_spoilt_is_shown_to_be_worse(sliced: Run) -> None:
    slices = sliced.evidence["slices"]
    first = slices["found"][0]
    assert (first["attribute"], first["value"], first["is_worse"]) == ("column:channel", "telephone", True)
    assert {"length", "unseen", "cluster"} <= set(slices["attributes"])
    assert all(len(one["nearest"]) == 3 for one in sliced.evidence["errors"])
    page = sliced.report.read_text(encoding="utf-8")
    assert "channel: telephone" in page
    assert "shown to be worse" in page


def test_a_column_that_is_not_there_is_refused_before_training(two_channels: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column `chanel`.*Did you mean `channel`"):
        run(two_channels, model="none", output=tmp_path / "run", overrides=[*QUICK, "evaluate.slices.columns=[chanel]"])


def test_evaluate_slices_any_file_by_its_columns(
    sliced: Run, two_channels: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(sliced.folder.bundle)
    assert main(["evaluate", model, str(two_channels), "--slices", "channel", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["slices"]
    assert (found["found"][0]["value"], found["found"][0]["n"]) == ("telephone", 100)
    assert main(["evaluate", model, str(two_channels), "--slices", "--lang", "zh"]) == 0
    assert "切片" in capsys.readouterr().out
    assert main(["evaluate", model, str(two_channels), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["slices"] is None


def test_words_that_name_clusters_go_when_the_texts_go(sliced: Run) -> None:
    def words() -> list[str]:
        return [one["label"] for one in read_json(sliced.folder.evidence)["slices"]["found"] if one["label"]]

    assert words()  # the check can fail
    purge(sliced.folder.path)
    assert not words()
    assert "channel: telephone" in sliced.report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Word counting on 400 rows of which one in fifteen has the wrong label."""
    rng = random.Random(11)
    path = tmp_path_factory.mktemp("data") / "mislabelled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "sentiment"])
        for i in range(400):
            label = rng.choice(["pos", "neg"])
            # One telling word each: two that say the same cover for each other.
            words = [*rng.choices(FILLER, k=5), rng.choice(WORDS[label])]
            writer.writerow([f"{' '.join(words)} {i}", {"pos": "neg", "neg": "pos"}[label] if i % 15 == 0 else label])
    wishes = [*QUICK, "split.test=0.4"]
    return run(path, model="none", output=path.parent / "run", overrides=wishes)


def own_label(text: str) -> str:
    return "pos" if {*text.split()} & {*WORDS["pos"]} else "neg"


def test_wrong_labels_of_the_test_set_are_named_with_training_rows_that_are_alike(mislabelled: Run) -> None:
    errors = mislabelled.evidence["errors"]
    doubted = [one for one in errors if one["doubted_by"]]
    assert len(doubted) >= 4
    assert all(one["gold"] != own_label(one["text"]) for one in doubted)
    train = {row["row_id"] for row in pq.read_table(mislabelled.folder.rows).to_pylist() if row["split"] == "train"}
    assert all(row["row_id"] in train for one in errors for row in one["nearest"])
    assert "label in doubt" in mislabelled.report.read_text(encoding="utf-8")


def test_the_words_a_mistake_leans_on_are_those_that_carry_a_label(mislabelled: Run) -> None:
    errors = [one for one in mislabelled.evidence["errors"] if one["gold"] != own_label(one["text"])]
    first = [one["text"][piece["start"] : piece["end"]] for one in errors for piece in one["mattered"][:1]]
    telling = [word in WORDS["pos"] + WORDS["neg"] for word in first]
    assert len(first) >= 4
    assert sum(telling) >= 0.8 * len(telling)
