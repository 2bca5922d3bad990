"""`tunewright preview`: rows as the model will see them, token by token, before anything is trained.

    found = preview("recipe.yaml", rows=4)
    found.examples[0].parts[0].tokens

What is shown is what would be trained on: the same reader, template, tokenizer and limits. No weight is loaded.

T  tokens
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tunewright.core.errors import ModelError, RecipeError
from tunewright.core.folder import RunFolder
from tunewright.data.ledger import Ledger
from tunewright.models.local import LocalModel
from tunewright.models.token_texts import TokenText, token_texts
from tunewright.pipeline.decide import decide_data
from tunewright.pipeline.decide_answers import decide_answers
from tunewright.pipeline.decide_model import decide_model
from tunewright.pipeline.decide_training import decide_lengths
from tunewright.pipeline.decide_writing import decide_tokens
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.journal import Listener, open_journal
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.private import without_quotes
from tunewright.pipeline.request import local_source
from tunewright.pipeline.rows import evenly_spaced
from tunewright.pipeline.teaching import Teaching, teaching_of
from tunewright.pipeline.teaching.teaching import Glimpse, Part
from tunewright.pipeline.wishes import Wishes
from tunewright.recipe import Recipe, read_recipe
from tunewright.runtime import Machine, World
from tunewright.tasks import TextTask
from tunewright.tasks.taught import Untaught

ROWS = 4
MOST_ROWS = 2000
"""Labelled rows that lengths and shares are taken from, evenly spaced over the file."""
RECIPE_ENDINGS = (".yaml", ".yml")
HIDDEN = "•"
"""Stands for the text of a token in a private preview."""


@dataclass(frozen=True, kw_only=True)
class ShownToken:
    """One token and what it counts."""

    id: int
    text: str
    special: bool
    weight: float
    """How much it counts that it is predicted; 0 for what is only read."""
    read: bool
    """False for what is cut."""


@dataclass(frozen=True, kw_only=True)
class ShownPart:
    """Tokens that stand together: a whole text with prompt and answer, or source and answer apart."""

    name: str
    tokens: tuple[ShownToken, ...]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One row as it is learned."""

    row_id: str
    path: str
    line: int
    split: str | None
    answer: str | None
    """The label or number, where that is no text."""
    weight: float
    num_windows: int
    parts: tuple[ShownPart, ...]
    prompt: tuple[ShownToken, ...] | None
    """What is read before an answer is written, as at inference."""
    prompt_fits: bool
    """Whether that is, token for token, what was read before the last answer."""
    ends: bool
    """Whether the last token that is learned is one that ends an answer."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Rows that are not learned from for one reason, and the first of them."""

    stage: str
    """Where they were set aside: `read`, a step of cleaning, `encode`."""
    reason_code: str
    rows: int
    """Of `encode`: among the rows that were looked at."""
    path: str
    line: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """Of some rows, in tokens."""

    median: float
    high: float
    """95 of 100 rows have no more."""
    longest: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Rows as the model will see them, and what becomes of all."""

    source: str
    task: str
    kind: str
    """Of the task: see `tasks.task.Kind`."""
    model: str
    max_length: int | None
    max_target_length: int | None
    long_texts: str
    template: str | None
    """The chat template, where one is used."""
    template_from: str | None
    """`model`, `plain`, or its file."""
    labelled: int
    looked_at: int
    taught: int
    cut: int
    """Rows of which something is not read."""
    learned_share: float | None
    """Of the tokens that are read; None where the answer is no text."""
    read: Lengths
    learned: Lengths | None
    untaught: tuple[Reason, ...]
    examples: tuple[Example, ...]
    private: bool

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)


def preview(
    source: str | Path, *, rows: int = ROWS, model: str | None = None, text: str | None = None, text_pair: str | None = None,
    label: str | None = None, task: str | None = None, language: str | None = None, private: bool = False,
    overrides: Sequence[str] = (), listener: Listener | None = None,
) -> Preview:  # fmt: skip
    """What a model sees of some rows of a recipe's file, or of any file. Nothing is trained, and nothing is kept.

    Raises DataError, RecipeError or ModelError where a run would, but not for want of rows.
    """
    said = {"text": text, "text_pair": text_pair, "label": label, "task": task}
    if Path(source).suffix.lower() in RECIPE_ENDINGS:
        asked = _of_recipe(Path(source), said, model=model, language=language, private=private, overrides=overrides)
    else:
        asked = Wishes(
            source=local_source(source, listener), text=text, text_pair=text_pair, label=label, task=task, model=model,
            language=language, private=private, overrides=tuple(overrides),
        ).recipe()  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        journal = open_journal(folder, world=World(), listener=listener, stop=None)
        recipe, prepared, local = _decide(asked, folder, Decisions(journal))
        set_aside = _set_aside(Ledger.read(ledger_path=folder.ledger, account_path=folder.account))
    machine = Machine(device=torch.device("cpu"), precision="float32")
    teaching = teaching_of(local, recipe, prepared, machine=machine)
    return _look(teaching, recipe, prepared, set_aside=set_aside, rows=rows)


def _of_recipe(
    path: Path, said: dict[str, str | None], *, model: str | None, language: str | None, private: bool,
    overrides: Sequence[str],
) -> Recipe:  # fmt: skip
    given = [f"--{name.replace('_', '-')}" for name, value in said.items() if value is not None]
    if given:
        raise RecipeError(f"{path} is a recipe, and says that itself: change it there, or with --set ({given[0]}).")
    recipe = read_recipe(path, overrides=overrides).recipe
    if model is not None:
        update = {"path": model, "revision": None, "digest": None}
        recipe = recipe.model_copy(update={"model": recipe.model.model_copy(update=update)})
    report = {"private": private or recipe.report.private, "language": language or recipe.report.language}
    return recipe.model_copy(update={"report": recipe.report.model_copy(update=report)})


def _decide(asked: Recipe, folder: RunFolder, decisions: Decisions) -> tuple[Recipe, Prepared, LocalModel]:
    recipe, prepared = decide_data(asked, folder, decisions, need="any")
    recipe, local = decide_model(recipe, prepared, decisions)
    if local is None:
        raise ModelError("there is no model whose tokens could be shown. Name one with `--model FOLDER_OR_HUB_ID`.")
    recipe = decide_answers(recipe, prepared, local, decisions)
    if isinstance(prepared.task, TextTask):
        return decide_tokens(recipe, prepared, local, decisions)[0], prepared, local
    return decide_lengths(recipe, prepared, local, decisions), prepared, local


def _set_aside(ledger: Ledger) -> list[Reason]:
    """What reading and cleaning have left out."""
    gone = [entry for entry in ledger.entries if entry.action in ("quarantined", "dropped")]
    firsts = {(entry.stage, entry.reason_code): entry for entry in reversed(gone)}
    counts = Counter((entry.stage, entry.reason_code) for entry in gone)
    return [
        Reason(stage=stage, reason_code=code, rows=n, path=Path(firsts[stage, code].path).name, line=firsts[stage, code].line)
        for (stage, code), n in counts.items()
    ]  # fmt: skip


def _look(teaching: Teaching, recipe: Recipe, prepared: Prepared, *, set_aside: Sequence[Reason], rows: int) -> Preview:
    labelled = prepared.labelled()
    places = evenly_spaced(labelled, MOST_ROWS)
    found = {place: teaching.glimpse(place) for place in places.tolist()}
    seen = {place: one for place, one in found.items() if isinstance(one, Glimpse)}
    private = recipe.report.private
    shown = evenly_spaced(np.array(_to_be_shown(seen, prepared), np.int64), rows).tolist()
    read = np.array([sum(int(part.is_read_T.sum()) for part in one.parts) for one in seen.values()])
    learned = np.array([sum(int((part.weight_T > 0).sum()) for part in one.parts) for one in seen.values()])
    writes = prepared.task.kind == "text"
    template = getattr(getattr(teaching, "writer", None), "template", None)
    return Preview(
        source=recipe.data.path, task=prepared.task.name, kind=prepared.task.kind, model=teaching.local.name,
        max_length=recipe.encode.max_length, max_target_length=recipe.encode.max_target_length,
        long_texts=recipe.encode.long_texts, template=template.source if template else None,
        template_from=(recipe.encode.chat_template or "model") if template else None,
        labelled=len(labelled), looked_at=len(places), taught=len(seen),
        cut=sum(any(not part.is_read_T.all() for part in one.parts) for one in seen.values()),
        learned_share=float(learned.sum() / read.sum()) if writes and len(read) else None,
        read=_lengths(read), learned=_lengths(learned) if writes else None,
        untaught=(*set_aside, *_untaught(found, prepared, private=private)),
        examples=tuple(_example(teaching, prepared, place, seen[place], private=private) for place in shown),
        private=private,
    )  # fmt: skip


def _to_be_shown(seen: dict[int, Glimpse], prepared: Prepared) -> list[int]:
    """Rows that are trained on; where there are none, any."""
    training = set(prepared.places("train").tolist())
    return [place for place in seen if place in training] or list(seen)


def _lengths(tokens: npt.NDArray[np.int64]) -> Lengths:
    if not len(tokens):
        return Lengths(median=0.0, high=0.0, longest=0)
    return Lengths(median=float(np.median(tokens)), high=float(np.percentile(tokens, 95)), longest=int(tokens.max()))


def _untaught(found: dict[int, Glimpse | Untaught], prepared: Prepared, *, private: bool) -> list[Reason]:
    """Rows that can't be encoded as something to learn, the commonest reason first."""
    untaught = {place: one for place, one in found.items() if isinstance(one, Untaught)}
    counts = Counter(one.reason_code for one in untaught.values())
    reasons = []
    for code, rows in counts.most_common():
        place, first = next((place, one) for place, one in untaught.items() if one.reason_code == code)
        detail = without_quotes(first.detail) if private else first.detail
        path, line = _where(prepared, place)
        reasons.append(Reason(stage="encode", reason_code=code, rows=rows, path=path, line=line, detail=detail))
    return reasons


def _where(prepared: Prepared, place: int) -> tuple[str, int]:
    origin = prepared.rows.column("origin")[place].as_py()
    return Path(origin["path"]).name, origin["line"]


def _example(teaching: Teaching, prepared: Prepared, place: int, seen: Glimpse, *, private: bool) -> Example:
    def tokens(part: Part) -> tuple[ShownToken, ...]:
        texts = token_texts(teaching.tokenizer, part.ids_T, of_answer=part.name == "answer")
        return tuple(
            ShownToken(
                id=one.token_id, text=_text(one, private=private), special=one.is_special, weight=round(float(weight), 6),
                read=bool(is_read),
            )
            for one, weight, is_read in zip(texts, part.weight_T, part.is_read_T, strict=True)
        )  # fmt: skip

    prompt = None
    if seen.prompt is not None:
        nothing, all_of_it = np.zeros(len(seen.prompt)), np.ones(len(seen.prompt), np.bool_)
        prompt = tokens(Part(name="source", ids_T=seen.prompt, weight_T=nothing, is_read_T=all_of_it))
    path, line = _where(prepared, place)
    return Example(
        row_id=prepared.row_ids[place], path=path, line=line, split=prepared.rows.column("split")[place].as_py(),
        answer=seen.answer, weight=seen.weight, num_windows=seen.num_windows, prompt=prompt, prompt_fits=seen.prompt_fits,
        parts=tuple(ShownPart(name=part.name, tokens=tokens(part)) for part in seen.parts),
        ends=not isinstance(prepared.task, TextTask) or _ends(teaching, seen),
    )  # fmt: skip


def _ends(teaching: Teaching, seen: Glimpse) -> bool:
    learned = [ids for part in seen.parts if len(ids := part.ids_T[part.weight_T > 0])]
    return all(int(ids[-1]) in teaching.tokenizer.eos_ids for ids in learned)


def _text(token: TokenText, *, private: bool) -> str:
    return HIDDEN if private and token.text and not token.is_special else token.text
