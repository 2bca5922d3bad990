"""Is any text altered by reading? Random Unicode, written by others, read back and compared code point for code point.

    python bench/unaltered.py --rows 1000000

The writers are Python's own csv (several dialects and encodings), json and pyarrow's Parquet. The texts hold code points
of all planes, control characters, line ends of every kind, quotes, delimiters and spaces at their ends; only NUL and
halves of surrogate pairs are left out, which the formats or a text cannot hold. Nothing is told to the reader: encoding,
delimiter and quoting are found from the bytes. A row is *equal*, *set aside* (it stands in the quarantine) or *altered*,
and one that is altered or lost ends the run with status 1.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.data.sources import read

Rows = list[dict[str, str]]
TRICKY = [
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    "|",
    "\\",
    '\\"',
    "\n",
    "\r\n",
    "\n\n",
    "\r",
    " ",
    "  ",
    "#",
    "=",
    "{",
    "[",
    "null",
]
TRICKY += [
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1e",
    "\x1a",
    "\ufeff",
    "\u00a0",
    "\u3000",
    "\u200d",
    "\u202e",
]
PLAIN = [
    *"abcdefghijklmnopqrstuvwxyz     ABCDE0123456789.",
    *"的一是不了在人有我他这个们中来上大为和国",
    *"äöüßéñçøåžлждя",
]
CONTROLS = [chr(code) for code in (*range(1, 32), *range(127, 160))]


def any_character(rng: random.Random) -> str:
    """Any code point of any plane but NUL and the surrogates; each plane is as likely as the others together."""
    while True:
        first, last = rng.choice(((1, 0xFFFF), (0x300, 0x36F), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF)))
        code = rng.randint(first, last)
        if not 0xD800 <= code <= 0xDFFF:
            return chr(code)


def random_text(rng: random.Random) -> str:
    """Words of a few scripts, into which odd things are put."""
    pieces = rng.choices(PLAIN, k=rng.randint(0, 25))
    for _ in range(rng.choice((0, 0, 1, 2, 5))):
        pieces.insert(rng.randint(0, len(pieces)), rng.choice(TRICKY))
    for _ in range(rng.choice((0, 0, 1, 4))):
        pieces.insert(rng.randint(0, len(pieces)), any_character(rng))
    if rng.random() < 0.1:
        pieces.insert(rng.randint(0, len(pieces)), rng.choice(CONTROLS))
    return "".join(pieces)


def delimited(encoding: str, ending: str = "csv", **dialect: Any) -> Callable[[Rows, Path], Path]:
    """Written by Python's csv."""

    def write(rows: Rows, folder: Path) -> Path:
        path = folder / f"rows.{ending}"
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), **dialect)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def json_lines(*, ensure_ascii: bool) -> Callable[[Rows, Path], Path]:
    """Written by Python's json, one object a line."""

    def write(rows: Rows, folder: Path) -> Path:
        path = folder / "rows.jsonl"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(json.dumps(row, ensure_ascii=ensure_ascii) + "\n" for row in rows)
        return path

    return write


def json_list(rows: Rows, folder: Path) -> Path:
    """Written by Python's json as one list."""
    path = folder / "rows.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    return path


def parquet(*, dictionary: bool) -> Callable[[Rows, Path], Path]:
    """Written by pyarrow."""

    def write(rows: Rows, folder: Path) -> Path:
        path = folder / "rows.parquet"
        pq.write_table(pa.Table.from_pylist(rows), path, use_dictionary=dictionary, row_group_size=1000)
        return path

    return write


WRITERS: dict[str, Callable[[Rows, Path], Path]] = {
    "csv, as Excel has it": delimited("utf-8"),
    "csv, UTF-8 with a mark": delimited("utf-8-sig"),
    "csv, UTF-16": delimited("utf-16"),
    "csv, GB18030, all quoted": delimited("gb18030", quoting=csv.QUOTE_ALL, lineterminator="\n"),
    "csv, line feeds, quotes where needed": delimited("utf-8", lineterminator="\n"),
    "csv, semicolons, all quoted": delimited("utf-8", delimiter=";", quoting=csv.QUOTE_ALL),
    "csv, bars": delimited("utf-8", delimiter="|", lineterminator="\n"),
    "tsv, quotes where needed": delimited("utf-8", "tsv", dialect="excel-tab"),
    "JSON Lines": json_lines(ensure_ascii=False),
    "JSON Lines, escaped": json_lines(ensure_ascii=True),
    "JSON list": json_list,
    "Parquet": parquet(dictionary=False),
    "Parquet, dictionaries": parquet(dictionary=True),
}


def main() -> None:
    """A table of counts, one line a writer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="over all writers")
    parser.add_argument("--rows-per-file", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e6, help="stop after the file at which this has passed")
    options = parser.parse_args()
    began = time.monotonic()
    counts = {name: Counter[str]() for name in WRITERS}
    rounds = max(1, options.rows // (options.rows_per_file * len(WRITERS)))
    for number in range(rounds):
        for name, write in WRITERS.items():
            rng = random.Random(f"{options.seed} {number} {name}")
            counts[name].update(one_file(write, f"{name}, file {number}", rng, rows=options.rows_per_file))
        if time.monotonic() - began > options.seconds:
            break
    print(f"{'writer':<38} {'rows':>9} {'equal':>9} {'set aside':>9} {'altered':>8} {'lost':>6}  reasons")
    for name, found in [*counts.items(), ("all", sum(counts.values(), Counter[str]()))]:
        reasons = ", ".join(f"{count} {what[8:]}" for what, count in found.items() if what.startswith("reason: "))
        numbers = [found[what] for what in ("rows", "equal", "set aside", "altered", "lost")]
        print("{:<38} {:>9,} {:>9,} {:>9,} {:>8,} {:>6,}  {}".format(name, *numbers, reasons))
    print(f"{time.monotonic() - began:,.0f} s")
    sys.exit(any(found["altered"] or found["lost"] for found in counts.values()))


def one_file(write: Callable[[Rows, Path], Path], name: str, rng: random.Random, *, rows: int) -> Counter[str]:
    """Write a file, read it, and say of each row what became of it."""
    written = [
        {"text": random_text(rng), "label": rng.choice(("good", "bad")), "id": f"row-{i:06}"} for i in range(rows)
    ]
    counts = Counter(rows=rows)
    with tempfile.TemporaryDirectory() as folder:
        path = write(written, Path(folder))
        try:
            result = read(path)
        except DataError as error:
            print(f"{name}: the file was refused: {error}")
            return Counter(rows=rows, lost=rows)
    columns = ("text", "label", "id")
    if not {*columns} <= {*result.table.column_names}:
        print(f"{name}: the columns are {result.table.column_names}; {result.source.reasons}")
        return Counter(rows=rows, altered=rows)
    got = {row["id"]: row for row in result.table.select(columns).to_pylist()}
    aside = "".join(bad.raw for bad in result.quarantined)
    for row in written:
        if got.pop(row["id"], None) == row:
            counts["equal"] += 1
        elif row["id"] in aside:
            counts["set aside"] += 1
        else:
            kind = "altered" if row["id"] in result.table["id"].to_pylist() else "lost"
            counts[kind] += 1
            print(f"{name}: {kind}: {row!r}")
    if got:
        counts["altered"] += len(got)
        print(f"{name}: {len(got)} rows that were never written, such as {next(iter(got.values()))!r}")
    counts.update(Counter(f"reason: {bad.reason_code}" for bad in result.quarantined))
    return counts


if __name__ == "__main__":
    main()
