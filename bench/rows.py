"""Rows a second and memory of preparing a labelled file, beside `datasets` doing the like, by the size of the file.

    python bench/rows.py --folder /tmp/rows [--rows 1000,10000,100000,1000000] [--rounds 3] [--results lab/results/rows.jsonl]

Arms, each in a fresh process, interleaved in every round:

    read              the file into a table, every row with an id and its line (`tunewright.data.sources.read`)
    split             `tunewright data split --clean` as it is: audit of near duplicates, clean, divide, write, ledger
    split, exact      the same without near duplicates, which `datasets` has no function for
    datasets, read    `load_dataset("csv")`, into an empty cache
    datasets, split   `load_dataset`, `map` to trim and fold the text, `filter` of repeated folds, `train_test_split`, `to_csv`

The file is a CSV of texts of about 70 characters, a fifth of them quoted, one row in fifty a duplicate. Seconds are of the
processor, so that other work on the machine matters little; memory is the largest resident set above that of the libraries.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ARMS = ("read", "split", "split, exact", "datasets, read", "datasets, split")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", default="1000,10000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--arms", default=";".join(ARMS))
    parser.add_argument("--results", type=Path)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child[0], Path(options.child[1]))))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    for rows in map(int, options.rows.split(",")):
        file = options.folder / f"rows_{rows}.csv"
        if not file.exists():
            write_file(file, rows)
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(options.rounds if rows < 1_000_000 else 1):
            for arm in options.arms.split(";"):
                found.setdefault(arm, []).append(in_fresh_process(arm, file, options.folder))
        for arm, measured in found.items():
            line = summary(arm, rows, measured)
            print(json.dumps(line), flush=True)
            if options.results:
                with options.results.open("a", encoding="utf-8") as results:
                    results.write(json.dumps({**line, "date": time.strftime("%Y-%m-%d")}) + "\n")


def in_fresh_process(arm: str, file: Path, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--folder", str(folder), "--child", arm, str(file)]
    environment = {**os.environ, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def summary(arm: str, rows: int, measured: list[dict[str, float]]) -> dict[str, Any]:
    seconds = sorted(one["cpu_seconds"] for one in measured)
    middle = statistics.median(seconds)
    return {
        "rows": rows, "arm": arm, "rows_a_second": round(rows / middle), "cpu_seconds": round(middle, 3),
        "lowest": round(seconds[0], 3), "highest": round(seconds[-1], 3),
        "above_mb": round(max(one["above_mb"] for one in measured)), "kept": measured[0]["kept"],
    }  # fmt: skip


def measure(arm: str, file: Path) -> dict[str, float]:
    """Run one arm in this process."""
    work = PEERS[arm] if arm in PEERS else OURS[arm]
    if arm in PEERS:
        import datasets  # noqa: F401  (its own memory is not counted)
    else:
        import tunewright.pipeline.data.split  # noqa: F401
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with tempfile.TemporaryDirectory() as output:
        kept = work(file, Path(output))
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"cpu_seconds": seconds, "above_mb": (peak - own) / 1024, "kept": kept}


def read_only(file: Path, output: Path) -> int:
    from tunewright.data.sources import read

    return len(read(file).table)


def split(file: Path, output: Path, *overrides: str) -> int:
    from tunewright.pipeline.data.split import split_file

    done = split_file(
        file, output=output / "split", text="text", label="label", task="single_label", group="none", cleans=True,
        overrides=overrides,
    )  # fmt: skip
    return sum(done.rows.values())


def split_exact(file: Path, output: Path) -> int:
    return split(file, output, "data.audit.near_duplicates=false")


def datasets_read(file: Path, output: Path) -> int:
    from datasets import load_dataset

    return len(load_dataset("csv", data_files=str(file), cache_dir=str(output), split="train"))


def datasets_split(file: Path, output: Path) -> int:
    from datasets import load_dataset

    rows = load_dataset("csv", data_files=str(file), cache_dir=str(output), split="train")
    rows = rows.map(lambda row: {"text": row["text"].strip(), "fold": " ".join(row["text"].casefold().split())})
    seen: set[str] = set()

    def is_new(row: dict[str, str]) -> bool:
        new = row["fold"] not in seen
        seen.add(row["fold"])
        return new

    rows = rows.filter(is_new).remove_columns("fold")
    rest, test = rows.train_test_split(0.2, seed=1).values()
    train, validation = rest.train_test_split(0.125, seed=1).values()
    for name, part in {"train": train, "validation": validation, "test": test}.items():
        part.to_csv(output / f"{name}.csv", index=False)
    return len(rows)


OURS = {"read": read_only, "split": split, "split, exact": split_exact}
PEERS = {"datasets, read": datasets_read, "datasets, split": datasets_split}


def write_file(path: Path, rows: int) -> None:
    chance = np.random.default_rng(rows)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = ["".join(chance.choice(letters, chance.integers(2, 9))) for _ in range(20_000)]
    last = "a first text"
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,text,label\n")
        for first in range(0, rows, 10_000):
            many = min(10_000, rows - first)
            picked, kinds = chance.integers(0, len(words), (many, 12)), chance.random(many)
            for row in range(many):
                text = " ".join([words[n] for n in picked[row]])
                text = last.upper() if kinds[row] < 0.02 else f'"{text}, so"' if kinds[row] < 0.22 else text
                file.write(f"{first + row},{text},{'abcd'[row % 4]}\n")
                if kinds[row] >= 0.22:
                    last = text


if __name__ == "__main__":
    main()
