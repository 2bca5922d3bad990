"""`compare --measure` on what a run has left: models in processes of their own, and errors that say which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import ModelError
from tunewright.pipeline.measure import measure_bundles
from tunewright.pipeline.run import run


@pytest.fixture(scope="module")
def baseline_run(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(reviews, model="none", output=tmp_path_factory.mktemp("runs") / "words", overrides=QUICK).folder.path


def test_time_and_memory_are_measured_and_shown(baseline_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    majority = baseline_run / "predictions" / "majority.test.parquet"
    assert main(["compare", str(baseline_run), str(majority), "--measure", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    measured = found["measured"]["runs"]
    assert set(measured) == {"words"}  # the commonest answer has no model
    assert 0 < measured["words"]["milliseconds_per_row"] < 1000
    assert 50 < measured["words"]["memory_megabytes"] < 5000
    assert found["measured"]["rows"] == found["n"]
    assert found["comparisons"][0]["verdict"] == "a_better"


def test_a_model_that_cannot_be_loaded_is_named(baseline_run: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the second: can't be measured: ModelError.*no tunewright\.json"):
        measure_bundles({"the first": baseline_run / "baseline", "the second": tmp_path}, ["good", "bad"])
