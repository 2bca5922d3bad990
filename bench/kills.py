"""Kill a run at random instants, again and again, and compare what comes of it with a run that was left alone.

    python bench/kills.py --kills 20 --model starter
    python bench/kills.py --kills 20 --model FOLDER --seed 2 --file reviews.csv

A run is started and killed (`kill -9`) at a random instant, then the same command is given again, until it finishes; with
kills left over, the next run begins. Each finished run must have the weights and the predictions of the one that was
never killed. Prints one JSON object a kill, one a finished run, and a summary; exit status 1 if any run differs.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib import metadata
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
SHORT = (
    "train.epochs=3", "train.save_seconds=1", "evaluate.cross_validation.folds=2", "runtime.threads=1",
    "evaluate.resamples=100",
)  # fmt: skip


def command(folder: Path, *, source: Path, model: str) -> list[str]:
    overrides = [part for override in SHORT for part in ("--set", override)]
    verb = [sys.executable, "-m", "tunewright.cli.main", "run", str(source)]
    return [*verb, "--output", str(folder), "--model", model, *overrides]


def stage_of(folder: Path) -> str:
    """What the run was doing when it was killed."""
    from tunewright.core.events import read_events

    stages = [event["stage"] for event in read_events(folder / "events.jsonl") if event["kind"] == "stage_started"]
    return stages[-1] if stages else "start"


def what_differs(folder: Path, reference: Path) -> list[str]:
    """Names of outcomes that are not the same: the digest of the weights, and every file of predictions."""
    digests = [json.loads((run / "finished.json").read_text())["weights_digest"] for run in (folder, reference)]
    differing = [] if digests[0] == digests[1] else ["weights"]
    for path in sorted((reference / "predictions").glob("*.parquet")):
        other = folder / "predictions" / path.name
        if not other.exists() or not pq.read_table(path).equals(pq.read_table(other)):
            differing.append(path.name)
    return differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--file", type=Path, default=ROOT / "examples" / "support_messages.csv")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "TUNEWRIGHT_HOME": str(Path(scratch) / "home")}
        reference = Path(scratch) / "reference"
        began = time.monotonic()
        run = functools.partial(command, source=options.file, model=options.model)
        subprocess.run(run(reference), env=environment, check=True, capture_output=True)
        seconds = time.monotonic() - began
        digest = json.loads((reference / "finished.json").read_text())["weights_digest"]
        print(json.dumps({"reference": digest, "seconds": round(seconds, 1)}), flush=True)

        kills, runs, wrong = 0, 0, 0
        while kills < options.kills:
            folder = Path(scratch) / f"run{runs}"
            while not (folder / "finished.json").exists():
                process = subprocess.Popen(
                    run(folder), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
                )
                # Over the whole length of a run: a resumed one is shorter, so early and late stages are both hit.
                patience = rng.uniform(1.0, 0.7 * seconds) if kills < options.kills else None
                try:
                    _, errors = process.communicate(timeout=patience)
                    if process.returncode:
                        print(json.dumps({"error": errors.decode(errors="replace")[-500:]}), flush=True)
                        return 1
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
                    print(json.dumps({"kill": kills, "run": runs, "stage": stage_of(folder)}), flush=True)
            differing = what_differs(folder, reference)
            wrong += bool(differing)
            print(json.dumps({"run": runs, "same": not differing, "differs": differing}), flush=True)
            runs += 1
        summary = {
            "kills": kills, "runs": runs, "file": options.file.name,
            "runs_that_differ": wrong, "model": options.model, "date": str(date.today()),
            "versions": {name: metadata.version(name) for name in ("tunewright", "torch", "transformers")},
            "python": platform.python_version(), "system": platform.system(),
        }  # fmt: skip
        print(json.dumps(summary), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
