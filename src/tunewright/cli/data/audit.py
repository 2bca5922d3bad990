"""`tunewright data audit FILE`: what is wrong with a file, before anything is trained on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.data.convert import add_shape_options, languages_of
from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    audit = add_verb(verbs, "audit", _audit, "what is wrong with a file, before anything is trained on it")
    audit.add_argument("file", type=Path, metavar="FILE")
    audit.add_argument("--text", metavar="COLUMN")
    audit.add_argument("--label", metavar="COLUMN")
    audit.add_argument("--from", dest="shape", metavar="SHAPE", help="audit as chats or pairs of this shape")
    add_shape_options(audit)
    add_json(audit)


def _audit(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.audit import audit_file
    from tunewright.pipeline.data.audit_shape import audit_shaped_file

    if options.text is None and options.label is None:
        shaped = audit_shaped_file(
            options.file, shape=options.shape, dataset=options.dataset, languages=languages_of(options.languages)
        )
        if shaped is not None:
            Screen(as_json=options.json).result(shaped.to_json(), shaped.in_words())
            return 0
    found = audit_file(options.file, text=options.text, label=options.label)
    lines = [f"{finding.severity:>7}  {finding.message}\n         {finding.fix}" for finding in found.audit.findings]
    Screen(as_json=options.json).result(found.to_json(), "\n".join(lines) or "nothing was found")
    return 0
