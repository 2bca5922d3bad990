"""`--smoke`: overfit one small batch first. What can't learn eight rows by heart will not learn eight thousand.

A fresh copy of the model is trained on a few training rows for some dozen steps, by the recipe's own adapter, optimizer and
rate. The loss has to go to about zero; a model that writes then has to write the answers, asked as it will be asked later.
Where that fails, other rates and a model of which everything may move are tried, so that the reason that is given was seen.
"""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from typing import Any, Literal

import numpy as np
from torch import nn

from tunewright.adapters import FullConfig
from tunewright.core.errors import NonFiniteError, RecipeError, SmokeFailed, StoppedBySignal
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.core.sentence import Sentence, in_chinese
from tunewright.optim import AdamWConfig, ScheduleConfig
from tunewright.pipeline.calibrate import UNCALIBRATED
from tunewright.pipeline.decide_training import usual_rate
from tunewright.pipeline.fine_tune import Base, Rows, load_base, make_plan
from tunewright.pipeline.journal import Journal
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching import teaching_of
from tunewright.pipeline.teaching.teaching import Glimpse
from tunewright.recipe import Recipe
from tunewright.runtime import Machine, World
from tunewright.tasks import MaskedTask, RowTask, TextTask
from tunewright.train import run_steps

MOST_ROWS = 8
STEPS = 80
MOST_STEPS = 320
"""After `STEPS` it goes on as long as the loss falls, up to this."""
LOOK_EVERY, LOOK_BACK = 5, 8
"""Steps after which the loss is measured, without dropout; and how many measurements count as the last ones."""
STILL_FALLING = 0.9
"""It falls where the least since then is at most this share of the least before."""
NEAR_ZERO = 0.1
"""Nats a token, a word or a row: the right answer has nine tenths of the probability."""
NEAR_ZERO_SHARE = 0.1
"""Of the loss at the beginning, for numbers and for sums over many labels."""
WELL_LEARNED = 0.1
"""Of the loss that counts as near zero: there is nothing more to be seen then."""
SURE_NATS = math.log(2)
"""An answer that costs less has a probability over one half, so each of its tokens is the likeliest."""
OTHER_RATE = 10.0
"""So many times the recipe's rate, and so many times less, is tried where it does not do."""

Reason = Literal[
    "read_alike", "rate_low", "rate_high", "too_little_moves", "not_learned", "prompt_differs", "no_room",
    "written_otherwise",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Overfit:
    """How a few rows were learned by heart, or not."""

    adapter: str
    rate: float
    curve: tuple[tuple[int, float], ...]
    """Steps done, and the mean loss then: nats a token, a word or a row."""
    diverged: bool
    """Whether it ended because the loss or its gradient was no number any more."""
    near_zero: float
    """The loss that counts as about zero for these rows."""

    @property
    def start(self) -> float:
        """The loss before anything was learned."""
        return self.curve[0][1]

    @property
    def loss(self) -> float:
        """The last loss that was measured."""
        return self.curve[-1][1]

    @property
    def learned(self) -> bool:
        """Whether the loss went to about zero."""
        return self.loss <= self.near_zero and not self.diverged


@dataclass(frozen=True, kw_only=True)
class Written:
    """An answer that was taught, and what the model wrote."""

    row_id: str
    expected: str
    written: str
    stop: str | None
    nll: float
    """Nats that the taught answer costs the model."""

    @property
    def is_right(self) -> bool:
        """Whether they are the same, but for spaces at the ends."""
        return self.written.strip() == self.expected.strip()


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """The outcome."""

    tried: tuple[Overfit, ...]
    """As the recipe says; then, where that failed, in other ways."""
    num_rows: int
    answers: tuple[Written, ...] | None
    """None where the model writes none, or has not come so far."""
    reason: Reason | None
    """Why it failed; None where it did not."""

    @property
    def wrong(self) -> list[Written]:
        """Answers that are not written as they were taught."""
        return [one for one in self.answers or () if not one.is_right]

    def to_json(self) -> dict[str, Any]:
        """What was seen, as plain values and without texts."""
        first, last = self.tried[0], self.tried[-1]
        return {
            "passed": self.reason is None, "reason": self.reason, "num_rows": self.num_rows, "start": first.start,
            "loss": first.loss, "near_zero": first.near_zero, "steps": first.curve[-1][0], "rate": first.rate,
            "helps": last.rate if last.learned and not first.learned else None,
            "reproduced": None if self.answers is None else self.num_rows - len(self.wrong),
            "wrong": [one.row_id for one in self.wrong], "tried": [asdict(one) for one in self.tried],
        }  # fmt: skip


def require_smoke(recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal, *, machine: Machine) -> None:
    """Do the test unless this folder has passed it before; say what came of it, and write smoke.json.

    Raises SmokeFailed with the likely reason, RecipeError where there is no model, or no answer, to be tested.
    """
    if recipe.model.path == "none":
        raise RecipeError("--smoke: there is no model that could be trained. Name one with `--model`, or leave it out.")
    if isinstance(prepared.task, MaskedTask):
        raise RecipeError(
            "--smoke: other words are hidden each time, so no batch can be learned by heart. Leave it out."
        )
    if folder.smoke.exists() and read_json(folder.smoke)["passed"]:
        return
    base = load_base(recipe, prepared, folder, machine=machine, world=World())
    found = smoke(base, recipe, prepared, journal)
    value = found.to_json()
    write_json(folder.smoke, value)
    journal.events.emit("smoke", **{name: value[name] for name in value if name != "tried"})
    if found.reason is not None:
        failure = _failure(found, found.reason, recipe)
        raise SmokeFailed(in_chinese(failure) if recipe.report.language == "zh" else failure)


def smoke(base: Base, recipe: Recipe, prepared: Prepared, journal: Journal) -> Smoke:
    """Learn a few rows by heart and write their answers; where that fails, find out why."""
    batch = _Batch(base, recipe, prepared, journal)
    model, first = batch.learn(recipe)
    if len(batch.rows) == 1 < len({_answer(prepared, place) for place in base.places("train").tolist()}):
        return Smoke(tried=(first,), num_rows=1, answers=None, reason="read_alike")
    if not first.learned:
        others, why = batch.why_not_learned(recipe, first)
        return Smoke(tried=(first, *others), num_rows=len(batch.rows), answers=None, reason=why)
    answers = batch.answers(model)
    reason = None if answers is None else batch.why_not_written(answers)
    return Smoke(tried=(first,), num_rows=len(batch.rows), answers=answers, reason=reason)


def choose_rows(base: Base, prepared: Prepared, *, seed: int) -> Rows:
    """A few of the shorter training rows, of as many answers as there are, and no two that are asked the same."""
    places = base.places("train")
    places = places[np.asarray(base.store.weights[places]) > 0]
    shortest_first = places[np.argsort(base.store.lengths[places], kind="stable")].tolist()
    different: dict[bytes, int] = {}
    for place in shortest_first:
        different.setdefault(_asked(base, prepared, place), place)
    shorter_half = list(different.values())[: max(MOST_ROWS, len(different) // 2)]
    by_answer: dict[str, list[int]] = {}
    for place in np.random.default_rng(seed).permutation(shorter_half).tolist():
        by_answer.setdefault(_answer(prepared, place), []).append(place)
    in_turn = chain.from_iterable(zip_longest(*by_answer.values()))
    return np.array([place for place in in_turn if place is not None][:MOST_ROWS], np.int64)


class _Batch:
    """The rows, and what is done with them."""

    def __init__(self, base: Base, recipe: Recipe, prepared: Prepared, journal: Journal) -> None:
        self.base, self.prepared, self.journal = base, prepared, journal
        self.rows = choose_rows(base, prepared, seed=recipe.train.seed)
        # Without what smoothed labels and focal loss add to a loss, which then has no zero to go to.
        plain = recipe.model_copy(
            update={"loss": None, "evaluate": recipe.evaluate.model_copy(update={"metric": None})}
        )
        self.measure = teaching_of(base.local, plain, prepared, machine=base.machine).validate

    def learn(self, recipe: Recipe) -> tuple[nn.Module, Overfit]:
        """A fresh copy of the model trained on the rows, until they are learned or the loss falls no more."""
        train = recipe.train.model_copy(update={"steps": MOST_STEPS, "epochs": None, "examples_per_step": "all"})
        schedule = ScheduleConfig(name="constant", warmup_share=LOOK_EVERY / MOST_STEPS)
        settings = recipe.model_copy(update={"train": train, "schedule": schedule})
        plan = make_plan(self.base, settings, train=self.rows, validation=None)
        curve, diverged = [(0, self._loss(plan.model))], False
        near_zero = self._near_zero(curve[0][1])
        try:
            with closing(run_steps(plan)) as steps:
                for record in steps:
                    self._heed_signal()
                    if (record.step + 1) % LOOK_EVERY == 0:
                        loss = self._loss(plan.model)
                        diverged = not math.isfinite(loss)
                        if not diverged:
                            curve.append((record.step + 1, loss))
                        if diverged or _is_over(curve, near_zero):
                            break
        except NonFiniteError:
            diverged = True
        overfit = Overfit(
            adapter=recipe.adapter.name, rate=recipe.optimizer.learning_rate, curve=tuple(curve), diverged=diverged,
            near_zero=near_zero,
        )  # fmt: skip
        self.journal.events.emit(
            "smoke_tried", adapter=overfit.adapter, rate=overfit.rate, steps=curve[-1][0], start=overfit.start,
            loss=overfit.loss, learned=overfit.learned, diverged=diverged,
        )  # fmt: skip
        return plan.model, overfit

    def why_not_learned(self, recipe: Recipe, first: Overfit) -> tuple[list[Overfit], Reason]:
        """Other rates, then a model of which everything moves: the first that learns the rows gives the reason."""
        tried = []
        for reason, way in self._other_ways(recipe, first):
            tried.append(self.learn(way)[1])
            if tried[-1].learned:
                return tried, reason
        return tried, "not_learned"

    def _other_ways(self, recipe: Recipe, first: Overfit) -> list[tuple[Reason, Recipe]]:
        rates = [OTHER_RATE * first.rate, first.rate / OTHER_RATE]
        if first.diverged or not first.loss < first.start:
            rates.reverse()
        usual = self._usual_rate(recipe)
        if usual is not None and not min(rates) < usual < max(rates):
            rates.insert(0, usual)
        ways: list[tuple[Reason, Recipe]] = [
            ("rate_low" if rate > first.rate else "rate_high", _with_rate(recipe, rate)) for rate in rates
        ]
        if recipe.adapter.name != "full":
            whole = recipe.model_copy(update={"adapter": FullConfig()})
            of_all = self._usual_rate(whole) or first.rate
            ways += [("too_little_moves", _with_rate(whole, rate)) for rate in (of_all, OTHER_RATE * of_all)]
        return ways

    def _usual_rate(self, recipe: Recipe) -> float | None:
        """None for optimisers whose rates mean something else."""
        known = isinstance(recipe.optimizer, AdamWConfig)
        return usual_rate(recipe, self.prepared, self.base.local) if known else None

    def answers(self, model: nn.Module) -> tuple[Written, ...] | None:
        """What the model writes when it is asked; None where it is no model that answers."""
        if not isinstance(self.prepared.task, TextTask) or self.prepared.task.name == "continue":
            return None
        predictions = self.base.teaching.answer(model, self.base.store, self.rows, calibration=UNCALIBRATED)
        return tuple(
            Written(
                row_id=row["row_id"], expected=row["gold"], written=row["prediction"], stop=row["stop"], nll=row["nll"]
            )
            for row in predictions.table.to_pylist()
        )

    def why_not_written(self, answers: tuple[Written, ...]) -> Reason | None:
        """Why answers that are known by heart are not what is written; None where they are, or where none is known for sure."""
        wrong = [one for one in answers if not one.is_right]
        if not wrong:
            return None
        glimpses = [self.base.teaching.glimpse(int(row)) for row in self.rows]
        if any(isinstance(one, Glimpse) and not one.prompt_fits for one in glimpses):
            return "prompt_differs"
        if all(one.stop == "length" and one.expected.startswith(one.written) for one in wrong):
            return "no_room"
        return "written_otherwise" if any(one.nll < SURE_NATS for one in wrong) else None

    def _loss(self, model: nn.Module) -> float:
        return self.measure(model, self.base.store, self.rows)[1]

    def _near_zero(self, start: float) -> float:
        if self.prepared.task.kind in ("multi_label", "regression"):
            return max(NEAR_ZERO, NEAR_ZERO_SHARE * start)
        if self.prepared.task.name != "continue":
            return NEAR_ZERO
        # Nothing says which of the texts is meant until its first tokens have been read.
        counted = self.base.store.streams["token_weight"]
        tokens = sum(int((counted[row] > 0).sum()) for row in self.rows)
        return NEAR_ZERO + len(self.rows) * math.log(len(self.rows)) / tokens

    def _heed_signal(self) -> None:
        """Only the first rank is here, so it can't wait for the others as `Journal.heed_signal` does."""
        number = self.journal.stop()
        if number is not None:
            raise StoppedBySignal(number)


def _is_over(curve: list[tuple[int, float]], near_zero: float) -> bool:
    """Whether there is nothing left to learn, or the loss falls no more."""
    steps, loss = curve[-1]
    if loss <= WELL_LEARNED * near_zero:
        return True
    losses = [value for _, value in curve]
    return steps >= STEPS and not min(losses[-LOOK_BACK:]) < STILL_FALLING * min(losses[:-LOOK_BACK])


def _asked(base: Base, prepared: Prepared, place: int) -> bytes:
    """What the model reads of a row before it answers; a text to be gone on with answers nothing, and is all there is."""
    streams = base.store.streams
    name = "prompt" if "prompt" in streams and prepared.task.name != "continue" else "input"
    return np.asarray(streams[name][place]).tobytes()


def _answer(prepared: Prepared, place: int) -> str:
    """What rows are told apart by, so that not all of them have the same answer."""
    if isinstance(prepared.task, (RowTask, TextTask)):
        return str(prepared.answers[place])
    return ", ".join(sorted({span.label for span in getattr(prepared.shaped[place], "spans", ())}))


def _with_rate(recipe: Recipe, rate: float) -> Recipe:
    return recipe.model_copy(update={"optimizer": recipe.optimizer.model_copy(update={"learning_rate": rate})})


def _failure(found: Smoke, reason: Reason, recipe: Recipe) -> Sentence:
    """What was seen, and what is likely to be wrong."""
    return Sentence(
        "the smoke test failed: {seen}. {why} Nothing has been trained; smoke.json in the run folder has the figures.",
        seen=_seen(found, reason, private=recipe.report.private), why=_why(found, reason, recipe),
    )  # fmt: skip


def _seen(found: Smoke, reason: Reason, *, private: bool) -> Sentence:
    first, rows = found.tried[0], found.num_rows
    if reason == "read_alike":
        return Sentence("the model reads the same in all training rows, whatever their answer")
    if first.diverged:
        return Sentence(
            "while {rows} rows were learned by heart, the loss became infinite after {steps} steps (it began at {start:.3g})",
            rows=rows, steps=first.curve[-1][0], start=first.start,
        )  # fmt: skip
    if not first.learned:
        return Sentence(
            "{rows} rows were not learned by heart in {steps} steps: the loss went from {start:.3g} to {loss:.3g}",
            rows=rows, steps=first.curve[-1][0], start=first.start, loss=first.loss,
        )  # fmt: skip
    wrong = found.wrong
    if private:
        return Sentence(
            "of {rows} answers that were learned by heart {wrong} are not written", rows=rows, wrong=len(wrong)
        )
    return Sentence(
        "of {rows} answers that were learned by heart {wrong} are not written; for one {written!r} where {expected!r} was taught",
        rows=rows, wrong=len(wrong), written=wrong[0].written[:80], expected=wrong[0].expected[:80],
    )  # fmt: skip


def _why(found: Smoke, reason: Reason, recipe: Recipe) -> Sentence:
    rate, helps = found.tried[0].rate, found.tried[-1].rate
    match reason:
        case "read_alike":
            return Sentence(
                "What they differ by is not read: a wrong column, a template that leaves the text out, or `encode.max_length` "
                "({most}) too small. `tunewright preview` shows what is read.",
                most=recipe.encode.max_length,
            )
        case "rate_low":
            return Sentence(
                "With a rate of {helps:g} they are learned: `optimizer.learning_rate` ({rate:g}) is too low.",
                helps=helps, rate=rate,
            )  # fmt: skip
        case "rate_high":
            return Sentence(
                "With a rate of {helps:g} they are learned: `optimizer.learning_rate` ({rate:g}) is too high.",
                helps=helps, rate=rate,
            )  # fmt: skip
        case "too_little_moves":
            return Sentence(
                "With all weights trained they are learned: the adapter `{adapter}` moves too little. Train more layers, "
                "targets or ranks (`adapter`), or all.",
                adapter=recipe.adapter.name,
            )
        case "not_learned":
            return Sentence(
                "Other rates and a model of which everything moves did not learn them either, so look at the rows: "
                "`tunewright preview` shows what is read and learned of each. A wrong template or column, and texts that are cut "
                "before what matters, are usual."
            )
        case "prompt_differs":
            return Sentence(
                "The loss is near zero, but the prompt at inference is another than in training: the chat template writes an "
                "answer otherwise than it asks for one. `tunewright preview` shows both."
            )
        case "no_room":
            return Sentence(
                "The loss is near zero, but answers are cut: `generate.max_new_tokens` ({most}) is too small.",
                most=recipe.generate.max_new_tokens,
            )
        case "written_otherwise":
            return Sentence(
                "The loss is near zero, but something else is written. Look at `generate` (sampling, penalties, stop strings) "
                "and at the template: `tunewright preview` shows what is read and learned."
            )
