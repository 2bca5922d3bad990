"""TMX 1.4: translation memories. Inline tags become placeholders, attributes and properties become columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.core.languages import pick
from tunewright.data.shapes.inline import attribute_xml, read_sides, text_xml, write_side
from tunewright.data.shapes.pairs import direction
from tunewright.data.shapes.types import Guess, Pair, Refused, Row, Sample
from tunewright.data.shapes.xml import LINE, child, children, elements, line_of

GROUPS = ("project", "x-project", "x-document", "x-filename")
"""Types of `prop` that say which project or document a unit is of, the surest first."""
ATTRIBUTES = (
    "tuid", "datatype", "usagecount", "lastusagedate", "creationtool", "creationtoolversion", "creationdate", "creationid",
    "changedate", "changeid", "segtype", "srclang",
)  # fmt: skip
_ROW_ID = "x-row_id"
_LANG = re.compile(r"<tuv\b[^>]*?\b(?:xml:)?lang\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_SRCLANG = re.compile(r"<header\b[^>]*?\bsrclang\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
_TARGET = re.compile(r"<prop\s+type\s*=\s*[\"']targetlang[\"']\s*>\s*([^<\s]+)\s*</prop>", re.IGNORECASE)
"""In the header: how translation tools note a target language that no unit may have yet."""
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def detect(sample: Sample) -> Guess | None:
    """`<tmx` near the beginning; the header's source language comes first, then the order of the file."""
    if "<tmx" not in sample.head[:4096]:
        return None
    target_declared = _TARGET.search(sample.head)
    found = list(dict.fromkeys(_LANG.findall(sample.head)))
    expected = [*(sample.languages or ()), *([target_declared.group(1)] if target_declared else [])]
    found += [name for name in expected if pick(name, found) is None]
    declared = _SRCLANG.search(sample.head)
    first = pick(declared.group(1), found) if declared and declared.group(1) != "*all*" else None
    if first:
        found = [first, *(name for name in found if name != first)]
    if len(found) < 2:
        raise DataError(f"{sample.path}: a TMX file holds units in two languages; found {', '.join(found) or 'none'}.")
    source, target, why = direction(found, sample.languages, where=str(sample.path))
    return Guess(confidence=0.99, why=f"TMX, {why}", settings={"source": source, "target": target})


def read(path: Path, settings: Mapping[str, Any]) -> Iterator[Row | Refused]:
    """A row a unit. Several variants in the target language are several references."""
    for element in elements(path, wanted={"tu"}, begun=set()):
        yield element if isinstance(element, Refused) else _unit(path, element, settings["source"], settings["target"])


def _unit(path: Path, unit: Element, source: str, target: str) -> Pair | Refused:
    variants = [(tuv.get(_XML_LANG) or tuv.get("lang") or "", child(tuv, "seg")) for tuv in children(unit, "tuv")]
    names = [name for name, seg in variants if seg is not None]
    first, second = pick(source, names), pick(target, [name for name in names if name != pick(source, names)])
    if first is None:
        detail = f"no segment in `{source}`; the unit has {', '.join(names) or 'none'}"
        return Refused(path=str(path), line=line_of(unit), reason_code="language_missing", detail=detail)
    segs = [seg for name, seg in variants if name == first and seg is not None][:1]
    segs += [seg for name, seg in variants if name == second and seg is not None]
    texts, tags = read_sides(segs, "tmx")
    columns = _columns(unit)
    columns |= {
        name: "".join(seg.itertext()) for name, seg in variants if seg is not None and name not in (first, second)
    }
    row_id = columns.pop(_ROW_ID, "")
    group = next((columns.pop(name) for name in GROUPS if isinstance(columns.get(name), str) and columns[name]), None)
    return Pair(
        row_id=row_id if isinstance(row_id, str) else "", path=str(path), line=line_of(unit), source=texts[0],
        targets=tuple(texts[1:]), source_language=source, target_language=target, group=group, tags=tuple(tags),
        columns=columns,
    )  # fmt: skip


def _columns(unit: Element) -> dict[str, Any]:
    columns: dict[str, Any] = {name: value for name, value in unit.attrib.items() if name != LINE and "}" not in name}
    for part in unit:
        name = str(part.tag).rpartition("}")[2]
        key = part.get("type", "prop") if name == "prop" else "note" if name == "note" else None
        if key is None:
            continue
        value = "".join(part.itertext())
        before = columns.get(key)
        columns[key] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return columns


def write(rows: Iterable[Pair], path: Path) -> None:
    """One unit a row. Raises DataError where the rows are not all in the same two languages."""
    with writing(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        languages: tuple[str | None, str | None] | None = None
        for row in rows:
            if languages is None:
                languages = (row.source_language, row.target_language)
                source, target = str(languages[0]), str(languages[1])
                file.write(_HEADER.format(source=attribute_xml(source), target=text_xml(target)))
            same_pair(languages, row, path)
            file.write(_unit_xml(row))
        if languages is None:
            raise DataError(f"{path}: there is no row to write; a TMX file has at least one unit.")
        file.write("</body>\n</tmx>\n")


_HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4">
<header creationtool="tunewright" creationtoolversion="1" segtype="sentence" o-tmf="tunewright" adminlang="en" srclang={source} datatype="plaintext">
<prop type="targetlang">{target}</prop>
</header>
<body>
"""  # noqa: E501


def same_pair(languages: Sequence[str | None], row: Pair, path: Path) -> None:
    """Raises DataError for a row in other languages than the file's first."""
    if (row.source_language, row.target_language) != tuple(languages):
        raise DataError(
            f"{path}: the rows are in {languages[0]}-{languages[1]} and {row.source_language}-{row.target_language}. "
            "Write one file for each pair of languages."
        )


def _unit_xml(row: Pair) -> str:
    own = {name: value for name, value in row.columns.items() if name in ATTRIBUTES and isinstance(value, str)}
    attributes = "".join(f" {name}={attribute_xml(value)}" for name, value in own.items())
    props = {name: value for name, value in row.columns.items() if name not in own and isinstance(value, str)}
    lines = [f"<tu{attributes}>"]
    for note in [props.pop("note")] if "note" in props else []:
        lines.append(f"<note>{text_xml(note)}</note>")
    if row.group is not None:
        props = {"project": row.group, **props}
    if row.row_id:
        props[_ROW_ID] = row.row_id
    lines += [f"<prop type={attribute_xml(name)}>{text_xml(value)}</prop>" for name, value in props.items()]
    for side, (language, text) in enumerate(
        [(row.source_language, row.source), *((row.target_language, target) for target in row.targets)]
    ):
        seg = write_side(text, row.tags, side, "tmx")
        lines.append(f"<tuv xml:lang={attribute_xml(str(language))}><seg>{seg}</seg></tuv>")
    return "\n".join([*lines, "</tu>"]) + "\n"
