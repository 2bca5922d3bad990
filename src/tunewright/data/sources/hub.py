"""Data sets of the Hugging Face hub, by name: `hub:owner/name`, `hub:owner/name@REVISION`, or plain `owner/name`.

Only data files are fetched, and the sentence that says how much it is comes first. A data set that is made by a program
(`name.py`) is refused: what is fetched is never run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tunewright.core import hub
from tunewright.core.errors import DataError

PREFIX = "hub:"
_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*$")
_CARD = ("README.md", "dataset_info.json", "dataset_dict.json")

Announce = Callable[[str], None]


def is_hub_name(where: Path) -> bool:
    """Whether a name means a data set of the hub: it says so, or it is `owner/name` and nothing local is meant."""
    text = where.as_posix()
    if text.startswith(PREFIX):
        return True
    return bool(_NAME.match(text)) and not where.suffix and not where.exists() and not where.parent.exists()


def snapshot(where: Path, *, is_data: Callable[[Path], bool], announce: Announce | None = None) -> hub.Snapshot:
    """The data files on this machine: from the cache where they are there, else from the hub.

    Raises DataError where there is no such data set, no connection, or nothing that can be read without running code.
    """
    repo_id, revision = _parts(where)
    cached = hub.in_cache(repo_id, kind="dataset", revision=revision)
    if cached is not None and (revision is None or cached.commit == revision or hub.is_offline()):
        return cached
    try:
        repo = hub.ask(repo_id, kind="dataset", revision=revision)
        names = [file.name for file in repo.files if is_data(Path(file.name)) or file.name in _CARD]
        if not any(name not in _CARD for name in names):
            raise DataError(_no_data(repo_id, [file.name for file in repo.files]))
        if announce is not None:
            announce(hub.sentence(repo_id, repo, names))
        return hub.fetch(repo_id, kind="dataset", commit=repo.commit, names=names)
    except hub.HubError as error:
        raise DataError(
            f"{where.as_posix()}: there is no such file or folder, and the data set `{repo_id}` can't be fetched from the "
            f"hub ({error}). Check the name and the connection (HF_ENDPOINT names a mirror), or give a local file."
        ) from None


def pinned(where: Path, commit: str) -> Path:
    """The name with its revision, so that a recipe always means the same rows."""
    return Path(f"{PREFIX}{_parts(where)[0]}@{commit}")


def _parts(where: Path) -> tuple[str, str | None]:
    repo_id, _, revision = where.as_posix().removeprefix(PREFIX).partition("@")
    if not _NAME.match(repo_id):
        raise DataError(
            f"{where.as_posix()}: a data set of the hub is named `hub:owner/name`, or `hub:owner/name@REVISION`."
        )
    return repo_id, revision or None


def _no_data(repo_id: str, names: list[str]) -> str:
    scripts = [name for name in names if name.endswith(".py")]
    if scripts:
        return (
            f"hub:{repo_id}: this data set is made by a program ({scripts[0]}), and programs that come with data are never "
            "run. Look for a copy with data files (often in the branch refs/convert/parquet: "
            f"hub:{repo_id}@refs/convert/parquet)."
        )
    return f"hub:{repo_id}: no file of this data set can be read here. In it: {', '.join(names[:10]) or 'nothing'}."
