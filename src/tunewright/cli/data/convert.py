"""`tunewright data convert IN OUT`: chats, pairs and tags from one shape into another, with an account of the losses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add(verbs: Any) -> None:
    """Add the verb to the parser of `data`."""
    convert = add_verb(
        verbs, "convert", _convert, "from any shape (chats, instructions, pairs, tags) into any other that can hold it"
    )
    convert.add_argument("file", type=Path, metavar="IN", help="a data file, or LLaMA-Factory's dataset_info.json")
    convert.add_argument(
        "output", type=Path, metavar="OUT", help="its ending says the format: .jsonl .csv .tmx .conll ..."
    )
    convert.add_argument(
        "--to", metavar="SHAPE", help="openai, sharegpt, alpaca, pairs, tmx, spans ... (default: by ending)"
    )
    convert.add_argument(
        "--from", dest="shape", metavar="SHAPE", help="the shape of IN (default: found by its content)"
    )
    add_shape_options(convert)
    convert.add_argument("--lossy", action="store_true", help="write rows without what the new shape has no place for")
    convert.add_argument("--dry-run", action="store_true", help="say what would be lost, and write nothing")
    add_json(convert)


def add_shape_options(parser: argparse.ArgumentParser) -> None:
    """What a file of a shape may leave open."""
    parser.add_argument("--dataset", metavar="NAME", help="which data set of a dataset_info.json")
    parser.add_argument("--languages", metavar="EN-DE", help="source and target language (en-zh, or en,zh-CN)")


def languages_of(text: str | None) -> tuple[str, str] | None:
    """`en-zh`, `en,zh-CN` or `en:zh`. Raises DataError for anything else."""
    if text is None:
        return None
    from tunewright.core.errors import DataError

    for separator in (",", ":", "-"):
        parts = text.split(separator)
        if len(parts) == 2 and all(part.strip() for part in parts):
            return parts[0].strip(), parts[1].strip()
    raise DataError(f"--languages {text}: give source and target, such as en-zh or, with hyphens inside, en,zh-CN.")


def _convert(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.data.convert import account, convert_file, in_words

    plan = convert_file(
        options.file, options.output, to=options.to, shape=options.shape, dataset=options.dataset,
        languages=languages_of(options.languages), lossy=options.lossy, dry_run=options.dry_run,
    )  # fmt: skip
    Screen(as_json=options.json).result(account(plan, dry_run=options.dry_run), in_words(plan, dry_run=options.dry_run))
    return 0
