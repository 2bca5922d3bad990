"""Optuna behind one door: what to try next, when a trial is not worth going on, and what was tried, on disk.

The log is appended to and fsynced line by line, under a lock that the system gives back when its holder is killed. A trial that
was running when its process died is tried again with the same values.
"""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from tunewright.core.errors import MissingExtraError
from tunewright.core.lock import FileLock, held
from tunewright.search.space import Choices, Dimension, Value

try:
    import optuna
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import FrozenTrial, TrialState
    from optuna.trial import Trial as Running
except ImportError:
    raise MissingExtraError("optuna", extra="search", needed_for="`tunewright search`") from None

__all__ = ["ENDED", "How", "Importance", "Running", "Study", "Tried"]

How = Literal["tpe", "random", "grid", "race"]
"""`grid` and `race` are lists that are made beforehand; nothing is drawn."""
State = Literal["waiting", "running", "complete", "pruned", "failed", "killed"]

ENDED: tuple[State, ...] = ("complete", "pruned", "failed")
"""States of trials that are not made again."""
RESOURCE_PER_EPOCH = 10
"""ASHA counts in whole numbers: tenths of a pass over the training rows."""
REDUCTION = 3
"""ASHA lets the better third go on."""
FEWEST_FOR_IMPORTANCE = 8
"""Complete trials; with fewer, importances are noise."""
RESAMPLES = 20
_KILLED = "killed"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One trial as the log has it."""

    number: int
    state: State
    values: dict[str, Value]
    value: float | None
    """Of the metric; of a pruned trial the last one that was seen."""
    about: dict[str, Any]
    """What the worker noted."""
    seconds: float | None
    """From its start to its end."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Share of the variance of scores that one field explains by itself."""

    key: str
    value: float
    low: float
    high: float
    """The middle 90 % over resampled trials."""


class Study:
    """The trials of one search, shared by its workers through a file."""

    def __init__(
        self, log: Path, *, higher_is_better: bool, dimensions: Sequence[Dimension], how: How, seed: int,
        evaluations_per_epoch: int = 1,
    ) -> None:  # fmt: skip
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._dimensions, self._how, self._seed = dimensions, how, seed
        self._lock = log.with_suffix(".ask.lock")
        # A trial is first compared with others at its first look at the validation rows, at one pass at the latest.
        first = math.ceil(RESOURCE_PER_EPOCH / evaluations_per_epoch)
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=REDUCTION)
        log.parent.mkdir(parents=True, exist_ok=True)
        # Optuna's own locks outlive a killed holder by half a minute. Of a lock it wants no more than these two methods.
        lock = cast(Any, FileLock(log.with_suffix(".lock")))
        with _quiet(), held(self._lock):
            _end_torn_line(log)
            self._study = optuna.create_study(
                study_name="search", direction="maximize" if higher_is_better else "minimize", load_if_exists=True,
                storage=JournalStorage(JournalFileBackend(str(log), lock_obj=lock)),
                pruner=optuna.pruners.NopPruner() if how == "race" else pruner,
            )  # fmt: skip

    @property
    def trials(self) -> list[Tried]:
        """All trials so far, by number."""
        return [_tried(trial) for trial in self._study.get_trials(deepcopy=False)]

    def plan(self, values: Sequence[Mapping[str, Value]]) -> None:
        """Trials to be made, each once, however often this is called."""
        with _quiet(), held(self._lock):
            for one in values:
                self._study.enqueue_trial(dict(one), skip_if_exists=True)

    def revive(self) -> int:
        """Put what was running back into the queue, and say how many that were; only where no worker is at work."""
        running = [one for one in self._study.get_trials(deepcopy=False) if one.state == TrialState.RUNNING]
        for trial in running:
            # First the new one: killed between the two, a trial is done twice rather than not at all.
            self._study.enqueue_trial(dict(trial.params))
            storage = self._study._storage
            storage.set_trial_user_attr(trial._trial_id, _KILLED, True)
            self._study.tell(trial.number, state=TrialState.FAIL)
        return len(running)

    def ask(self, *, most: int | None) -> Running | None:
        """The next trial to make; None where `most` are made, and where a list is at its end.

        What is drawn depends on the seed and on the trials so far, killed ones left out: with one worker a search that was
        killed tries what it would have tried.
        """
        with _quiet(), held(self._lock):
            trials = self.trials
            used = sum(one.state not in ("waiting", "killed") for one in trials)
            waits = any(one.state == "waiting" for one in trials)
            if (most is not None and used >= most) or (self._how in ("grid", "race") and not waits):
                return None
            self._study.sampler = self._sampler(self._seed + used)
            return self._study.ask({one.key: _distribution(one) for one in self._dimensions})

    def should_stop(self, trial: Running, epoch: float, value: float) -> bool:
        """Note what a trial has reached after so many passes; whether others did clearly better with as many.

        Also for a trial that another process has called dead.
        """
        try:
            trial.report(value, step=max(1, round(RESOURCE_PER_EPOCH * epoch)))
        except optuna.exceptions.UpdateFinishedTrialError:
            return True
        return trial.should_prune()

    def finish(
        self,
        trial: Running,
        state: Literal["complete", "pruned", "failed"],
        *,
        value: float | None = None,
        **about: Any,
    ) -> None:
        """The end of a trial. Where another process has called it dead meanwhile, nothing."""
        states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
        with _quiet(), contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError):
            for name, note in about.items():
                trial.set_user_attr(name, note)
            self._study.tell(trial, value, state=states[state], skip_if_finished=True)

    def importances(self) -> list[Importance]:
        """Functional ANOVA over the complete trials (Hutter et al. 2014), largest first; empty where they are too few."""
        complete = [one for one in self._study.get_trials(deepcopy=True) if one.state == TrialState.COMPLETE]
        if len(complete) < FEWEST_FOR_IMPORTANCE or len({one.value for one in complete}) < 2:
            return []
        rng = np.random.default_rng(self._seed)
        whole = self._importances_of(complete)
        drawn = [
            self._importances_of([complete[i] for i in rng.integers(0, len(complete), len(complete))])
            for _ in range(RESAMPLES)
        ]
        found = []
        for key, value in whole.items():
            low, high = np.quantile([one.get(key, 0.0) for one in drawn], [0.05, 0.95])
            found.append(Importance(key=key, value=value, low=float(low), high=float(high)))
        return sorted(found, key=lambda one: -one.value)

    def _importances_of(self, trials: Sequence[FrozenTrial]) -> dict[str, float]:
        with _quiet():
            study = optuna.create_study(direction=self._study.direction)
            study.add_trials(list(trials))
            if len({trial.value for trial in trials}) < 2:
                return {}
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed)
            return optuna.importance.get_param_importances(study, evaluator=evaluator)

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        if self._how == "tpe":
            # Trials that others are still at count as bad ones meanwhile, so that workers don't all try the same.
            return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
        return optuna.samplers.RandomSampler(seed=seed)


def _distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.values)
    if dimension.whole:
        step = 1 if dimension.step is None else int(dimension.step)
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log, step=step)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log, step=dimension.step)


def _tried(trial: FrozenTrial) -> Tried:
    states: dict[TrialState, State] = {
        TrialState.WAITING: "waiting", TrialState.RUNNING: "running", TrialState.COMPLETE: "complete",
        TrialState.PRUNED: "pruned", TrialState.FAIL: "killed" if _KILLED in trial.user_attrs else "failed",
    }  # fmt: skip
    state = states[trial.state]
    last = trial.intermediate_values.get(trial.last_step) if trial.last_step is not None else None
    duration = trial.duration
    return Tried(
        number=trial.number, state=state, values=dict(trial.params), value=trial.value if state == "complete" else last,
        about=dict(trial.user_attrs), seconds=None if duration is None else duration.total_seconds(),
    )  # fmt: skip


def _end_torn_line(log: Path) -> None:
    """Cut off what a killed process had begun to write: another line behind it would make neither readable."""
    if not log.exists():
        return
    whole = log.read_bytes()
    if not whole.endswith(b"\n"):
        with log.open("rb+") as file:
            file.truncate(whole.rfind(b"\n") + 1)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Optuna warns of each feature that is young."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
