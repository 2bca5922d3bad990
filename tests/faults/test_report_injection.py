"""Stored script in texts, labels, file names, model names, anywhere in a run folder: the report shows it, runs nothing.

Proven three ways: the page has the same elements and attributes as with harmless words there; every payload is shown
letter for letter; and a real browser, with the page's own policy taken away, runs none of them.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.unit.report.synthetic_run import build_run
from tunewright.core.folder import RunFolder, read_json, write_json, write_text
from tunewright.report import model_card, render

RUN = "document.documentElement.setAttribute('data-ran','yes')"
PAYLOADS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</desc></title></svg><script>{RUN}</script>",
    f"--><script>{RUN}</script><!--",
    f"]]><script>{RUN}</script>",
    f"</pre></code><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror=\"{RUN}\">",
    f"\"><img src=x onerror={RUN}>",
    f"'><img src=x onerror={RUN}>",
    f"\" onmouseover={RUN} autofocus onfocus={RUN} tabindex=1 x=\"",
    f"' onfocus={RUN} autofocus '",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><a xlink:href=\"javascript:{RUN}\"><text>x</text></a></svg>",
    f"<math><mi xlink:href=\"javascript:{RUN}\">x</mi></math>",
    f"<body onload={RUN}>",
    f"<iframe srcdoc=\"<script>parent.{RUN}</script>\"></iframe>",
    f"<iframe src=\"javascript:parent.{RUN}\"></iframe>",
    f"<object data=\"javascript:{RUN}\"></object>",
    f"<embed src=\"javascript:{RUN}\">",
    f"<a href=\"javascript:{RUN}\">x</a>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<input autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}></audio>",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<style>@import 'x';*{{background:url(javascript:{RUN})}}</style>",
    f"<style onload={RUN}></style>",
    f"<link rel=stylesheet href=x onerror={RUN}>",
    f"<meta http-equiv=refresh content=\"0;javascript:{RUN}\">",
    "<base href=\"https://evil.example/\">",
    f"<form action=\"javascript:{RUN}\"><button autofocus onfocus={RUN}>x</button></form>",
    f"<template><script>{RUN}</script></template>",
    f"<noscript><p title=\"</noscript><img src=x onerror={RUN}>\">",
    f"<textarea></textarea><script>{RUN}</script>",
    f"<scr\0ipt>{RUN}</scr\0ipt>",
    f"<ſcript>{RUN}</ſcript>",
    f"＜script＞{RUN}＜/script＞",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    "{{ 7*7 }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "{0.__class__.__mro__} {label} {n} %s %(x)s ${{7*7}}",
    "\u202eevil\u202c \u2066x\u2069",
    "&lt;script&gt; &#x3c;script&#x3e; &amp;lt;",
    "\\\"; alert(1) //",
    "`${alert(1)}`",
    "]({javascript}) [x](javascript:alert(1)) ![x](x\"onerror=\"alert(1))",
]  # fmt: skip


def plant(folder: RunFolder, payload: Callable[[int], str]) -> None:
    """Put payloads into every field of every file that holds words from outside."""
    turn = iter(range(10_000))

    def next_one() -> str:
        return payload(next(turn))

    evidence, plan, audit = read_json(folder.evidence), read_json(folder.plan), read_json(folder.audit)
    labels = [f"{i} {next_one()}" for i in range(len(evidence["labels"]))]
    names = dict(zip(evidence["labels"], labels, strict=True))
    evidence["labels"] = evidence["confusion"]["labels"] = labels
    evidence["weakest"]["label"] = evidence["next_step"]["label"] = labels[0]
    evidence["text_unit"] = next_one()
    for error in evidence["errors"]:
        error |= {"text": next_one(), "text_pair": next_one(), "gold": next_one(), "prediction": next_one()}
        error["origin"] = {"path": f"dir\\{next_one()}", "line": 3}
        error["mattered"] = [error["mattered"][0] | {"end": len(error["text"]), "answer": next_one()}]
        error["nearest"] = [{"text": next_one(), "label": next_one(), "origin": error["origin"]}]
    for comparison in evidence["comparisons"]:
        comparison["method"] = next_one()
    plan["columns"] |= {name: next_one() for name in ("text", "label", "group")}
    plan["columns"]["reasons"] = {name: next_one() for name in ("text", "label", "group")}
    plan["model"] |= {name: next_one() for name in ("name", "license", "revision", "digest")}
    plan["language"] = next_one()
    plan["decisions"] = [{key: next_one() for key in ("what", "value", "why", "overrule")} for _ in range(5)]
    audit["findings"] = [
        {
            "code": next_one(),
            "severity": next_one(),
            "count": 1,
            "message": next_one(),
            "fix": next_one(),
            "row_ids": [],
        }
        for _ in range(5)
    ]
    audit["class_counts"] = {labels[i]: n for i, n in enumerate(audit["class_counts"].values())}
    audit["lengths"] = {next_one(): audit["lengths"]["text"]}
    scores = read_json(folder.scores)
    for score in scores:
        if score["slice"]:
            score["slice"] = "label=" + names[score["slice"].removeprefix("label=")]
    extra = scores[0] | {"metric": next_one(), "system": "model"}
    account = read_json(folder.account)
    account[0]["stage"], account[0]["reasons"] = next_one(), {next_one(): 2}
    write_json(folder.evidence, evidence)
    write_json(folder.plan, plan)
    write_json(folder.audit, audit)
    write_json(folder.scores, [*scores, extra])
    write_json(folder.account, account)
    write_json(folder.environment, {next_one(): {next_one(): next_one()}})
    write_json(folder.finished, {next_one(): next_one()})
    write_text(folder.recipe, "\n".join(next_one() for _ in range(8)))
    events = folder.events.read_text(encoding="utf-8").splitlines()
    events[0] = json.dumps(json.loads(events[0]) | {"source": "dir\\" + next_one().replace("/", "\u2215")})
    write_text(folder.events, "\n".join(events))


class Shape(HTMLParser):
    """The names of all elements and attributes in order, and all text put together."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[Any] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.names.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.names.append("comment")


def planted(folder: RunFolder, start: int) -> RunFolder:
    plant(folder, lambda i: PAYLOADS[(start + i) % len(PAYLOADS)])
    return folder


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("private", [False, True])
def test_payloads_leave_the_shape_of_the_page_as_harmless_words_do(
    tmp_path: Path, language: Any, private: bool
) -> None:
    harmless = build_run(tmp_path / "harmless")
    # The same length, so that nothing is shortened in one and not in the other.
    plant(harmless, lambda i: f"w{i}" + "x" * 40)
    expected = Shape(render(harmless, language=language, private=private)).names
    assert "comment" not in expected
    for start in range(0, len(PAYLOADS), 7):
        folder = planted(build_run(tmp_path / str(start)), start)
        assert Shape(render(folder, language=language, private=private)).names == expected, PAYLOADS[start]


def test_payloads_in_texts_are_shown_letter_for_letter(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    evidence = read_json(folder.evidence)
    for payload in PAYLOADS:
        evidence["errors"] = [evidence["errors"][0] | {"text": payload}]
        write_json(folder.evidence, evidence)
        shown = "".join(Shape(render(folder, language="en", private=False)).text)
        assert payload.replace("\0", "\ufffd") in shown


def test_lone_surrogates_and_control_characters_do_not_stop_the_report(tmp_path: Path) -> None:
    folder = build_run(tmp_path)
    evidence = read_json(folder.evidence)
    evidence["errors"][0] |= {"text": "a\ud800b\x00c\x1bd", "mattered": []}
    folder.evidence.write_text(json.dumps(evidence), encoding="ascii")
    page = render(folder, language="en", private=False)
    assert "a\ufffdb\ufffdc\ufffdd" in page
    page.encode("utf-8")


def test_the_card_keeps_its_front_matter_and_holds_no_live_markup(tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    for start in range(len(PAYLOADS)):
        card = model_card(planted(build_run(tmp_path / str(start)), start), private=False)
        _, front, body = card.split("---\n", 2)
        assert YAML(typ="safe").load(front)["pipeline_tag"] == "text-classification"
        assert not re.search(r"(?<!\\)<[a-zA-Z/!]", body)
        assert not re.search(r"(?<!\\)\]\(", body)


CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


def ran_in_browser(page: str, folder: Path) -> bool:
    """Whether any script ran when the page was opened: each payload would leave an attribute on the root element."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=2000",
        f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    dom = done.stdout.decode("utf-8", "replace")
    assert "</html>" in dom
    return "data-ran" in dom.split("<head", 1)[0]


def without_policy(page: str) -> str:
    """The page with nothing to hold scripts back but the escaping."""
    bare, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert count == 1
    return bare


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_no_payload_runs_in_a_browser_even_without_the_policy(tmp_path: Path) -> None:
    folder = build_run(tmp_path / "run")
    evidence = read_json(folder.evidence)
    plant(folder, lambda i: PAYLOADS[i % len(PAYLOADS)])
    assert len(evidence["errors"]) * 4 > len(PAYLOADS)
    for language in ("en", "zh"):
        assert not ran_in_browser(without_policy(render(folder, language=language, private=False)), tmp_path)  # type: ignore[arg-type]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_browser_check_sees_a_script_that_is_not_escaped_and_the_policy_stops_it(tmp_path: Path) -> None:
    page = render(build_run(tmp_path / "run"), language="en", private=False)
    broken = page.replace("</main>", f"<script>{RUN}</script><img src=x onerror={RUN}></main>")
    assert ran_in_browser(without_policy(broken), tmp_path)
    assert not ran_in_browser(broken, tmp_path)
