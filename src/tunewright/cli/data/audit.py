"""`tunewright data audit FILE`: what is wrong with a file, before anything is trained on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    audit = add_verb(verbs, "audit", _audit, "what is wrong with a file, before anything is trained on it")
    audit.add_argument("file", type=Path, metavar="FILE")
    audit.add_argument("--text", metavar="COLUMN")
    audit.add_argument("--label", metavar="COLUMN")
    add_json(audit)


def _audit(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.audit import audit_file

    found = audit_file(options.file, text=options.text, label=options.label)
    lines = [f"{finding.severity:>7}  {finding.message}\n         {finding.fix}" for finding in found.audit.findings]
    Screen(as_json=options.json).result(found.to_json(), "\n".join(lines) or "nothing was found")
    return 0
