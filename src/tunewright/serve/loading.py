"""From a bundle folder to what answers; a file that is not as it was written is refused."""

from __future__ import annotations

from pathlib import Path

from tunewright.bundle import read_about, require_intact
from tunewright.core.errors import ModelError
from tunewright.serve.predictor import Predictor, load_predictor
from tunewright.serve.tagger import TaggingPredictor, load_tagging
from tunewright.serve.writer import WritingPredictor, load_writer
from tunewright.tasks import TASKS, MaskedTask, TagTask, TextTask

AnyPredictor = Predictor | TaggingPredictor | WritingPredictor


def load(folder: str | Path) -> AnyPredictor:
    """The model in a bundle folder. Raises ModelError if it is none, or if a file is not as it was written."""
    path = Path(folder)
    about = read_about(path)
    require_intact(path)
    task = TASKS[about.task]
    if isinstance(task, MaskedTask):
        raise ModelError(
            f"{path}: this is an encoder that has learned from texts alone, and it answers nothing by itself. Teach it a task: "
            f"`tunewright run FILE --model {path}`."
        )
    if isinstance(task, TagTask):
        return load_tagging(path, about)
    return load_writer(path, about) if isinstance(task, TextTask) else load_predictor(path, about)


def load_labeller(folder: str | Path) -> Predictor:
    """`load`, where answers are classes or numbers. Raises ModelError for a model that writes or tags."""
    return require_labeller(load(folder), folder)


def require_labeller(found: AnyPredictor, folder: str | Path) -> Predictor:
    """The predictor, if its answers are classes or numbers. Raises ModelError otherwise."""
    if not isinstance(found, Predictor):
        raise ModelError(
            f"{folder}: this model does another task (`{found.about.task}`); one that gives whole texts labels is needed."
        )
    return found
