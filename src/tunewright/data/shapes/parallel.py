"""Parallel text files: `corpus.en` and `corpus.de`, the n-th lines of which are each other's translation."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.core.languages import language_of
from tunewright.data.shapes.pairs import direction
from tunewright.data.shapes.tmx import same_pair
from tunewright.data.shapes.types import Guess, Pair, Refused, Row, Sample
from tunewright.data.sources.encoding import scan
from tunewright.data.sources.lines import Line, physical_lines, strip_end


def detect(sample: Sample) -> Guess | None:
    """The file's ending is a language, and beside it stands a file of the same name for another language."""
    here = language_of(sample.path.suffix[1:])
    if here is None:
        return None
    beside = [path for path in siblings(sample.path) if path != sample.path]
    if not beside:
        return None
    found = [sample.path.suffix[1:], *(path.suffix[1:] for path in beside)]
    source, target, _ = direction(found, sample.languages, where=str(sample.path.with_suffix("")))
    if len(found) > 2 and sample.languages is None:
        raise DataError(
            f"{sample.path}: beside it stand files in {', '.join(found[1:])}. Say which two: --languages {found[0]}-{found[1]}."
        )
    why = f"lines of {sample.path.stem}.{source} beside those of {sample.path.stem}.{target}"
    return Guess(confidence=0.95, why=why, settings={"source": source, "target": target})


def siblings(path: Path) -> list[Path]:
    """Files of the same name whose endings are languages."""
    folder = path.parent
    found = (other for other in folder.glob(f"{glob_safe(path.stem)}.*") if other.stem == path.stem and other.is_file())
    return sorted(other for other in found if language_of(other.suffix[1:]))


def glob_safe(name: str) -> str:
    """The name with the characters that `glob` would read as patterns in brackets."""
    return "".join(f"[{char}]" if char in "[*?" else char for char in name)


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Row | Refused]:
    """A row a line. Files of different length are refused before anything is read: every pair after the gap is wrong.

    Raises: DataError with both counts.
    """
    source, target = path.with_suffix(f".{settings['source']}"), path.with_suffix(f".{settings['target']}")
    counts = [sum(1 for _ in _lines(file)) for file in (source, target)]
    if counts[0] != counts[1]:
        raise DataError(
            f"{source} has {counts[0]:,} lines, {target} has {counts[1]:,}. In parallel text the n-th lines belong "
            "together, so the counts must be equal. Find the line that was lost, or export both files again."
        )
    languages = language_of(settings["source"]), language_of(settings["target"])
    for first, second in zip(_lines(source), _lines(target), strict=True):
        problem = first.problem or second.problem
        if problem:
            yield Refused(path=str(path), line=first.number, reason_code="undecodable_bytes", detail=problem)
            continue
        yield Pair(
            path=str(source), line=first.number, source=strip_end(first.text), targets=(strip_end(second.text),),
            source_language=languages[0], target_language=languages[1],
        )  # fmt: skip


def _lines(path: Path) -> Iterator[Line]:
    found = scan(path, encoding=None)
    return physical_lines(path, encoding=found.encoding, newline=found.newline, bom=found.bom)


def write(rows: Iterable[Pair], path: Path) -> None:
    """Both files, in UTF-8: `path` is that of one side (`corpus.en`), the other is named for the other language.

    Raises: DataError where `path` does not end in one of the two languages.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{path}: there is no row to write.")
    languages = (first.source_language, first.target_language)
    if path.suffix[1:] not in languages:
        raise DataError(
            f"{path}: the rows are in {languages[0]} and {languages[1]}; the file's ending is one of these."
        )
    files = [path.with_suffix(f".{name}") for name in languages]
    with contextlib.ExitStack() as stack:
        asides = [stack.enter_context(writing(file)) for file in files]
        outs = [stack.enter_context(aside.open("w", encoding="utf-8", newline="\n")) for aside in asides]
        for row in chain([first], rows):
            same_pair(languages, row, path)
            outs[0].write(row.source + "\n")
            outs[1].write(row.targets[0] + "\n")
