"""Downloads from the Hugging Face hub and from ModelScope: announced with their size, data files alone.

HF_HOME, HF_ENDPOINT (mirrors), HF_HUB_OFFLINE and a token are the hub library's own business and are honoured by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.core.errors import MissingExtraError, ModelError
from tunewright.core.sentence import Sentence
from tunewright.models.folder import has_weights

Announce = Callable[[str], None]

DATA_FILES = (
    "config.json", "README.md", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model",
    "tokenizer.model", "source.spm", "target.spm", "chat_template.jinja", "generation_config.json",
)  # fmt: skip
"""What is fetched beside the weights; no Python, no other format of the same weights."""
SAFE_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
PICKLED_WEIGHTS = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*-of-*.bin")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A hub repository's files on this machine."""

    folder: Path
    commit: str


def in_cache(hub_id: str, *, revision: str | None = None) -> Snapshot | None:
    """The repository if its weights are in the cache, else None; no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(hub_id, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError, ValueError):
        return None
    found = has_weights(folder) and (folder / "config.json").is_file()
    return Snapshot(folder=folder, commit=folder.name) if found else None


def from_hub(
    hub_id: str, *, revision: str | None, announce: Announce | None, weights: tuple[str, ...] = SAFE_WEIGHTS
) -> Snapshot:
    """The repository's data files, from the cache where that has the very revision, else from the hub.

    Raises ModelError if there is no such repository, no connection, or no weights of the wanted kind.
    """
    from huggingface_hub import HfApi, constants, snapshot_download

    # A commit never changes, so one that is here needs no look at the hub; without a revision, what is here will do.
    cached = in_cache(hub_id, revision=revision) if weights is SAFE_WEIGHTS else None
    if cached is not None and (revision is None or cached.commit == revision or constants.is_offline_mode()):
        return cached
    try:
        info = HfApi().model_info(hub_id, revision=revision, files_metadata=True)
        wanted = _wanted(info.siblings or [], weights, hub_id)
        if announce:
            size = sum(file.size or 0 for file in wanted)
            announce(
                Sentence(
                    "downloading {model} at {commit}: {files} files, {megabytes:,.0f} MB, licence {license}",
                    model=hub_id, commit=str(info.sha)[:8], files=len(wanted), megabytes=size / 1e6,
                    license=_license_of(info),
                )
            )  # fmt: skip
        names = [file.rfilename for file in wanted]
        folder = Path(snapshot_download(hub_id, revision=info.sha, allow_patterns=names))
    except ModelError:
        raise
    except Exception as error:
        # The hub library's errors have no common root; all of them mean that the model can't be had from there.
        raise ModelError(_cant_fetch(hub_id, error)) from None
    return Snapshot(folder=folder, commit=str(info.sha))


def from_modelscope(model_id: str, *, revision: str | None, announce: Announce | None) -> Path:
    """The data files of a ModelScope repository. Raises MissingExtraError without the package, else ModelError."""
    try:
        from modelscope import snapshot_download
    except ImportError:
        raise MissingExtraError("modelscope", extra="modelscope", needed_for=f"`modelscope:{model_id}`") from None
    if announce:
        announce(Sentence("downloading {model} from ModelScope (its size is not known beforehand)", model=model_id))
    try:
        folder = Path(snapshot_download(model_id, revision=revision, allow_file_pattern=[*DATA_FILES, *SAFE_WEIGHTS]))
    except Exception as error:
        raise ModelError(
            f"modelscope:{model_id} can't be fetched ({type(error).__name__}: {' '.join(str(error).split())[:300]}). "
            "Check the id and the connection, or give a local folder."
        ) from None
    return folder


def _wanted(files: list[Any], weights: tuple[str, ...], hub_id: str) -> list[Any]:
    from fnmatch import fnmatch

    names = {file.rfilename for file in files}
    # A single file is preferred where both are there: the shards would be the same numbers once more.
    single = weights[0] in names
    patterns = weights[:1] if single else weights[1:]
    found = [file for file in files if any(fnmatch(file.rfilename, pattern) for pattern in patterns)]
    if not found:
        pickled = any(fnmatch(name, pattern) for name in names for pattern in PICKLED_WEIGHTS)
        if weights is SAFE_WEIGHTS and pickled:
            raise ModelError(
                f"{hub_id} has its weights only as .bin, which can hold a program that runs when it is opened. "
                f"`tunewright models convert {hub_id} NEW_FOLDER` takes the plain numbers out of it, in a process of "
                "its own without network, and writes safetensors."
            )
        raise ModelError(f"{hub_id} has no weights of the kind that is read here ({', '.join(weights)}).")
    return found + [file for file in files if file.rfilename in DATA_FILES]


def _license_of(info: Any) -> str:
    card = getattr(info, "card_data", None)
    stated = card.get("license") if card is not None else None
    return str(stated) if stated else "not stated"


def _cant_fetch(hub_id: str, error: Exception) -> str:
    from huggingface_hub import constants

    if constants.is_offline_mode():
        why = "it is not in the cache, and HF_HUB_OFFLINE is set"
    else:
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return (
        f"{hub_id} can't be fetched ({why}). Check the name and the connection (HF_ENDPOINT names a mirror, "
        f"`modelscope:ID` is another source), give a local folder, or take `starter`."
    )
