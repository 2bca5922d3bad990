"""What a tuned model that writes has to be better than: the source as it stands, the nearest answer there was, itself untuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tunewright.core.folder import RunFolder
from tunewright.data.shapes import references
from tunewright.evaluate import from_texts, write_predictions
from tunewright.pipeline.calibrate import UNCALIBRATED, calibrate
from tunewright.pipeline.fine_tune import Base, Rows, answer
from tunewright.pipeline.prepare import Prepared
from tunewright.probes.nearest import NearestText
from tunewright.recipe import Recipe

SIDES = ("validation", "test")


def run_text_baselines(base: Base, prepared: Prepared, folder: RunFolder) -> None:
    """Answers that cost nothing, for validation and test; `test` is written last, as a sign that all are there."""
    if prepared.task.measured_by is not None:
        return
    if prepared.task.name in ("translate", "transduce") and not folder.predictions("copy", "test").exists():
        _write(base, prepared, folder, "copy", lambda places: [prepared.texts[i] for i in places])
    if not folder.predictions("nearest", "test").exists():
        train = base.places("train")
        memory = NearestText([prepared.texts[i] for i in train])
        _write(
            base, prepared, folder, "nearest",
            lambda places: [
                str(prepared.answers[train[near]]) for near in memory.find([prepared.texts[i] for i in places])[0]
            ],
        )  # fmt: skip


def run_untuned(base: Base, recipe: Recipe, folder: RunFolder) -> None:
    """What the pretrained model says before it is taught anything; its probabilities are calibrated like any other's."""
    if folder.predictions("base", "test").exists():
        return
    model = base.teaching.load(seed=recipe.train.seed).to(base.machine.device).eval()
    validation = answer(base, model, base.places("validation"))
    calibration = calibrate(recipe, validation)
    if calibration != UNCALIBRATED:
        validation = answer(base, model, base.places("validation"), calibration=calibration)
    write_predictions(validation, folder.predictions("base", "validation"))
    write_predictions(
        answer(base, model, base.places("test"), calibration=calibration), folder.predictions("base", "test")
    )


def _write(
    base: Base, prepared: Prepared, folder: RunFolder, system: str, answers: Callable[[Rows], Sequence[str]]
) -> None:
    for side in SIDES:
        places = base.places(side)
        predictions = from_texts(
            [prepared.row_ids[i] for i in places], references=[references(prepared.shaped[i]) for i in places],
            answers=answers(places), sources=[prepared.texts[i] for i in places],
        )  # fmt: skip
        write_predictions(predictions, folder.predictions(system, side))
