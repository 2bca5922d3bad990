"""Repositories of the Hugging Face hub on this machine: the only place that talks to it, for models and data sets alike.

HF_HOME, HF_ENDPOINT (mirrors), HF_HUB_OFFLINE and a token are the hub library's own business and are honoured by it. Only
files that are asked for by name are fetched; nothing that is fetched is run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tunewright.core.sentence import Sentence

RepoType = Literal["model", "dataset"]


class HubError(Exception):
    """The hub's repository can't be had; who asked for it says so in the words that fit."""


@dataclass(frozen=True, kw_only=True)
class RepoFile:
    """A file of a repository."""

    name: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Repo:
    """What the hub says of a repository at one commit."""

    commit: str
    files: list[RepoFile]
    license: str | None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A repository's files on this machine."""

    folder: Path
    commit: str


def in_cache(repo_id: str, *, kind: RepoType, revision: str | None = None) -> Snapshot | None:
    """What is here of the repository, be it all of its files or some; no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repo_id, repo_type=kind, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError, ValueError):
        return None
    return Snapshot(folder=folder, commit=folder.name)


def ask(repo_id: str, *, kind: RepoType, revision: str | None) -> Repo:
    """What the hub says of a repository. Raises HubError with the reason if it says nothing."""
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        asked = api.model_info if kind == "model" else api.dataset_info
        info = asked(repo_id, revision=revision, files_metadata=True)
    except Exception as error:
        # The hub library's errors have no common root; all of them mean that the repository can't be had from there.
        raise HubError(reason_of(error)) from None
    card = getattr(info, "card_data", None)
    stated = card.get("license") if card is not None else None
    files = [RepoFile(name=file.rfilename, size_bytes=file.size or 0) for file in info.siblings or []]
    return Repo(commit=str(info.sha), files=files, license=str(stated) if stated else None)


def fetch(repo_id: str, *, kind: RepoType, commit: str, names: Sequence[str]) -> Snapshot:
    """Some files of a repository at a commit, from the cache where they are there. Raises HubError with the reason."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(repo_id, repo_type=kind, revision=commit, allow_patterns=list(names))
    except Exception as error:
        raise HubError(reason_of(error)) from None
    return Snapshot(folder=Path(folder), commit=commit)


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids the network."""
    from huggingface_hub import constants

    return constants.is_offline_mode()


def reason_of(error: Exception) -> str:
    """Why something could not be had, in a line."""
    if is_offline():
        return "it is not in the cache, and HF_HUB_OFFLINE is set"
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def sentence(repo_id: str, repo: Repo, names: Sequence[str]) -> Sentence:
    """What is about to be downloaded and how much it is."""
    size = sum(file.size_bytes for file in repo.files if file.name in set(names))
    return Sentence(
        "downloading {model} at {commit}: {files} files, {megabytes:,.0f} MB, licence {license}",
        model=repo_id, commit=repo.commit[:8], files=len(names), megabytes=size / 1e6,
        license=repo.license or "not stated",
    )  # fmt: skip
