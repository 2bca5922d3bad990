"""The key file of `data scrub`: the key, and every surrogate with the value it stands for.

Whoever has it can turn surrogates back, so nobody but its owner may read it: it is made so, and refused otherwise. Destroyed,
nobody can any more. Give the same file to every call whose surrogates should agree.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from tunewright.core.errors import FolderError
from tunewright.core.folder import others_can_read, write_secret
from tunewright.data.pii.surrogates import Original, Surrogates


def new_surrogates() -> Surrogates:
    """A fresh key that is written nowhere: consistent while it lives, and never reversible afterwards."""
    return Surrogates(secrets.token_bytes(32))


def open_key_file(path: Path, *, create: bool) -> Surrogates:
    """The surrogates of a key file; with `create` a new one where there is none (written by `save_key_file`).

    Raises FolderError where it is missing, can be read by others, or is none of ours.
    """
    if not path.exists():
        if create:
            return new_surrogates()
        raise FolderError(f"{path}: there is no such key file. Without the one that was used nothing can be restored.")
    if others_can_read(path):
        raise FolderError(
            f"{path}: others on this machine can read this key file, and with it everybody's data. "
            f"Take that right away with `chmod 600 {path}`, and ask yourself who has read it."
        )
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        table = {
            surrogate: Original(class_name, original)
            for class_name, pairs in value["surrogates"].items()
            for surrogate, original in pairs.items()
        }
        return Surrogates(bytes.fromhex(value["key"]), table)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{path}: this is no key file of `tunewright data scrub` ({type(error).__name__}).") from None


def save_key_file(path: Path, surrogates: Surrogates) -> None:
    """Write key and table for their owner alone. Raises FolderError where another call has changed the file meanwhile."""
    if path.exists():
        there = open_key_file(path, create=False)
        if there.key != surrogates.key or any(surrogates.table.get(s) != o for s, o in there.table.items()):
            raise FolderError(f"{path}: another call has written to this key file meanwhile. Run this one again.")
    by_class: dict[str, dict[str, str]] = {}
    for surrogate, original in sorted(surrogates.table.items()):
        by_class.setdefault(original.class_name, {})[surrogate] = original.value
    write_secret(
        path, json.dumps({"format": 1, "key": surrogates.key.hex(), "surrogates": by_class}, ensure_ascii=False) + "\n"
    )
