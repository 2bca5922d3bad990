"""`tunewright data clean FILE --output OUT`: the file without what the settings mend or leave out, and the account."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb

LISTED = 50
"""Rows that `--list` shows on a screen; `--json` and the ledger have them all."""


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    clean = add_verb(verbs, "clean", _clean, "mend a file: only what the settings say, each change accounted for")
    clean.add_argument("file", type=Path, metavar="FILE")
    clean.add_argument("--output", "-o", type=Path, required=True, metavar="OUT", help="in the format of the input")
    clean.add_argument("--text", metavar="COLUMN")
    clean.add_argument("--text-pair", metavar="COLUMN")
    clean.add_argument("--label", metavar="COLUMN")
    clean.add_argument("--task", choices=["single_label", "multi_label", "regression"], help="the kind of answer")
    clean.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="clean.KEY=VALUE",
        help="a step, for example clean.strip_markup=true",
    )
    clean.add_argument("--list", metavar="STEP", help="show row by row what a step did: line, before, after")
    clean.add_argument("--ledger", type=Path, metavar="LEDGER.parquet", help="write what became of each row")
    clean.add_argument("--no-row-id", action="store_true", help="do not add the column row_id")
    add_json(clean)


def _clean(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.clean import clean_file

    done = clean_file(
        options.file, output=options.output, text=options.text, text_pair=options.text_pair, label=options.label,
        task=options.task, overrides=options.set, ledger=options.ledger, listing=options.list,
        with_row_id=not options.no_row_id,
    )  # fmt: skip
    lines = [*done.said, *account_lines(done.accounts), f"{done.rows:,} rows in {done.output}"]
    if done.quarantine is not None:
        lines.append(f"rows that could not be read: {done.quarantine}")
    for entry in (done.listed or [])[:LISTED]:
        lines.append(listed_line(entry))
    if done.listed is not None and len(done.listed) > LISTED:
        lines.append(f"... and {len(done.listed) - LISTED:,} more; --json or --ledger has them all")
    Screen(as_json=options.json).result(done.to_json(), "\n".join(lines))
    return 0


def account_lines(accounts: Any) -> list[str]:
    """The account as a table: per stage what was read, kept, set aside, dropped and changed, and why."""
    head = f"{'stage':<24}{'read':>12}{'kept':>12}{'quarantined':>13}{'dropped':>10}{'changed':>10}  reasons"
    lines = [head]
    for stage in accounts:
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(stage.reasons.items()))
        lines.append(
            f"{stage.stage:<24}{stage.read:>12,}{stage.kept:>12,}{stage.quarantined:>13,}{stage.dropped:>10,}"
            f"{stage.changed:>10,}  {why}"
        )
    return lines


def listed_line(entry: dict[str, Any]) -> str:
    """One row of `--list`."""
    after = "" if entry["after"] is None else f" -> {entry['after']!r}"
    before = "" if entry["before"] is None else f"{entry['before']!r}"
    return f"line {entry['line']}: {entry['reason_code']} {entry['field'] or ''}: {before}{after}"
