"""`torchrun ... tunewright run`: two processes train, one of them does all else; to a person it is one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.flow.conftest import QUICK
from tunewright.core.events import read_events

SETTINGS = [*QUICK, "train.epochs=2", "evaluate.cross_validation.below_rows=1000", "evaluate.cross_validation.folds=2"]


def run_on_two_ranks(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    overrides = [part for override in SETTINGS for part in ("--set", override)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TUNEWRIGHT_HOME": str(home)}
    return subprocess.run(
        [*launch, "-m", "tunewright.cli.main", "run", *arguments, *overrides],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranks") / "two"


@pytest.fixture(scope="module")
def printed(
    tiny_model: Path, reviews: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> subprocess.CompletedProcess[str]:
    return run_on_two_ranks(
        str(reviews), "--model", str(tiny_model), "--output", str(folder), "--refit", home=tmp_path_factory.mktemp("h")
    )


def test_it_is_one_run_that_one_rank_decides_writes_and_prints(
    printed: subprocess.CompletedProcess[str], folder: Path
) -> None:
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.count("report.html") == 1
    assert printed.stderr.count("epoch 1.00") == 1
    events = read_events(folder / "events.jsonl")
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert sum(event["kind"] == "run_started" for event in events) == 1
    assert next(event["examples"] for event in events if event["kind"] == "step") == 8
    assert not (folder / "running.pid").exists()
    assert not list(folder.rglob(".*.part"))


def test_it_predicts_what_a_run_on_one_rank_predicts(
    printed: subprocess.CompletedProcess[str], folder: Path, tiny_model: Path, reviews: Path, tmp_path: Path
) -> None:
    one = tw.run(reviews, model=str(tiny_model), output=tmp_path / "one", overrides=SETTINGS, refit=True)
    assert printed.returncode == 0
    paths = sorted((one.folder.path / "predictions").glob("*.parquet"))
    assert {path.name for path in paths} == {path.name for path in (folder / "predictions").glob("*.parquet")}
    assert any(path.name == "model_cv.cv.parquet" for path in paths)
    for path in paths:
        expected, found = (pq.read_table(p).to_pylist() for p in (path, folder / "predictions" / path.name))
        assert [row["row_id"] for row in found] == [row["row_id"] for row in expected]
        for a, b in zip(found, expected, strict=True):
            assert a["logits"] == pytest.approx(b["logits"], abs=1e-4)  # float32 sums in another order
    texts = ["good food", "awful room"]
    ours = [answer.confidence for answer in tw.load(folder / "model").predict(texts)]
    assert ours == pytest.approx([answer.confidence for answer in one.model.predict(texts)], abs=1e-4)


def test_what_is_wrong_is_said_once_and_ends_both(tiny_model: Path, reviews: Path, tmp_path: Path) -> None:
    ended = run_on_two_ranks(
        str(reviews), "--model", str(tiny_model), "--output", str(tmp_path / "run"), "--label", "sentimant", "--json",
        home=tmp_path,
    )  # fmt: skip
    assert ended.returncode != 0
    assert ended.stderr.count("error: ") == 1
    assert "sentimant" in json.loads(ended.stdout)["error"]
    assert "FirstRankFailed" not in ended.stderr
    assert "DataError" not in ended.stderr
