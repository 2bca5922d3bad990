"""Inline elements of TMX and XLIFF as placeholders in plain text, such that they can be written back to the letter.

`Click <bpt i="1">&lt;b&gt;</bpt>here<ept i="1">&lt;/b&gt;</ept>` becomes `Click <1>here</1>`, and the row keeps what
`<1>` and `</1>` stand for. A text that holds `<1>` of its own is safe: such numbers are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from tunewright.data.shapes.types import Tag

Dialect = str
_MARK = re.compile(r"</?(\d+)/?>")
_WRAPPING = {"hi", "g", "pc", "mrk"}
"""Elements whose content is text to translate."""
_OPENING, _CLOSING = {"bpt", "bx", "sc", "sm"}, {"ept", "ex", "ec", "em"}
_XML = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(kw_only=True)
class _Numbers:
    """Which number an element gets: the same one for the same element on every side of a row."""

    taken: set[int]
    of: dict[tuple[str, str], int] = field(default_factory=dict)

    def of_element(self, element: Element, kind: str, place: int) -> int:
        key = next(
            (f"{name}={element.get(name)}" for name in ("x", "rid", "startRef", "i", "id") if element.get(name)), ""
        )
        if name_of(element) in _CLOSING and not key:
            key = f"close {place}"
        return self.number((kind, key or f"{name_of(element)} {place}"))

    def number(self, key: tuple[str, str]) -> int:
        if key not in self.of:
            number = 1
            while number in self.taken:
                number += 1
            self.taken.add(number)
            self.of[key] = number
        return self.of[key]


def name_of(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def read_sides(sides: Sequence[Element | None], dialect: Dialect) -> tuple[list[str], list[Tag]]:
    """The texts of source and targets with placeholders, and what these stand for. None is a side without text."""
    plain = "".join("".join(side.itertext()) for side in sides if side is not None)
    numbers = _Numbers(taken={int(match) for match in _MARK.findall(plain)})
    texts, tags = [], []
    for side, element in enumerate(sides):
        found: list[tuple[str, str]] = []
        texts.append("" if element is None else _flatten(element, numbers, found, dialect))
        tags += [Tag(side=side, mark=mark, xml=xml, dialect=dialect) for mark, xml in found]  # type: ignore[arg-type]
    return texts, tags


def _flatten(element: Element, numbers: _Numbers, found: list[tuple[str, str]], dialect: Dialect) -> str:
    parts = [element.text or ""]
    local: dict[str, str] = {}
    links = {child.get("i"): child.get("x") for child in element.iter() if name_of(child) == "bpt" and child.get("x")}

    def placed(mark_of: str, child: Element, kind: str, xml: str) -> str:
        place = len(found)
        if name_of(child) == "ept" and child.get("i") in links:
            number = numbers.number((kind, f"x={links[child.get('i')]}"))
        else:
            number = numbers.of_element(child, kind, place)
        mark = mark_of.format(number)
        while local.get(mark, xml) != xml:  # the same number for something else on this side: take a fresh one
            number = numbers.number((kind, f"fresh {number} {place}"))
            mark = mark_of.format(number)
        local[mark] = xml
        if (mark, xml) not in found:
            found.append((mark, xml))
        return mark

    def walk(children: Sequence[Element]) -> None:
        for child in children:
            name = name_of(child)
            if name in _WRAPPING:
                opened = placed("<{}>", child, "pair", _start(child))
                parts.append(opened)
                parts.append(child.text or "")
                walk(list(child))
                closed = f"</{opened[1:-1]}>"
                if (closed, f"</{name}>") not in found:
                    found.append((closed, f"</{name}>"))
                parts.append(closed)
            elif name in _OPENING or (name == "it" and child.get("pos") in ("begin", "open")):
                parts.append(placed("<{}>", child, "pair", _whole(child)))
            elif name in _CLOSING or (name == "it" and child.get("pos") in ("end", "close")):
                parts.append(placed("</{}>", child, "pair", _whole(child)))
            else:
                parts.append(placed("<{}/>", child, "alone", _whole(child)))
            parts.append(child.tail or "")

    walk(list(element))
    return "".join(parts)


def _start(element: Element) -> str:
    attributes = "".join(f" {_attribute(name)}={_quoted(value)}" for name, value in element.attrib.items())
    return f"<{name_of(element)}{attributes}>"


def _whole(element: Element) -> str:
    inside = text_xml(element.text or "") + "".join(_whole(child) + text_xml(child.tail or "") for child in element)
    return f"{_start(element)}{inside}</{name_of(element)}>" if inside else _start(element)[:-1] + "/>"


def _attribute(name: str) -> str:
    return "xml:" + name[len(_XML) :] if name.startswith(_XML) else name.rpartition("}")[2]


def _quoted(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def text_xml(text: str) -> str:
    """Text as XML content."""
    return escape(text, {"\r": "&#13;"})


def attribute_xml(value: str) -> str:
    """Text as an attribute value with its quotes."""
    return _quoted(value)


def write_side(text: str, tags: Sequence[Tag], side: int, dialect: Dialect) -> str:
    """The XML content of one side: text escaped, placeholders as the elements they stand for."""
    stands_for = {tag.mark: tag.xml for tag in tags if tag.side == side and tag.dialect == dialect}
    if not stands_for:
        return text_xml(text)
    parts, at = [], 0
    for match in _MARK.finditer(text):
        if match.group() in stands_for:
            parts += [text_xml(text[at : match.start()]), stands_for[match.group()]]
            at = match.end()
    return "".join(parts) + text_xml(text[at:])
