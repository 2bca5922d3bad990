"""How a model tells classes: by a new head, or by how likely it finds the text of each label."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.bundle import is_bundle, read_about
from tunewright.core.errors import ModelError, RecipeError
from tunewright.core.sentence import Sentence
from tunewright.models.load import has_classifier, require_writer
from tunewright.models.local import LocalModel, build_config
from tunewright.models.new_tokens import unwritable
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.tokens import load_writing_tokenizer
from tunewright.recipe import Recipe
from tunewright.tasks import RowTask
from tunewright.tasks.label_text import label_texts

MOST_NAMED = 20
"""So many labels are named in the prompt; more would cost more to read than they tell."""


def decide_answers(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """The recipe with `model.answers`, and where labels are told by their text with the prompt that asks for one.

    Raises RecipeError or ModelError where that is asked for and can't be done.
    """
    asked = recipe.model.answers
    if asked == "label_text":
        _require_label_text(prepared, local)
    if not isinstance(prepared.task, RowTask):
        if asked == "head" and prepared.task.kind == "text":
            raise RecipeError("model.answers: `head` is for classes and numbers; answers that are texts are written.")
        return recipe
    chosen, why = (asked, Sentence("as asked for")) if asked else _chosen(recipe, prepared, local)
    recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update={"answers": chosen})})
    if asked or _writes(local):
        decisions.add("answers", chosen, why, "--set model.answers=head|label_text")
    return _with_prompt(recipe, prepared, local, decisions) if chosen == "label_text" else recipe


def _require_label_text(prepared: Prepared, local: LocalModel) -> None:
    if prepared.task.kind != "single_label":
        raise RecipeError(
            f"model.answers: `label_text` tells one class of several, and the task is `{prepared.task.name}`. `head` is for all "
            "tasks with classes or numbers."
        )
    require_writer(local)


def _chosen(recipe: Recipe, prepared: Prepared, local: LocalModel) -> tuple[str, Sentence]:
    if is_bundle(local.folder) and (earlier := read_about(local.folder).answers) == "label_text":
        return earlier, Sentence("as the model that this goes on from was trained")
    if prepared.task.kind != "single_label" or not _writes(local):
        return "head", Sentence("a new layer for the classes")
    if not has_classifier(local):
        return "label_text", Sentence("there is no head for classes of this architecture")
    if not build_config(local).is_encoder_decoder:
        return "head", Sentence("a new layer for the classes, which reads the last token")
    if not _can_write(recipe, prepared.labels, local):
        return "head", Sentence("the model can't write the labels, or writes two of them alike")
    return "label_text", Sentence(
        "an encoder-decoder writes answers: each label is as likely as the model finds its text"
    )


def _writes(local: LocalModel) -> bool:
    try:
        require_writer(local)
    except ModelError:
        return False
    return True


def _can_write(recipe: Recipe, labels: Sequence[str], local: LocalModel) -> bool:
    try:
        tokenizer = load_writing_tokenizer(local, recipe)
        label_texts(tokenizer, recipe.encode, labels=labels)
    except (ModelError, RecipeError):
        return False
    return not unwritable(tokenizer, labels)


def _with_prompt(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """A decoder goes on with a text unless it is asked for a label; an encoder-decoder reads the text alone."""
    if recipe.encode.prompt is not None or build_config(local).is_encoder_decoder:
        return recipe
    earlier = read_about(local.folder).encode if is_bundle(local.folder) else None
    if earlier is not None and earlier.prompt is not None:
        prompt, why = earlier.prompt, Sentence("as the model that this goes on from was trained")
    else:
        prompt, why = _prompt(prepared), Sentence("what the model is asked; `{{source}}` is the text")
    decisions.add("prompt", prompt, why, "--set encode.prompt=TEXT")
    return recipe.model_copy(update={"encode": recipe.encode.model_copy(update={"prompt": prompt})})


def _prompt(prepared: Prepared) -> str:
    """Ends with a new line, behind which a label is written as it stands."""
    chinese = prepared.columns.language == "zh"
    if len(prepared.labels) > MOST_NAMED:
        return "{source}\n\n标签：\n" if chinese else "{source}\n\nLabel:\n"
    named = ("、" if chinese else ", ").join(prepared.labels).replace("{", "{{").replace("}", "}}")
    return f"{{source}}\n\n标签（{named}）：\n" if chinese else f"{{source}}\n\nLabel ({named}):\n"
