"""The loop around the step: evaluate, keep the best, save, stop. A `for` over a generator, with plain ifs.

Which steps there are, what each contains and what follows from each evaluation is decided by the plan and its seed
alone. So a run that is killed and resumed from any checkpoint does again exactly what it would have done.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.batching import Batch, ExampleSource, Piece, cut, deal, make_batch
from tunewright.core.errors import StoppedBySignal
from tunewright.core.events import EventLog
from tunewright.core.folder import discard
from tunewright.models.first_token import first_token_only
from tunewright.optim import EMA, learning_rate_factor, load_optimizer_state, optimizer_state, parameter_groups
from tunewright.runtime import PeakMemory
from tunewright.train.checkpoint import (
    Checkpoint,
    Evaluation,
    Progress,
    best_path,
    load_newest_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from tunewright.train.plan import FitPlan, Length
from tunewright.train.step import StepParts, StepRecord, train_step
from tunewright.train.stopping import is_better, should_stop
from tunewright.train.used_rows import used_rows_only
from tunewright.train.working_weights import WorkingWeights

Parameters = dict[str, torch.nn.Parameter]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What came of it. The model of the plan holds the best weights."""

    progress: Progress
    length: Length
    seconds: float

    @property
    def best_step(self) -> int:
        """Steps until the kept weights."""
        return self.progress.best.step if self.progress.best else self.progress.step


def fit(
    plan: FitPlan, *, checkpoints: Path | None, events: EventLog | None = None,
    stop: Callable[[], int | None] = lambda: None,
) -> Fitted:  # fmt: skip
    """Train until the end, or until it stops getting better, and leave the best weights in the model.

    With `checkpoints`, goes on from the newest whole one there. `stop()` returns the number of a signal that came; then
    the step in hand is finished and saved, and StoppedBySignal raised.
    """
    with used_rows_only(plan), first_token_only(plan.model):
        return _fit(plan, checkpoints, events, stop)


def _fit(plan: FitPlan, checkpoints: Path | None, events: EventLog | None, stop: Callable[[], int | None]) -> Fitted:
    began = saved = time.monotonic()
    length = Length.of(plan.train, num_rows=len(plan.rows))
    state = _TrainingState.start(plan, checkpoints, events)
    progress = state.progress

    for record in training_steps(plan, state, length):
        if state.average:
            state.average.update(state.parameters)
        progress = replace(progress, step=record.step + 1)
        _tell(
            events, "step", **asdict(record), epoch=progress.step / length.steps_per_epoch, num_steps=length.num_steps
        )

        if plan.evaluate and length.evaluates_after(progress.step):
            with state.averaged():
                evaluation = _evaluate(plan, progress.step)
                shown = plan.show(plan.model) if plan.world.is_first and events else {}
                best = is_better(evaluation, progress.best, higher_is_better=plan.higher_is_better)
                if best:
                    digest = state.keep_as_best(progress.step, writes=plan.world.is_first)
                    progress = replace(progress, best=evaluation, best_digest=digest)
            progress = replace(progress, evaluations=(*progress.evaluations, evaluation))
            _tell(
                events,
                "evaluated",
                **asdict(evaluation),
                **shown,
                epoch=progress.step / length.steps_per_epoch,
                best=best,
            )

        stops_early = should_stop(progress, plan.train.stopping)
        progress = replace(progress, finished=stops_early or progress.step == length.num_steps)
        signal_number = stop()
        signal_came = plan.world.any_true(signal_number is not None)
        if checkpoints and plan.world.any_true(signal_came or progress.finished or _is_due(plan, progress, saved)):
            if plan.world.is_first:
                state.save(checkpoints, progress)
            saved = time.monotonic()
            _tell(events, "checkpoint_saved", step=progress.step)
        if signal_came:
            raise StoppedBySignal(signal_number or 15)
        if stops_early:
            _tell(events, "stopped_early", step=progress.step, best_step=progress.best.step if progress.best else None)
            break

    plan.world.wait()
    state.take_best(progress)
    return Fitted(progress=progress, length=length, seconds=time.monotonic() - began)


def training_steps(plan: FitPlan, state: _TrainingState, length: Length) -> Iterator[StepRecord]:
    """Do one optimiser step after the other, from where the state stands to the planned end, and yield what each did."""
    if state.progress.finished:
        return
    parts = _step_parts(plan, state)
    plan.model.train()
    plan.adapter.set_mode(plan.model)
    for step in range(state.progress.step, length.num_steps):
        yield _one_step(
            plan,
            parts,
            length,
            step,
            factor=learning_rate_factor(step, num_steps=length.num_steps, config=plan.schedule),
        )


def run_steps(plan: FitPlan) -> Generator[StepRecord]:
    """The plan's steps one by one; nothing is evaluated, kept or saved. Who goes through them may look at the model, and stop."""
    with used_rows_only(plan), first_token_only(plan.model):
        yield from training_steps(plan, _TrainingState(plan, None), Length.of(plan.train, num_rows=len(plan.rows)))


@dataclass(frozen=True, kw_only=True)
class MeasuredStep:
    """What one step took."""

    seconds: float
    processor_seconds: float
    """Of all threads together: what was worked, without the waiting for a machine that is busy with other things."""
    peak_bytes: int
    """`PeakMemory` of the step."""


def measure_steps(plan: FitPlan, length: Length, *, steps: Sequence[int]) -> list[MeasuredStep]:
    """Some of the plan's steps, done with a learning rate of zero: no weight moves, nothing is kept."""
    with used_rows_only(plan), first_token_only(plan.model):
        state = _TrainingState(plan, None)
        parts = _step_parts(plan, state)
        plan.model.train()
        plan.adapter.set_mode(plan.model)
        measured = []
        for step in steps:
            began = time.process_time()
            with PeakMemory(plan.machine.device) as peak:
                seconds = _one_step(plan, parts, length, step, factor=0.0).seconds
            worked = time.process_time() - began
            measured.append(MeasuredStep(seconds=seconds, processor_seconds=worked, peak_bytes=peak.bytes))
        return measured


@dataclass(frozen=True, kw_only=True)
class MeasuredShape:
    """What a step of one micro-batch took."""

    rows: int
    peak_bytes: int
    """`PeakMemory` of forward and backward pass and update."""
    saved_bytes: int
    """What the forward pass keeps for the backward pass, weights left out: the same on every device."""


@dataclass(frozen=True, kw_only=True)
class MeasuredShapes:
    """Micro-batches that were tried, and what is held beside them."""

    shapes: tuple[MeasuredShape, ...]
    weight_bytes: int
    """Of the model, as it is saved."""
    held_bytes: int
    """Of all weights while it is trained: a part that moves may stand beside the whole."""
    trained_bytes: int
    """Of the weights that move: their gradients are as large."""
    optimizer_bytes: int
    """Of the optimiser's state."""
    answering_bytes: int
    """`PeakMemory` of `answer`, with the optimiser's state and a copy of the best weights beside it."""


def measure_shapes(
    plan: FitPlan, groups: Sequence[Rows], *, answer: Callable[[torch.nn.Module], object] = lambda model: None,
    goes_on: Callable[[Sequence[MeasuredShape]], bool] = lambda measured: True,
) -> MeasuredShapes:  # fmt: skip
    """Steps of one micro-batch each, with a learning rate of zero: no weight moves, nothing is kept.

    Give the smaller ones first: what a larger one has left in the allocator would hide a smaller one's peak. It ends before a
    group where `goes_on` says no of what was measured so far. `answer` has the model answer some rows, as between two steps.
    """
    whole = dict.fromkeys(plan.model.parameters())
    with used_rows_only(plan), first_token_only(plan.model):
        state = _TrainingState(plan, None)
        parts = _step_parts(plan, state)
        plan.model.train()
        plan.adapter.set_mode(plan.model)
        _step_of(parts, plan, groups[0])  # makes the optimiser's state
        measured: list[MeasuredShape] = []
        for group in groups:
            if not goes_on(measured):
                break
            kept = _Kept(plan.model)
            with PeakMemory(plan.machine.device) as peak, kept.counted():
                _step_of(parts, plan, group)
            measured.append(MeasuredShape(rows=len(group), peak_bytes=peak.bytes, saved_bytes=kept.bytes))
        tensors, _ = optimizer_state(state.optimizer)
        plan.model.eval()
        with PeakMemory(plan.machine.device) as answering:
            answer(plan.model)
            state.keep_as_best(0, writes=False)
        return MeasuredShapes(
            shapes=tuple(measured), weight_bytes=_bytes(whole),
            held_bytes=_bytes(whole | dict.fromkeys(plan.model.parameters())), trained_bytes=_bytes(state.parameters.values()),
            optimizer_bytes=_bytes(tensors.values()), answering_bytes=answering.bytes,
        )  # fmt: skip


def _step_of(parts: StepParts, plan: FitPlan, group: Rows) -> None:
    pieces = deal([group], rank=plan.world.rank, num_ranks=plan.world.num_ranks)
    weight = float(plan.store.weights[group].sum())
    train_step(parts, pieces, step=0, total_weight=weight, learning_rate_factor=0.0)


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class _Kept:
    """Bytes of the tensors that autograd keeps, each storage once."""

    bytes: int = 0

    def __init__(self, model: torch.nn.Module) -> None:
        self._seen = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}

    def counted(self) -> contextlib.AbstractContextManager[object]:
        """Inside, what is kept counts."""
        return torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def _pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self._seen:
            self._seen.add(storage.data_ptr())
            self.bytes += storage.nbytes()
        return tensor


def _one_step(plan: FitPlan, parts: StepParts, length: Length, step: int, *, factor: float) -> StepRecord:
    rows = plan.rows_of_step(step, examples_per_step=length.examples_per_step)
    groups = cut(rows, lengths=plan.store.lengths, windows=plan.store.num_windows, config=plan.batching)
    if plan.drawn is not None:
        source = plan.drawn(step // length.steps_per_epoch)
        parts = replace(parts, make_batch=partial(_batch_of, plan, source))
    return train_step(
        parts,
        deal(groups, rank=plan.world.rank, num_ranks=plan.world.num_ranks),
        step=step,
        total_weight=float(plan.store.weights[rows].sum()),
        learning_rate_factor=factor,
    )


def _step_parts(plan: FitPlan, state: _TrainingState) -> StepParts:
    return StepParts(
        model=plan.model,
        objective=plan.objective,
        parameters=list(state.parameters.values()),
        optimizer=state.optimizer,
        make_batch=partial(_batch_of, plan, plan.store),
        row_ids=plan.store.row_ids,
        machine=plan.machine,
        world=plan.world,
        seed=plan.train.seed,
        normalize=plan.train.normalize,
        max_grad_norm=plan.train.max_grad_norm,
        working=WorkingWeights(plan.model, torch.bfloat16) if plan.machine.precision == "bf16_master" else None,
        recomputes=plan.train.gradient_checkpointing,
    )


class _TrainingState:
    """What moves: parameters, optimiser, average; and the best weights so far, in memory or beside the checkpoints."""

    def __init__(self, plan: FitPlan, checkpoints: Path | None) -> None:
        self.parameters: Parameters = plan.adapter.trainable(plan.model)
        groups = parameter_groups(plan.model, parameters=self.parameters, config=plan.optimizer)
        self.optimizer = plan.optimizer.build(groups)
        for group in self.optimizer.param_groups:
            group["initial_lr"] = group["lr"]
        self.average = EMA(self.parameters, decay=plan.train.ema_decay) if plan.train.ema_decay else None
        self.progress = Progress()
        self._checkpoints = checkpoints
        self._best_in_memory: dict[str, Tensor] = {}

    @classmethod
    def start(cls, plan: FitPlan, checkpoints: Path | None, events: EventLog | None) -> _TrainingState:
        """From the beginning, or from the newest whole checkpoint."""
        state = cls(plan, checkpoints)
        found, damage = None, list[str]()
        if checkpoints:
            found, damage = plan.world.first_then_others(partial(load_newest_checkpoint, checkpoints))
        for problem in damage:
            _tell(events, "checkpoint_damaged", problem=problem)
        if found:
            set_weights(state.parameters, found.weights)
            load_optimizer_state(
                state.optimizer,
                {name: t for name, t in found.optimizer_tensors.items() if not name.startswith("average.")},
                found.optimizer_plain,
            )
            if state.average:
                state.average.load(
                    {
                        n.removeprefix("average."): t
                        for n, t in found.optimizer_tensors.items()
                        if n.startswith("average.")
                    }
                )
            state.progress = found.progress
            _tell(events, "resumed", step=found.progress.step)
        return state

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the model has the averaged weights, if there is an average."""
        if self.average is None:
            yield
            return
        with self.average.swapped(self.parameters):
            yield

    def keep_as_best(self, step: int, *, writes: bool) -> str | None:
        """Remember the weights that the model has now; the digest of the file, if one was written."""
        weights = {name: parameter.detach().cpu().clone() for name, parameter in self.parameters.items()}
        if self._checkpoints is None:
            self._best_in_memory = weights
        elif writes:
            return save_weights(self._best_path(step), weights)
        return None

    def save(self, checkpoints: Path, progress: Progress) -> None:
        """Write a checkpoint, and remove best weights that no kept checkpoint can come back to."""
        tensors, plain = optimizer_state(self.optimizer)
        average = {f"average.{name}": tensor for name, tensor in (self.average.state() if self.average else {}).items()}
        save_checkpoint(
            checkpoints,
            Checkpoint(
                progress=progress,
                weights=dict(self.parameters),
                optimizer_tensors={**tensors, **average},
                optimizer_plain=plain,
            ),
        )
        # The two checkpoints that are kept may each come back to a best of their own; all other best weights are done with.
        needed = {self._best_path(p.best.step) for p in (self.progress, progress) if p.best}
        for file in checkpoints.glob("best-*.safetensors"):
            if file not in needed:
                discard(file)
        self.progress = progress

    def take_best(self, progress: Progress) -> None:
        """Put the best weights into the model; without evaluations, the average or what is there."""
        if progress.best is not None:
            in_memory = self._checkpoints is None
            best = self._best_in_memory if in_memory else load_weights(self._best_path(progress.best.step))
            set_weights(self.parameters, best)
        elif self.average:
            set_weights(self.parameters, self.average.state())

    def _best_path(self, step: int) -> Path:
        assert self._checkpoints is not None
        return best_path(self._checkpoints, step)


def set_weights(parameters: Parameters, weights: dict[str, Tensor]) -> None:
    """Copy tensors into parameters of the same names."""
    assert parameters.keys() == weights.keys(), f"other parameters: {parameters.keys() ^ weights.keys()}"
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(weights[name])


def _evaluate(plan: FitPlan, step: int) -> Evaluation:
    assert plan.evaluate is not None
    plan.model.eval()
    value, loss = plan.evaluate(plan.model)
    plan.model.train()
    plan.adapter.set_mode(plan.model)
    # All ranks go by the first one's figures: a last bit's difference must not make them part ways.
    agreed = plan.world.sum_tensor(
        torch.tensor([value, loss], dtype=torch.float64) * (1.0 if plan.world.is_first else 0.0)
    )
    return Evaluation(step=step, metric=plan.metric, value=float(agreed[0]), loss=float(agreed[1]))


def _batch_of(plan: FitPlan, source: ExampleSource, piece: Piece) -> Batch:
    return make_batch(
        source,
        piece.rows,
        pad_id=plan.pad_id,
        pad_to_multiple_of=plan.batching.pad_to_multiple_of,
        layout=plan.batching.layout,
        counts=piece.counts,
        device=plan.machine.device,
    )


def _is_due(plan: FitPlan, progress: Progress, saved: float) -> bool:
    every = plan.train.save_steps
    return time.monotonic() - saved >= plan.train.save_seconds or (every is not None and progress.step % every == 0)


def _tell(events: EventLog | None, kind: str, **fields: object) -> None:
    if events:
        events.emit(kind, **fields)
