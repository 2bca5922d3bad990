"""The audit of a file as a page of its own: one HTML document that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Column, Facts, Paragraph, Section, Table
from tunewright.report.found import finding_blocks, suspect_blocks
from tunewright.report.numbers import Language, count, fixed
from tunewright.report.page import draw
from tunewright.report.plots import bar
from tunewright.report.sections.verdict import Verdict
from tunewright.report.words import Words

CLASSES_SHOWN = 30


def render_audit(audit: Mapping[str, Any], *, language: Language, private: bool) -> str:
    """The page of an audit as `FileAudit.to_json` has it. With `private`, no text and no label stands on it."""
    words = Words(language)
    files = [PurePosixPath(str(path).replace("\\", "/")).name for path in audit["files"]]
    file = ", ".join(files)
    sections = [
        Section(
            anchor="findings", title=words("audit.title_findings"),
            blocks=tuple(finding_blocks(audit["findings"], words, private=private, file=files[0], show_caption=False)),
        )
    ]  # fmt: skip
    if suspected := suspect_blocks(audit.get("suspects"), words, private=private, file=files[0]):
        sections.append(Section(anchor="suspects", title=words("suspects.title"), blocks=tuple(suspected)))
    sections.append(
        Section(anchor="about", title=words("audit.title_about"), blocks=tuple(_about(audit, words, private=private)))
    )
    return draw(
        words=words, title=words("audit.page_title", file=file), file=file, made="", private=private,
        verdict=Verdict(headline=_headline(audit, words), sentences=(_rows(audit, words),)), sections=sections,
        footer=words("audit.footer"),
    )  # fmt: skip


def _headline(audit: Mapping[str, Any], words: Words) -> Markup:
    severities = [finding["severity"] for finding in audit["findings"]]
    if not severities:
        return words("audit.headline_clean")
    return words(
        "audit.headline", errors=severities.count("error"), warnings=severities.count("warning"),
        notes=severities.count("info"),
    )  # fmt: skip


def _rows(audit: Mapping[str, Any], words: Words) -> Markup:
    return words(
        "audit.rows", rows=count(audit["rows"]), labelled=count(audit["labelled"]),
        quarantined=count(audit["file"]["quarantined"]),
    )  # fmt: skip


def _about(audit: Mapping[str, Any], words: Words, *, private: bool) -> list[Block]:
    facts: list[tuple[Any, Any]] = [
        (words.heading("field", name), column) for name, column in audit["used"].items() if column and not private
    ]
    facts.append((words("audit.fingerprint"), audit["fingerprint"]))
    if audit["languages"]:
        named = ", ".join(
            f"{words('audit.uncertain') if code == 'uncertain' else code} {count(rows)}"
            for code, rows in list(audit["languages"].items())[:8]
        )
        facts.append((words("audit.languages"), named))
    blocks: list[Block] = [Facts(rows=tuple(facts))]
    for field, length in audit["lengths"].items():
        said = {name: count(length[name]) for name in ("shortest", "median", "p95", "longest")}
        blocks.append(Paragraph(text=words("data.lengths", field=words.name("field", field), **said), tone="quiet"))
    if audit.get("tokens"):
        blocks.append(Paragraph(text=_tokens(audit["tokens"], words), tone="quiet"))
    counts = {} if private else dict(list(audit["class_counts"].items())[:CLASSES_SHOWN])
    if counts:
        most, total = max(counts.values()), sum(audit["class_counts"].values())
        columns = (
            Column(title=words("column.class")), Column(title="", kind="strip"),
            Column(title=words("column.rows"), kind="number"), Column(title=words("column.share"), kind="number"),
        )  # fmt: skip
        rows = tuple(
            (label, bar(n / most, label=f"{label}: {count(n)}"), count(n), f"{fixed(100 * n / total, 1)}%")
            for label, n in counts.items()
        )
        blocks.append(Table(caption=words("data.classes"), columns=columns, rows=rows))
    return blocks


def _tokens(tokens: Mapping[str, Any], words: Words) -> Markup:
    cut = ", ".join(f"{length}: {fixed(100 * share, 1)}%" for length, share in tokens["share_cut"].items())
    return words(
        "audit.tokens", model=tokens["model"], median=count(tokens["median"]), p95=count(tokens["p95"]),
        longest=count(tokens["longest"]), cut=cut, unknown=f"{fixed(100 * tokens['unknown_share'], 2)}%",
    )  # fmt: skip
