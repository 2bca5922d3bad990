"""`tunewright report`: the page of a run once more, or one page over several."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_report_verb(verbs: Any) -> None:
    """Add the verb to the parser."""
    report = add_verb(
        verbs,
        "report",
        _report,
        "the page of a run again, in a language of your choice; of several runs, their comparison",
    )
    report.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    report.add_argument(
        "--output",
        "-o",
        type=Path,
        metavar="OUT.html",
        help="where to (default: report.html in the run's folder; compared.html)",
    )
    report.add_argument("--lang", choices=["en", "zh"], help="language of the page (default: the run's own)")
    report.add_argument("--private", action="store_true", help="show no text; so it is if one of the runs is private")
    add_json(report)


def _report(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.core.folder import write_text
    from tunewright.pipeline.report import comparison_page, run_page

    several = len(options.runs) > 1
    page = (
        comparison_page(options.runs, language=options.lang, private=options.private)
        if several
        else run_page(options.runs[0], language=options.lang, private=options.private)
    )
    path = options.output or (Path("compared.html") if several else options.runs[0] / "report.html")
    write_text(path, page)
    screen = Screen(as_json=options.json, language=options.lang or "en")
    screen.result({"page": str(path)}, screen.in_words("written", path=path))
    return 0
