"""What a person sees: lines that fit the terminal, in their language, with nothing in them that a file could play with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tunewright.cli.main import main
from tunewright.cli.screen import Screen

DECIDED = {
    "kind": "decided", "what": "text", "value": "message", "overrule": "--text COLUMN",
    "why": {"en": "by its name and content, 99 characters a cell; others that read like text: subject, notes, summary",
            "zh": "根据列名和内容"},
}  # fmt: skip


def test_a_long_line_goes_on_under_its_beginning_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "60", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)
    Screen().listen(DECIDED)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err).splitlines()
    assert max(map(len, lines)) <= 60
    assert len(lines) >= 3
    assert all(line.startswith("      ") for line in lines[1:])
    assert " ".join(" ".join(lines).split()).endswith("subject, notes, summary (--text COLUMN)")


def test_without_a_terminal_a_decision_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(language="zh").listen(DECIDED)
    assert capsys.readouterr().err == "  文本列：message — 根据列名和内容  (--text COLUMN)\n"


def test_names_from_a_file_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().listen({**DECIDED, "value": "[red]:warning:", "why": ""})
    assert "[red]:warning:" in capsys.readouterr().err


def test_what_a_terminal_would_obey_is_shown_and_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().listen({**DECIDED, "value": "a\x1b[2J\x07b\u202ec\x9b", "why": "宽\tname"})
    said = capsys.readouterr().err
    assert r"a\x1b[2J\x07b\u202ec\x9b" in said
    assert not set(said) & set("\x1b\x07\u202e\x9b")
    assert "宽\tname" in said or "宽 " in said


def test_an_audit_shows_the_names_of_columns_as_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"a text of some words {n},{'ab'[n % 2]}\n" for n in range(6))
    (tmp_path / "a.csv").write_text(f"te\x1b[31mxt,label\n{rows}", "utf-8")
    assert main(["data", "audit", str(tmp_path / "a.csv")]) == 0
    said = capsys.readouterr().out
    assert r"te\x1b[31mxt" in said
    assert "\x1b" not in said


def test_the_schema_is_one_object_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Tunewright recipe"
