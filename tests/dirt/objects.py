"""Dirt in JSON Lines and JSON."""

from __future__ import annotations

import codecs
import json
from typing import Any

from tests.dirt.record import ROWS, Bad, Dirt

OBJECTS = [json.dumps(row, ensure_ascii=False) for row in ROWS]
CLEAN = "".join(text + "\n" for text in OBJECTS).encode()
DEEP = '{"text": ' + "[" * 5000 + "]" * 5000 + "}"


def spoilt(name: str, dirt: str | bytes, reason: str) -> Dirt:
    """JSON Lines: six good rows, the damage in line 7, six good rows."""
    piece = dirt if isinstance(dirt, bytes) else dirt.encode()
    lines = [text.encode() + b"\n" for text in OBJECTS]
    data = b"".join(lines[:6]) + piece + b"\n" + b"".join(lines[6:])
    return Dirt(
        name=f"JSON Lines: {name}", ending="jsonl", data=data, kept=ROWS, bad=(Bad(line=7, reason=reason, piece=piece),)
    )


def spoilt_list(name: str, dirt: str | bytes, reason: str) -> Dirt:
    """A JSON list: six good rows, the damage in line 8, six good rows."""
    piece = dirt if isinstance(dirt, bytes) else dirt.encode()
    elements = [*(text.encode() for text in OBJECTS[:6]), piece, *(text.encode() for text in OBJECTS[6:])]
    data = b"[\n" + b",\n".join(elements) + b"\n]\n"
    return Dirt(
        name=f"JSON list: {name}", ending="json", data=data, kept=ROWS, bad=(Bad(line=8, reason=reason, piece=piece),)
    )


def values(name: str, *literals: str, read_as: list[Any]) -> Dirt:
    """JSON Lines whose column `value` holds these literals, and what they must be read as."""
    lines = [f'{{"text": "a text", "value": {literal}}}\n' for literal in literals]
    kept = [{"text": "a text", "value": value} for value in read_as]
    return Dirt(name=f"JSON Lines: {name}", ending="jsonl", data="".join(lines).encode(), kept=kept)


def text_kept(name: str, written: str, text: str) -> Dirt:
    """JSON Lines: good rows and one with a text that is written so."""
    row = {"text": text, "label": "good", "id": "k"}
    data = CLEAN + f'{{"text": {written}, "label": "good", "id": "k"}}\n'.encode()
    return Dirt(name=f"JSON Lines: {name}", ending="jsonl", data=data, kept=[*ROWS, row])


def whole(name: str, data: bytes, kept: list[dict[str, Any]], *, ending: str = "jsonl", **others: Any) -> Dirt:
    """A file that is given as a whole."""
    kind = "JSON Lines" if ending == "jsonl" else "JSON"
    return Dirt(name=f"{kind}: {name}", ending=ending, data=data, kept=kept, **others)


def refused(name: str, data: bytes, pattern: str) -> Dirt:
    """A JSON file that holds no rows."""
    return Dirt(name=f"JSON: {name}", ending="json", data=data, refused=pattern)


LINES = [
    spoilt("a key that stands twice", '{"text": "a", "text": "b", "label": "good", "id": "x"}', "duplicate_key"),
    spoilt("a comma too many", '{"text": "a", "label": "good", "id": "x",}', "bad_json"),
    spoilt("single quotes", "{'text': 'a', 'label': 'good', 'id': 'x'}", "bad_json"),
    spoilt("None and True of Python", '{"text": None, "label": True, "id": "x"}', "bad_json"),
    spoilt("a comment", "// checked up to here", "bad_json"),
    spoilt("two objects on one line", '{"text": "a", "label": "good", "id": "x"} {"text": "b", "label": "bad", "id": "y"}', "several_objects"),
    spoilt("half an object", '{"text": "a", "label": "go', "bad_json"),
    spoilt("half of a surrogate pair, escaped", '{"text": "a\\ud83d", "label": "good", "id": "x"}', "lone_surrogate"),
    spoilt("NUL, escaped", '{"text": "a\\u0000b", "label": "good", "id": "x"}', "nul_character"),
    spoilt("5,000 lists inside each other", DEEP, "nested_too_deeply"),
    spoilt("a list instead of an object", '["a", "good", "x"]', "not_an_object"),
    spoilt("a number instead of an object", "12.50", "not_an_object"),
    spoilt("null instead of an object", "null", "not_an_object"),
    spoilt("a Latin-1 byte", b'{"text": "caf\xe9", "label": "good", "id": "x"}', "undecodable_bytes"),
    spoilt("marks of a merge conflict", "<<<<<<< HEAD", "bad_json"),
    whole("cut off in the middle of a row", CLEAN[:-20], ROWS[:-1], bad=(Bad(line=12, reason="bad_json", piece=OBJECTS[-1].encode()[:-19]),)),
    whole("objects over several lines", "\n".join(json.dumps(row, ensure_ascii=False, indent=2) for row in ROWS).encode(), ROWS),
    whole("all objects on one line", "".join(OBJECTS).encode(), ROWS),
    whole("a record separator before each object (RFC 7464)", "".join("\x1e" + text + "\n" for text in OBJECTS).encode(), ROWS),
    whole("a byte order mark, and another where files were joined", codecs.BOM_UTF8 + CLEAN + codecs.BOM_UTF8 + OBJECTS[0].encode(), [*ROWS, ROWS[0]]),
    whole("UTF-16", CLEAN.decode().encode("utf-16"), ROWS),
    whole("blank lines", CLEAN.replace(b"\n", b"\n\n"), ROWS, blank_lines=12),
    whole("keys that some rows lack", b'{"text": "a"}\n{"label": "b"}\n{"text": "c", "label": null}\n', [{"text": "a", "label": None}, {"text": None, "label": "b"}, {"text": "c", "label": None}]),
    whole("keys in another order", b'{"text": "a", "label": "b"}\n{"label": "c", "text": "d"}\n', [{"text": "a", "label": "b"}, {"text": "d", "label": "c"}]),
]  # fmt: skip

VALUES = [
    values("integers of 30 digits", "123456789012345678901234567890", "7", read_as=["123456789012345678901234567890", "7"]),
    values("integers beyond 53 bits beside fractions", "9007199254740993", "0.5", read_as=["9007199254740993", "0.5"]),
    values("more digits than a double holds", "3.14159265358979323846", "1.5", read_as=["3.14159265358979323846", "1.5"]),
    values("numbers beyond a double", "1e400", "-1e400", read_as=["1e400", "-1e400"]),
    values("numbers with a zero at the end", "1.10", "1.1", read_as=["1.10", "1.1"]),
    values("numbers as powers of ten", "1e5", "2E10", read_as=["1e5", "2E10"]),
    values("numbers inside lists, to the letter", "[1.10, 2]", '{"score": 0.50}', read_as=["[1.10, 2]", '{"score": 0.50}']),
    values("values of several types in one column", '"007"', "7", "true", "null", "[1]", '{"a": null}', read_as=["007", "7", "true", None, "[1]", '{"a": null}']),
    values("numbers as text", '"007"', '"1e5"', '"1.10"', '"NaN"', '"true"', '"null"', read_as=["007", "1e5", "1.10", "NaN", "true", "null"]),
    values("lists inside lists", '[["a", "b"], ["c"]]', "[]", read_as=['[["a", "b"], ["c"]]', "[]"]),
    values("NaN and Infinity", "NaN", "Infinity", "1.5", read_as=[float("nan"), float("inf"), 1.5]),
    text_kept("escaped slashes and letters", '"a\\/b \\u00fc \\ud83d\\ude00 \\t"', "a/b ü 😀 \t"),
    text_kept("line ends inside a text, escaped", '"one\\ntwo\\r\\nthree \\u2028 four"', "one\ntwo\r\nthree \u2028 four"),
    text_kept("control characters inside a text, bare", '"tab\there \x0b \x7f"', "tab\there \x0b \x7f"),
    text_kept("noncharacters and private use", '"\\uffff \\ue000 \\ufdd0"', "\uffff \ue000 \ufdd0"),
    text_kept("dates as text", '"2020-01-02"', "2020-01-02"),
]  # fmt: skip

LISTS = [
    spoilt_list("a key that stands twice", '{"text": "a", "text": "b"}', "duplicate_key"),
    spoilt_list("a comma too many", '{"text": "a", "label": "good",}', "bad_json"),
    spoilt_list("single quotes", "{'text': 'a', 'label': 'good'}", "bad_json"),
    spoilt_list("a quote that is missing", '{"text": "a, "label": "good", "id": "x"}', "bad_json"),
    spoilt_list("a brace that is missing", '{"text": "a", "label": "good", "id": "x"', "bad_json"),
    spoilt_list("a broken object with objects inside", '{"text": "a", "turns": [{"role": "user", "content": "x"}, {"role": "user", "content": "y"}] "label": 1}', "bad_json"),
    spoilt_list("bytes that are not UTF-8", b'{"text": "caf\xe9", "label": "good"}', "undecodable_bytes"),
    spoilt_list("half of a surrogate pair, escaped", '{"text": "\\ud800", "label": "good"}', "lone_surrogate"),
    spoilt_list("null among the objects", "null", "not_an_object"),
    spoilt_list("a list among the objects", '["a", "good"]', "not_an_object"),
    spoilt_list("a comment among the objects", "// checked", "bad_json"),
    spoilt_list("5,000 lists inside each other", DEEP, "nested_too_deeply"),
    whole("a list that was cut off", ("[" + ",\n".join(OBJECTS)).encode()[:-20], ROWS[:-1], ending="json", bad=(Bad(line=12, reason="bad_json", piece=OBJECTS[-1].encode()[:-20].rstrip()), Bad(line=12, reason="unclosed_list", piece=b""))),
    whole("text after the list", ("[" + ",\n".join(OBJECTS) + "]\nand more\n").encode(), ROWS, ending="json", bad=(Bad(line=13, reason="after_the_end", piece=b"and more"),)),
    whole("two lists one after another", ("[" + ",\n".join(OBJECTS[:6]) + "]\n[" + ",\n".join(OBJECTS[6:]) + "]\n").encode(), ROWS, ending="json"),
    whole("objects one after another", "".join(OBJECTS).encode(), ROWS, ending="json"),
    whole("a list without commas", ("[" + "\n".join(OBJECTS) + "]").encode(), ROWS, ending="json"),
    whole("a list under a key, with a broken element", ('{"version": 1, "data": [\n' + ",\n".join([*OBJECTS[:6], '{"text": oops}', *OBJECTS[6:]]) + "\n]}").encode(), ROWS, ending="json", bad=(Bad(line=8, reason="bad_json", piece=b'{"text": oops}'),)),
    whole("one list a column", json.dumps({name: [row[name] for row in ROWS] for name in ROWS[0]}).encode(), ROWS, ending="json"),
    whole("one object a column, as pandas writes it", json.dumps({name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ROWS[0]}).encode(), ROWS, ending="json"),
    whole("UTF-16", ("[" + ",".join(OBJECTS) + "]").encode("utf-16"), ROWS, ending="json"),
    whole("a byte order mark before the list", codecs.BOM_UTF8 + ("[" + ",".join(OBJECTS) + "]").encode(), ROWS, ending="json"),
    refused("lists of different lengths as columns", b'{"text": ["a", "b", "c"], "label": ["x", "y"]}', "`text` 3, `label` 2"),
    refused("a single string", b'"just a text"', "starts with"),
    refused("an error message instead of rows", b'{"error": "not found", "status": 404}', "no rows"),
    refused("an empty list", b"[]", "no row"),
]  # fmt: skip

OBJECTS_DIRT = [*LINES, *VALUES, *LISTS]
