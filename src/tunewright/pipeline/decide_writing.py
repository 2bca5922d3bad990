"""For answers that are texts: how much is read, how chats are written, how long an answer may get, what is not measured."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.models.load import require_writer
from tunewright.models.local import LocalModel
from tunewright.models.new_tokens import unwritable
from tunewright.models.tokenizer import Tokenizer
from tunewright.pipeline.decide_training import without_cross_validation
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.rows import evenly_spaced
from tunewright.pipeline.teaching.tokens import load_writing_tokenizer
from tunewright.recipe import Recipe
from tunewright.tasks.taught import Taught, Untaught
from tunewright.tasks.writers import writer_for

SAMPLED_ROWS = 1000
LONGER = 1.5
"""An answer may become so many times as long as the longest of a sample before it is stopped."""
FEWEST_NEW_TOKENS = 16
MOST_NEW_TOKENS = 512
FEWEST_ROWS = 5
"""A character in fewer answers than this can't be learned."""


def decide_writing(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """The lengths, the chat template and the limit of an answer, found on a sample of the rows.

    Raises DataError where no row of the sample can be taught.
    """
    recipe, tokenizer = decide_tokens(recipe, prepared, local, decisions)
    encode = recipe.encode
    writer = writer_for(tokenizer, encode, task=prepared.task.name)
    found = [writer.taught(prepared.shaped[place]) for place in evenly_spaced(prepared.labelled(), SAMPLED_ROWS)]
    taught = [one for one in found if isinstance(one, Taught)]
    untaught = [one for one in found if isinstance(one, Untaught)]
    if not taught:
        raise DataError(f"no row can be taught to {local.name}: {untaught[0].detail}")
    longest = max(len(lesson.input_T) for one in taught for lesson in one.lessons)
    share = len(untaught) / len(found)
    why = Sentence(
        "tokens; the longest of {rows} rows has {longest}; {share:.1%} can't be taught and go to the ledger",
        rows=len(found), longest=longest, share=share,
    )  # fmt: skip
    decisions.add("max_length", encode.max_length, why, "--set encode.max_length=N")
    recipe = _decide_variables(recipe, taught, decisions)
    return without_cross_validation(_decide_answer_length(recipe, taught, tokenizer, decisions))


def decide_tokens(
    recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions
) -> tuple[Recipe, Tokenizer]:
    """The recipe with its template, new tokens and limits: all that rows need to become tokens."""
    require_writer(local)
    recipe = _decide_template(recipe, prepared, local, decisions)
    recipe = _decide_new_tokens(recipe, prepared, local, decisions)
    tokenizer = load_writing_tokenizer(local, recipe)
    limit = tokenizer.max_length
    encode = recipe.encode.model_copy(update={"max_length": recipe.encode.max_length or limit})
    if tokenizer.is_encoder_decoder:
        encode = encode.model_copy(update={"max_target_length": encode.max_target_length or limit})
    return recipe.model_copy(update={"encode": encode}), tokenizer


def _decide_template(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """The model's own template; a plain one of ours for chats where it has none."""
    if prepared.task.name != "chat":
        return recipe
    tokenizer = load_writing_tokenizer(local, recipe)
    if tokenizer.is_encoder_decoder or tokenizer.has_chat_template:
        return recipe
    decisions.add(
        "chat_template", "plain", Sentence("the model comes without one; this one is saved with it"),
        "--set encode.chat_template=FILE",
    )  # fmt: skip
    return recipe.model_copy(update={"encode": recipe.encode.model_copy(update={"chat_template": "plain"})})


def _decide_variables(recipe: Recipe, taught: list[Taught], decisions: Decisions) -> Recipe:
    """What the chat template is told, as most of the file's answers were written: what is asked later is what was taught."""
    if recipe.encode.template_variables is not None or not taught:
        return recipe
    counts = Counter(tuple(sorted(one.variables.items())) for one in taught)
    chosen, rows = counts.most_common(1)[0]
    if chosen:
        decisions.add(
            "template_variables", ", ".join(f"{name}: {str(value).lower()}" for name, value in chosen),
            Sentence("{share:.0%} of the answers were written so", share=rows / len(taught)),
            "--set encode.template_variables.NAME=true|false",
        )  # fmt: skip
    encode = recipe.encode.model_copy(update={"template_variables": dict(chosen)})
    return recipe.model_copy(update={"encode": encode})


def _decide_new_tokens(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    """The characters of the answers that the model has no token for; none for a vocabulary of bytes."""
    if recipe.model.new_tokens is not None:
        return recipe
    answers = [str(prepared.answers[place]) for place in prepared.labelled()]
    tokenizer = load_writing_tokenizer(local, recipe)
    counts = unwritable(tokenizer, answers)
    chosen = tuple(char for char, rows in counts.most_common(MOST_NEW_TOKENS) if rows >= FEWEST_ROWS)
    if chosen:
        share = sum(any(char in answer for char in chosen) for answer in answers) / len(answers)
        if recipe.adapter.teaches_new_tokens:
            why = Sentence(
                "characters that the model can't write yet; {share:.0%} of the answers have one", share=share
            )
            decisions.add("new_tokens", " ".join(chosen), why, "--set model.new_tokens=[]")
        else:
            why = Sentence(
                "{share:.0%} of the answers have characters that the model can't write ({characters}), and the adapter "
                "`{adapter}` can't teach it new ones",
                share=share, characters=" ".join(chosen), adapter=recipe.adapter.name,
            )  # fmt: skip
            decisions.add("new_tokens", Sentence("none"), why, "--set adapter.name=full")
            chosen = ()
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"new_tokens": chosen})})


def _decide_answer_length(recipe: Recipe, taught: list[Taught], tokenizer: Tokenizer, decisions: Decisions) -> Recipe:
    if "max_new_tokens" in recipe.generate.model_fields_set:
        return recipe
    longest = max(int((lesson.weight_U > 0).sum()) for one in taught for lesson in one.lessons)
    most = int(min(tokenizer.max_length, max(FEWEST_NEW_TOKENS, np.ceil(LONGER * longest))))
    decisions.add(
        "max_new_tokens", most, Sentence("tokens of an answer at most; the longest in the file has {longest}", longest=longest),
        "--set generate.max_new_tokens=N",
    )  # fmt: skip
    return recipe.model_copy(update={"generate": recipe.generate.model_copy(update={"max_new_tokens": most})})
