"""`tunewright report`: a run's page again, in either language; several runs on one page; what is no run is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.pipeline.run_folders import answers_of, write_run
from tests.unit.report.synthetic_run import build_run
from tunewright.cli.main import main

GOLD = ["pos", "neg"] * 40


def test_the_page_of_a_run_is_written_again_in_the_language_that_is_named(tmp_path: Path) -> None:
    run = build_run(tmp_path / "run")
    run.recipe.write_text("{task: classify, data: {path: a.csv}, report: {language: en}}", encoding="utf-8")
    assert main(["report", str(run.path)]) == 0
    assert '<html lang="en">' in run.report.read_text(encoding="utf-8")
    assert main(["report", str(run.path), "--lang", "zh", "-o", str(tmp_path / "zh.html")]) == 0
    assert '<html lang="zh-Hans">' in (tmp_path / "zh.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in run.report.read_text(encoding="utf-8")


def test_several_runs_make_the_page_that_compares_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    one = write_run(tmp_path / "one", answers_of(GOLD, wrong=[1, 2]))
    other = write_run(tmp_path / "other", answers_of(GOLD, wrong=range(30)), learning_rate=1e-3)
    assert main(["report", str(one), str(other), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"page": "compared.html"}
    page = (tmp_path / "compared.html").read_text(encoding="utf-8")
    assert "the text of row5" in page
    assert ">one<" in page
    assert main(["report", str(one), str(other), "--private"]) == 0
    assert "the text of" not in (tmp_path / "compared.html").read_text(encoding="utf-8")


def test_a_private_run_stays_private(tmp_path: Path) -> None:
    run = build_run(tmp_path / "run")
    assert main(["report", str(run.path)]) == 0
    assert "<blockquote" in run.report.read_text(encoding="utf-8")
    run.recipe.write_text("{task: classify, data: {path: a.csv}, report: {private: true}}", encoding="utf-8")
    assert main(["report", str(run.path)]) == 0
    assert "<blockquote" not in run.report.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "said"), [("nothing", "no such folder"), ("empty", "there is no recipe.yaml in it")])
def test_what_is_no_run_is_refused(tmp_path: Path, name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["report", str(tmp_path / name)]) > 0
    assert said in capsys.readouterr().err
