"""An audit on the terminal: the file in one line, then findings, the worst first, each with rows and its command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tunewright.core.text import printable
from tunewright.report.findings import SEVERITIES, say, unmarked, worst_first
from tunewright.report.numbers import Language, count
from tunewright.report.words import Words

COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}
EXAMPLES = 2
SUSPECTS = 5
INDENT = 12
"""Columns that the severity takes."""
_LONGEST = 200


def audit_lines(audit: Mapping[str, Any], *, language: Language, private: bool, width: int) -> Iterator[Any]:
    """What `FileAudit.to_json` holds, as lines for a console of this width."""
    words = Words(language)
    files = [str(path) for path in audit["files"]]
    file = audit["file"]
    yield Text.assemble((printable(", ".join(files)), "bold"), f"  {file['kind']}, {file['encoding']}")
    counts = {name: count(audit[name]) for name in ("rows", "labelled")} | {"quarantined": count(file["quarantined"])}
    yield _plain(unmarked(words("audit.rows", **counts)))
    if not private:
        used = [f"{words.name('field', name)}: {column}" for name, column in audit["used"].items() if column]
        yield _plain("  ".join(used))
    yield _plain(f"{unmarked(words('audit.fingerprint'))}: {audit['fingerprint']}", style="dim")
    findings = worst_first(audit["findings"])
    severities = [str(finding["severity"]) for finding in findings]
    if not findings:
        yield _plain(unmarked(words("data.clean")), style="green")
        return
    yield _plain(unmarked(words("audit.headline", **{
        name: severities.count(severity) for name, severity in zip(("errors", "warnings", "notes"), SEVERITIES, strict=True)
    })))  # fmt: skip
    for finding in findings:
        yield ""
        yield from _finding(finding, words, file=files[0], private=private, width=width)
        if finding["code"] == "suspected_labels":
            yield from _suspects(audit["suspects"], words, width=width)


def _finding(finding: Mapping[str, Any], words: Words, *, file: str, private: bool, width: int) -> Iterator[Any]:
    said = say(finding, words, file=file, private=private)
    severity = words.heading("severity", str(finding["severity"]))
    yield _beside(_plain(severity, style=COLOURS[str(finding["severity"])]), unmarked(said.message))
    # A note is read in passing, and suspects are listed with what was suggested: neither shows rows here.
    shows_rows = finding["severity"] != "info" and finding["code"] != "suspected_labels"
    examples = (finding.get("examples") or ())[:EXAMPLES] if shows_rows else ()
    for example in examples:
        yield _one_line(
            _plain(unmarked(words("audit.line", line=example["line"])), style="dim"), _content(example), _label(example),
            width=width,
        )  # fmt: skip
    places = list(finding.get("places") or ())[:EXAMPLES] if shows_rows and not examples else []
    if places:
        yield Padding(_plain(", ".join(places), style="dim"), (0, 0, 0, INDENT), expand=False)
    more = int(finding.get("num_rows") or 0) - len(examples or places)
    if more > 0 and shows_rows:
        yield Padding(
            _plain(unmarked(words("audit.more", n=count(more))), style="dim"), (0, 0, 0, INDENT), expand=False
        )
    if said.fix:
        yield _beside(_plain("→".rjust(INDENT - 1)), unmarked(said.fix))
    if said.command:
        yield _beside(_plain("$".rjust(INDENT - 1), style="green"), said.command, style="green")


def _suspects(suspects: Mapping[str, Any] | None, words: Words, *, width: int) -> Iterator[Any]:
    for suspect in (suspects or {}).get("found", [])[:SUSPECTS]:
        said, suggested = (printable(", ".join(suspect[name])) or "∅" for name in ("label", "suggested"))
        confidence = f" {100 * suspect['confidence']:.0f}%"
        answers = Text.assemble((said, "red"), " → ", (suggested, "green"), confidence)
        yield _one_line(
            _plain(unmarked(words("audit.line", line=suspect["line"])), style="dim"), str(suspect.get("text") or ""),
            answers, width=width,
        )  # fmt: skip


def _content(example: Mapping[str, Any]) -> str:
    return " — ".join(str(example[name]) for name in ("text", "text_pair") if example.get(name))


def _label(example: Mapping[str, Any]) -> Text:
    label = example.get("label")
    shown = ", ".join(label) if isinstance(label, list) else "" if label is None else str(label)
    return _plain(shown, style="magenta")


def _one_line(where: Text, text: str, label: Text, *, width: int) -> Any:
    """`line 128  the text, cut to fit …  label`, in one line of the terminal."""
    head = _plain(" " * INDENT) + where + _plain("  ")
    label.truncate(max(8, width // 3), overflow="ellipsis")
    room = max(8, width - head.cell_len - (label.cell_len + 2 if label.cell_len else 0))
    shown = _plain(" ".join("".join(c if c.isprintable() else "·" for c in text[:_LONGEST]).split()))
    shown.truncate(room, overflow="ellipsis")
    return head + shown + (_plain("  ") + label if label.cell_len else _plain(""))


def _beside(tag: Text, text: str, *, style: str = "") -> Any:
    """Wrapped text behind a tag, its further lines under its first word."""
    grid = Table.grid(padding=0)
    grid.add_column(width=INDENT, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(tag, _plain(text, style=style))
    return grid


def _plain(text: str, *, style: str = "") -> Text:
    """Text that may come from a file: nothing in it that a terminal would obey."""
    return Text(printable(text), style=style)
