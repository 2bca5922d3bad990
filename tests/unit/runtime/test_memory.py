"""What a container's limit leaves to a process."""

from __future__ import annotations

from pathlib import Path

from tunewright.runtime.memory import _free_in_group


def test_files_that_were_read_do_not_count_as_taken(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("16000\n")
    (tmp_path / "memory.current").write_text("15500\n")
    (tmp_path / "memory.stat").write_text("anon 2000\nfile 13500\ninactive_file 9000\nactive_file 4000\n")
    assert _free_in_group(tmp_path) == 13500
    (tmp_path / "memory.current").write_text("17000\n")
    (tmp_path / "memory.stat").write_text("anon 17000\n")
    assert _free_in_group(tmp_path) == 0
