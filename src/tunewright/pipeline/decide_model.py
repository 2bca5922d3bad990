"""Which pretrained model: the one that was asked for, or the best that is at hand, if it can read these texts at all."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tunewright.core.errors import MissingExtraError, ModelError
from tunewright.core.sentence import Sentence, joined
from tunewright.models.catalog import is_noncommercial, suggest, suggest_writers
from tunewright.models.load import find_local, resolve
from tunewright.models.local import LocalModel, build_config
from tunewright.models.tokenizer import load_tokenizer, tokenizer_fit
from tunewright.pipeline.decide_training import sample_texts
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.journal import Journal
from tunewright.pipeline.prepare import Prepared
from tunewright.recipe import Recipe
from tunewright.tasks import RowTask, TextTask

MOST_UNKNOWN = 0.05
"""A model whose tokenizer can't read more than this share of the text is refused."""


def decide_model(recipe: Recipe, prepared: Prepared, decisions: Decisions) -> tuple[Recipe, LocalModel | None]:
    """The recipe with its model named to the byte, and the model; `none` where there is none that can read the texts.

    Raises ModelError where the task can't be done without a model, and there is none.
    """
    language = prepared.columns.language
    if isinstance(prepared.task, TextTask) and recipe.model.path in (None, "none", "starter"):
        raise ModelError(_no_writer(recipe, language))
    dispensable = isinstance(prepared.task, RowTask)
    if recipe.model.path == "none":
        if not dispensable:
            raise ModelError(f"model.path is `none`, and the task `{prepared.task.name}` is for a model alone.")
        return recipe, None
    local, why = _find_model(recipe, language, decisions.journal)
    if local is not None:
        refused = _cant_read(local, recipe, prepared, decisions.journal)
        local, why = (None, refused) if refused else (local, why)
    if local is None and not dispensable:
        raise ModelError(
            f"{why}. The task `{prepared.task.name}` is for a model alone; there is no baseline to carry on with."
        )
    if local is None:
        decisions.add("model", "none", why, "--model FOLDER_OR_HUB_ID")
        return recipe.model_copy(update={"model": recipe.model.model_copy(update={"path": "none"})}), None
    if recipe.model.digest and recipe.model.digest != local.weights_digest:
        raise ModelError(
            f"{recipe.model.path}: these are not the weights that the recipe names (found {local.weights_digest}, "
            f"expected {recipe.model.digest}). Take `model.digest` out of the recipe to go on with them."
        )
    licence = Sentence("licence {license}", license=local.license or Sentence("not stated"))
    decisions.add("model", local.name, joined([why, licence], Sentence("; ")), "--model FOLDER_OR_HUB_ID")
    if _is_of_another_language(local, language):
        others = _names(language)
        decisions.journal.say(
            "other_language", model=local.name, made_for=", ".join(local.languages), language=language, names=others
        )
    if is_noncommercial(local.license):
        decisions.journal.say("non_commercial", model=local.name, license=local.license)
    model = recipe.model.model_copy(
        update={
            "path": recipe.model.path or local.reference,
            "revision": local.revision,
            "digest": local.weights_digest,
        }
    )
    return recipe.model_copy(update={"model": model}), local


def describe_model(local: LocalModel | None) -> dict[str, Any] | None:
    """What plan.json says of it."""
    if local is None:
        return None
    return {
        "name": local.name, "license": local.license, "size_bytes": local.size_bytes, "digest": local.weights_digest,
        "revision": local.revision, "is_encoder_decoder": bool(build_config(local).is_encoder_decoder),
    }  # fmt: skip


def _find_model(recipe: Recipe, language: str, journal: Journal) -> tuple[LocalModel | None, Sentence]:
    """The model that was asked for, or the best that is at hand for a language; None with the reason."""
    if recipe.model.path:
        announce = lambda message: journal.say("download", message=message)  # noqa: E731
        return resolve(recipe.model.path, revision=recipe.model.revision, announce=announce), Sentence("as asked for")
    for entry in suggest(language):
        local = find_local(entry.hub_id)
        if local:
            return local, Sentence("fits {language} and is on this machine", language=language)
    try:
        # Whether it can read the text is for its tokenizer to say: see the check that follows.
        return resolve("starter"), Sentence(
            "the small English model that comes with Tunewright; others: tunewright models list"
        )
    except MissingExtraError as error:
        return None, Sentence(
            "no model is on this machine ({error}). Good ones for {language}: {names}",
            error=str(error), language=language, names=_names(language),
        )  # fmt: skip


def _no_writer(recipe: Recipe, language: str) -> str:
    """There is no small model that writes and comes with Tunewright: one has to be named."""
    fitting = suggest_writers(str(recipe.task), language, target=recipe.data.shape.target_language)
    named = ", ".join(f"{entry.hub_id} ({entry.note})" for entry in fitting[:3])
    return (
        f"the task `{recipe.task}` needs a model that writes, and none was named: the starter only reads. Name one with "
        f"`--model FOLDER_OR_HUB_ID`; for this task, for instance: {named}."
    )


def _cant_read(local: LocalModel, recipe: Recipe, prepared: Prepared, journal: Journal) -> Sentence | None:
    """Why the model is refused for these texts, or None."""
    texts, _ = sample_texts(prepared)
    fit = tokenizer_fit(load_tokenizer(local), texts, max_length=recipe.encode.max_length or 512)
    journal.say("tokenizer_fit", model=local.name, **asdict(fit))
    if fit.unknown_share <= MOST_UNKNOWN:
        return None
    language = prepared.columns.language
    writes = isinstance(prepared.task, TextTask)
    fitting = [w.hub_id for w in suggest_writers(str(recipe.task), language)] if writes else []
    fitting = fitting or [entry.hub_id for entry in suggest(language)]
    return Sentence(
        "{model} can't read this text: {share:.0%} of its tokens are unknown to it, at most {most:.0%} are acceptable. "
        "Models that can: {names}. With a connection, fetch one with `--model {first}`; without, give a local folder with "
        "`--model FOLDER`",
        model=local.name, share=fit.unknown_share, most=MOST_UNKNOWN, names=", ".join(fitting[:3]), first=fitting[0],
    )  # fmt: skip


def _is_of_another_language(local: LocalModel, language: str) -> bool:
    """Whether the card names languages, and that of the texts is none of them: its tokenizer may read them all the same."""
    stated = {name.lower() for name in local.languages}
    return language != "und" and bool(stated) and not stated & {language, "multilingual"}


def _names(language: str) -> str:
    return ", ".join(entry.hub_id for entry in suggest(language)[:3])
