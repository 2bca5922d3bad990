"""`tunewright data split FILE --output FOLDER`: train, validation and test that share no text, and a manifest."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.data.clean import account_lines
from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    split = add_verb(verbs, "split", _split, "divide a file into train, validation and test that share no text")
    split.add_argument("file", type=Path, metavar="FILE")
    split.add_argument("--output", "-o", type=Path, required=True, metavar="FOLDER", help="files in the input's format")
    split.add_argument("--test", type=float, metavar="SHARE", help="default: .2")
    split.add_argument("--validation", type=float, metavar="SHARE", help="default: .1")
    split.add_argument("--group", metavar="COLUMN", help="rows of one group (customer, author) stay on one side")
    split.add_argument("--by-time", metavar="COLUMN", help="the newest rows are the test")
    split.add_argument("--folds", type=int, metavar="K", help="one file with a column fold, for cross-validation")
    split.add_argument("--subsets", type=_sizes, default=(), metavar="N,N", help="nested subsets of train, as a column")
    split.add_argument("--seed", type=int, metavar="N", help="another seed gives another split")
    split.add_argument(
        "--from",
        dest="from_run",
        type=Path,
        metavar="RUN_OR_FOLDER",
        help="keep the sides of a run or an earlier split",
    )
    split.add_argument("--given", choices=["use", "ignore"], help="splits that the file gives (default: use)")
    split.add_argument("--clean", action="store_true", help="clean first, as `run` does")
    split.add_argument("--text", metavar="COLUMN")
    split.add_argument("--text-pair", metavar="COLUMN")
    split.add_argument("--label", metavar="COLUMN")
    split.add_argument("--task", choices=["single_label", "multi_label", "regression"], help="the kind of answer")
    split.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="for example split.near_leaks=drop"
    )
    split.add_argument("--no-row-id", action="store_true", help="do not add the column row_id")
    add_json(split)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


def _split(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.split import split_file

    done = split_file(
        options.file, output=options.output, text=options.text, text_pair=options.text_pair, label=options.label,
        task=options.task, group=options.group, by_time=options.by_time, test=options.test,
        validation=options.validation, seed=options.seed, from_run=options.from_run, given=options.given,
        folds=options.folds, subsets=options.subsets, cleans=options.clean, overrides=options.set,
        with_row_id=not options.no_row_id,
    )  # fmt: skip
    lines = [*done.said, *account_lines(done.accounts)]
    lines += [f"{rows:,} rows: {name}" for name, rows in done.rows.items()]
    lines.append(f"{done.folder}: assignment {done.manifest['assignment']['digest']}")
    Screen(as_json=options.json).result(done.to_json(), "\n".join(lines))
    return 0
