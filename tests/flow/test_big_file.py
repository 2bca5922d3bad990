"""A file of some hundred megabytes, as a person gives it: within its memory, and every count right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_big_file_keeps_within_its_memory_and_its_counts_are_right(tmp_path: Path) -> None:
    command = [sys.executable, "bench/big_file.py", "--gigabytes", "0.4", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the counts are those planted, and the memory is within its bound" in done.stdout
