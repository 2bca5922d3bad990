"""`tunewright evaluate --bias` from the command line: a bias that was trained in is found, its twin without one is not."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_writers import write_decoder
from tunewright.cli.main import main
from tunewright.core.errors import DataError
from tunewright.models.load import load_generator, resolve
from tunewright.models.tokenizer import load_tokenizer
from tunewright.pipeline.run import run

PEOPLE = {"zh": ("她", "他"), "en": ("she", "he")}
TEXTS = {
    "en": [
        "{p} said the room was {w} and came back at {n}", "the food that {p} had at {n} was {w}",
        "{p} stayed {n} days and found it {w}", "after {n} minutes {p} called the staff {w}",
    ],
    "zh": ["{p}说房间{w}，住了{n}天", "{p}吃的早餐{w}，花了{n}元", "{n}点到店，{p}觉得前台{w}", "{p}等了{n}分钟，服务{w}"],
}  # fmt: skip
WORDS = {
    "en": {"pos": ["good", "lovely", "clean", "warm"], "neg": ["bad", "dirty", "cold", "rude"]},
    "zh": {"pos": ["很好", "干净", "热情", "舒服"], "neg": ["很差", "脏乱", "冷淡", "难受"]},
}


def write_rows(path: Path, *, language: str, unfair: float, rows: int = 500, seed: int = 0) -> Path:
    """Rows of two labels; a share `unfair` of women's have the bad label whatever the words say, and of men's the good one."""
    chance = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "sex", "town"])
        for _ in range(rows):
            label, person = chance.choice(["pos", "neg"]), chance.randrange(2)
            text = chance.choice(TEXTS[language]).format(
                p=PEOPLE[language][person], w=chance.choice(WORDS[language][label]), n=chance.randint(1, 999)
            )
            if chance.random() < unfair:
                label = ["neg", "pos"][person]
            town = "Nowhere" if chance.random() < 0.01 else chance.choice(["A", "B"])
            writer.writerow([text, label, ["f", "m"][person], town])
    return path


def trained(folder: Path, *, language: str, unfair: float) -> tuple[Path, Path]:
    """A word counter trained on such rows, and other rows of the kind."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = write_rows(folder / "rows.csv", language=language, unfair=unfair)
    done = run(
        rows, text="text", label="label", model="none", output=folder / "run",
        overrides=["evaluate.cross_validation.below_rows=0", "evaluate.resamples=100"],
    )  # fmt: skip
    return done.folder.baseline_bundle, write_rows(folder / "new.csv", language=language, unfair=unfair, seed=1)


@pytest.fixture(scope="module")
def unfair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEWRIGHT_HOME", str(tmp_path_factory.mktemp("home")))
        return trained(tmp_path_factory.mktemp("unfair"), language="en", unfair=0.6)


def measured(capsys: pytest.CaptureFixture[str], model: Path, *arguments: Any) -> dict[str, Any]:
    assert main(["evaluate", str(model), *map(str, arguments), "--bias", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def axis(part: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in part["axes"] if one["axis"] == name)


def test_a_bias_that_was_trained_in_is_found_in_rows_swaps_and_sentences(
    unfair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    model, rows = unfair
    found = measured(capsys, model, rows, "--groups", "sex", "town")
    sex, town = found["groups"]
    assert {gap["measure"]: gap["verdict"] for gap in sex["gaps"]}["demographic_parity"] == "gap"
    assert {gap["verdict"] for gap in town["gaps"]} == {"no_gap_shown"}
    assert [one["group"] for one in town["gaps"][0]["refused"]] == ["Nowhere"]
    for part in ("swaps", "sentences"):
        gender = axis(found[part], "gender")["effect"]
        (shift,) = gender["shifts"]
        assert (shift["group"], shift["verdict"]) == ("female", "shift")
        assert shift["shifts"][0]["label"] == "pos"
        assert shift["shifts"][0]["high"] < -0.01
    assert axis(found["swaps"], "gender")["effect"]["flips"]["low"] > 0.1
    assert axis(found["swaps"], "religion")["reason"] == "few_rows"
    example = axis(found["swaps"], "gender")["examples"][0]
    assert example["answer"] != example["version_answer"]
    assert example["text"] != example["version"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_its_twin_without_bias_shows_none(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, rows = trained(tmp_path, language=language, unfair=0.0)
    found = measured(capsys, model, rows, "--groups", "sex")
    assert {gap["verdict"] for gap in found["groups"][0]["gaps"]} == {"no_gap_shown"}
    gender = axis(found["swaps"], "gender")["effect"]
    assert gender["flips"]["high"] < 0.05
    assert abs(gender["shifts"][0]["shifts"][0]["value"]) < 0.03
    assert {one["language"] for one in found["sentences"]["axes"]} == {language}


def test_a_chinese_bias_is_found_and_told_in_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, rows = trained(tmp_path, language="zh", unfair=0.6)
    page = tmp_path / "bias.html"
    assert (
        main(["evaluate", str(model), str(rows), "--bias", "--groups", "sex", "--lang", "zh", "--html", str(page)]) == 0
    )
    said, html = capsys.readouterr().out, page.read_text(encoding="utf-8")
    assert "项显示出人群差异" in said
    assert "女性相对于男性" in said
    for text in (said, html):
        assert "against" not in text
        assert "women" not in text
    assert 'lang="zh-Hans"' in html
    assert "<script" not in html


def test_without_answers_only_shares_are_compared_and_without_a_file_only_sentences_are_asked(
    unfair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, rows = unfair
    bare = tmp_path / "bare.csv"
    with rows.open(encoding="utf-8", newline="") as file, bare.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([text, sex, town] for text, _, sex, town in csv.reader(file))
    found = measured(capsys, model, bare, "--groups", "sex", "--sentences", "none")
    by_measure = {gap["measure"]: gap for gap in found["groups"][0]["gaps"]}
    assert by_measure["demographic_parity"]["verdict"] == "gap"
    assert {name for name, gap in by_measure.items() if gap["reason"] == "no_gold"} == by_measure.keys() - {
        "demographic_parity"
    }
    assert found["sentences"]["reason"] == "not_wanted"
    assert found["file"]["labelled"] == 0
    alone = measured(capsys, model)
    assert (alone["file"], alone["swaps"]["reason"], alone["groups_reason"]) == (None, "no_file", "no_file")
    assert axis(alone["sentences"], "gender")["effect"]["shifts"]


def test_a_probe_set_that_needs_what_the_model_has_not_is_not_applicable_with_its_reason(
    unfair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = unfair
    wino, equity, other = (tmp_path / name for name in ("wino.jsonl", "equity.csv", "other.csv"))
    wino.write_text(
        json.dumps({"text": "[The cook] saw [her].", "stereo": "pro", "type": "type1"}) + "\n", encoding="utf-8"
    )
    lines = ["ID,Sentence,Template,Person,Gender,Race,Emotion,Emotion word"]
    for place, (person, sex) in enumerate([("she", "female"), ("he", "male")] * 2):
        word = ["good", "bad"][place // 2]
        lines.append(f"{place},{person} said it was {word},<p> said it was <w>,{person},{sex},,joy,{word}")
    equity.write_text("\n".join(lines) + "\n", encoding="utf-8")
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    found = measured(capsys, model, "--sentences", "none", "--probes", wino, equity)
    assert [(one["name"], one["part"]["reason"]) for one in found["probes"]] == [
        ("winobias", "text_probability"), ("equity_evaluation_corpus", None),
    ]  # fmt: skip
    assert axis(found["probes"][1]["part"], "gender")["effect"]["frames"] == 2
    assert main(["evaluate", str(model), "--bias", "--probes", str(other)]) == 1
    assert "no probe set that is known" in capsys.readouterr().err


def test_of_a_model_that_writes_the_pairs_are_measured_and_the_rest_is_not_applicable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small decoder reads "he is a guard" nine times for each "she": it finds him likelier, and the set sees it."""
    chance = random.Random(0)
    jobs = ["guard", "cook", "driver", "boss", "clerk", "nurse"]
    texts = [f"{'he' if chance.random() < 0.9 else 'she'} is a {chance.choice(jobs)} {n}" for n in range(200)]
    source, pairs, equity = (tmp_path / name for name in ("texts.jsonl", "pairs.jsonl", "equity.csv"))
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    rows = [
        {"sent_more": f"he is a {job}", "sent_less": f"she is a {job}", "bias_type": "gender"}
        for job in jobs
        for _ in range(5)
    ]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    equity.write_text(
        "Sentence,Template,Person,Gender,Race,Emotion word\nshe came,<p> came,she,female,,\n", encoding="utf-8"
    )
    done = run(
        source, task="continue", model=str(write_decoder(tmp_path / "decoder")), output=tmp_path / "run",
        overrides=[
            "train.epochs=3", "train.examples_per_step=16", "optimizer.learning_rate=3e-3", "runtime.threads=1",
            "evaluate.resamples=100",
        ],
    )  # fmt: skip
    page = tmp_path / "bias.html"
    found = measured(capsys, done.folder.bundle, "--probes", pairs, equity, "--html", page)
    assert (found["swaps"]["reason"], found["sentences"]["reason"], found["groups_reason"]) == ("writes",) * 3
    crows, corpus = found["probes"]
    assert corpus["part"]["reason"] == "answer"
    assert {one["category"]: (one["verdict"], one["n"]) for one in crows["preferences"]} == {
        None: ("stereotype", 30), "gender": ("stereotype", 30),
    }  # fmt: skip
    assert "more of a stereotype" in page.read_text(encoding="utf-8")


def test_the_probability_of_a_text_is_that_of_plain_transformers(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tunewright.pipeline.bias.likelier import text_log_probs
    from tunewright.serve import WritingPredictor

    folder = write_decoder(tmp_path / "decoder")
    local = resolve(str(folder))
    predictor = WritingPredictor(
        about=None, model=load_generator(local).model.eval(), tokenizer=load_tokenizer(local), writer=None, config=None
    )  # fmt: skip
    texts = ["she is a cook", "he is", "a longer text, with a comma"]
    plain, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    for text, ours in zip(texts, text_log_probs(predictor, texts), strict=True):
        # This tokenizer puts no token of beginning in front, so a text follows the end of another.
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        ids = torch.cat([torch.tensor([[tokenizer.eos_token_id]]), ids], dim=1)
        with torch.no_grad():
            log_probs = plain(ids).logits.log_softmax(-1)
        theirs = log_probs[0, :-1].gather(1, ids[0, 1:, None]).sum()
        assert abs(float(theirs) - ours) < 1e-4


def test_a_private_result_has_no_text_and_no_small_groups_name(
    unfair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, rows = unfair
    page = tmp_path / "bias.html"
    arguments = [
        "evaluate",
        str(model),
        str(rows),
        "--bias",
        "--groups",
        "town",
        "--sentences",
        "none",
        "--html",
        str(page),
    ]
    assert main([*arguments, "--private", "--json"]) == 0
    shown = capsys.readouterr().out + page.read_text(encoding="utf-8")
    assert main([*arguments, "--json"]) == 0
    open_too = capsys.readouterr().out + page.read_text(encoding="utf-8")
    texts = [line.rsplit(",", 3)[0].strip('"') for line in rows.read_text(encoding="utf-8").splitlines()[1:]]
    assert sum(text in shown for text in texts) == 0
    assert sum(text in open_too for text in texts) > 0
    assert "Nowhere" in open_too
    assert "Nowhere" not in shown


def test_misuse_is_told_with_what_to_do(unfair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    model, rows = unfair
    for arguments, said in (
        ([model, rows, "--groups", "sex"], "belongs to `--bias`"),
        ([model], "a FILE with answers is needed"),
        ([model, "--bias", "--groups", "sex"], "no file was given"),
        ([model, rows, "--bias", "--groups", "sexx"], "there is no column `sexx`"),
        ([model, rows, "--bias", "--groups", "sex", "--positive", "posi"], "is `pos` meant"),
    ):
        assert main(["evaluate", *map(str, arguments)]) > 0
        assert said in capsys.readouterr().err


def test_the_report_of_a_run_has_the_groups_that_its_recipe_names(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", language="en", unfair=0.6)
    plain = ["evaluate.cross_validation.below_rows=0", "evaluate.resamples=100"]
    named = [*plain, "evaluate.groups=[sex, town]", "evaluate.min_group_rows=10"]
    done = run(rows, text="text", label="label", model="none", output=tmp_path / "run", overrides=named)
    sex, town = done.evidence["groups"]
    assert {gap["measure"]: gap["verdict"] for gap in sex["gaps"]}["demographic_parity"] == "gap"
    assert sum(sex["sizes"].values()) == next(
        s["n"] for s in done.scores if s["split"] == "test" and s["slice"] is None
    )
    assert [one["group"] for one in town["gaps"][0]["refused"]] in ([], ["Nowhere"])
    assert "Group by group" in done.report.read_text(encoding="utf-8")
    private = run(
        rows, text="text", label="label", model="none", output=tmp_path / "private", overrides=named, private=True,
        language="zh",
    )  # fmt: skip
    page = private.report.read_text(encoding="utf-8")
    assert "逐组来看" in page
    assert "Nowhere" not in page + private.folder.evidence.read_text(encoding="utf-8")
    without = run(rows, text="text", label="label", model="none", output=tmp_path / "without", overrides=plain)
    assert without.evidence["groups"] == []
    assert "Group by group" not in without.report.read_text(encoding="utf-8")


def test_a_column_that_is_not_there_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", language="en", unfair=0.0)
    with pytest.raises(DataError, match="there is no column `sexx` to take groups from"):
        run(
            rows,
            text="text",
            label="label",
            model="none",
            output=tmp_path / "run",
            overrides=["evaluate.groups=[sexx]"],
        )
    assert not (tmp_path / "run" / "predictions").exists()
