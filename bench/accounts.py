"""Do the counts of rows add up, whatever the file: random dirty files cleaned and divided, every line looked for. Promise 13.

    python bench/accounts.py --files 100000 [--seconds 1800] [--seed 1]

Each file has up to 40 rows with any dirt between them (rows with too few or too many cells, bytes of another encoding, NUL, a
quote that is never closed, blank lines, empty texts, duplicates, contradicting labels, spellings, leaks between given
splits), as CSV or JSON Lines, and random settings. For each: read = kept + quarantined + dropped in every stage, and what one
stage keeps the next one reads; every line that is not blank is found exactly once among the rows kept, the rows dropped
(ledger) and the rows set aside (quarantine); and the files written hold the rows kept, counted by `csv` and `json`.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.data.decided import decide_in_memory
from tunewright.data.sources import SourceFormat, read
from tunewright.data.write_back import write_back
from tunewright.pipeline.data.settings import data_settings

COLUMNS = ("text", "label", "customer", "part")
LABELS = ("refund", "Refund", "refund ", "other", "third", "第一")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began, counts = time.monotonic(), Counter[str]()
    for number in range(options.files):
        if time.monotonic() - began > options.seconds:
            break
        chance = random.Random(options.seed * 10_000_019 + number)
        with tempfile.TemporaryDirectory() as folder:
            counts += check(Path(folder), chance, number)
        counts["files"] += 1
    print(json.dumps({**counts, "seconds": round(time.monotonic() - began)}))
    sys.exit(1 if counts["violations"] else 0)


def check(folder: Path, chance: random.Random, number: int) -> Counter[str]:
    """What became of one file, and whether anything does not add up."""
    data, ending, lines = dirty_file(chance)
    path = folder / f"file{ending}"
    path.write_bytes(data)
    settings = random_settings(chance)
    try:
        decided = decide_in_memory(
            path, settings=settings, ledger_path=folder / "ledger.parquet", quarantine_path=folder / "quarantine.jsonl"
        )
    except DataError:  # too few rows for a split, or no row at all
        return Counter(refused=1)
    rows = len(decided.kept_N)
    output = folder / f"kept{ending}"
    write_back(decided, {0: output}, output_N=np.where(decided.kept_N, 0, -1), settings=settings)
    wrong = list(wrong_sums(decided.accounts))
    ledger = pq.read_table(folder / "ledger.parquet").to_pylist()
    dropped = {entry["line"] for entry in ledger if entry["action"] == "dropped"}
    aside = quarantined_lines(folder / "quarantine.jsonl")
    line_of = [origin["line"] for origin in read(path, config=settings.read).table.column("origin").to_pylist()]
    kept = [line_of[row] for row in range(rows) if decided.kept_N[row]]
    if sorted([*kept, *dropped, *aside]) != lines:
        wrong.append(f"lines: kept {kept}, dropped {sorted(dropped)}, set aside {aside}, in the file {lines}")
    written = written_rows(output, decided.source)
    if written != len(kept):
        wrong.append(f"{written} rows written, {len(kept)} kept")
    for violation in wrong:
        print(f"file {number}: {violation}", flush=True)
    return Counter(rows=rows, dropped=len(dropped), quarantined=len(aside), violations=len(wrong))


def wrong_sums(accounts: Any) -> Any:
    for before, account in zip([None, *accounts[:-1]], accounts, strict=True):
        if account.read != account.kept + account.quarantined + account.dropped:
            yield f"stage {account.stage}: {account}"
        if before is not None and account.read != before.kept:
            yield f"stage {account.stage} reads {account.read}, {before.stage} kept {before.kept}"


def quarantined_lines(path: Path) -> list[int]:
    if not path.exists():
        return []
    return [json.loads(line)["line"] for line in path.read_text(encoding="utf-8").splitlines()]


def written_rows(path: Path, source: SourceFormat) -> int:
    text = path.read_bytes().decode(source.encoding)
    if source.kind == "json":  # `[1]` in the first line makes a list of a file of lines
        return len(json.loads(text))
    if source.kind == "csv":
        return sum(1 for row in csv.reader(text.splitlines(keepends=True)) if row) - 1
    return sum(1 for line in text.split("\n") if line)


def random_settings(chance: random.Random) -> Any:
    overrides = [
        f"clean.empty_text={chance.choice(['drop', 'keep'])}", f"clean.label_variants={chance.choice(['merge', 'keep'])}",
        f"clean.contradictions={chance.choice(['majority', 'drop', 'keep'])}",
        f"clean.exact_duplicates={chance.choice(['drop', 'keep'])}", f"split.near_leaks={chance.choice(['report', 'drop'])}",
        *(["clean.strip_markup=true"] if chance.random() < 0.3 else []),
    ]  # fmt: skip
    columns = {
        "text": "text", "label": "label", "task": "single_label", "language": "en",
        "group": chance.choice(["customer", "none"]), "split": chance.choice(["part", "none"]),
    }  # fmt: skip
    split: dict[str, Any] | None = chance.choice([None, {"seed": chance.randrange(5)}, {"seed": 1, "given": "ignore"}])
    return data_settings(columns=columns, overrides=overrides, split=split)


def dirty_file(chance: random.Random) -> tuple[bytes, str, list[int]]:
    """The bytes, the ending, and the numbers of the lines that hold something, each a row or what should be one."""
    ending = chance.choice([".csv", ".csv", ".jsonl"])
    alphabet = chance.choice(["abcdefghij ", "好坏大小房间酒店服务早餐", "aB ｃé好"])
    rows: list[list[str]] = []
    for _ in range(chance.randint(1, 40)):
        way, base = chance.random(), chance.choice(rows)[0] if rows else "a first text"
        at = chance.randrange(len(base) + 1)
        text = (
            base if way < 0.15 else base.upper() + "  " if way < 0.25 else base[:at] + "z" + base[at:] if way < 0.35
            else "" if way < 0.4 else f"<b>{base}</b>" if way < 0.45
            else "".join(chance.choice(alphabet) for _ in range(chance.choice([3, 30, 60])))
        )  # fmt: skip
        label = "" if chance.random() < 0.1 else chance.choice(LABELS)
        parts = ["train", "train", "dev", "test", ""]
        rows.append([text, label, chance.choice(["", *"pqrst"]), chance.choice(parts)])
    if ending == ".csv":
        written = [",".join(quoted(cell, chance) for cell in row).encode() for row in rows]
        dirt = [b"broken", b"a,b,c,d,e,f", b"x\0,a,b,c", b"\xff\xfe,a,,", b'"a"b,a,,', b'"open,a,,', b'in"side,other,,']
    else:
        written = [json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False).encode() for row in rows]
        dirt = [
            b"broken",
            b"{",
            b"[1]",
            b'{"text": "a", "text": "b"}',
            b'{"text": "\xff"}',
            b'{"text": NaN, "label": "x"}',
        ]
    lines = list(written)
    for piece in chance.sample(dirt, chance.choice([0, 0, 1, 2, 4])) + [b""] * chance.choice([0, 1]):
        lines.insert(chance.randrange(len(lines) + 1), piece)
    header = [",".join(COLUMNS).encode()] if ending == ".csv" else []
    end = chance.choice([b"\n", b"\r\n"])
    data = end.join([*header, *lines]) + chance.choice([end, b""])
    return data, ending, [number for number, line in enumerate(lines, start=1 + len(header)) if line]


def quoted(cell: str, chance: random.Random) -> str:
    return f'"{cell}"' if chance.random() < 0.5 else cell


if __name__ == "__main__":
    main()
