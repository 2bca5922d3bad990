"""What could make a run better, as its own evidence names it: each an overrule of the recipe with its reason, most promising first.

Nothing here looks at a test row: suspects are judged by models of the other training rows, all else by the validation rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tunewright.core.events import current_events
from tunewright.core.folder import RunFolder
from tunewright.core.sentence import Sentence
from tunewright.data.audit.suspects import Suspects
from tunewright.evaluate import Predictions, compare, read_predictions
from tunewright.metrics import METRICS
from tunewright.models.tokenizer import load_tokenizer
from tunewright.pipeline.fine_tune import Base, features_of
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.suspects import suspects_of
from tunewright.recipe import Recipe

LEAST_SUSPECTS = 0.02
"""Fewer suspected labels than this share of the training rows are not worth a fine-tune."""
LEAST_AGREEMENT = 0.6
"""Judges that agree with fewer of all labels know too little of the task. Wrong labels alone lower it, so this is less than what
the audit asks for before it warns: here a try decides, on rows that had no part in it."""
LONGER = 2.0
"""Times the passes, where the last one was still the best."""
GENTLER, BOLDER = 1 / 3, 3.0
"""Times the learning rate."""


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing to change."""

    name: str
    overrides: tuple[str, ...]
    """`key=value` of the recipe."""
    why: Sentence
    promise: float
    """What it might bring, as a share of rows: only an order, and on the high side."""
    left_out: tuple[str, ...] = ()
    """Row ids of training rows that are not to be trained on."""


def find_actions(
    run: RunFolder, recipe: Recipe, prepared: Prepared, base: Base, *, metric: str, leave_out: str
) -> list[Action]:
    """All that the evidence of a run names, the most promising first.

    `prepared` comes from `without_test`; `leave_out` is the path at which rows to be left out will be listed.
    """
    validation = read_predictions(run.predictions("model", "validation"))
    found = [
        *_suspects(recipe, prepared, base, leave_out=leave_out), *_training(run, recipe, validation, metric=metric),
        *_cut_texts(recipe, prepared, base, validation), *_class_weights(recipe, prepared, validation, metric=metric),
    ]  # fmt: skip
    return sorted(found, key=lambda action: -action.promise)


def _suspects(recipe: Recipe, prepared: Prepared, base: Base, *, leave_out: str) -> Iterator[Action]:
    """Training rows whose label models of the other training rows find improbable."""
    suspects = suspects_among(recipe, prepared, base)
    if suspects is None or not suspects.judged or suspects.agreement < LEAST_AGREEMENT:
        return
    share = len(suspects.found) / suspects.judged
    if share >= LEAST_SUSPECTS and recipe.data.leave_out is None:
        yield Action(
            name="leave_out", overrides=(f"data.leave_out={leave_out}",), promise=share * suspects.agreement,
            left_out=tuple(suspect.row_id for suspect in suspects.found),
            why=Sentence(
                "{count} of {judged} training labels ({share:.0%}) are suspected to be wrong, by models that had not seen them",
                count=len(suspects.found), judged=suspects.judged, share=share,
            ),
        )  # fmt: skip


def suspects_among(recipe: Recipe, prepared: Prepared, base: Base) -> Suspects | None:
    """The suspects of the training rows, judged without any other row."""
    train = prepared.places("train")
    return suspects_of(
        prepared.rows.take(pa.array(train)), kind=prepared.row_task.kind, near_groups=prepared.near_groups,
        config=recipe.data.audit, probes=recipe.probes, features=lambda places: features_of(base)()[train[places]],
    )  # fmt: skip


def _training(run: RunFolder, recipe: Recipe, validation: Predictions, *, metric: str) -> Iterator[Action]:
    """Longer, gentler or bolder: by which epoch was best, and by whether word counting does better."""
    evaluations = [event for event in current_events(run.events) if event["kind"] == "evaluated"]
    epochs = recipe.train.epochs
    best = max((i for i, event in enumerate(evaluations) if event["best"]), default=0)
    sign = 1.0 if METRICS[metric].higher_is_better else -1.0
    if epochs is not None and len(evaluations) >= 2 and best == len(evaluations) - 1:
        gained = sign * (evaluations[-1]["value"] - evaluations[-2]["value"])
        yield Action(
            name="longer", overrides=(f"train.epochs={LONGER * epochs:g}",), promise=max(0.0, gained),
            why=Sentence("the last of {epochs:g} passes was the best: it was still learning", epochs=epochs),
        )  # fmt: skip
    rate = getattr(recipe.optimizer, "learning_rate", None)
    if rate is None:
        return
    if len(evaluations) >= 3 and best == 0:
        lost = sign * (evaluations[0]["value"] - evaluations[-1]["value"])
        yield Action(
            name="gentler", overrides=(f"optimizer.learning_rate={GENTLER * rate:.3g}",), promise=max(0.0, lost),
            why=Sentence("the first of {passes} looks at the validation rows was the best", passes=len(evaluations)),
        )  # fmt: skip
    words = run.predictions("tfidf", "validation")
    if words.exists():
        against = compare(read_predictions(words), validation, metric=metric, seed=recipe.evaluate.seed)
        behind = sign * (against.difference or 0.0)
        if behind > 0:
            yield Action(
                name="bolder", overrides=(f"optimizer.learning_rate={BOLDER * rate:.3g}",), promise=behind,
                why=Sentence("word counting does better on the validation rows, so it has learned too little"),
            )  # fmt: skip


def _cut_texts(recipe: Recipe, prepared: Prepared, base: Base, validation: Predictions) -> Iterator[Action]:
    """Texts of which only a part is read, where they are answered worse than the others."""
    limit, tokenizer = recipe.encode.max_length, load_tokenizer(base.local)
    if limit is None or limit >= tokenizer.max_length or recipe.encode.long_texts == "windows":
        return
    place_of = {row_id: place for place, row_id in enumerate(prepared.row_ids)}
    places = [place_of[row_id] for row_id in validation.row_ids]
    pairs = None if prepared.pairs is None else [prepared.pairs[i] for i in places]
    cut_N = np.asarray(tokenizer.lengths([prepared.texts[i] for i in places], pairs)) > limit
    if not cut_N.any() or cut_N.all() or validation.kind != "single_label":
        return
    wrong_N = validation.gold_index_N != validation.prediction_index_N
    worse = float(wrong_N[cut_N].mean() - wrong_N[~cut_N].mean())
    if worse > 0:
        longer = min(tokenizer.max_length, 2 * limit)
        yield Action(
            name="max_length", overrides=(f"encode.max_length={longer}",), promise=float(cut_N.mean()) * worse,
            why=Sentence(
                "{share:.0%} of the texts are longer than {limit} tokens, and {worse:.0%} more of their answers are wrong",
                share=float(cut_N.mean()), limit=limit, worse=worse,
            ),
        )  # fmt: skip


def _class_weights(recipe: Recipe, prepared: Prepared, validation: Predictions, *, metric: str) -> Iterator[Action]:
    """Rare classes that are seldom found, where the metric counts every class alike."""
    if metric not in ("macro_f1", "balanced_accuracy") or getattr(recipe.loss, "class_weights", "none") is not None:
        return
    gold_N, said_N = validation.gold_index_N, validation.prediction_index_N
    recalls = [float((said_N[gold_N == label] == label).mean()) for label in np.unique(gold_N[gold_N >= 0])]
    missed = float((gold_N == said_N).mean()) - float(np.mean(recalls))
    if missed > 0:
        yield Action(
            name="class_weights", overrides=("loss.class_weights=balanced",), promise=missed,
            why=Sentence("rare classes are found less often: their mean recall is {missed:.0%} below the accuracy", missed=missed),
        )  # fmt: skip


def differences(before: Recipe, overrides: Sequence[str]) -> list[dict[str, object]]:
    """The recipe diff of some overrides: key, old value, new value."""
    tree = before.model_dump(mode="json")
    found = []
    for override in overrides:
        key, _, new = override.partition("=")
        old: object = tree
        for part in key.split("."):
            old = old.get(part) if isinstance(old, dict) else None
        found.append({"key": key, "old": old, "new": new})
    return found
