"""A private run: nothing of the texts anywhere but in the files that `inventory` names."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.flow.conftest import QUICK
from tunewright.cli.main import main
from tunewright.core.errors import DataError
from tunewright.pipeline.forget import forget
from tunewright.pipeline.inventory import inventory
from tunewright.pipeline.purge import purge

SECRETS = {
    "13812345678": "请打13812345678联系我", "11010519491231002X": "身份证11010519491231002X",
    "ann.meyer@firm-nord.de": "mail ann.meyer@firm-nord.de", "DE89370400440532013000": "IBAN DE89370400440532013000",
}  # fmt: skip
MARK = "zylophant"
"""A word in every text that nothing else contains."""


def label(i: int) -> str:
    """One row in nine is labelled wrongly, so that there are mistakes to show; one has no label."""
    return "" if i == 7 else ("neg", "pos")[(i % 2) ^ (i % 9 == 0)]


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("private") / "messages.csv"
    chance = random.Random(3)
    secrets = list(SECRETS.values())
    lines = ["number,customer,body,stars"]
    for i in range(200):
        mood = i % 2
        words = chance.choices("good superb lovely 好 fine" if mood else "awful rude cold 差 slow", k=6)
        text = f"{MARK}{i} {''.join(words)} {secrets[i % 4]} {chance.choice(('great', 'nice') if mood else ('bad', 'sad'))}"
        lines.append(f"{i},kunde{i % 60}.meyer@web-nord.de,{text},{label(i)}")
    lines.append(f"900,x,{MARK} one cell too many 13812345678,pos,more")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def started(messages: Path, folder: Path, patch: pytest.MonkeyPatch, heard: list[str], **wishes: object) -> tw.Run:
    patch.setenv("TUNEWRIGHT_HOME", str(folder.parent / "home"))
    wanted: dict[str, object] = {
        "model": "none",
        "output": folder,
        "overrides": [*QUICK],
        "group": "customer",
        **wishes,
    }
    return tw.run(messages, listener=lambda event: heard.append(json.dumps(event, ensure_ascii=False)), **wanted)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
def private(messages: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, heard: list[str]) -> tw.Run:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("runs") / "private"
        return started(messages, folder, patch, heard, private=True, model=str(tiny_model))


@pytest.fixture(scope="module")
def open_run(messages: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    with pytest.MonkeyPatch.context() as patch:
        return started(messages, tmp_path_factory.mktemp("runs") / "open", patch, [])


def readable(path: Path) -> str:
    """What a file says: Parquet by its cells, all else by its bytes."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pydict())
    return path.read_bytes().decode("utf-8", errors="replace")


def files_with(run: tw.Run, needle: str) -> set[str]:
    root = run.folder.path
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and needle in readable(p)}


def test_no_secret_stands_anywhere_in_a_private_run(private: tw.Run, heard: list[str]) -> None:
    for secret in [*SECRETS, "web-nord.de"]:
        assert files_with(private, secret) == set()
        assert not any(secret in event for event in heard)


def test_texts_stand_only_where_the_inventory_says(private: tw.Run, open_run: tw.Run, heard: list[str]) -> None:
    for run in (private, open_run):
        named = {item.path for item in inventory(run.folder.path) if item.holds == "texts"}
        assert files_with(run, MARK) == named
    assert files_with(private, MARK) == {"data/rows.parquet"}
    assert not any(MARK in event for event in heard)


def test_the_walk_can_fail(open_run: tw.Run) -> None:
    shown = {"data/rows.parquet", "data/quarantine.jsonl", "predictions/unlabelled.csv", "evidence.json", "report.html"}
    assert shown <= files_with(open_run, MARK)
    assert files_with(open_run, "13812345678")


def test_every_file_of_a_run_is_known_to_the_inventory(private: tw.Run, open_run: tw.Run) -> None:
    for run in (private, open_run):
        assert [item.path for item in inventory(run.folder.path) if item.holds == "unknown"] == []


def test_the_model_sees_placeholders_in_training_and_in_use(private: tw.Run) -> None:
    texts = pq.read_table(private.folder.rows).column("text").to_pylist()
    assert any("[phone]" in text for text in texts)
    assert private.model.about.text_steps == ("scrub",)
    one, other = private.model.predictions(["a", "b"], ["打13812345678", "打[phone]"]).logits_NC
    assert one.tolist() == other.tolist()


def test_an_error_of_a_private_run_quotes_nothing(messages: Path, tmp_path: Path) -> None:
    broken = tmp_path / "messages.csv"
    broken.write_text(messages.read_text(encoding="utf-8").replace(",pos", ",13812345678 pos"), encoding="utf-8")
    wishes = {
        "overrides": ["data.columns.split=stars"],
        "model": "none",
        "output": tmp_path / "run",
        "label": "customer",
    }
    with pytest.raises(DataError, match="13812345678"):
        tw.run(broken, **wishes)  # type: ignore[arg-type]
    with pytest.raises(DataError) as refused:
        tw.run(broken, private=True, **wishes | {"output": tmp_path / "private"})  # type: ignore[arg-type]
    assert "13812345678" not in str(refused.value)


def test_groups_keep_together_without_their_names(private: tw.Run, open_run: tw.Run) -> None:
    def groups(run: tw.Run) -> set[frozenset[str]]:
        by_name: dict[str, set[str]] = {}
        for row in pq.read_table(run.folder.rows).to_pylist():
            by_name.setdefault(row["group"], set()).add(row["row_id"])
        return {frozenset(rows) for rows in by_name.values()}

    assert groups(private) == groups(open_run)


def copied(run: tw.Run, to: Path) -> Path:
    shutil.copytree(run.folder.path, to / "runs" / run.folder.path.name)
    return to / "runs" / run.folder.path.name


def test_purge_takes_every_text_out_and_leaves_the_figures(open_run: tw.Run, tmp_path: Path) -> None:
    run = copied(open_run, tmp_path)
    assert main(["purge", str(run)]) == 2, "without a terminal nobody is asked, so nothing happens"
    assert (run / "data" / "rows.parquet").exists()
    assert main(["purge", str(run), "--yes"]) == 0
    assert [item.path for item in inventory(run) if item.holds == "texts"] == []
    left = {p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file() and MARK in readable(p)}
    assert left == set()
    assert (run / "scores.json").read_bytes() == (open_run.folder.path / "scores.json").read_bytes()
    account = (run / "data" / "account.json").read_text(encoding="utf-8")
    assert account == (open_run.folder.path / "data" / "account.json").read_text(encoding="utf-8")
    assert len((run / "predictions" / "unlabelled.csv").read_text(encoding="utf-8-sig").splitlines()) == 2
    assert tw.load(run / "baseline").predict("good")
    assert main(["purge", str(run), "--yes", "--learned"]) == 0
    assert not (run / "baseline").exists()


def test_forget_takes_rows_out_of_every_file_and_names_the_models(
    open_run: tw.Run, messages: Path, tmp_path: Path
) -> None:
    run = copied(open_run, tmp_path)
    rows = pq.read_table(open_run.folder.rows).to_pylist()
    train = next(row for row in rows if row["split"] == "train")
    test = next(row for row in rows if row["split"] == "test")
    ids = f"{train['row_id']},{test['row_id']}"
    done = forget(ids, runs=tmp_path / "runs", source=messages, output=tmp_path / "copy.csv")
    assert [(found.rows, found.by_split) for found in done.runs] == [(2, {"train": 1, "test": 1})]
    assert [Path(model).name for model in done.runs[0].models] == ["baseline"]
    for row in (train, test):
        assert {p.name for p in run.rglob("*") if p.is_file() and row["row_id"] in readable(p)} == set()
        assert {p.name for p in run.rglob("*") if p.is_file() and row["text"] in readable(p)} == set()
    assert pq.read_table(run / "data" / "rows.parquet").num_rows == len(rows) - 2
    before, after = (p.read_text(encoding="utf-8").splitlines() for p in (messages, tmp_path / "copy.csv"))
    assert done.source_rows == 2
    assert set(before) - set(after) == {
        line for line in before if train["text"] in line or test["text"] in line or line[:3] == "900"
    }
    again = forget(ids, runs=tmp_path / "runs")
    assert (again.looked_at, again.runs) == (1, [])


def test_forget_knows_rows_by_a_file_of_them_in_scrubbed_runs_too(
    private: tw.Run, messages: Path, tmp_path: Path
) -> None:
    run = copied(private, tmp_path)
    lines = messages.read_text(encoding="utf-8").splitlines()
    (tmp_path / "one.csv").write_text(
        "\n".join(["body", lines[1].split(",")[2], lines[2].split(",")[2]]) + "\n", encoding="utf-8"
    )
    done = forget(str(tmp_path / "one.csv"), runs=tmp_path / "runs", text="body")
    assert [found.rows for found in done.runs] == [2]
    assert {Path(model).name for model in done.runs[0].models} <= {"model", "baseline"}
    assert f"{MARK}0 " not in readable(run / "data" / "rows.parquet")


def test_a_purged_run_still_knows_which_models_to_name(open_run: tw.Run, tmp_path: Path) -> None:
    run = copied(open_run, tmp_path)
    test = next(row for row in pq.read_table(open_run.folder.rows).to_pylist() if row["split"] == "validation")
    purge(run)
    done = forget(test["row_id"], runs=tmp_path / "runs")
    assert [(found.rows, found.by_split) for found in done.runs] == [(1, {"validation": 1})]
    assert [Path(model).name for model in done.runs[0].models] == ["baseline"]


def test_rows_with_the_same_text_go_only_if_wanted(open_run: tw.Run, tmp_path: Path) -> None:
    copied(open_run, tmp_path)
    text = pq.read_table(open_run.folder.rows).to_pylist()[3]["text"]
    (tmp_path / "one.csv").write_text(f"body\n{text}\n", encoding="utf-8")
    assert forget(str(tmp_path / "one.csv"), runs=tmp_path / "runs", text="body", ids_only=True).runs == []
    done = forget(str(tmp_path / "one.csv"), runs=tmp_path / "runs", text="body")
    assert [(found.rows, found.by_text) for found in done.runs] == [(1, 1)]


def test_what_is_no_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a file nor row ids"):
        forget("abc", runs=tmp_path)
