"""A workbook as an archive of XML parts: its sheets, its shared texts, its styles.

Read with defusedxml, which refuses what XML can be made to do (entities that grow, files fetched from elsewhere).
"""

from __future__ import annotations

import contextlib
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml.ElementTree import iterparse

from tunewright.core.errors import DataError, TunewrightError
from tunewright.data.sources.excel.escapes import from_xml
from tunewright.data.sources.excel.values import Format, format_of


@dataclass(frozen=True, kw_only=True)
class SheetPart:
    """One sheet of a workbook, in the order of its tabs."""

    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True, kw_only=True)
class Book:
    """An open workbook."""

    path: Path
    archive: zipfile.ZipFile
    sheets: list[SheetPart]
    since_1904: bool
    """Whether days are counted from 1904, as old Macs did, instead of from 1900."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Book]:
    """The workbook at a path. Every error of archive or XML that comes up inside is said in words."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Book(path=path, archive=archive, **_workbook(path, archive))
    except defusedxml.DefusedXmlException as error:
        raise DataError(
            f"{path}: the workbook's XML defines entities ({type(error).__name__}), which no program that saves "
            "workbooks does and which can fill the memory. It is not read. Save it anew from Excel, or export CSV UTF-8."
        ) from None
    except TunewrightError:
        raise
    except (zipfile.BadZipFile, ParseError, EOFError, RuntimeError, OSError, KeyError, ValueError, zlib.error) as error:
        # RuntimeError: an encrypted member, an unknown compression; ValueError: letters where a number must stand.
        raise DataError(_damaged(path, error)) from None


def _damaged(path: Path, error: Exception) -> str:
    what = str(error).strip("'\"") or type(error).__name__
    return (
        f"{path}: the workbook is damaged or incomplete ({what}). Open it in Excel or LibreOffice, which may repair it, "
        "and save it anew, or export CSV UTF-8."
    )


def elements(archive: zipfile.ZipFile, part: str, *names: str) -> Iterator[Element]:
    """The elements with some of these names in a part, each whole, and emptied once the next one is asked for.

    Names are without namespace: the two editions of the standard differ only in that.
    """
    with archive.open(part) as file:
        for _, element in iterparse(file, events=("end",), forbid_dtd=True):
            if local(element) in names:
                yield element
                element.clear()


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def text_of(element: Element) -> str:
    """The text of a shared or inline string: its runs joined, without the readings that Japanese cells carry."""
    texts = []
    for child in element:
        name = local(child)
        if name == "t":
            texts.append(child.text or "")
        elif name == "r":
            texts += [part.text or "" for part in child if local(part) == "t"]
    return from_xml("".join(texts))


def shared_texts(book: Book) -> list[str]:
    """The texts that cells refer to by number."""
    part = _find(book.archive, "sharedStrings.xml")
    return [text_of(element) for element in elements(book.archive, part, "si")] if part else []


def cell_formats(book: Book) -> list[Format]:
    """How the cells of each style are shown."""
    part = _find(book.archive, "styles.xml")
    if part is None:
        return []
    codes: dict[int, str] = {}
    found: list[Format] = []
    for element in elements(book.archive, part, "numFmt", "cellXfs"):
        if local(element) == "numFmt":
            codes[int(element.get("numFmtId", "0"))] = element.get("formatCode", "")
        else:
            numbers = [int(style.get("numFmtId", "0")) for style in element]
            found = [format_of(number, codes.get(number)) for number in numbers]
    return found


def _workbook(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    part = _find(archive, "workbook.xml")
    if part is None:
        raise DataError(f"{path}: this ZIP archive has no workbook in it.")
    folder, name = posixpath.split(part)
    targets = {
        element.get("Id"): posixpath.normpath(posixpath.join(folder, element.get("Target", ""))).lstrip("/")
        for element in elements(archive, f"{folder}/_rels/{name}.rels", "Relationship")
    }
    sheets = []
    since_1904 = False
    for element in elements(archive, part, "sheet", "workbookPr"):
        if local(element) == "workbookPr":
            since_1904 = element.get("date1904") in ("1", "true")
            continue
        relation = next((value for key, value in element.attrib.items() if key.endswith("}id")), None)
        target = targets.get(relation, "")
        if "worksheets/" in target:  # not a sheet that is a chart
            hidden = element.get("state", "visible") != "visible"
            sheets.append(SheetPart(name=from_xml(element.get("name", "")), part=target, is_hidden=hidden))
    return {"sheets": sheets, "since_1904": since_1904}


def _find(archive: zipfile.ZipFile, name: str) -> str | None:
    """The part of that name under `xl/`, wherever the writing program has put it."""
    return next((part for part in archive.namelist() if part.rpartition("/")[2].lower() == name.lower()), None)
