"""`tunewright models rank` on tiny models: from a file to an order, a page, and fine-tunes that decide."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import ModelError
from tunewright.core.folder import read_json
from tunewright.pipeline.rank import Ranking, rank_models

FAST = (*(key for key in QUICK if not key.startswith("train.epochs")), "train.epochs=4")


@pytest.fixture(scope="module")
def blind_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with all word embeddings alike: it can't tell one word from another."""
    folder = tmp_path_factory.mktemp("models") / "blind-bert"
    shutil.copytree(tiny_model, folder)
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if name.endswith("word_embeddings.weight"))
    tensors[name] = torch.zeros_like(tensors[name])
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def ranked(source: Path, models: list[Path], output: Path, *, halving: bool = False) -> Ranking:
    return rank_models(
        source, candidates=[str(model) for model in models], output=output, halving=halving, overrides=FAST
    )


def names(ranking: Ranking) -> list[str]:
    return [place["candidate"]["name"] for place in ranking.value["places"]]


def test_a_model_that_sees_the_words_comes_before_one_that_does_not(
    reviews: Path, tiny_model: Path, blind_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "ranking.html"
    models = [str(blind_model), str(tiny_model)]
    command = ["models", "rank", str(reviews), "--candidates", *models, "--output", str(tmp_path / "run"), "--html"]
    overrides = [part for key in FAST for part in ("--set", key)]
    assert main([*command, str(page), "--json", *overrides]) == 0
    value = json.loads(capsys.readouterr().out)
    first, second = value["places"]
    assert value["recommended"] == str(tiny_model)
    assert first["candidate"]["probe"] > 0.7 > second["candidate"]["probe"]
    assert first["first_share"] == 1
    assert not second["not_shown_worse"]
    assert value["sureness"] == "clear"
    assert first["candidate"]["num_parameters"] == second["candidate"]["num_parameters"]
    assert "tiny-bert" in page.read_text(encoding="utf-8")
    assert "<svg" in page.read_text(encoding="utf-8")


def test_the_screen_says_it_in_both_languages(
    reviews: Path, tiny_model: Path, blind_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [str(blind_model), str(tiny_model)]
    said = {}
    for language in ("en", "zh"):
        options = ["--output", str(tmp_path / language), "--lang", language, "--set", "runtime.threads=1"]
        assert main(["models", "rank", str(reviews), "--candidates", *models, *options]) == 0
        said[language] = capsys.readouterr().out
    assert said["en"].startswith("Start with tiny-bert.")
    assert said["zh"].startswith("先用 tiny-bert。")


def test_the_test_rows_are_not_looked_at(reviews: Path, tiny_model: Path, tmp_path: Path) -> None:
    """Another text and label in every test row changes no figure; in a training row it would."""
    rows = list(csv.DictReader(reviews.read_text(encoding="utf-8").splitlines()[:201]))
    figures = []
    for changed in (None, "test", "train"):
        path = tmp_path / f"{changed}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["review", "sentiment", "split"])
            for i, row in enumerate(rows):
                split = ("train", "train", "validation", "test")[i // 2 % 4]
                altered = split == changed
                label = {"pos": "neg", "neg": "pos"}[row["sentiment"]] if altered else row["sentiment"]
                writer.writerow([f"{row['review']} {'awful' if altered else ''}", label, split])
        (place,) = ranked(path, [tiny_model], tmp_path / f"run-{changed}").value["places"]
        figures.append((place["candidate"]["layers"], place["candidate"]["probe"], place["candidate"]["halves"]))
    assert figures[0] == figures[1]
    assert figures[0] != figures[2]


def test_halving_fine_tunes_and_the_same_call_shows_the_same(
    reviews: Path, tiny_model: Path, blind_model: Path, tmp_path: Path
) -> None:
    models, output = [blind_model, tiny_model], tmp_path / "run"
    ranking = ranked(reviews, models, output, halving=True)
    (rung,) = ranking.value["halving"]["rungs"]
    assert rung["share"] == 1
    assert [entry["goes_on"] for entry in rung["entries"]] == [True, False]
    assert ranking.recommended == rung["entries"][0]["reference"] == str(tiny_model)
    trials = sorted((output / "trials").glob("*/trial.json"))
    assert len(trials) == 2
    # What a killed attempt finished is read, not done again.
    marked = read_json(trials[0]) | {"seconds": 12345.0}
    trials[0].write_text(json.dumps(marked), encoding="utf-8")
    (output / "ranking.json").unlink()
    again = ranked(reviews, models, output, halving=True)
    assert 12345.0 in [entry["seconds"] for entry in again.value["halving"]["rungs"][0]["entries"]]


def test_three_candidates_make_a_short_rung_and_a_long_one(reviews: Path, tiny_model: Path, tmp_path: Path) -> None:
    models = []
    for name in ("a", "b", "c"):
        shutil.copytree(tiny_model, tmp_path / name)
        models.append(tmp_path / name)
    ranking = ranked(reviews, models, tmp_path / "run", halving=True)
    assert [(rung["share"], len(rung["entries"])) for rung in ranking.value["halving"]["rungs"]] == [(0.5, 3), (1.0, 2)]
    assert not ranking.value["halving"]["is_shown_better"]


def test_a_candidate_that_cant_read_the_texts_is_left_out_with_the_reason(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "chinese.csv"
    lines = [f"服务很好，第{i}次来，{'喜欢' if i % 2 else '失望'}了,{'好' if i % 2 else '差'}" for i in range(60)]
    path.write_text("\n".join(["文本,标签", *lines]), encoding="utf-8")
    with pytest.raises(ModelError, match="can't read this text"):
        ranked(path, [tiny_model], tmp_path / "run")


def test_without_candidates_and_without_any_model_it_says_what_to_do(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunewright.pipeline.rank.find_local", lambda name: None)
    with pytest.raises(ModelError, match="--candidates"):
        ranked(reviews, [], tmp_path / "run")
