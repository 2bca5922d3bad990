"""How long a text may be, how many epochs, which learning rate, and what fits into the minutes there are."""

from __future__ import annotations

import numpy as np

from tunewright.adapters import AdapterConfig
from tunewright.core.folder import RunFolder
from tunewright.core.sentence import Sentence
from tunewright.models.load import fills_masks
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import load_tokenizer
from tunewright.optim import AdamWConfig
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.fine_tune import load_base, make_plan
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.tokens import load_writing_tokenizer
from tunewright.planning import forecast_training
from tunewright.recipe import Recipe
from tunewright.runtime import World, prepare_machine
from tunewright.tasks import MaskedTask, RowTask, TextTask
from tunewright.tasks.label_text import label_texts
from tunewright.train import TrainConfig

SAMPLED_TEXTS = 2000
FEW_STEPS = 300
"""Fine-tuning of fewer steps needs a higher learning rate to arrive."""
NEW_HEAD_FACTOR = 10.0
"""In few steps a head, which starts from nothing, has its own rate too: MiniLM is as good in half the epochs (lab/LOG.md)."""

ADAPTER_FACTOR = 10.0
ADAPTER_HEAD_FACTOR = 5.0
"""The few new numbers of LoRA and its family take ten times the rate of a whole model; measured for MiniLM (lab/LOG.md)."""


def decide_lengths(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """The tokens that are read of a text, and how many texts have more; counted on a sample of at most 2,000."""
    if not isinstance(prepared.task, RowTask):
        recipe = _with_whole_texts(recipe)
    texts, asked = sample_texts(prepared), recipe.encode.max_length
    if recipe.model.answers == "label_text":
        tokenizer = load_writing_tokenizer(local, recipe)
        lengths = label_texts(tokenizer, recipe.encode, labels=prepared.labels).lengths(*texts)
    else:
        tokenizer = load_tokenizer(local)
        lengths = np.array(tokenizer.lengths(*texts))
    limit = tokenizer.max_length
    wanted = int(np.percentile(lengths, 99)) if len(lengths) else 8
    chosen = int(min(limit, max(8, -(-wanted // 8) * 8))) if asked is None else asked
    share = float((lengths > chosen).mean()) if len(lengths) else 0.0
    if asked is None:
        why = Sentence(
            "tokens; {share:.1%} of the texts are longer; the model's limit is {limit}", share=share, limit=limit
        )
    else:
        why = Sentence("tokens, as asked for; {share:.1%} of the texts are longer", share=share)
    decisions.add("max_length", chosen, why, "--set encode.max_length=N")
    if share > 0:
        read = {
            "head": Sentence("the beginning is read"),
            "head_tail": Sentence("beginning and end are read"),
            "windows": Sentence("they are read whole, in several windows"),
        }[recipe.encode.long_texts]
        decisions.add("long_texts", recipe.encode.long_texts, read, "--set encode.long_texts=head|head_tail|windows")
    return recipe.model_copy(update={"encode": recipe.encode.model_copy(update={"max_length": chosen})})


def without_cross_validation(recipe: Recipe) -> Recipe:
    """Five more fits are more than they are worth unasked, where each of them takes as long as a model of texts or tags."""
    if "cross_validation" in recipe.evaluate.model_fields_set:
        return recipe
    crossed = recipe.evaluate.cross_validation.model_copy(update={"below_rows": 0})
    return recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"cross_validation": crossed})})


def decide_training(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """Epochs by the number of rows and labels, and AdamW's learning rate by the size of the model."""
    train, optimizer = recipe.train, recipe.optimizer
    rows = len(prepared.places("train"))
    if train.epochs is None and train.steps is None:
        epochs = default_epochs(rows, num_labels=len(prepared.labels))
        train = train.model_copy(update={"epochs": float(epochs)})
        labels = Sentence(", {labels} labels", labels=len(prepared.labels)) if prepared.labels else ""
        why = Sentence("{rows} training rows{labels}; stops early if it can", rows=rows, labels=labels)
        decisions.add("epochs", epochs, why, "--set train.epochs=N")
    if isinstance(optimizer, AdamWConfig) and "learning_rate" not in optimizer.model_fields_set:
        recipe = recipe.model_copy(update={"train": train})
        writes = _writes(recipe, prepared)
        rate = usual_rate(recipe, prepared, local)
        has_head = writes or (isinstance(prepared.task, MaskedTask) and fills_masks(local))
        steps = num_steps(train, rows)
        head = optimizer.head_learning_rate_factor
        if "head_learning_rate_factor" not in optimizer.model_fields_set:
            head = 1.0 if has_head else usual_head_factor(steps=steps, adapter=recipe.adapter)
        optimizer = optimizer.model_copy(update={"learning_rate": rate, "head_learning_rate_factor": head})
        decisions.add(
            "learning_rate", f"{rate:g}",
            _why_rate(local, writes=writes, steps=steps, new_head=None if has_head else head),
            "--set optimizer.learning_rate=N",
        )  # fmt: skip
    return recipe.model_copy(update={"train": train, "optimizer": optimizer})


def decide_within(
    minutes: float, recipe: Recipe, prepared: Prepared, folder: RunFolder, decisions: Decisions
) -> Recipe:
    """Fewer epochs, and no cross-validation, where the forecast says that the time would not do."""
    base = load_base(recipe, prepared, folder, machine=prepare_machine(recipe.runtime), world=World())
    train, validation = base.places("train"), base.places("validation")
    forecast = forecast_training(make_plan(base, recipe, train=train, validation=validation))
    seconds = 60 * minutes
    evaluate, settings = recipe.evaluate, recipe.train
    crossed = evaluate.cross_validation
    if crossed.is_wanted(num_rows=len(prepared.labelled())) and forecast.seconds * (1 + crossed.folds) > seconds:
        evaluate = evaluate.model_copy(update={"cross_validation": crossed.model_copy(update={"below_rows": 0})})
        decisions.add(
            "cross_validation", "none",
            Sentence("{folds} more fits would not fit into {minutes:g} minutes", folds=crossed.folds, minutes=minutes),
            "--minutes M",
        )  # fmt: skip
    if forecast.seconds > seconds and settings.epochs is not None:
        epochs = max(1.0, float(int(settings.epochs * seconds / forecast.seconds)))
        settings = settings.model_copy(update={"epochs": epochs})
        decisions.add(
            "epochs", epochs,
            Sentence(
                "{minutes:g} minutes; {needed:.0f} would be needed for all", minutes=minutes, needed=forecast.seconds / 60
            ),
            "--minutes M",
        )  # fmt: skip
    return recipe.model_copy(update={"evaluate": evaluate, "train": settings})


def _why_rate(local: LocalModel, *, writes: bool, steps: int, new_head: float | None) -> Sentence:
    """What the learning rate goes by."""
    millions = local.num_parameters / 1e6
    if new_head is not None and new_head != 1:
        return Sentence(
            "a model of {millions:.0f} M parameters; its new head has {factor:g} times that",
            millions=millions, factor=new_head,
        )  # fmt: skip
    if writes:
        return Sentence("a model of {millions:.1f} M parameters that writes", millions=millions)
    if new_head is None:
        return Sentence("a model of {millions:.1f} M parameters, with the head it came with", millions=millions)
    return Sentence("a model of {millions:.0f} M parameters, about {steps} steps", millions=millions, steps=steps)


def _with_whole_texts(recipe: Recipe) -> Recipe:
    """Long texts are read in windows unless the recipe says otherwise: where each word counts, none should be left out."""
    if "long_texts" in recipe.encode.model_fields_set:
        return recipe
    return recipe.model_copy(update={"encode": recipe.encode.model_copy(update={"long_texts": "windows"})})


def default_epochs(num_rows: int, *, num_labels: int) -> int:
    """Passes over the training rows: about 300 steps of 32 rows and 25 more for each label, but 3 passes at least, 10 at most."""
    steps = 300 + 25 * num_labels
    return int(min(10, max(3, round(steps * 32 / max(num_rows, 1)))))


def usual_rate(recipe: Recipe, prepared: Prepared, local: LocalModel) -> float:
    """AdamW's rate for a model of this size and task with the recipe's adapter and as many steps as it has."""
    if _writes(recipe, prepared):
        rate = default_writing_rate(local.num_parameters)
    else:
        steps = num_steps(recipe.train, len(prepared.places("train")))
        rate = default_learning_rate(local.num_parameters, steps=steps)
    return ADAPTER_FACTOR * rate if recipe.adapter.stands_alone else rate


def usual_head_factor(*, steps: int, adapter: AdapterConfig) -> float:
    """How many times the model's rate a head has that is new."""
    if adapter.stands_alone:
        return ADAPTER_HEAD_FACTOR
    return NEW_HEAD_FACTOR if steps < FEW_STEPS else 1.0


def _writes(recipe: Recipe, prepared: Prepared) -> bool:
    return isinstance(prepared.task, TextTask) or recipe.model.answers == "label_text"


def num_steps(train: TrainConfig, rows: int) -> int:
    """About how many steps the training of so many rows has."""
    if train.steps is not None:
        return train.steps
    per_step = rows if train.examples_per_step == "all" else train.examples_per_step
    return round((train.epochs or 1.0) * rows / max(1, per_step))


def default_learning_rate(num_parameters: int, *, steps: int) -> float:
    """AdamW's rate by size: small encoders take, and need, a higher one, the more so in few steps.

    Measured for MiniLM (lab/LOG.md), else custom.
    """
    if num_parameters < 50e6:
        return 1e-4 if steps < FEW_STEPS else 5e-5
    return 5e-5 if num_parameters < 200e6 else 2e-5


def default_writing_rate(num_parameters: int) -> float:
    """AdamW's rate for decoders and encoder-decoders by size."""
    if num_parameters < 5e6:
        return 1e-3
    if num_parameters < 50e6:
        return 3e-4
    return 1e-4 if num_parameters < 200e6 else 2e-5


def sample_texts(prepared: Prepared) -> tuple[list[str], list[str] | None]:
    """Texts, and second texts where there are pairs, evenly spaced over all rows."""
    places = np.unique(np.linspace(0, len(prepared.rows) - 1, min(len(prepared.rows), SAMPLED_TEXTS)).astype(int))
    pairs = [prepared.pairs[i] for i in places] if prepared.pairs else None
    return [prepared.texts[i] for i in places], pairs
