"""`tunewright data clean`: a file in, the same file out without what the settings say to mend or to leave out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tunewright.core.errors import DataError, RecipeError, nearest
from tunewright.core.folder import writing
from tunewright.data.clean import STEPS
from tunewright.data.decided import Decided
from tunewright.data.ledger import StageAccount
from tunewright.data.write_back import write_back
from tunewright.pipeline.data.decide import Workspace, decide
from tunewright.pipeline.data.settings import data_settings


@dataclass(frozen=True, kw_only=True)
class CleanedFile:
    """What cleaning a file did."""

    output: Path
    rows: int
    accounts: list[StageAccount]
    quarantine: Path | None
    """Rows that could not be read, beside the output; None where there were none."""
    ledger: Path | None
    listed: list[dict[str, Any]] | None
    """Row by row what the step that was asked for did."""
    settings: dict[str, Any]
    fingerprint: str
    said: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`."""
        return {
            "output": str(self.output), "rows": self.rows, "stages": [asdict(stage) for stage in self.accounts],
            "quarantine": None if self.quarantine is None else str(self.quarantine),
            "ledger": None if self.ledger is None else str(self.ledger), "settings": self.settings,
            "fingerprint": self.fingerprint, "notes": list(self.said),
            **({} if self.listed is None else {"listed": self.listed}),
        }  # fmt: skip


def clean_file(
    path: Path, *, output: Path, text: str | None = None, text_pair: str | None = None, label: str | None = None,
    task: str | None = None, overrides: Sequence[str] = (), ledger: Path | None = None, listing: str | None = None,
    with_row_id: bool = True,
) -> CleanedFile:  # fmt: skip
    """Write what cleaning leaves of a file, each cell as it was but for those that a step changed.

    `listing` names a step whose work is to be listed row by row. Raises DataError where the file can't be read.
    """
    if output.exists() and output.resolve() == path.resolve():
        raise DataError(f"{output}: this is the input file itself. Give another `--output`.")
    if listing is not None and listing not in (known := ("read", "columns", *STEPS)):
        raise RecipeError(f"--list {listing}: no such step.{nearest(listing, known)} The steps: {', '.join(known)}.")
    settings = data_settings(overrides, columns={"text": text, "text_pair": text_pair, "label": label, "task": task})
    with Workspace(output.parent) as workspace:
        decided = decide(path, settings=settings, workspace=workspace)
        rows = write_back(
            decided, {0: output}, output_N=np.where(decided.kept_N, 0, -1), settings=settings, with_row_id=with_row_id
        )
        quarantine = workspace.keep_quarantine(output.with_name(f"{output.stem}.quarantine.jsonl"), decided)
        if ledger is not None:
            with writing(ledger) as aside:
                aside.write_bytes(workspace.ledger.read_bytes())
        return CleanedFile(
            output=output, rows=rows[0], accounts=decided.accounts, quarantine=quarantine, ledger=ledger,
            listed=None if listing is None else list_entries(workspace.ledger, listing, decided),
            settings=settings.clean.model_dump(mode="json"), fingerprint=decided.fingerprint, said=decided.said,
        )  # fmt: skip


def list_entries(ledger: Path, step: str, decided: Decided) -> list[dict[str, Any]]:
    """What one step did, row by row: line, reason, field, before and after."""
    stage = step if step in ("read", "columns") else f"clean.{step}"
    found: pa.Table = pq.read_table(ledger, filters=pc.field("stage") == stage)
    return list(found.select(["line", "row_id", "action", "reason_code", "field", "before", "after"]).to_pylist())
