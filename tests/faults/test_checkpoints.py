"""A damaged checkpoint is noticed and the older one taken; a full disk loses nothing; the end is the same bits."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.laws.fits import digest_of, make_fit
from tunewright.core.errors import FolderError, StoppedBySignal
from tunewright.core.events import EventLog, current_events, read_events
from tunewright.core.folder import discard
from tunewright.train import checkpoint, fit

FILES = ("weights.safetensors", "optimizer.safetensors", "state.json", "manifest.json")


def flip(path: Path, *, share: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(share * (len(data) - 1))] ^= 0x10
    path.write_bytes(bytes(data))


DAMAGE: dict[str, Callable[[Path], None]] = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a bit at the start": lambda path: flip(path, share=0.0),
    "a bit in the middle": lambda path: flip(path, share=0.5),
    "a bit near the end": lambda path: flip(path, share=0.97),
    "the last bit": lambda path: flip(path, share=1.0),
    "a byte more": lambda path: path.write_bytes(path.read_bytes() + b"}"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("whole")
    plan = make_fit(folder)
    fit(plan, checkpoints=folder / "checkpoints")
    return digest_of(plan)


def stopped_at(folder: Path, step: int) -> Path:
    """A fit with a checkpoint at every step, stopped; the folder of its checkpoints."""
    calls = iter([None] * (step - 1) + [15])
    with pytest.raises(StoppedBySignal):
        fit(make_fit(folder, save_steps=1), checkpoints=folder / "checkpoints", stop=lambda: next(calls))
    return folder / "checkpoints"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_noticed_and_the_older_checkpoint_goes_on_to_the_same_bits(
    name: str, damage: str, whole: str, tmp_path: Path
) -> None:
    checkpoints = stopped_at(tmp_path, 6)
    newest = sorted(checkpoints.glob("step-*"))[-1]
    DAMAGE[damage](newest / name)
    events = EventLog(tmp_path / "events.jsonl")
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=checkpoints, events=events)
    kinds = {event["kind"]: event for event in read_events(tmp_path / "events.jsonl")}
    assert newest.name in kinds["checkpoint_damaged"]["problem"]
    assert kinds["resumed"]["step"] == 5
    assert digest_of(plan) == whole


@pytest.mark.parametrize(
    ("name", "other"), [*itertools.combinations(FILES, 2), *((name, "the older one") for name in FILES)]
)
def test_swapped_files_are_noticed(name: str, other: str, whole: str, tmp_path: Path) -> None:
    checkpoints = stopped_at(tmp_path, 6)
    older, newer = sorted(checkpoints.glob("step-*"))[-2:]
    one, two = newer / name, older / name if other == "the older one" else newer / other
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    assert checkpoint.what_is_damaged(newer)
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=checkpoints)
    assert digest_of(plan) == whole


def test_a_checkpoint_goes_on_from_its_own_step_whatever_its_folder_is_called(whole: str, tmp_path: Path) -> None:
    checkpoints = stopped_at(tmp_path, 6)
    older, newer = sorted(checkpoints.glob("step-*"))[-2:]
    discard(newer)
    older.rename(newer)
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=checkpoints)
    assert digest_of(plan) == whole


def test_damaged_checkpoints_do_not_count_among_those_that_are_kept(whole: str, tmp_path: Path) -> None:
    checkpoints = stopped_at(tmp_path, 6)
    flip(checkpoints / "step-00000006" / "state.json", share=0.5)
    calls = iter([None, None, 15])  # from step 5 on: 6, 7 and 8 are done
    with pytest.raises(StoppedBySignal):
        fit(make_fit(tmp_path, save_steps=7), checkpoints=checkpoints, stop=lambda: next(calls))
    assert [path.name for path in sorted(checkpoints.glob("step-*"))] == ["step-00000007", "step-00000008"]
    flip(checkpoints / "step-00000008" / "state.json", share=0.5)
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=checkpoints)
    assert digest_of(plan) == whole


def test_changed_best_weights_are_noticed(whole: str, tmp_path: Path) -> None:
    checkpoints = stopped_at(tmp_path, 6)
    for best in checkpoints.glob("best-*"):
        flip(best, share=0.5)
    assert all("best" in str(checkpoint.what_is_damaged(path)) for path in sorted(checkpoints.glob("step-*"))[-1:])
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=checkpoints)
    assert digest_of(plan) == whole


def test_with_every_checkpoint_damaged_training_starts_again(whole: str, tmp_path: Path) -> None:
    checkpoints = stopped_at(tmp_path, 4)
    for path in checkpoints.glob("step-*"):
        flip(path / "state.json", share=0.5)
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=checkpoints)
    assert digest_of(plan) == whole


@pytest.mark.parametrize("how", ["once", "from then on"])
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_full_disk_at_any_call_leaves_a_whole_checkpoint(
    call: str, how: str, whole: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The k-th call fails, for every k from the first to the one that is no longer reached."""
    source = stopped_at(tmp_path / "source", 3)
    target, real = (os, os.fsync) if call == "fsync" else (Path, Path.replace)
    for failing in itertools.count(1):
        checkpoints = shutil.copytree(source, tmp_path / f"{failing}")
        count = itertools.count(1)

        def call_or_fail(
            *arguments: object, count: Iterator[int] = count, failing: int = failing, **named: object
        ) -> object:
            number = next(count)
            if number == failing or (how == "from then on" and number > failing):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments, **named)  # type: ignore[operator]

        with monkeypatch.context() as patch:
            patch.setattr(target, call if call == "fsync" else "replace", call_or_fail)
            try:
                fit(make_fit(tmp_path, save_steps=1), checkpoints=checkpoints)
            except FolderError as error:
                assert "could not be written (No space left on device)" in str(error)  # noqa: PT017
            else:
                break
        found, damage = checkpoint.load_newest_checkpoint(checkpoints)
        assert not damage
        assert found
        assert found.progress.step >= 3
        assert not list(checkpoints.glob(".*.part"))
        plan = make_fit(tmp_path)
        fit(plan, checkpoints=checkpoints)
        assert digest_of(plan) == whole
    assert failing > 5


def test_a_torn_last_line_of_the_events_is_no_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    EventLog(path).emit("step", step=0)
    with path.open("ab") as file:
        file.write(b'{"v": 1, "attempt": 1, "seq": 1, "ki')
    log = EventLog(path)
    assert log.attempt == 2
    log.emit("step", step=1)
    assert [event["step"] for event in read_events(path)] == [0, 1]


def test_steps_that_a_later_attempt_did_again_count_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = EventLog(path)
    for step in range(5):
        first.emit("step", step=step)
    second = EventLog(path)
    for step in range(3, 7):
        second.emit("step", step=step)
    counted = [(event["attempt"], event["step"]) for event in current_events(path)]
    assert counted == [(1, 0), (1, 1), (1, 2), (2, 3), (2, 4), (2, 5), (2, 6)]
