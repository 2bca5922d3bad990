"""`tunewright.json`: what stands beside the weights, so that the model answers later as it did when it was measured."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from tunewright.core.config import Config
from tunewright.core.errors import ModelError
from tunewright.core.folder import write_json
from tunewright.data.shapes import Form, ShapeConfig
from tunewright.evaluate.conformal import Conformal
from tunewright.evaluate.scaling import Scaling
from tunewright.models.generate import GenerateConfig
from tunewright.tasks import EncodeConfig

NAME = "tunewright.json"
ENCODER = "encoder"
"""In a bundle of frozen features: the folder of the pretrained model, as it came."""
MUTABLE = (NAME, "README.md")
"""Files whose digest is not recorded: the record itself, and the card, which people edit."""


class About(Config):
    """The contents of `tunewright.json`."""

    format: Literal[1] = 1
    """Version of this file."""
    system: Literal["model", "frozen", "tfidf", "majority"]
    """What answers: the fine-tuned model, or a baseline that did as well."""
    task: str
    """Name in `tasks.TASKS`."""
    labels: tuple[str, ...]
    """Class names in the order of the logits; of spans their labels, whose tags `tasks/tag.py` makes; empty for numbers."""
    fields: tuple[str, ...]
    """What a text consists of: `text`, and `text_pair` for pairs."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The file's own names of these fields; a file to be predicted is expected to have the same."""
    text_steps: tuple[str, ...] = ()
    """Changes made to each text before training, and again before each prediction, by name."""
    temperature: float = 1.0
    """Logits are divided by this before they become probabilities, unless `scaling` says otherwise."""
    scaling: Scaling | None = None
    """A slope and a shift, or a curve, for each label: where that was better on the validation rows than the temperature."""
    thresholds: tuple[float, ...] | None = None
    """Multi-label: the probability from which a label is given, per label."""
    conformal: Conformal | None = None
    """What makes sets of possible answers that hold the right one as often as they say."""
    alone: dict[str, float] = Field(default_factory=dict)
    """By wanted share of right answers: the confidence from which to answer without a person, as chosen on validation rows."""
    max_length: int | None = None
    """Tokens of one text."""
    long_texts: Literal["head", "head_tail", "windows"] = "head"
    """What is read of longer texts."""
    form: Form | None = None
    """Where rows are read by their shape: what a row is."""
    shape: ShapeConfig | None = None
    """Where rows are read by their shape: how they are written in files, and the two languages of a translation."""
    answers: Literal["head", "label_text"] = "head"
    """How a fine-tuned model tells classes: see `model.answers` of the recipe."""
    encode: EncodeConfig | None = None
    """Where rows are read by their shape, or classes are told by the text of labels: how rows become tokens, and what the chat
    template is told."""
    generate: GenerateConfig | None = None
    """Where answers are texts: how they are written."""
    language: str = "und"
    """Of the training texts."""
    license: str | None = None
    """Of the pretrained weights."""
    base_model: str | None = None
    """What was fine-tuned."""
    data_fingerprint: str
    """Of the labelled rows: content, whatever the path and the order."""
    recipe_digest: str
    """Of the resolved recipe."""
    files: dict[str, str] = Field(default_factory=dict)
    """blake2b-256 of each file of the bundle."""


def write_about(folder: Path, about: About) -> None:
    """Record the digests of all files in the folder and write `tunewright.json`."""
    write_json(folder / NAME, about.model_copy(update={"files": _digests(folder)}).model_dump(mode="json"))


def is_bundle(folder: Path) -> bool:
    """Whether a folder says that it is one of ours."""
    return (folder / NAME).is_file()


def read_about(folder: Path) -> About:
    """What is recorded of a bundle. Raises ModelError if it is not one, or of a format that this version can't read."""
    path = folder / NAME
    if not path.is_file():
        raise ModelError(
            f"{folder}: there is no {NAME} here, so this is not a model folder that Tunewright wrote. "
            "Expected the `model` (or `baseline`) folder of a run."
        )
    try:
        return About.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise ModelError(
            f"{path}: `{'.'.join(map(str, first['loc']))}`: {first['msg']}. Written by a newer version, or damaged."
        ) from None


def verify_bundle(folder: Path) -> list[str]:
    """Names of files that are missing or not as they were written; empty when all is well."""
    now = _digests(folder)
    return sorted(name for name, digest in read_about(folder).files.items() if now.get(name) != digest)


def require_intact(folder: Path) -> None:
    """Raise ModelError if a file of the bundle is missing or not as it was written."""
    changed = verify_bundle(folder)
    if changed:
        raise ModelError(
            f"{folder}: changed since it was written: {', '.join(changed)}. Take the folder from its source again; "
            "if the change is meant, it is another model now, and `tunewright.json` must go."
        )


def _digests(folder: Path) -> dict[str, str]:
    digests = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder).as_posix()
        if file.is_file() and name not in MUTABLE:
            with file.open("rb") as opened:
                digests[name] = hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=32)).hexdigest()
    return digests
