"""Kill a search 20 times at random instants: is a finished trial ever lost, and does it end as one that was left alone?

    python bench/search_kills.py --model FOLDER [--kills 20] [--trials 12] [--workers 1]

The search is started and its whole process group killed (`kill -9`) at a random instant; then the same command is given again.
After each kill every `trial.json` that stands in the folder is remembered; none may change or be gone later. At the end
the trials (values, state, score) must be those of a search that was never killed; with several workers, who see each
other's trials at other times, only that nothing is lost and the number of trials. One JSON object a kill, and a summary;
exit status 1 if anything is lost or differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--file", type=Path, default=ROOT / "examples" / "support_messages.csv")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tree = {
            "data": {"path": str(options.file.resolve())}, "model": {"path": str(options.model.resolve())},
            "encode": {"max_length": 32}, "train": {"epochs": 2, "save_seconds": 0.5}, "runtime": {"threads": 1},
        }  # fmt: skip
        (folder / "recipe.yaml").write_text(json.dumps(tree), encoding="utf-8")
        began = time.monotonic()
        start(folder, "left-alone", options).wait()
        whole = time.monotonic() - began
        print(json.dumps({"left_alone_seconds": round(whole, 1)}), flush=True)
        kept: dict[str, bytes] = {}
        lost = 0
        for number in range(options.kills):
            search = start(folder, "killed", options)
            # From the start of Python to some way into the trials; a part of the trials is done after each kill or two.
            time.sleep(rng.uniform(1.0, 8.0 + 2.0 * whole / options.trials))
            os.killpg(search.pid, signal.SIGKILL)
            search.wait()
            now = finished(folder / "killed")
            lost += sum(now.get(name) != content for name, content in kept.items())
            kept |= now
            print(json.dumps({"kill": number + 1, "finished_trials": len(now), "lost": lost}), flush=True)
        code = start(folder, "killed", options).wait()
        lost += sum(finished(folder / "killed").get(name) != content for name, content in kept.items())
        one, other = (outcome(folder / name) for name in ("killed", "left-alone"))
        same = one == other if options.workers == 1 else len(one) == len(other)
        summary = {"kills": options.kills, "exit_code": code, "trials": len(one), "lost": lost, "same": same}
        print(json.dumps(summary), flush=True)
        return 0 if same and not lost and code == 0 else 1


def start(folder: Path, name: str, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    over = ["--over", "optimizer.learning_rate=log:1e-5..1e-2", "--over", "optimizer.weight_decay=0..0.2"]
    limits = ["--trials", str(options.trials), "--workers", str(options.workers), "--output", str(folder / name)]
    command = [sys.executable, "-m", "tunewright.cli.main", "search", str(folder / "recipe.yaml"), *over, *limits]
    environment = {**os.environ, "TUNEWRIGHT_HOME": str(folder / "home")}
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def finished(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.glob("trials/*/trial.json")}


def outcome(folder: Path) -> list[tuple[Any, ...]]:
    value = json.loads((folder / "search.json").read_text(encoding="utf-8"))
    return [(one["values"], one["state"], one["value"], one["about"].get("folder")) for one in value["trials"]]


if __name__ == "__main__":
    sys.exit(main())
