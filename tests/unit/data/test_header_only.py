from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import read


def test_a_header_without_rows_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("text,label\n", encoding="utf-8")
    with pytest.raises(DataError, match="there is no row below the header"):
        read(path)
