"""Throw damaged files at every reader: only a DataError may come out, soon, and the counts must add up. Promise 22.

    python bench/fuzz_readers.py --executions 1000000 [--engine atheris|mutations] [--seconds 3600] [--seed 17]

`mutations`: files of the catalogue and valid ones, cut, flipped, spliced, repeated and sprinkled with the signs that
parsers trip over. `atheris`: the same, led by coverage of the readers. A case that takes longer than a second a
megabyte (at least five seconds), or anything but a DataError, is printed with its bytes and kept in --findings.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.dirt.catalogue import CATALOGUE
from tests.dirt.mutate import mutate
from tunewright.core.errors import DataError
from tunewright.data.sources import SOURCES, iter_rows, read

ENDINGS = sorted({source.suffixes[0].lstrip(".") for source in SOURCES.values()})
LARGEST_SEED = 4_000
PART = 20_000
"""Executions in one process."""


class TooSlow(Exception):
    """A case took longer than it may."""


def seeds() -> list[tuple[str, bytes]]:
    """Files to start from: all of the catalogue that are small."""
    return [(dirt.ending, dirt.data) for dirt in CATALOGUE if len(dirt.data) <= LARGEST_SEED]


def one(data: bytes, *, ending: str, folder: Path) -> str:
    """Read the bytes under this ending, whole and in passes. Returns what became of them."""
    path = folder / f"a.{ending}"
    path.write_bytes(data)
    signal.setitimer(signal.ITIMER_REAL, 5 + len(data) / 1e6)
    try:
        try:
            result = read(path)
        except DataError as refusal:
            message = str(refusal)
            assert str(path) in message  # or else a person can't know which file is meant
            return "refused"
        assert result.read == len(result.table) + len(result.quarantined)
        assert len(set(result.table["row_id"].to_pylist())) == len(result.table)
        ids: list[str] = []
        set_aside = 0
        for chunk in iter_rows(path, rows_per_chunk=7):
            ids += chunk.table["row_id"].to_pylist()
            set_aside += len(chunk.quarantined)
        assert ids == result.table["row_id"].to_pylist(), "passes differ from the whole"
        assert set_aside == len(result.quarantined), "passes differ from the whole"
        return "set aside" if result.quarantined else "read"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def by_mutations(arguments: argparse.Namespace, check: Callable[[bytes, str], None]) -> None:
    """Mutate seeds until enough were run."""
    rng = random.Random(arguments.seed)
    files = seeds()
    until = time.monotonic() + arguments.seconds
    for _ in range(arguments.executions):
        ending, data = rng.choice(files)
        if rng.random() < 0.1:
            ending = rng.choice(ENDINGS)
        check(mutate(data, rng, other=rng.choice(files)[1]), ending)
        if time.monotonic() > until:
            break


def by_atheris(arguments: argparse.Namespace, check: Callable[[bytes, str], None]) -> None:
    """Let atheris choose, by the branches of the readers that a file reaches. Never returns."""
    import atheris

    for name in [name for name in sys.modules if name.startswith("tunewright.data")]:
        module = sys.modules[name]
        for attribute, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__module__", "") == name and hasattr(value, "__code__"):
                setattr(module, attribute, atheris.instrument_func(value))
    corpus = arguments.findings / "corpus"  # what reached new branches stays there for the next part
    corpus.mkdir(exist_ok=True)
    for i, (ending, data) in enumerate(seeds()):
        (corpus / str(i)).write_bytes(bytes([ENDINGS.index(ending)]) + data)

    def target(data: bytes) -> None:
        if data:
            check(data[1:], ENDINGS[data[0] % len(ENDINGS)])

    flags = [f"-runs={arguments.executions}", f"-max_total_time={int(arguments.seconds)}", f"-seed={arguments.seed}"]
    flags += [f"-max_len={LARGEST_SEED}", "-rss_limit_mb=4096", "-verbosity=0", "-print_final_stats=0"]
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            *flags,
            "-print_final_stats=0",
            f"-max_len={LARGEST_SEED}",
            "-rss_limit_mb=4096",
            "-verbosity=0",
        ],
        target,
    )
    atheris.Fuzz()


def main() -> None:
    """Run the campaign in processes of their own, so that one that is ended by a library is a finding, too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executions", type=int, default=100_000)
    parser.add_argument("--engine", choices=("atheris", "mutations"), default="mutations")
    parser.add_argument("--seconds", type=float, default=1e6)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        run_part(arguments)
        return
    began = time.monotonic()
    total: Counter[str] = Counter()
    arguments.findings.mkdir(exist_ok=True)
    while total.total() < arguments.executions and time.monotonic() - began < arguments.seconds:
        with tempfile.TemporaryDirectory() as part:
            left = arguments.seconds - (time.monotonic() - began)
            command = [
                sys.executable, __file__, "--part", part, "--engine", arguments.engine, "--seed", str(arguments.seed),
                "--executions", str(min(PART, arguments.executions - total.total())), "--seconds", str(left),
                "--findings", str(arguments.findings),
            ]  # fmt: skip
            ended = subprocess.run(command, check=False)
            counts = Path(part, "counts.json")
            total.update(json.loads(counts.read_text(encoding="utf-8")) if counts.exists() else {})
            last = next(Path(part).glob("a.*"), None)
            if ended.returncode < 0 and last is not None:
                total["FOUND the process was ended"] += 1
                shutil.copy(last, arguments.findings / f"ended-{arguments.seed}{last.suffix}")
                print(f"ended by signal {-ended.returncode}: {arguments.findings}/ended-{arguments.seed}{last.suffix}")
        arguments.seed += 1
        show(total, began)
    sys.exit(1 if any(what.startswith("FOUND") for what in total) else 0)


def run_part(arguments: argparse.Namespace) -> None:
    """Some executions; what was counted goes to a file every second."""

    def alarm(number: int, frame: FrameType | None) -> None:
        raise TooSlow("".join(traceback.format_stack(frame, limit=6)))

    signal.signal(signal.SIGALRM, alarm)
    outcomes: Counter[str] = Counter()
    known: set[str] = set()
    saved = 0.0

    def save() -> None:
        arguments.part.joinpath("counts.json").write_text(json.dumps(outcomes), encoding="utf-8")

    def check(data: bytes, ending: str) -> None:
        nonlocal saved
        try:
            outcome = one(data, ending=ending, folder=arguments.part)
        except (Exception, RecursionError, MemoryError) as error:
            outcome = f"FOUND {type(error).__name__}"
            place = " ".join(traceback.format_exc().splitlines()[-4:])
            if place not in known:
                known.add(place)
                name = f"{arguments.seed}-{len(known):03}.{ending}"
                (arguments.findings / name).write_bytes(data)
                print(f"{arguments.findings / name}\n{traceback.format_exc()}", flush=True)
        outcomes[outcome] += 1
        arguments.part.joinpath(f"a.{ending}").unlink(missing_ok=True)
        if time.monotonic() - saved > 1:
            save()
            saved = time.monotonic()

    try:
        (by_atheris if arguments.engine == "atheris" else by_mutations)(arguments, check)
    finally:
        save()


def show(outcomes: Counter[str], began: float) -> None:
    """One line of figures."""
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    shares = ", ".join(f"{count:,} {what}" for what, count in sorted(outcomes.items()))
    print(f"{outcomes.total():,} executions in {seconds:,.0f} s: {shares}; peak memory {memory:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
