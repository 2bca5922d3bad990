"""`tunewright merge MODEL NEW_FOLDER`: an adapter becomes part of its base model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tunewright.cli.options import add_json, add_verb


def add_merge_verb(verbs: Any) -> None:
    """Add the verb to the parser."""
    merge = add_verb(verbs, "merge", _merge, "an adapter in peft's format, made part of its base model")
    merge.add_argument("model", type=Path, metavar="MODEL", help="a folder with adapter_config.json, or a run folder")
    merge.add_argument("target", type=Path, metavar="NEW_FOLDER", help="where the merged model is written")
    merge.add_argument("--base", metavar="MODEL", help="the base model, if it is not where the adapter says")
    merge.add_argument(
        "--dtype",
        choices=["float32", "bfloat16", "float16"],
        help="how weights are stored (default: as the base model's)",
    )
    merge.add_argument("--lang", choices=["en", "zh"], help="language of the messages")
    add_json(merge)


def _merge(options: argparse.Namespace) -> int:
    from tunewright.cli.screen import Screen
    from tunewright.pipeline.merge import merge

    screen = Screen(as_json=options.json, language=options.lang or "en")
    done = merge(options.model, options.target, base=options.base, dtype=options.dtype, announce=screen.remark)
    value = done.to_json()
    lines = [screen.in_words("merged", **value), screen.in_words("merged.check", **value)]
    if not done.change:
        lines.append(screen.in_words("merged.nothing"))
    if done.rounding:
        lines.append(screen.in_words("merged.rounding", **value))
    screen.result(value, "\n".join(lines))
    return 0
