"""The page: what it says, in both languages, from whole and partial folders; nothing leaves it and nothing leaks."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.report.synthetic_run import CHINESE, ENGLISH, build_run
from tunewright.core.folder import RunFolder, read_json, write_json, write_text
from tunewright.core.text import is_cjk
from tunewright.report import render

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Checks that elements nest, and collects what the tests ask for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.plots: list[dict[str, str | None]] = []
        self.words: list[str] = []
        self.problems: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if "href" in values or "src" in values:
            self.links.append(str(values.get("href") or values.get("src")))
        if tag == "svg" and "plot" in str(values.get("class")):
            self.plots.append(values)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return build_run(tmp_path_factory.mktemp("run"))


def test_verdict_says_score_rival_recommendation_and_what_can_run_by_itself(folder: RunFolder) -> None:
    text = Outline(render(folder, language="en", private=False)).text
    assert "Of 100 new messages, expect 87 (85–90) to be right." in text
    assert "Word counting gets 85 (82–88) : no difference has been shown." in text
    assert "What is in use today gets 74 (71–77) : the fine-tuned model is better by 13 (10–16)" in text
    assert "Recommended: word counting" in text
    assert "67 of 100 messages can be left to it" in text
    assert "“other”: F1 61.3 (46.1–75.2) , from 39 test messages." in text


def test_a_rival_that_wins_and_is_recommended_has_the_headline(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    evidence = read_json(folder.evidence)
    lost = {"difference": -0.04, "low": -0.06, "high": -0.02, "verdict": "b_better"}
    evidence["comparisons"] = [evidence["comparisons"][0] | lost]
    write_json(folder.evidence, evidence)
    text = Outline(render(folder, language="en", private=False)).text
    assert "Of 100 new messages, word counting gets 85 (82–88) right." in text
    assert "The fine-tuned model gets 87 (85–90) : word counting is better by 4 (2–6)" in text
    assert "can be left to it: those" not in text


def test_a_rival_that_wins_and_is_not_recommended_is_said_to_win(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    evidence = read_json(folder.evidence) | {"recommended": "model"}
    lost = {"difference": -0.04, "low": -0.06, "high": -0.02, "verdict": "b_better"}
    evidence["comparisons"] = [c | lost for c in evidence["comparisons"] if c["system_b"] == "current"]
    write_json(folder.evidence, evidence)
    assert "it is better by 4 (2–6)" in Outline(render(folder, language="en", private=False)).text


def test_whatever_is_shown_to_be_better_is_said_first(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    evidence = read_json(folder.evidence) | {"recommended": "model"}
    lost = {"difference": -0.04, "low": -0.06, "high": -0.02, "verdict": "b_better"}
    evidence["comparisons"] = [c | lost if c["system_b"] == "majority" else c for c in evidence["comparisons"]]
    write_json(folder.evidence, evidence)
    text = Outline(render(folder, language="en", private=False)).text
    assert 0 < text.index("it is better by 4 (2–6)") < text.index("What is in use today gets")


def test_a_test_on_another_metric_than_the_headline_names_that_metric(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    evidence = read_json(folder.evidence)
    evidence["comparisons"] = [c | {"metric": "macro_f1"} for c in evidence["comparisons"][:1]]
    write_json(folder.evidence, evidence)
    assert "no difference has been shown in macro F1" in Outline(render(folder, language="en", private=False)).text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize("private", [False, True])
def test_every_kind_of_task_gives_a_well_formed_page(tmp_path: Path, language: str, kind: str, private: bool) -> None:
    page = render(build_run(tmp_path, kind=kind), language=language, private=private)  # type: ignore[arg-type]
    outline = Outline(page)
    assert not outline.problems
    assert not outline.open
    assert len(set(outline.ids)) == len(outline.ids)
    assert all(link.removeprefix("#") in outline.ids for link in outline.links if link.startswith("#"))
    assert 'class="missing"' not in page


def test_the_page_loads_nothing_and_runs_nothing(folder: RunFolder) -> None:
    page = render(folder, language="en", private=False)
    outline = Outline(page)
    assert all(link.startswith("#") for link in outline.links)
    assert not {"script", "iframe", "object", "embed", "form", "link", "img"} & set(outline.tags)
    assert " style=" not in page
    assert not re.search(r"url\(|@import|https?://", page)


def test_policy_allows_the_style_sheet_by_its_digest_and_nothing_else(folder: RunFolder) -> None:
    page = render(folder, language="en", private=False)
    style = re.search(r"<style>(.*?)</style>", page, re.S)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].replace("&#39;", "'") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_every_plot_has_a_name_a_description_and_named_axes(folder: RunFolder) -> None:
    page = render(folder, language="en", private=False)
    plots = re.findall(r"<svg viewBox.*?</svg>", page, re.S)
    assert len(plots) >= 7
    for plot in plots:
        assert re.search(r"<title>.{4,}</title><desc>.{10,}</desc>", plot)
        assert len(re.findall(r'class="label"', plot)) == 2


def test_chinese_page_holds_no_english_sentence(tmp_path: Path) -> None:
    outline = Outline(render(build_run(tmp_path, material=CHINESE), language="zh", private=False))
    for words in outline.words:
        if "recipe_version" not in words:
            assert not re.search(r"[A-Za-z’']+(?: [A-Za-z’']+){3,}", words), words
    assert "每 100 条新消息，预计判对 87" in "".join(outline.words)
    assert sum(map(is_cjk, outline.text)) > 1500


def test_chinese_class_names_stand_in_the_confusion_matrix(tmp_path: Path) -> None:
    page = render(build_run(tmp_path, material=CHINESE), language="zh", private=False)
    matrix = re.search(r"<svg[^>]*谁被误判成谁.*?</svg>", page, re.S)
    assert matrix
    assert all(matrix[0].count(f">{label}<") == 2 for label in CHINESE.labels)


CANARY = "Zanzibar"


def test_private_page_holds_no_raw_text_wherever_it_stands(tmp_path: Path) -> None:
    folder = build_run(tmp_path, material=dataclasses.replace(ENGLISH, texts=(f"{CANARY} one", f"two {CANARY}") * 3))
    plan, audit, evidence = read_json(folder.plan), read_json(folder.audit), read_json(folder.evidence)
    for reasons in (plan["columns"]["reasons"], *plan["decisions"]):
        for key in ("text", "label", "why"):
            if key in reasons:
                reasons[key] = f"such as “{CANARY}”"
    plan["source"]["header"] = [CANARY]
    plan["source"]["reasons"] = [CANARY]
    plan["model"]["reason"] = CANARY
    for finding in audit["findings"]:
        finding["message"] = finding["fix"] = f"as in “{CANARY}”"
    evidence["next_step"] = {"code": "unknown_code", "message": CANARY}
    evidence["errors"][0]["text_pair"] = CANARY
    for path, value in ((folder.plan, plan), (folder.audit, audit), (folder.evidence, evidence)):
        write_json(path, value)
    with folder.events.open("a", encoding="utf-8") as file:
        file.write(
            json.dumps({"v": 1, "attempt": 1, "seq": 10**6, "time": 1.8e9, "kind": "notice", "message": CANARY}) + "\n"
        )
    for language in ("en", "zh"):
        assert CANARY in render(folder, language=language, private=False)  # type: ignore[arg-type]
        assert CANARY not in render(folder, language=language, private=True)  # type: ignore[arg-type]


FILES = ("plan", "recipe", "account", "audit", "events", "scores", "evidence", "environment", "forecast", "finished")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_costs_only_its_own_part(tmp_path: Path, name: str) -> None:
    folder = build_run(tmp_path)
    path: Path = getattr(folder, name)
    path.unlink()
    page = render(folder, language="en", private=False)
    assert not Outline(page).problems
    if name != "finished":
        assert f"<code>{path.relative_to(folder.path).as_posix()}</code>" in page


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("recipe", "events", "finished")])
@pytest.mark.parametrize(
    "content",
    [
        '{"torn": ',
        "[1, 2]",
        "null",
        '{"findings": 3, "columns": 3, "labels": 3, "errors": 3, "kind": 3}',
        '[{"stage": 1}]',
    ],
)
def test_a_damaged_file_never_costs_the_page(tmp_path: Path, name: str, content: str) -> None:
    folder = build_run(tmp_path)
    write_text(getattr(folder, name), content)
    for language in ("en", "zh"):
        assert not Outline(render(folder, language=language, private=False)).problems  # type: ignore[arg-type]


def test_an_empty_folder_says_that_nothing_was_scored(tmp_path: Path) -> None:
    page = render(RunFolder(tmp_path), language="en", private=False)
    assert "Nothing has been scored yet." in page
    assert page.count('class="missing"') >= 8


def test_a_run_that_stopped_says_in_which_stage(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    write_text(
        folder.events, '{"v":1,"attempt":1,"seq":0,"time":0,"kind":"stage_started","stage":"train"}\n{"v":1,"att'
    )
    assert "The run stopped in the stage “training”" in render(folder, language="en", private=False)


def test_a_hundred_thousand_predictions_make_a_small_page_at_once(tmp_path: Path) -> None:
    folder = build_run(tmp_path, rows=100_000)
    began = time.perf_counter()
    page = render(folder, language="en", private=False)
    assert time.perf_counter() - began < 10
    assert len(page) < 200_000


def test_the_same_folder_gives_the_same_page(folder: RunFolder) -> None:
    assert render(folder, language="en", private=False) == render(folder, language="en", private=False)


def test_no_home_directory_stands_on_the_page(folder: RunFolder) -> None:
    assert "/home/someone" not in render(folder, language="en", private=False)


def test_long_texts_are_cut_and_the_rest_is_counted(folder: RunFolder) -> None:
    text = Outline(render(folder, language="en", private=False)).text
    assert "240 more characters" in text


def test_a_private_recipe_does_not_say_where_the_data_lie(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    write_text(folder.recipe, "data:\n  path: /home/someone/data/tickets.csv\n")
    assert "/home/someone" in render(folder, language="en", private=False)
    assert "/home/someone" not in render(folder, language="en", private=True)


def test_settings_named_in_findings_are_set_as_code(folder: RunFolder) -> None:
    assert "<code>clean.exact_duplicates: drop</code>" in render(folder, language="en", private=False)
