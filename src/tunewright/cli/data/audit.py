"""`tunewright data audit FILE`: what is wrong with labelled text, before anything is trained on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.data.convert import add_shape_options, languages_of
from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    audit = add_verb(verbs, "audit", _audit, "what is wrong with a file, before anything is trained on it")
    audit.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a file, several, or a folder with train and test files"
    )
    audit.add_argument("--text", metavar="COLUMN", help="the column with the text")
    audit.add_argument("--label", metavar="COLUMN", help="the column with the answer")
    audit.add_argument("--group", metavar="COLUMN", help="rows that belong together (customer, author)")
    audit.add_argument("--split", metavar="COLUMN", help="the column that says train, validation or test")
    audit.add_argument("--task", choices=["classify", "multi_label", "regression"], help="the kind of answer")
    audit.add_argument(
        "--model",
        metavar="MODEL",
        help="a folder, a hub id or `starter`: counts its tokens, and judges labels with it as well",
    )
    audit.add_argument(
        "--sample", type=int, metavar="N", help="look for suspected labels, languages and tokens in N rows at most"
    )
    audit.add_argument(
        "--relabel",
        type=Path,
        metavar="OUT.xlsx",
        help="write the rows whose label is in doubt, to be corrected (.xlsx or .csv)",
    )
    audit.add_argument("--html", type=Path, metavar="OUT.html", help="write the audit as a page")
    audit.add_argument("--lang", choices=["en", "zh"], default="en", help="language of the findings")
    audit.add_argument("--private", action="store_true", help="no raw text on screen and page")
    audit.add_argument("--from", dest="shape", metavar="SHAPE", help="audit as chats or pairs of this shape")
    add_shape_options(audit)
    add_json(audit)


def _audit(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.audit import audit_files, write_audit_page, write_relabelling
    from tunewright.pipeline.data.audit_shape import audit_shaped_file

    screen = Screen(as_json=options.json, language=options.lang, private=options.private)
    one_file = len(options.files) == 1 and not options.files[0].is_dir()
    if one_file and options.text is None and options.label is None:
        shaped = audit_shaped_file(
            options.files[0], shape=options.shape, dataset=options.dataset, languages=languages_of(options.languages)
        )
        if shaped is not None:
            screen.result(shaped.to_json(), shaped.in_words())
            return 0
    found = audit_files(
        options.files, text=options.text, label=options.label, group=options.group, split=options.split,
        task=options.task, model=options.model, sample=options.sample,
    )  # fmt: skip
    screen.audit(found)
    if options.relabel:
        rows = write_relabelling(found, options.relabel).rows
        screen.say("relabelled", path=str(options.relabel), rows=len(rows), file=str(options.files[0]))
    if options.html:
        write_audit_page(found, options.html, language=options.lang, private=options.private)
        screen.say("written", path=str(options.html))
    return 0
