"""XLIFF 1.2 and 2.0: files under translation. A unit without a target is a row without an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal
from xml.etree.ElementTree import Element

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.data.shapes.inline import attribute_xml, read_sides, text_xml, write_side
from tunewright.data.shapes.tmx import same_pair
from tunewright.data.shapes.types import Guess, Pair, Refused, Row, Sample
from tunewright.data.shapes.xml import LINE, child, children, elements, line_of

Version = Literal["xliff1", "xliff2"]
_VERSION = re.compile(r"<xliff\b[^>]*?\bversion\s*=\s*[\"']([\d.]+)[\"']")
_LANGUAGE = {
    "xliff1": ("source-language", "target-language"),
    "xliff2": ("srcLang", "trgLang"),
}
_ROW_ID = "row_id"
_MADE_UP = "tunewright-"
"""Begins ids that the format demands and the row did not have."""


def detect(sample: Sample, *, version: Version) -> Guess | None:
    """`<xliff version="1.2">`, or 2.0; the languages stand in the file."""
    if "<xliff" not in sample.head[:4096]:
        return None
    found = _VERSION.search(sample.head[:8192])
    number = found.group(1) if found else "1.2"
    if number.startswith("2") != (version == "xliff2"):
        return None
    languages = [_attribute(sample.head, name) for name in _LANGUAGE[version]]
    if sample.languages is not None:
        languages = [*sample.languages]
    if languages[0] is None or languages[1] is None:
        raise DataError(
            f"{sample.path}: the file does not say its {'source' if languages[0] is None else 'target'} language. "
            "Say both: --languages en-de."
        )
    return Guess(
        confidence=0.99, why=f"XLIFF {number}, `{languages[0]}` to `{languages[1]}`",
        settings={"source": languages[0], "target": languages[1]},
    )  # fmt: skip


def _attribute(head: str, name: str) -> str | None:
    match = re.search(rf"\b{name}\s*=\s*[\"']([^\"']+)[\"']", head)
    return match.group(1) if match else None


def read(path: Path, settings: Mapping[str, Any], *, version: Version) -> Iterator[Row | Refused]:
    """A row a unit (1.2) or a segment (2.0)."""
    unit = "trans-unit" if version == "xliff1" else "unit"
    rows_of: Callable[..., Iterator[Pair | Refused]] = _unit_1 if version == "xliff1" else _unit_2
    original = None
    for element in elements(path, wanted={unit}, begun={"file"}):
        if isinstance(element, Refused):
            yield element
        elif str(element.tag).endswith("file"):
            original = _given(element.get("original")) or _given(element.get("id"))
        else:
            yield from rows_of(path, element, original, settings)


def _unit_1(path: Path, unit: Element, original: str | None, settings: Mapping[str, Any]) -> Iterator[Pair | Refused]:
    columns: dict[str, Any] = _attributes(unit)
    _add_notes(columns, children(unit, "note"))
    yield _row(path, unit, unit, columns, original, settings, "xliff1")


def _unit_2(path: Path, unit: Element, original: str | None, settings: Mapping[str, Any]) -> Iterator[Pair | Refused]:
    notes = child(unit, "notes")
    data = child(unit, "originalData")
    for segment in children(unit, "segment"):
        columns = {("segment" if name == "id" else name): value for name, value in _attributes(segment).items()}
        columns |= _attributes(unit)
        if notes is not None:
            _add_notes(columns, children(notes, "note"))
        if data is not None:
            columns["original_data"] = {part.get("id", ""): "".join(part.itertext()) for part in children(data, "data")}
        yield _row(path, unit, segment, columns, original, settings, "xliff2")


def _attributes(element: Element) -> dict[str, Any]:
    own = {name: value for name, value in element.attrib.items() if name != LINE and "}" not in name}
    return {name: value for name, value in own.items() if name != "id" or _given(value)}


def _given(name: str | None) -> str | None:
    return None if name is None or name.startswith(_MADE_UP) else name


def _add_notes(columns: dict[str, Any], notes: Iterable[Element]) -> None:
    texts = []
    for note in notes:
        text = "".join(note.itertext())
        if note.get("from") == "tunewright" or note.get("category") == "tunewright":
            name, _, value = text.partition("=")
            columns[name] = value
        else:
            texts.append(text)
    if texts:
        columns["note"] = texts[0] if len(texts) == 1 else texts


def _row(
    path: Path, unit: Element, holder: Element, columns: dict[str, Any], original: str | None,
    settings: Mapping[str, Any], dialect: Version,
) -> Pair | Refused:  # fmt: skip
    source, target = child(holder, "source"), child(holder, "target")
    if source is None:
        return Refused(path=str(path), line=line_of(unit), reason_code="no_source", detail="the unit has no <source>")
    if target is not None and target.get("state"):
        columns["state"] = target.get("state")
    if target is not None and not len(target) and not target.text and (source.text or len(source)):
        target = None  # `<target/>` is how tools write "not translated yet"
    sides = [source] if target is None else [source, target]
    texts, tags = read_sides(sides, dialect)
    row_id = columns.pop(_ROW_ID, "")
    return Pair(
        row_id=row_id, path=str(path), line=line_of(unit), source=texts[0], targets=tuple(texts[1:]), group=original,
        source_language=settings["source"], target_language=settings["target"], tags=tuple(tags), columns=columns,
    )  # fmt: skip


def write(rows: Iterable[Pair], path: Path, *, version: Version) -> None:
    """One unit a row, a `file` element for each run of rows of one group."""
    unit_xml = _write_1 if version == "xliff1" else _write_2
    with writing(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        languages: tuple[str | None, str | None] | None = None
        group: str | None = None
        for number, row in enumerate(rows, start=1):
            if languages is None:
                languages = (row.source_language, row.target_language)
                file.write('<?xml version="1.0" encoding="UTF-8"?>\n' + _root(version, languages))
            same_pair(languages, row, path)
            if number == 1 or row.group != group:
                file.write((_FILE_END[version] if number > 1 else "") + _file(version, row, number))
                group = row.group
            file.write(unit_xml(row, number))
        if languages is None:
            raise DataError(f"{path}: there is no row to write; an XLIFF file has at least one unit.")
        file.write(_FILE_END[version] + "</xliff>\n")


_FILE_END = {"xliff1": "</body></file>\n", "xliff2": "</file>\n"}


def _root(version: Version, languages: tuple[str | None, str | None]) -> str:
    if version == "xliff1":
        return '<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">\n'
    source, target = (attribute_xml(str(name)) for name in languages)
    return f'<xliff version="2.0" xmlns="urn:oasis:names:tc:xliff:document:2.0" srcLang={source} trgLang={target}>\n'


def _file(version: Version, row: Pair, number: int) -> str:
    original = f" original={attribute_xml(row.group)}" if row.group is not None else ""
    if version == "xliff2":
        return f'<file id="{_MADE_UP}{number}"{original}>\n'
    source, target = attribute_xml(str(row.source_language)), attribute_xml(str(row.target_language))
    original = original or ' original=""'
    return f'<file{original} source-language={source} target-language={target} datatype="plaintext"><body>\n'


def _sides(row: Pair, version: Version) -> tuple[str, str | None]:
    source = write_side(row.source, row.tags, 0, version)
    return source, write_side(row.targets[0], row.tags, 1, version) if row.targets else None


def _write_1(row: Pair, number: int) -> str:
    columns = dict(row.columns)
    source, target = _sides(row, "xliff1")
    state = columns.pop("state", None) if target is not None else None
    named = {name: columns.pop(name) for name in ("id", "resname", "approved", "translate") if name in columns}
    attributes = "".join(
        f" {name}={attribute_xml(value)}" for name, value in ({"id": f"{_MADE_UP}{number}"} | named).items()
    )
    of_target = f" state={attribute_xml(state)}" if state is not None else ""
    lines = [f"<trans-unit{attributes}>", f'<source xml:space="preserve">{source}</source>']
    if target is not None:
        lines.append(f'<target xml:space="preserve"{of_target}>{target}</target>')
    lines += [f"<note>{text_xml(columns.pop('note'))}</note>"] if "note" in columns else []
    kept = columns | ({_ROW_ID: row.row_id} if row.row_id else {})
    lines += [f'<note from="tunewright">{text_xml(f"{name}={value}")}</note>' for name, value in kept.items()]
    return "\n".join([*lines, "</trans-unit>"]) + "\n"


def _write_2(row: Pair, number: int) -> str:
    columns = dict(row.columns)
    source, target = _sides(row, "xliff2")
    data = columns.pop("original_data", {})
    unit, segment = columns.pop("id", f"{_MADE_UP}{number}"), columns.pop("segment", None)
    state = columns.pop("state", None)
    of_segment = "".join(
        f" {name}={attribute_xml(value)}" for name, value in (("id", segment), ("state", state)) if value is not None
    )
    kept = columns | ({_ROW_ID: row.row_id} if row.row_id else {})
    notes = [f"<note>{text_xml(kept.pop('note'))}</note>"] if "note" in kept else []
    notes += [f'<note category="tunewright">{text_xml(f"{name}={value}")}</note>' for name, value in kept.items()]
    lines = [f"<unit id={attribute_xml(unit)}>", *(["<notes>", *notes, "</notes>"] if notes else [])]
    if data:
        cells = [f"<data id={attribute_xml(key)}>{text_xml(value)}</data>" for key, value in data.items()]
        lines += ["<originalData>", *cells, "</originalData>"]
    lines += [f"<segment{of_segment}>", f'<source xml:space="preserve">{source}</source>']
    lines += [f'<target xml:space="preserve">{target}</target>'] if target is not None else []
    return "\n".join([*lines, "</segment>", "</unit>"]) + "\n"


detect_1, detect_2 = partial(detect, version="xliff1"), partial(detect, version="xliff2")
read_1, read_2 = partial(read, version="xliff1"), partial(read, version="xliff2")
write_1, write_2 = partial(write, version="xliff1"), partial(write, version="xliff2")
