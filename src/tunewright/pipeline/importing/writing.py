"""An imported config as a recipe file: YAML with a comment at each key that came from somewhere."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from tunewright.core.errors import RecipeError
from tunewright.core.folder import write_text
from tunewright.pipeline.importing.reading import Imported
from tunewright.report.imported import comment, left_out_comments
from tunewright.report.words import Words

_WIDTH = 120


def write_imported(imported: Imported, output: Path, *, words: Words) -> Path:
    """Write the recipe, and beside it what needs a file of its own. An existing file is not overwritten."""
    places = {ending: output.with_suffix(ending) for ending in imported.files}
    for path in (output, *places.values()):
        if path.exists():
            raise RecipeError(f"{path}: this file exists, and it may hold your changes. Give another `--output`.")
    tree = dict(imported.tree)
    for ending, path in places.items():
        write_text(path, imported.files[ending])
        tree.setdefault("encode", {})["chat_template"] = str(path)
    write_text(output, _text(imported, tree, words))
    return output


def _text(imported: Imported, tree: Mapping[str, Any], words: Words) -> str:
    value = imported.to_json()
    comments = {note["ours"]: comment(note, words) for note in value["notes"] if note["ours"] is not None}
    head = [
        words("import.head", file=Path(imported.source).name, program=imported.program),
        *left_out_comments(value, words),
    ]
    stream = io.StringIO()
    yaml = YAML()
    yaml.width, yaml.default_flow_style, yaml.allow_unicode = _WIDTH, False, True
    yaml.dump(_commented(tree, comments, prefix=""), stream)
    return "".join(f"# {line}\n" for line in head) + "\n" + stream.getvalue()


def _commented(tree: Mapping[str, Any], comments: Mapping[str, str], *, prefix: str) -> CommentedMap:
    made = CommentedMap()
    for key, value in tree.items():
        name = f"{prefix}{key}"
        made[key] = _commented(value, comments, prefix=f"{name}.") if isinstance(value, dict) else value
        if name in comments:
            made.yaml_set_comment_before_after_key(key, before=comments[name], indent=2 * name.count("."))
    return made
