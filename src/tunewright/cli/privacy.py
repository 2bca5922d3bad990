"""`inventory`, `purge` and `forget`: where texts of a run lie, and how they go."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_privacy_verbs(verbs: Any) -> None:
    """Add the three verbs to the parser."""
    inventory = add_verb(verbs, "inventory", _inventory, "which files of a run hold text, and why")
    inventory.add_argument("run", type=Path, metavar="RUN")
    add_json(inventory)

    purge = add_verb(verbs, "purge", _purge, "take the texts out of a run; scores and models stay")
    purge.add_argument("run", type=Path, metavar="RUN")
    purge.add_argument("--yes", action="store_true", help="do not ask")
    purge.add_argument("--learned", action="store_true", help="also the models and all that was learned from the texts")
    add_json(purge)

    forget = add_verb(verbs, "forget", _forget, "take some rows out of all runs, and name the models trained on them")
    forget.add_argument(
        "rows", metavar="FILE_OR_ROW_IDS", help="a file with the rows, or with row ids; or ids with commas"
    )
    forget.add_argument("--runs", type=Path, required=True, metavar="FOLDER", help="every run below it is looked at")
    forget.add_argument("--source", type=Path, metavar="FILE", help="also make a copy of this file without the rows")
    forget.add_argument("--output", "-o", type=Path, metavar="OUT", help="the copy")
    forget.add_argument("--text", metavar="COLUMN", help="the text column of FILE, if it is not to be found out")
    forget.add_argument("--ids-only", action="store_true", help="not other rows that have the same text")
    add_json(forget)


def _inventory(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.inventory import inventory, to_json

    items = inventory(options.run)
    width = max(len(item.path) for item in items)
    lines = [
        f"{item.holds:<8} {'' if item.rows is None else f'{item.rows:,}':>9}  {item.path:<{width}}  {item.why}"
        for item in items
    ]
    Screen(as_json=options.json).result(to_json(items), "\n".join([f"{'holds':<8} {'texts':>9}  file", *lines]))
    return 0


def _purge(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.core.errors import RecipeError
    from tunewright.pipeline.purge import plan_purge, purge

    planned = plan_purge(options.run, learned=options.learned)
    if planned and not options.yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()) or options.json:
            raise RecipeError(
                f"purge would take the texts out of {len(planned)} files of {options.run} for good: {', '.join(planned[:6])}"
                f"{'...' if len(planned) > 6 else ''}. Say `--yes`; `tunewright inventory {options.run}` shows them."
            )
        question = f"Take the texts out of {len(planned)} files for good ({', '.join(planned)})? Type yes: "
        if not Screen().ask(question):
            return 1
    done = purge(options.run, learned=options.learned)
    lines = [
        f"removed: {', '.join(done.removed) or 'nothing'}", f"without texts now: {', '.join(done.rewritten) or 'nothing'}",
        *([f"learned from the texts and kept: {', '.join(done.kept_learned)}"] if done.kept_learned else []),
        "no longer possible:", *(f"  {lost}" for lost in done.lost),
    ]  # fmt: skip
    Screen(as_json=options.json).result(done.to_json(), "\n".join(lines))
    return 0


def _forget(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.forget import forget

    done = forget(
        options.rows, runs=options.runs, source=options.source, output=options.output, text=options.text,
        ids_only=options.ids_only,
    )  # fmt: skip
    lines = [f"{done.looked_at} runs looked at, {len(done.runs)} of them held such rows"]
    for run in done.runs:
        sides = ", ".join(f"{side} {count}" for side, count in run.by_split.items())
        lines.append(
            f"{run.run}: {run.rows} rows out ({sides or 'only in its accounts'}); rewritten: {', '.join(run.files)}"
        )
        if run.by_text:
            lines.append(f"  {run.by_text} of them are others with the same text; --ids-only leaves such rows in")
        lines += [f"  {model} has learned from them: train it again without them, or delete it" for model in run.models]
    if done.source_rows is not None:
        lines.append(f"{options.output}: a copy of {options.source} without {done.source_rows} rows")
    lines.append(
        "Not reached: the original file, copies and backups, models that were passed on. Scores were not measured anew."
    )
    Screen(as_json=options.json).result(done.to_json(), "\n".join(lines))
    return 0
