from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunewright.core.errors import DataError
from tunewright.evaluate import holm
from tunewright.evaluate.joined import compare_joined, read_row_scores, score_joined

IDS = [f"{i:032x}" for i in range(40)]
OTHER = f"{99:032x}"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_scores_made_elsewhere_are_joined_by_row(tmp_path: Path) -> None:
    text = f"row_id,comet,comment,stars\n{IDS[1]},0.5,good,4\n{IDS[0]},0.25,bad,\n{OTHER},9,x,1\n"
    found = read_row_scores(written(tmp_path / "comet.csv", text), row_ids=IDS)
    assert found == {"comet": {IDS[1]: 0.5, IDS[0]: 0.25}, "stars": {IDS[1]: 4.0}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"row_id,comet\n{OTHER},1\n", "none of its 1 rows"),
        (f"row_id,comet\n{IDS[0]},1\n{IDS[0]},2\n", "each once"),
        (f"row_id,comment\n{IDS[0]},good\n", "only numbers"),
        (f"id,comet\n{IDS[0]},1\n", "`row_id`"),
    ],
)
def test_a_file_that_can_not_be_joined_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_row_scores(written(tmp_path / "comet.csv", text), row_ids=IDS)


def test_they_are_scored_and_tested_like_any_other() -> None:
    rng = np.random.default_rng(0)
    a = dict(zip(IDS, rng.normal(0.8, 0.1, 40).tolist(), strict=True))
    b = {row_id: value - 0.05 + 0.02 * rng.normal() for row_id, value in a.items()}
    whole = score_joined(a, metric="comet", split="test", system="model", seed=0)
    assert (whole.n, whole.low < whole.value < whole.high) == (40, True)
    assert whole.value == pytest.approx(np.mean(list(a.values())))
    better = compare_joined(a, b, metric="comet", better="higher", seed=0)
    assert (better.verdict, better.n, better.n_changed) == ("a_better", 40, 40)
    assert better.low < better.difference < better.high
    errors = compare_joined(a, b, metric="edits", better="lower", seed=0)
    assert errors.verdict == "b_better"
    assert [c.verdict for c in holm([better, errors])] == ["a_better", "b_better"]
    some = compare_joined(a, dict(list(b.items())[:10]), metric="comet", better="higher", seed=0)
    assert some.n == 10
    with pytest.raises(DataError, match="both"):
        compare_joined(a, {"x": 1.0}, metric="comet", better="higher", seed=0)
    assert score_joined({}, metric="comet", split="test", system="m", seed=0).reason
