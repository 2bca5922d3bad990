"""The run folder: every path that a run writes, named once, and writes that are whole or not there at all."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.core.errors import FolderError, TunewrightError


@dataclass(frozen=True)
class RunFolder:
    """Names of everything a run leaves behind. Nothing else in the project spells these paths."""

    path: Path

    @property
    def request(self) -> Path:
        """What was asked for, before anything was decided: input digest, overrides, version."""
        return self.path / "request.json"

    @property
    def recipe(self) -> Path:
        """The resolved recipe, every default written out; `tunewright train recipe.yaml` repeats the run."""
        return self.path / "recipe.yaml"

    @property
    def plan(self) -> Path:
        """What was found in the file and decided from it, with reasons."""
        return self.path / "plan.json"

    @property
    def rows(self) -> Path:
        """All kept rows with their fields: row_id, origin, text, label..., split."""
        return self.path / "data" / "rows.parquet"

    @property
    def ledger(self) -> Path:
        """Each row that was dropped, quarantined or changed, with stage and reason."""
        return self.path / "data" / "ledger.parquet"

    @property
    def account(self) -> Path:
        """Per stage: read = kept + quarantined + dropped."""
        return self.path / "data" / "account.json"

    @property
    def quarantine(self) -> Path:
        """Rows that could not be read, as they stood in the file, with line and reason."""
        return self.path / "data" / "quarantine.jsonl"

    @property
    def audit(self) -> Path:
        """Findings of the audit as JSON."""
        return self.path / "audit.json"

    @property
    def suspects(self) -> Path:
        """Labels that are probably wrong, ranked, with what a model that had not seen them would have said."""
        return self.path / "data" / "suspects.json"

    @property
    def runtime(self) -> Path:
        """Threads, matmul setting, precision and cut, probed once before training and never again."""
        return self.path / "runtime.json"

    @property
    def forecast(self) -> Path:
        """Time and memory as forecast before training."""
        return self.path / "forecast.json"

    @property
    def smoke(self) -> Path:
        """What came of learning one small batch by heart, where that was asked for."""
        return self.path / "smoke.json"

    @property
    def store(self) -> Path:
        """The memory-mapped token stores."""
        return self.path / "tokens"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, one folder a step; removed once the run is finished."""
        return self.path / "checkpoints"

    @property
    def best(self) -> Path:
        """The weights with the best validation score so far, and that score."""
        return self.path / "checkpoints" / "best"

    @property
    def events(self) -> Path:
        """One JSON object a line: everything shown on screen or in the report's curves is a view of it."""
        return self.path / "events.jsonl"

    @property
    def bundle(self) -> Path:
        """The model: loads with plain transformers."""
        return self.path / "model"

    @property
    def adapter(self) -> Path:
        """What was trained by itself, in peft's format, where the adapter is of that kind; `model/` has it merged in."""
        return self.path / "adapter"

    @property
    def baseline_bundle(self) -> Path:
        """The word-counting baseline as a usable model, without pickle."""
        return self.path / "baseline"

    @property
    def frozen_head(self) -> Path:
        """The linear model over the pretrained model's features, without that model; small, so always kept."""
        return self.path / "frozen_head"

    @property
    def frozen_bundle(self) -> Path:
        """The pretrained model as it came with that head, as a usable model: where it is recommended or asked for."""
        return self.path / "frozen"

    def bundle_of(self, system: str) -> Path:
        """The bundle of a system that can be used: `model`, `frozen` or `tfidf`."""
        return {"model": self.bundle, "frozen": self.frozen_bundle, "tfidf": self.baseline_bundle}[system]

    def predictions(self, system: str, split: str) -> Path:
        """One row a scored text: row_id, gold, prediction, logits, scores, nll, weight."""
        return self.path / "predictions" / f"{system}.{split}.parquet"

    @property
    def trial(self) -> Path:
        """Of a fine-tune that was tried out: what it reached on the validation rows; written last."""
        return self.path / "trial.json"

    @property
    def trials(self) -> Path:
        """Fine-tunes that were tried out, a folder each, with paths as in a run."""
        return self.path / "trials"

    @property
    def stores(self) -> Path:
        """Encoded rows that trials share, a folder for each way of encoding."""
        return self.path / "stores"

    @property
    def study(self) -> Path:
        """Of `search`: what is searched and how; the same for all its workers and attempts."""
        return self.path / "study.json"

    @property
    def study_log(self) -> Path:
        """Of `search`: each trial's values, scores and end, appended as they come."""
        return self.path / "study.log"

    @property
    def search(self) -> Path:
        """Of `search`: all trials in order, with intervals and what mattered; written last."""
        return self.path / "search.json"

    @property
    def best_recipe(self) -> Path:
        """Of `search`: the recipe of the best trial."""
        return self.path / "best.yaml"

    @property
    def curve(self) -> Path:
        """Of `curve`: what was measured for each size, the law, and what more labels would bring."""
        return self.path / "curve.json"

    @property
    def left_out(self) -> Path:
        """Of `improve`: training rows whose label is suspected, by their ids; a recipe may name it as `data.leave_out`."""
        return self.path / "left_out.csv"

    @property
    def improvement(self) -> Path:
        """Of `improve`: what was named, what came of each try, and what is kept; written last."""
        return self.path / "improvement.json"

    @property
    def ranking(self) -> Path:
        """Of `models rank`: every candidate with its estimates, its cost, and the recommendation."""
        return self.path / "ranking.json"

    @property
    def scores(self) -> Path:
        """All scores with intervals, as a JSON list."""
        return self.path / "scores.json"

    @property
    def evidence(self) -> Path:
        """Comparisons, calibration, per-class figures, automation: what the report draws."""
        return self.path / "evidence.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def environment(self) -> Path:
        """Versions, machine, devices."""
        return self.path / "environment.json"

    @property
    def finished(self) -> Path:
        """Written last; its digest of the final weights is what two identical runs share."""
        return self.path / "finished.json"


def user_home() -> Path:
    """The user's data directory of tunewright; `TUNEWRIGHT_HOME` names another."""
    chosen = os.environ.get("TUNEWRIGHT_HOME")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_data_dir("tunewright", appauthor=False))


def write_bytes(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that after any crash the file is either the old one or the whole new one."""
    with writing(path) as aside:
        aside.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for UTF-8 text; newlines stay as they are on every system."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any) -> None:
    """`write_text` of readable JSON; NaN is refused, because other readers would not take it."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_secret(path: Path, text: str) -> None:
    """`write_text` that nobody but the owner can read at any moment (where the system has such rights)."""
    with writing(path) as aside:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


def others_can_read(path: Path) -> bool:
    """Whether the group or all may read or write a file; never so on Windows, where rights are kept elsewhere."""
    return os.name != "nt" and bool(path.stat().st_mode & 0o066)


def read_json(path: Path) -> Any:
    """The value of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def remove_torn(folder: Path) -> None:
    """Remove, anywhere below a folder, what `writing` was in the middle of when its process was killed."""
    for aside in list(folder.rglob(".*.part")):
        discard(aside)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A path aside to write a file or folder to; fsynced and renamed to `path` when the block ends without an error.

    Raises FolderError where the disk is full or does not let us; what stood at `path` stands there still.
    """
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        sync(aside)
        aside.replace(path)
        sync_folder(path.parent)
    except TunewrightError:
        raise
    except Exception as error:
        # Libraries written in Rust (safetensors, tokenizers) have errors of their own that only quote the system's.
        if not isinstance(error, OSError) and "(os error " not in str(error):
            raise
        raise not_written(path, error) from error
    finally:
        discard(aside)


def not_written(path: Path, error: Exception) -> FolderError:
    """The error to raise where a file of a run could not be written."""
    reason = getattr(error, "strerror", None) or str(error)
    refused = FolderError(
        f"{path}: could not be written ({reason}). What was saved before is untouched; "
        "make room or give the right to write there, and the same command goes on."
    )
    refused.strerror = reason
    return refused


def sync(path: Path) -> None:
    """Force a file, or every file below a folder, to the disk."""
    if path.is_dir():
        for child in path.iterdir():
            sync(child)
        sync_folder(path)
        return
    # Windows flushes only through a handle that may write.
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Force a folder's list of names to the disk, where the system has such a thing."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def discard(path: Path) -> None:
    """Remove a file or folder that may not be there."""
    if path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            discard(child)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
