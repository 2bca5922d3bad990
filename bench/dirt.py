"""What becomes of each class of dirt in Tunewright, in pandas and in datasets. Writes docs/dirt.md.

    pip install -c constraints.txt -e ".[test,bench]"
    python bench/dirt.py

Each class of `tests/dirt` is written to a file and read as a user would: `tunewright.data.sources.read(path)`;
`pandas.read_csv(path)`, `read_json(path, lines=...)`, `read_parquet(path)`; `datasets.load_dataset("csv", ...)` and so on.
What comes out is compared with the rows that the class says must survive. The comparison is kind to the other two: a value
of another type counts as kept where its letters are the same (`7` for `7`, not for `007`), names that a reader makes up
may be others than ours, an empty cell may be missing, and a nested value is compared as such.

Each system has a process of its own that is started again when a file crashes it or takes longer than a minute.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import math
import multiprocessing
import os
import re
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from dirt_page import (
    CHANGED,
    CRASHED,
    LINE,
    LOCATED,
    LOST,
    MISSING,
    NO_TABLE,
    READ,
    REFUSED,
    SECONDS,
    TAKEN,
    WHOLE,
    Verdict,
    code,
    page,
)
from tests.dirt.catalogue import CATALOGUE
from tests.dirt.record import Dirt

PAGE = Path(__file__).parents[1] / "docs" / "dirt.md"
Rows = list[dict[str, Any]]
Reader = Callable[[Path, Dirt], Verdict]


def main() -> None:
    """Read everything with each system, and write the page."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    missing = [name for name in ("pandas", "datasets") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f'{" and ".join(missing)} must be installed: pip install -c constraints.txt -e ".[test,bench]"\n'
            "Tunewright itself does not need them."
        )
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": f"{folder}/home", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
        paths = []
        for number, dirt in enumerate(CATALOGUE):
            paths.append(Path(folder, str(number), dirt.file_name))
            paths[-1].parent.mkdir()
            paths[-1].write_bytes(dirt.data)
        verdicts = {name: list(read_all(name, paths)) for name in READERS}
    PAGE.write_text(page(verdicts), encoding="utf-8")
    for name, found in verdicts.items():
        print(name, dict(Counter(verdict.outcome for verdict in found)))


def read_all(system: str, paths: Sequence[Path]) -> Iterator[Verdict]:
    """The verdict on each file, from a process that a bad file may take down."""
    worker = connection = None
    context = multiprocessing.get_context("spawn")
    for number, path in enumerate(paths):
        if worker is None or connection is None:
            connection, other = context.Pipe()
            worker = context.Process(target=work, args=(system, other))
            worker.start()
            other.close()
            connection.recv()  # its imports are done
        connection.send((number, path))
        try:
            if not connection.poll(SECONDS):
                raise TimeoutError(f"more than {SECONDS:.0f} seconds")
            yield connection.recv()
        except (EOFError, TimeoutError, ConnectionError) as error:
            yield Verdict(outcome=CRASHED, detail=str(error) or "the process ended")
            worker.kill()
            worker = None
    if worker is not None and connection is not None:
        connection.send(None)
        worker.join()


def work(system: str, connection: Connection) -> None:
    """One process: a verdict for each file that is named."""
    if system != "Tunewright":
        importlib.import_module(system)
    logging.getLogger("datasets").handlers.clear()  # `watched` listens to it
    connection.send("ready")
    while (task := connection.recv()) is not None:
        number, path = task
        connection.send(READERS[system](path, CATALOGUE[number]))


def by_tunewright(path: Path, dirt: Dirt) -> Verdict:
    """Rows with their types, and every place that was set aside."""
    from tunewright.core.errors import DataError
    from tunewright.data.sources import read

    try:
        result = read(path)
    except DataError as error:
        return Verdict(outcome=REFUSED if re.search(dirt.refused or "(?!)", str(error)) else WHOLE)
    rows = [{name: row[name] for name in row if name not in ("row_id", "origin")} for row in result.table.to_pylist()]
    lines = tuple(bad.line for bad in result.quarantined)
    reasons = tuple(dict.fromkeys(bad.reason_code for bad in result.quarantined))
    as_wanted = [(bad.line, bad.reason or given) for bad, given in zip(dirt.bad, codes(result), strict=False)]
    if dirt.refused:
        return Verdict(outcome=NO_TABLE)
    if [repr(row) for row in rows] != [repr(row) for row in dirt.kept]:
        return judge(rows, dirt)
    if as_wanted != list(zip(lines, codes(result), strict=True)) or len(as_wanted) != len(dirt.bad):
        return Verdict(outcome=TAKEN, lines=lines, reasons=reasons)
    return Verdict(outcome=LOCATED if dirt.bad else READ, lines=lines, reasons=reasons)


def codes(result: Any) -> list[str]:
    return [bad.reason_code for bad in result.quarantined]


def by_pandas(path: Path, dirt: Dirt) -> Verdict:
    """With its defaults; what it makes the index is data here, if it comes from the file."""
    import pandas as pd

    readers: dict[str, Callable[[], pd.DataFrame]] = {
        "csv": lambda: pd.read_csv(path),
        "tsv": lambda: pd.read_csv(path, sep="\t"),
        "jsonl": lambda: pd.read_json(path, lines=True),
        "json": lambda: pd.read_json(path),
        "parquet": lambda: pd.read_parquet(path),
    }

    def rows() -> tuple[Rows, Rows]:
        frame = readers[dirt.ending]()
        alone = [dict(enumerate(values)) for values in frame.itertuples(index=False, name=None)]
        names = [str(name) for name in frame.columns]
        named = [dict(zip(names, row.values(), strict=True)) for row in alone]
        if dirt.kept and len(names) < len(dirt.kept[0]):
            return named, [dict(enumerate(values)) for values in frame.reset_index().itertuples(index=False, name=None)]
        return named, alone

    return watched(rows, dirt)


def by_datasets(path: Path, dirt: Dirt) -> Verdict:
    """With its defaults."""
    import datasets

    builder = {"jsonl": "json", "tsv": "csv"}.get(dirt.ending, dirt.ending)
    options = {"sep": "\t"} if dirt.ending == "tsv" else {}

    def rows() -> tuple[Rows, Rows]:
        found = list(datasets.load_dataset(builder, data_files=str(path), split="train", **options))
        return found, found

    return watched(rows, dirt)


READERS: dict[str, Reader] = {"Tunewright": by_tunewright, "pandas": by_pandas, "datasets": by_datasets}


def watched(read_rows: Callable[[], tuple[Rows, Rows]], dirt: Dirt) -> Verdict:
    """The verdict on what a reader gives, with errors and warnings."""
    heard: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    listener = Listener(logging.WARNING)
    logging.getLogger("datasets").addHandler(listener)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", UserWarning)
            named, by_place = read_rows()
    except Exception as error:
        return of_error(error, dirt)
    finally:
        logging.getLogger("datasets").removeHandler(listener)
    verdict = judge(named, dirt, by_place)
    heard += [str(warning.message) for warning in warned if issubclass(warning.category, UserWarning)]
    if heard and verdict.outcome not in (READ, REFUSED):
        return Verdict(outcome=verdict.outcome, detail=f"{verdict.detail}; with a warning".strip("; "))
    return verdict


def of_error(error: BaseException, dirt: Dirt) -> Verdict:
    """Whether the file had to be refused, and whether the message says where."""
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    detail = f"`{type(chain[-1]).__name__}`"
    if dirt.refused:
        return Verdict(outcome=REFUSED, detail=detail)
    found = {int(number) for one in chain for number in re.findall(r"(?i)(?:line|row)s?\W{0,2}(\d+)", str(one))}
    wanted = {place for bad in dirt.bad for place in (bad.line - 1, bad.line)}  # it may count from 0
    return Verdict(outcome=LINE if found & wanted else WHOLE, detail=detail)


def judge(rows: Rows, dirt: Dirt, by_place: Rows | None = None) -> Verdict:
    """Compare with the rows that must survive, by name where the names are there, else by place."""
    if dirt.refused:
        return Verdict(outcome=NO_TABLE, detail=counted(len(rows))) if rows else Verdict(outcome=REFUSED)
    names = list(dirt.kept[0])
    if rows and {*names} <= {name.strip() for name in map(str, rows[0])}:
        trimmed = [{str(name).strip(): value for name, value in row.items()} for row in rows]
        found = [[letters(row[name], dirt) for name in names] for row in trimmed]
    else:
        found = [[letters(value, dirt) for value in row.values()] for row in (rows if by_place is None else by_place)]
    kept = [[wanted(value, dirt) for value in row.values()] for row in dirt.kept]
    left = iter(found)
    if all(any(row == one for one in left) for row in kept):
        if len(found) > len(kept):
            return Verdict(outcome=TAKEN if dirt.bad else CHANGED, detail=f"{counted(len(found) - len(kept))} too many")
        if all(bad.piece is not None and not bad.piece.strip() for bad in dirt.bad):
            return Verdict(outcome=READ)
        return Verdict(outcome=LOST, detail=f"{counted(len(dirt.bad))} with damage")
    if len(found) < len(kept) + len(dirt.bad):
        return Verdict(outcome=LOST, detail=counted(missing_rows(kept, found) if dirt.bad else len(kept) - len(found)))
    return Verdict(outcome=CHANGED, detail=first_change(kept, found))


def missing_rows(kept: list[list[Any]], found: list[list[Any]]) -> int:
    """How many good rows do not come out."""
    return (Counter(map(repr, kept)) - Counter(map(repr, found))).total()


def counted(rows: int) -> str:
    return f"{rows} row" + "s" * (rows != 1)


def first_change(kept: list[list[Any]], found: list[list[Any]]) -> str:
    """The first value of a good row that is another one."""
    for row, got in zip(kept, found, strict=False):
        if len(row) != len(got):
            return f"{len(got)} columns, not {len(row)}".replace("1 columns", "1 column")
        for before, after in zip(row, got, strict=False):
            if before != after:
                return f"{code(before)} → {code(after)}"
    return "the order of the rows"


def letters(value: Any, dirt: Dirt) -> Any:
    """A value as its letters; lists and objects stay what they are, with letters inside."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return MISSING
    if isinstance(value, dict):
        inside = {str(name): letters(one, dirt) for name, one in value.items()}
        return {name: one for name, one in inside.items() if one != MISSING}
    if hasattr(value, "tolist") and getattr(value, "ndim", 0):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [letters(one, dirt) for one in value]
    if isinstance(value, bool) and dirt.ending != "csv":
        return str(value).lower()
    if value == "" and dirt.ending in ("csv", "tsv"):
        return MISSING
    return str(value)


def wanted(value: Any, dirt: Dirt) -> Any:
    """What the catalogue wants, as `letters` has it; nested values are texts of JSON there."""
    if isinstance(value, str) and value[:1] in ("{", "[") and dirt.ending in ("json", "jsonl", "parquet"):
        return letters(json.loads(value, parse_int=str, parse_float=str), dirt)
    return letters(value, dirt)


if __name__ == "__main__":
    main()
