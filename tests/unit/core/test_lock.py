"""A lock keeps others out while it is held, and a killed holder holds nobody off."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from tunewright.core.lock import FileLock, held

HOLDER = """
import sys, time
from pathlib import Path
from tunewright.core.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def hold_in_another_process(path: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def test_who_comes_second_waits_until_the_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    holder = hold_in_another_process(path)
    taken: list[float] = []

    def take() -> None:
        with held(path):
            taken.append(time.monotonic())

    waiting = threading.Thread(target=take)
    waiting.start()
    waiting.join(timeout=0.5)
    assert not taken
    killed = time.monotonic()
    holder.kill()
    waiting.join(timeout=10)
    holder.wait()
    assert taken
    assert taken[0] >= killed


def test_it_can_be_taken_again_and_again(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    for _ in range(3):
        assert lock.acquire()
        lock.release()
