"""`tunewright data scrub FILE --output OUT`: surrogates for personal data; `--restore` turns them back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    scrub = add_verb(verbs, "scrub", _scrub, "put surrogates in place of personal data (e-mail, phones, ids, cards...)")
    scrub.add_argument("file", type=Path, metavar="FILE")
    scrub.add_argument("--output", "-o", type=Path, required=True, metavar="OUT", help="in the format of the input")
    scrub.add_argument("--classes", nargs="+", metavar="CLASS", help="only these, for example: email phone bank_card")
    scrub.add_argument("--columns", nargs="+", metavar="COLUMN", help="only these; else every column with text")
    scrub.add_argument(
        "--key", type=Path, metavar="KEYFILE",
        help="keep the key and what each surrogate stands for here (made if missing); without it nothing can be restored",
    )  # fmt: skip
    scrub.add_argument("--restore", action="store_true", help="turn the surrogates of a file back; needs --key")
    scrub.add_argument("--encoding", metavar="NAME", help="of the file, where it is not to be found out")
    add_json(scrub)


def _scrub(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.core.errors import RecipeError
    from tunewright.data.sources import ReadConfig
    from tunewright.pipeline.data.scrub import HONEST, restore_file, scrub_file

    read = ReadConfig(encoding=options.encoding)
    if options.restore:
        if options.key is None:
            raise RecipeError(
                "--restore needs the key file that was written when the file was scrubbed: --key KEYFILE."
            )
        done = restore_file(options.file, output=options.output, key_file=options.key, read=read)
        lines = [f"{sum(done.replaced.values()):,} surrogates turned back in {done.changed_rows:,} rows"]
        if done.unknown:
            lines.append(f"{done.unknown:,} surrogates are not of this key file and stand as they were")
    else:
        done = scrub_file(
            options.file, output=options.output, classes=options.classes, columns=options.columns, key_file=options.key,
            read=read,
        )  # fmt: skip
        lines = [f"{count:>9,}  {name}" for name, count in done.replaced.items()]
        lines.append(
            f"{sum(done.replaced.values()):,} places in {done.changed_rows:,} of {done.rows:,} rows, "
            f"{done.distinct:,} different values; columns: "
            + (", ".join(f"{name} {count:,}" for name, count in done.by_column.items()) or "none")
        )
        lines.append(
            "no key file: the same value has the same surrogate in this file, and nothing can be turned back"
            if done.key_file is None
            else f"{done.key_file}: key and originals. Keep it apart from the file; destroy it, and nobody can turn back"
        )
        lines.append(HONEST)
    if done.unreadable:
        lines.append(f"{done.unreadable:,} rows could not be read and are not in the output")
    if done.retyped:
        lines.append(f"numbers with personal data among them, text now: {', '.join(done.retyped)}")
    if done.unseen:
        lines.append(f"not text, left as they are: {', '.join(done.unseen)}")
    lines.append(f"{done.rows:,} rows in {done.output}")
    Screen(as_json=options.json).result(done.to_json(), "\n".join(lines))
    return 0
