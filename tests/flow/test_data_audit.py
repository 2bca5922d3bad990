"""`tunewright data audit`, `apply` and `diff` from the command line: findings, page and table, in both languages."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.audit_tables import sentence
from tunewright.cli.main import main
from tunewright.core.folder import RunFolder, read_json
from tunewright.pipeline.data.audit import audit_files
from tunewright.pipeline.run import run

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PLANTED = json.loads((EXAMPLES / "planted.json").read_text(encoding="utf-8"))["files"]


def audited(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["data", "audit", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["support_messages.csv", "support_messages_zh.csv"])
def test_what_was_planted_in_the_examples_is_found_line_by_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(audited(capsys, str(EXAMPLES / name), "--json"))
    planted = PLANTED[name]["planted"]
    lines = {f["code"]: {int(place.rpartition(":")[2]) for place in f["places"]} for f in found["findings"]}
    assert lines["empty_text"] == set(planted["empty_text"])
    assert lines["unlabelled"] == set(planted["empty_label"])
    assert lines["contradictions"] == {line for pair in planted["two_labels"] for line in pair}
    assert lines["label_variants"] == set(planted["label_variants"])
    assert lines["markup"] >= set(planted["html"])
    assert {line for pair in planted["exact_duplicates"] for line in pair} <= lines["exact_duplicates"]
    suspected = [suspect["line"] for suspect in found["suspects"]["found"]]
    assert len(set(suspected) & set(planted["wrong_labels"])) >= len(planted["wrong_labels"]) / 2


def test_the_findings_are_said_in_chinese_and_the_page_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "audit.html"
    said = audited(capsys, str(EXAMPLES / "support_messages_zh.csv"), "--lang", "zh", "--html", str(page))
    assert "条文本带有不同的标签" in said
    assert "texts stand with" not in said
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "可能有误的标签" in html


def test_a_private_audit_shows_no_text_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(1)
    rows = [f"Zanzibar{n} {sentence(chance)},{['a', 'b'][n % 2]}" for n in range(60)]
    data = tmp_path / "data.csv"
    data.write_text("\n".join(["text,label", *rows, rows[0], rows[1][:-1] + "a"]) + "\n", encoding="utf-8")
    page = tmp_path / "audit.html"
    for more in ([], ["--json"], ["--lang", "zh"]):
        said = audited(capsys, str(data), "--private", "--html", str(page), *more)
        assert "Zanzibar" not in said + page.read_text(encoding="utf-8")
    assert "Zanzibar" in audited(capsys, str(data))  # it would have been there


def test_several_files_are_one_set_whose_names_say_the_splits(tmp_path: Path) -> None:
    chance = random.Random(2)
    texts = [sentence(chance) for _ in range(40)]
    for name, part in (("train", texts[:30]), ("test", [texts[3], *texts[30:]])):
        lines = [f"{text},{['a', 'b'][n % 2]}" for n, text in enumerate(part)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    for paths in ([tmp_path], [tmp_path / "train.csv", tmp_path / "test.csv"]):
        leak = audit_files(paths).audit.finding("leak_train_test")
        assert leak is not None
        assert leak.count == 1
    ids = audit_files([tmp_path / "train.csv", tmp_path / "train.csv"]).fields["row_id"].to_pylist()
    assert len(set(ids)) == len(ids) == 60


def test_audit_relabel_apply_and_diff_are_a_round_trip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, table = EXAMPLES / "support_messages.csv", tmp_path / "relabel.csv"
    audited(capsys, str(data), "--relabel", str(table))
    lines = table.read_text(encoding="utf-8-sig").splitlines()
    first = next(line for line in lines if ",suspected," in line)
    row_id = first.split(",")[0]
    (tmp_path / "filled.csv").write_text(f"row_id,new_label\n{row_id},refund\n", encoding="utf-8")
    output = tmp_path / "mended.csv"
    assert main(["data", "apply", str(data), str(tmp_path / "filled.csv"), "--output", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == 1
    assert main(["data", "diff", str(data), str(output), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(c["field"], c["after"]) for c in found["changed"]] == [("queue", "refund")]
    assert (found["added"], found["removed"], found["new_columns"]) == ([], [], [])


def planted_noise(rows: int = 240) -> tuple[list[str], list[str], set[int]]:
    """Two easy classes, and rows whose label is wrong."""
    chance = random.Random(3)
    words = {"a": "parcel courier delivery tracking", "b": "invoice charge card payment"}
    labels = [["a", "b"][n % 2] for n in range(rows)]
    texts = [f"{words[label]} {sentence(chance, words=4)}" for label in labels]
    wrong = set(range(5, rows, 24))
    return texts, [{"a": "b", "b": "a"}[label] if n in wrong else label for n, label in enumerate(labels)], wrong


def test_planted_errors_and_nothing_else_are_the_suspects_and_stand_in_the_run_and_its_report(tmp_path: Path) -> None:
    texts, labels, wrong = planted_noise()
    data = tmp_path / "data.csv"
    data.write_text("\n".join(["text,label", *map(",".join, zip(texts, labels, strict=True))]) + "\n", encoding="utf-8")
    done = run(data, model="none", output=tmp_path / "run", overrides=["evaluate.cross_validation.below_rows=0"])
    folder = RunFolder(tmp_path / "run")
    suspects = read_json(folder.suspects)["suspects"]
    lines = {suspect["line"] for suspect in suspects["found"]}
    assert lines <= {row + 2 for row in wrong}
    assert len(lines) >= 0.6 * len(wrong)
    page = done.report.read_text(encoding="utf-8")
    assert "Labels that may be wrong" in page
    assert all(f"data.csv, line {line}" in page for line in lines)
    # The report carries the fingerprint that `data audit` shows of the file, and so does the model.
    fingerprint = audit_files([data]).fingerprint
    assert fingerprint in page
    assert (
        json.loads((folder.baseline_bundle / "tunewright.json").read_text(encoding="utf-8"))["data_fingerprint"]
        == fingerprint
    )


def test_duplicates_of_a_wrong_row_do_not_vouch_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels, wrong = planted_noise()
    data = tmp_path / "data.csv"
    copies = [(texts[n].upper(), labels[n]) for n in sorted(wrong) for _ in range(4)]
    rows = [*zip(texts, labels, strict=True), *copies]
    data.write_text("\n".join(["text,label", *map(",".join, rows)]) + "\n", encoding="utf-8")

    def found() -> int:
        suspects = audit_files([data]).suspects
        assert suspects is not None
        return len({suspect.line for suspect in suspects.found} & {row + 2 for row in wrong})

    together = found()
    # The control: with folds that part the copies, the judge has learnt the wrong label by heart.
    monkeypatch.setattr("tunewright.pipeline.suspects.folds", lambda fields, **_: [n % 5 for n in range(len(fields))])
    assert found() < together >= 0.6 * len(wrong)


def test_a_regression_and_a_file_with_one_class_have_no_suspects(tmp_path: Path) -> None:
    chance = random.Random(5)
    for answers in ([str(n / 7) for n in range(50)], ["only"] * 50):
        data = tmp_path / "data.csv"
        rows = [f"{sentence(chance)},{answer}" for answer in answers]
        data.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
        assert audit_files([data]).suspects is None


def test_sets_of_labels_are_judged_label_by_label(tmp_path: Path) -> None:
    chance = random.Random(6)
    words = {"a": "parcel courier", "b": "invoice charge", "c": "crash error"}
    rows: list[dict[str, Any]] = []
    for n in range(240):
        labels = sorted({"abc"[n % 3], "abc"[(n // 3) % 3]})
        rows.append({"text": " ".join([words[x] for x in labels] + [sentence(chance, words=3)]), "label": labels})
    rows[10]["label"] = [x for x in "abc" if x not in rows[10]["label"]][:1] + rows[10]["label"]
    rows[60]["label"] = [x for x in "abc" if x not in rows[60]["label"]]
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    found = audit_files([data])
    assert found.columns.kind == "multi_label"
    assert found.suspects is not None
    lines = [suspect.line for suspect in found.suspects.found]
    assert {11, 61} <= set(lines)
    assert len(lines) <= 6


def test_the_scores_stand_with_and_without_the_test_rows_that_were_in_train(tmp_path: Path) -> None:
    texts, labels, _ = planted_noise()
    sides = ["test" if n % 3 == 0 else "validation" if n % 3 == 1 else "train" for n in range(len(texts))]
    rows = list(zip(texts, labels, sides, strict=True))
    copied = [n for n, side in enumerate(sides) if side == "test"][:20]
    rows += [(texts[n], labels[n], "train") for n in copied]
    data = tmp_path / "data.csv"
    data.write_text("\n".join(["text,label,split", *map(",".join, rows)]) + "\n", encoding="utf-8")
    done = run(data, model="none", output=tmp_path / "run", overrides=["evaluate.cross_validation.below_rows=0"])
    n = {
        s["slice"]: s["n"]
        for s in done.scores
        if (s["metric"], s["system"], s["split"]) == ("accuracy", "tfidf", "test")
    }
    assert (n["leaked"], n["clean"], n[None]) == (20, 60, 80)
    assert "Text also in train" in done.report.read_text(encoding="utf-8")
