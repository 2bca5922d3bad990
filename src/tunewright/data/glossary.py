"""Glossaries: which words a translation has to use. From a table (CSV, Excel, ...) or TBX, the exchange format of terms.

A table has the terms of the source language in one column and their translations in another; several accepted
translations of a term stand in rows of their own, or in one cell with `|` between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from tunewright.core.errors import DataError
from tunewright.core.languages import language_of, pick
from tunewright.data.shapes.inline import name_of
from tunewright.data.shapes.types import Refused
from tunewright.data.shapes.xml import elements
from tunewright.data.sources import read

Glossary = dict[str, list[str]]
"""Each term of the source language with its accepted translations."""

_SOURCE = ("source", "src", "source_term", "term", "原文", "源语言", "源术语", "术语")
_TARGET = ("target", "tgt", "target_term", "translation", "译文", "目标语言", "目标术语", "译名", "翻译")
_ENTRY = {"termEntry", "conceptEntry"}
_LANGUAGE = {"langSet", "langSec"}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read_glossary(path: Path, *, source: str | None = None, target: str | None = None) -> Glossary:
    """The terms of a file. `source` and `target` are languages (`en`, `zh-TW`), needed where the file has more than two.

    Raises `DataError` where the file has no such languages, or no term.
    """
    pairs = _of_tbx(path, source, target) if _is_tbx(path) else _of_table(path, source, target)
    glossary: Glossary = {}
    for term, translation in pairs:
        for one in translation.split("|"):
            if term.strip() and one.strip() and one.strip() not in glossary.setdefault(term.strip(), []):
                glossary[term.strip()].append(one.strip())
    glossary = {term: translations for term, translations in glossary.items() if translations}
    if not glossary:
        raise DataError(
            f"{path}: there is no term with a translation in it. A row with a term and its translation is needed."
        )
    return glossary


def _is_tbx(path: Path) -> bool:
    if path.suffix.lower() == ".tbx":
        return True
    if path.suffix.lower() != ".xml":
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b"<martif" in head or b"<tbx" in head


def _of_table(path: Path, source: str | None, target: str | None) -> Iterator[tuple[str, str]]:
    table = read(path).table
    names = [name for name in table.column_names if name not in ("row_id", "origin")]
    columns = [_column(path, names, asked, usual, place) for place, (asked, usual) in enumerate(
        ((source, _SOURCE), (target, _TARGET))
    )]  # fmt: skip
    here, there = (table.column(name).to_pylist() for name in columns)
    return ((str(term or ""), str(translation or "")) for term, translation in zip(here, there, strict=True))


def _column(path: Path, names: list[str], asked: str | None, usual: tuple[str, ...], place: int) -> str:
    """The column of a language, else the one with a usual name, else the first or the second of two."""
    if asked is not None and (found := pick(asked, names)) is not None:
        return found
    for name in names:
        if name.strip().lower() in usual:
            return name
    if len(names) == 2 and (asked is None or not any(language_of(name) for name in names)):
        return names[place]
    wanted = f"of the language `{asked}` or named `{usual[0]}`" if asked else f"named `{usual[0]}`"
    raise DataError(f"{path}: a glossary needs a column {wanted}; the columns are {', '.join(f'`{n}`' for n in names)}")


def _of_tbx(path: Path, source: str | None, target: str | None) -> Iterator[tuple[str, str]]:
    entries = []
    for element in elements(path, wanted=_ENTRY, begun=set()):
        if isinstance(element, Refused):
            raise DataError(f"{path}:{element.line}: {element.detail}")
        entries.append(_terms(element))
    languages = list(dict.fromkeys(language for entry in entries for language in entry))
    if source is None and target is None and len(languages) == 2:
        source, target = languages
    chosen = [pick(asked, languages) if asked is not None else None for asked in (source, target)]
    if None in chosen:
        raise DataError(
            f"{path}: a term needs a source and a target language; asked for were `{source}` and `{target}`, and the file "
            f"has {', '.join(f'`{language}`' for language in languages) or 'none'}. Say which."
        )
    here, there = (str(language) for language in chosen)
    return ((term, one) for entry in entries for term in entry.get(here, ()) for one in entry.get(there, ()))


def _terms(entry: Element) -> dict[str, list[str]]:
    """The terms of one concept by language."""
    found: dict[str, list[str]] = {}
    for section in _named(entry, _LANGUAGE):
        language = section.get(_XML_LANG) or section.get("lang") or ""
        found.setdefault(language, []).extend("".join(term.itertext()) for term in _named(section, {"term"}))
    return found


def _named(element: Element, names: set[str]) -> Iterable[Element]:
    return (part for part in element.iter() if name_of(part) in names)
