"""Every error that a person can cause or meet, as one family.

    TunewrightError
    ├── RecipeError          (ValueError)     a setting is unknown, contradicts another, or is out of range
    ├── DataError            (ValueError)     a file can't be read as labelled text, or a column is missing
    ├── ModelError           (ValueError)     a model folder is incomplete, unsafe or does not fit
    ├── FolderError          (OSError)        a run folder is damaged, in use, or belongs to another request
    ├── MissingExtraError    (ImportError)    an optional package is not installed
    ├── NonFiniteError       (ArithmeticError) a loss or gradient is NaN or infinite; no weight has moved
    ├── SmokeFailed          (RuntimeError)   a few rows could not be learned by heart; nothing has been trained
    ├── WorkerFailed         (RuntimeError)   a process of several that work at one thing ended before its time
    ├── StoppedBySignal      (RuntimeError)   SIGINT or SIGTERM: the step was finished and saved
    └── FirstRankFailed      (RuntimeError)   on the other ranks of a run on several: the first one has said what it is

A message says where, what was found, what is accepted, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TunewrightError(Exception):
    """The root: `except TunewrightError` catches all that this package raises on purpose. Exit code 1."""

    exit_code = 1


class RecipeError(TunewrightError, ValueError):
    """A setting is unknown, contradicts another, or is out of range. Exit code 2, as for any misuse."""

    exit_code = 2


class DataError(TunewrightError, ValueError):
    """A file can't be read as labelled text, or lacks what the task needs."""


class ModelError(TunewrightError, ValueError):
    """A model folder is incomplete, unsafe, or does not fit the text."""


class FolderError(TunewrightError, OSError):
    """A run folder is damaged, in use, or belongs to another request."""


class MissingExtraError(TunewrightError, ImportError):
    """An optional package is not installed; the message has the command that installs it."""

    def __init__(self, package: str, *, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} needs the package `{package}`, which is not installed. "
            f'Install it with: pip install "tunewright[{extra}]"'
        )


class NonFiniteError(TunewrightError, ArithmeticError):
    """A loss or gradient is NaN or infinite. Raised before any weight moves; `row_ids` names the rows."""

    def __init__(self, message: str, *, row_ids: list[str]) -> None:
        super().__init__(message)
        self.row_ids = row_ids


class SmokeFailed(TunewrightError, RuntimeError):
    """A few rows could not be learned by heart, so that the whole would not be learned either. Nothing has been trained."""


class WorkerFailed(TunewrightError, RuntimeError):
    """One of several processes that work at one thing was killed or met an error; what is finished is kept."""


class StoppedBySignal(TunewrightError, RuntimeError):
    """A signal asked to stop; the step in hand was finished and a checkpoint saved. Exit code 128 + signal."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}; the same command goes on from here")
        self.exit_code = 128 + signal_number


class FirstRankFailed(TunewrightError, RuntimeError):
    """Of several ranks, the first has met an error, has said it, and ends; this rank ends with the same exit code."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the first rank has stopped; its message says why")
        self.exit_code = exit_code


def nearest(name: str, accepted: Iterable[str]) -> str:
    """`" Did you mean `x`?"` for the closest accepted name, or an empty string: to be added to a message."""
    found = closest(name, accepted)
    return "" if found is None else f" Did you mean `{found}`?"


def closest(name: str, accepted: Iterable[str]) -> str | None:
    """The accepted name that is most like this one, if any is like it at all."""
    return next(iter(difflib.get_close_matches(name, list(accepted), n=1, cutoff=0.6)), None)
