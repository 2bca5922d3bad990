"""Models of the Hugging Face hub and of ModelScope: announced with their size, data files alone."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from tunewright.core import hub
from tunewright.core.errors import MissingExtraError, ModelError
from tunewright.core.hub import Snapshot
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


def in_cache(hub_id: str, *, revision: str | None = None) -> Snapshot | None:
    """The repository if its weights are in the cache, else None; no network."""
    found = hub.in_cache(hub_id, kind="model", revision=revision)
    whole = found is not None and has_weights(found.folder) and (found.folder / "config.json").is_file()
    return found if whole else None


def from_hub(
    hub_id: str, *, revision: str | None, announce: Announce | None, weights: tuple[str, ...] = SAFE_WEIGHTS
) -> Snapshot:
    """The repository's data files, from the cache where that has the very revision, else from the hub.

    Raises ModelError if there is no such repository, no connection, or no weights of the wanted kind.
    """
    # A commit never changes, so one that is here needs no look at the hub; without a revision, what is here will do.
    cached = in_cache(hub_id, revision=revision) if weights is SAFE_WEIGHTS else None
    if cached is not None and (revision is None or cached.commit == revision or hub.is_offline()):
        return cached
    try:
        repo = hub.ask(hub_id, kind="model", revision=revision)
        names = _wanted([file.name for file in repo.files], weights, hub_id)
        if announce:
            announce(hub.sentence(hub_id, repo, names))
        return hub.fetch(hub_id, kind="model", commit=repo.commit, names=names)
    except hub.HubError as error:
        raise ModelError(
            f"{hub_id} can't be fetched ({error}). Check the name and the connection (HF_ENDPOINT names a mirror, "
            "`modelscope:ID` is another source), give a local folder, or take `starter`."
        ) from None


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


def _wanted(names: list[str], weights: tuple[str, ...], hub_id: str) -> list[str]:
    # A single file is preferred where both are there: the shards would be the same numbers once more.
    patterns = weights[:1] if weights[0] in names else weights[1:]
    found = [name for name in names if any(fnmatch(name, pattern) for pattern in patterns)]
    if not found:
        pickled = any(fnmatch(name, pattern) for name in names for pattern in PICKLED_WEIGHTS)
        if weights is SAFE_WEIGHTS and pickled:
            raise ModelError(
                f"{hub_id} has its weights only as .bin, which can hold a program that runs when it is opened. "
                f"`tunewright models convert {hub_id} NEW_FOLDER` takes the plain numbers out of it, in a process of "
                "its own without network, and writes safetensors."
            )
        raise ModelError(f"{hub_id} has no weights of the kind that is read here ({', '.join(weights)}).")
    return found + [name for name in names if name in DATA_FILES]
