"""XML element by element, in bounded memory, with line numbers. Entity bombs and references to other files are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from tunewright.core.errors import DataError
from tunewright.data.shapes.inline import name_of
from tunewright.data.shapes.types import Refused

LINE = "tunewright-line"
"""Attribute under which `elements` leaves the line that an element starts on."""
_BLOCK = 1 << 16


class _Builder(TreeBuilder):
    """Builds the tree and keeps a list of the elements that are complete."""

    def __init__(self, wanted: frozenset[str], kept: frozenset[str]) -> None:
        super().__init__()
        self._wanted, self._kept = wanted, kept
        self.parser: Any = None
        self.complete: list[Element] = []

    def start(self, tag: Any, attrs: Any) -> Element:
        element = super().start(tag, attrs)
        name = name_of(element)
        if name in self._wanted or name in self._kept:
            element.set(LINE, str(self.parser.parser.CurrentLineNumber))
        if name in self._kept:
            self.complete.append(element)
        return element

    def end(self, tag: Any) -> Element:
        element = super().end(tag)
        if name_of(element) in self._wanted:
            self.complete.append(element)
        return element


def elements(path: Path, *, wanted: set[str], begun: set[str]) -> Iterator[Element | Refused]:
    """Elements named `wanted` when they are complete, those named `begun` as soon as they begin (attributes only).

    Where the file is damaged, what stands before is given and then one Refused with the line.
    Raises: DataError for entities, references to other files, and encodings that are not known.
    """
    builder = _Builder(frozenset(wanted), frozenset(begun))
    parser = DefusedXMLParser(target=builder, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    builder.parser = parser
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                parser.feed(block)
                yield from _drain(builder)
        parser.close()
        yield from _drain(builder)
    except ParseError as error:
        yield from _drain(builder)
        line = error.position[0] if getattr(error, "position", None) else 0
        detail = f"not XML: {error}. Reading stopped here; what stands before was read"
        yield Refused(path=str(path), line=line, reason_code="bad_xml", detail=detail)
    except DefusedXmlException as error:
        raise DataError(
            f"{path}: the file defines entities or points to other files ({type(error).__name__}), which can be used to "
            "fill the memory or to read files of this machine. Export it again without them."
        ) from None
    except (ValueError, LookupError) as error:
        raise DataError(f"{path}: the XML can't be decoded ({error}). Save it as UTF-8.") from None


def _drain(builder: _Builder) -> Iterator[Element]:
    complete, builder.complete = builder.complete, []
    for element in complete:
        yield element
        if name_of(element) in builder._wanted:
            element.clear()


def line_of(element: Element) -> int:
    """The line that an element of `elements` starts on."""
    return int(element.get(LINE, "0"))


def children(element: Element, name: str) -> list[Element]:
    """The direct children of that name, whatever their namespace."""
    return [child for child in element if name_of(child) == name]


def child(element: Element, name: str) -> Element | None:
    """The first of `children`."""
    return next(iter(children(element, name)), None)
