"""A file of some gigabytes through `data split --clean`: how much memory, how long, and whether the counts are right.

    python bench/big_file.py --gigabytes 5 --folder /tmp/big

Writes a CSV of English and Chinese texts with known dirt, runs the verb in a fresh process, and reports its largest
resident set above that of the libraries alone. The file is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

LABELS = ["praise", "complaint", "question", "退货", "物流"]
SENTENCES = 30_000
ROWS_AT_A_TIME = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--characters", type=int, default=700, help="of a text, on average")
    parser.add_argument("--folder", type=Path, required=True, help="where there is room for four times the file")
    parser.add_argument("--keep", action="store_true", help="leave the file there")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run_in_this_process(options.child, options.folder / "split")))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / f"big_{options.gigabytes:g}.csv"
    began = time.monotonic()
    planted = write_file(file, size=int(options.gigabytes * 1e9), characters=options.characters)
    print(f"{file.stat().st_size / 1e9:.2f} GB written in {time.monotonic() - began:.0f} s: {planted}", flush=True)
    command = [sys.executable, __file__, "--folder", str(options.folder), "--child", str(file)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    rows = planted["rows"]
    found["allowed_mb"] = 500 + 32 * rows / 1e6
    print(json.dumps(found, ensure_ascii=False, indent=2))
    check(planted, found)
    for one in [*(options.folder / "split").iterdir()]:
        one.unlink()
    if not options.keep:
        file.unlink()


def run_in_this_process(file: Path, output: Path) -> dict[str, object]:
    """Run the verb; what it took above the memory of the libraries."""
    import tunewright.pipeline.data.split as verb  # what the verb loads at once

    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, cpu = time.monotonic(), time.process_time()
    done = verb.split_file(
        file, output=output, text="text", label="label", task="single_label", group="none", cleans=True
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": round(time.monotonic() - began), "cpu_seconds": round(time.process_time() - cpu),
        "libraries_mb": round(own), "peak_mb": round(peak), "above_mb": round(peak - own),
        "rows": done.rows, "stages": {one.stage: [one.read, one.kept, one.reasons] for one in done.accounts},
        "said": done.said,
    }  # fmt: skip


def check(planted: dict[str, int], found: dict[str, object]) -> None:
    """Stop where the account differs from what was planted, or too much memory was taken."""
    stages = found["stages"]
    read, _, reasons = stages["read"]
    assert read == planted["rows"] + planted["broken"], (read, planted)
    assert sum(reasons.values()) == planted["broken"], (reasons, planted)
    assert stages["clean.empty_text"][2].get("empty_text", 0) == planted["empty"]
    assert stages["clean.exact_duplicates"][2].get("exact_duplicate", 0) == planted["exact"], (stages, planted)
    assert stages["clean.label_variants"][2].get("label_variant", 0) == planted["variants"]
    assert sum(found["rows"].values()) == stages["split"][1]
    assert found["above_mb"] < found["allowed_mb"], (found["above_mb"], found["allowed_mb"])
    print("the counts are those planted, and the memory is within its bound")


def write_file(path: Path, *, size: int, characters: int) -> dict[str, int]:
    """Rows until the file has this size; how many of each kind of dirt it holds."""
    chance = np.random.default_rng(5)
    english = [" ".join(words) for words in chance.choice(english_words(chance), (SENTENCES, 12))]
    signs = [chr(code) for code in range(0x4E00, 0x4E00 + 3000)]
    chinese = ["".join(row) + "。" for row in chance.choice(signs, (SENTENCES, 25))]
    counts = dict.fromkeys(("rows", "broken", "empty", "exact", "near", "variants"), 0)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("text,label,id\n")
        while file.tell() < size:
            write_rows(file, chance, (english, chinese), characters, counts)
    return counts


def write_rows(file, chance, pools, characters: int, counts: dict[str, int]) -> None:
    kinds = chance.random(ROWS_AT_A_TIME)
    pool_of = chance.integers(0, 2, ROWS_AT_A_TIME)
    many = max(1, characters // 60)
    lengths = chance.integers(max(1, many // 2), many * 3 // 2 + 2, ROWS_AT_A_TIME)
    picks = chance.integers(0, SENTENCES, (ROWS_AT_A_TIME, many * 3 // 2 + 2))
    labels = chance.integers(0, len(LABELS), ROWS_AT_A_TIME)
    lines, last, last_label = [], "", LABELS[0]
    for row in range(ROWS_AT_A_TIME):
        pool, label, kind = pools[pool_of[row]], LABELS[labels[row]], kinds[row]
        text = (" " if pool_of[row] == 0 else "").join([pool[n] for n in picks[row, : lengths[row]].tolist()])
        text = f"{counts['rows'] + row:x} {text}"
        if kind < 0.02 and last:
            text, label = last.upper() + "  ", last_label
            counts["exact"] += 1
        elif kind < 0.04 and last and len(last) > 120:
            text, label = f"{last[:60]}{row:x}{last[60:]}", last_label
            counts["near"] += 1
        elif kind < 0.045:
            lines.append(f"{text},{label}\n")
            counts["broken"] += 1
            counts["rows"] -= 1
            continue
        elif kind < 0.05:
            text = " "
            counts["empty"] += 1
        elif kind < 0.06 and label.isascii():
            label = label.upper()
            counts["variants"] += 1
        lines.append(f"{text},{label},{counts['rows'] + row}\n")
        if kind >= 0.06:
            last, last_label = text, label
    file.write("".join(lines))
    counts["rows"] += ROWS_AT_A_TIME


def english_words(chance) -> list[str]:
    letters = list("abcdefghijklmnopqrstuvwxyz")
    return ["".join(chance.choice(letters, chance.integers(2, 9))) for _ in range(20_000)]


if __name__ == "__main__":
    main()
