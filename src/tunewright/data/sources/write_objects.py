"""Write rows as JSON objects. A row keeps its text to the letter, so `1.10` or an id of twenty digits is not rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from tunewright.data.sources.json_text import json_text
from tunewright.data.sources.types import Added, NativeRows, SourceFormat
from tunewright.data.sources.write_cells import TextOut


class LinesWriter:
    """JSON Lines: an object a line."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._put = TextOut(file, source, path).put
        self._newline = source.newline

    def write(self, rows: NativeRows, added: Added) -> None:
        """One line a row."""
        for text in _objects(rows, added):
            self._put(text + self._newline)

    def close(self) -> None:
        """Nothing stands at the end of a JSON Lines file."""


class ListWriter:
    """JSON: one list of objects."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._put = TextOut(file, source, path).put
        self._begun = False

    def write(self, rows: NativeRows, added: Added) -> None:
        """One element a row."""
        for text in _objects(rows, added):
            self._put((",\n" if self._begun else "[\n") + text)
            self._begun = True

    def close(self) -> None:
        """The end of the list."""
        self._put("\n]\n" if self._begun else "[]\n")


def _objects(rows: NativeRows, added: Added) -> Iterator[str]:
    for i, (raw, record) in enumerate(zip(rows.raws, rows.records, strict=True)):
        yield add_to_object(raw, record, {name: values[i] for name, values in added.items()})


def add_to_object(raw: str, record: Mapping[str, object], new: Mapping[str, object]) -> str:
    """The text of a JSON object with keys added at its end; only a key that is there already has it written anew."""
    if any(name in record for name in new):
        return json_text({**record, **new})
    if not new:
        return raw.strip()
    body = raw.strip()[:-1].rstrip()
    extra = json.dumps(dict(new), ensure_ascii=False, allow_nan=False)[1:-1]
    return f"{body}{', ' if record and new else ''}{extra}}}"
