"""From a bundle folder to what answers; a file that is not as it was written is refused."""

from __future__ import annotations

from pathlib import Path

from tunewright.bundle import read_about, require_intact
from tunewright.core.errors import ModelError
from tunewright.serve.predictor import Predictor, load_predictor
from tunewright.serve.writer import WritingPredictor, load_writer
from tunewright.tasks import TEXT_TASKS

AnyPredictor = Predictor | WritingPredictor


def load(folder: str | Path) -> AnyPredictor:
    """The model in a bundle folder. Raises ModelError if it is none, or if a file is not as it was written."""
    path = Path(folder)
    about = read_about(path)
    require_intact(path)
    return load_writer(path, about) if about.task in TEXT_TASKS else load_predictor(path, about)


def load_labeller(folder: str | Path) -> Predictor:
    """`load`, where answers are classes or numbers. Raises ModelError for a model that writes."""
    found = load(folder)
    if isinstance(found, WritingPredictor):
        raise ModelError(
            f"{folder}: this model writes texts (task `{found.about.task}`); a model that gives labels is needed."
        )
    return found
