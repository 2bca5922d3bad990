"""Dirt in CSV and TSV."""

from __future__ import annotations

import codecs
from typing import Any

from tests.dirt.record import ROWS, TEXTS, Bad, Dirt

NAMES = ["text", "label", "id"]


def line(row: dict[str, Any], *, delimiter: str = ",") -> bytes:
    """A row as our clean files have it: the text in quotes."""
    text, *others = row.values()
    return (delimiter.join(['"' + text.replace('"', '""') + '"', *others]) + "\n").encode()


HEADER = b"text,label,id\n"
LINES = [line(row) for row in ROWS]
CLEAN = HEADER + b"".join(LINES)


def spoilt(name: str, dirt: bytes, *reasons: str, **others: Any) -> Dirt:
    """Six good rows, the damage in line 8 and below (one reason a line), six good rows."""
    pieces = dirt.split(b"\n")[: len(reasons)]
    bad = tuple(Bad(line=8 + i, reason=reasons[i], piece=piece) for i, piece in enumerate(pieces))
    data = HEADER + b"".join(LINES[:6]) + dirt + b"".join(LINES[6:])
    return Dirt(name=name, ending="csv", data=data, kept=ROWS, bad=bad, **others)


def text_kept(name: str, *cells: str, written: list[str] | None = None, **others: Any) -> Dirt:
    """Good rows, among them some whose text is `cells`, written as given, else in quotes."""
    rows = [{"text": cell, "label": "good", "id": f"k{i}"} for i, cell in enumerate(cells)]
    lines = [line(row) for row in rows]
    if written is not None:
        lines = [f"{text},good,k{i}\n".encode() for i, text in enumerate(written)]
    data = HEADER + b"".join(LINES[:6]) + b"".join(lines) + b"".join(LINES[6:])
    return Dirt(name=name, ending="csv", data=data, kept=ROWS[:6] + rows + ROWS[6:], **others)


def values_kept(name: str, *values: str, column: str = "label", **others: Any) -> Dirt:
    """A column that holds nothing but such values: what a reader that guesses types would convert."""
    rows = [{**row, column: values[i % len(values)]} for i, row in enumerate(ROWS)]
    return whole(name, HEADER + b"".join(map(line, rows)), rows, **others)


def whole(name: str, data: bytes, kept: list[dict[str, Any]], *, ending: str = "csv", **others: Any) -> Dirt:
    """A file that is given as a whole."""
    return Dirt(name=name, ending=ending, data=data, kept=kept, **others)


def refused(name: str, data: bytes, pattern: str, *, ending: str = "csv") -> Dirt:
    """A file that holds no table."""
    return Dirt(name=name, ending=ending, data=data, refused=pattern)


def renamed(*names: str) -> list[dict[str, Any]]:
    """The clean rows under other names."""
    return [dict(zip(names, row.values(), strict=True)) for row in ROWS]


QUOTES = [
    spoilt("a quote that is never closed", b'"a text,good,1\n', "unclosed_quote"),
    spoilt("a quote that is never closed, in the last cell", b'a text,good,"1\n', "unclosed_quote"),
    spoilt("bare quotes inside a quoted cell", b'"he said "hi" twice",good,1\n', "quote_inside_quotes"),
    spoilt("letters after a closing quote", b'"a text"x,good,1\n', "quote_inside_quotes"),
    spoilt("a space after a closing quote", b'"a text" ,good,1\n', "quote_inside_quotes"),
    text_kept("quotes escaped with a backslash among doubled ones", 'he said "hi", twice', 'x "y" z', written=['"he said \\"hi\\", twice"', '"x ""y"" z"']),
    spoilt("single quotes around a cell with a comma", b"'one, two',good,1\n", "too_many_cells"),
    spoilt("a stray quote before properly quoted rows", b'"a text, good, 1\n', "unclosed_quote"),
    whole(
        "stray quotes in every third row", HEADER + b"".join((b'"' if i % 3 == 1 else b"") + f"plain words {i},{'a' if i % 2 else 'b'},{i}\n".encode() for i in range(30)),
        [{"text": f"plain words {i}", "label": "a" if i % 2 else "b", "id": str(i)} for i in range(30) if i % 3 != 1],
        bad=tuple(Bad(line=i + 2, reason="", piece=f"\"plain words {i},{'a' if i % 2 else 'b'},{i}".encode()) for i in range(1, 30, 3)),
    ),
    text_kept("a quote inside an unquoted cell", 'a 5" screen', written=['a 5" screen']),
    text_kept("typographic quotes and apostrophes", "“one”, ‘two’, «three», 「四」"),
    text_kept("a cell over several lines", "first\nsecond\r\nthird, with a comma\n\nlast"),
    text_kept("a cell of 3,000 lines", "\n".join(f"line {i}, of a long letter" for i in range(3000))),
    text_kept("a cell of nothing but quotes", '""""', '"', ","),
]  # fmt: skip

ENCODINGS = [
    spoilt("a Latin-1 byte in UTF-8", b'"caf\xe9",good,1\n', "undecodable_bytes"),
    spoilt("a character cut in half", b'"\xe4\xbd",good,1\n', "undecodable_bytes"),
    spoilt("overlong UTF-8", b'"\xc0\xaf",good,1\n', "undecodable_bytes"),
    spoilt("half a surrogate pair in UTF-8", b'"\xed\xa0\x80",good,1\n', "undecodable_bytes"),
    spoilt("CESU-8", b'"\xed\xa0\xbd\xed\xb8\x80",good,1\n', "undecodable_bytes"),
    spoilt("a code point beyond U+10FFFF", b'"\xf4\x90\x80\x80",good,1\n', "undecodable_bytes"),
    spoilt("a lone continuation byte", b'"a\x80b",good,1\n', "undecodable_bytes"),
    spoilt("a GB18030 line in UTF-8", "这家酒店,good,1\n".encode("gb18030"), "undecodable_bytes"),
    spoilt("a NUL character", b"a\x00text,good,1\n", "nul_character"),
    spoilt("a block of NULs", b"\x00" * 600 + b"\n", "nul_character"),
    whole(
        "one half UTF-8, the other half GB18030", CLEAN + b"".join(f"这家酒店的服务不错{i},good,g{i}\n".encode("gb18030") for i in range(5)), ROWS,
        bad=tuple(Bad(line=14 + i, reason="undecodable_bytes", piece=f"这家酒店的服务不错{i},good,g{i}".encode("gb18030")) for i in range(5)),
    ),
    whole(
        "UTF-8 lines in a GB18030 file", "文本,标签\n".encode("gb18030") + b"".join(f"房间很大，我们很喜欢{i},好评\n".encode("utf-8" if i in (4, 9) else "gb18030") for i in range(12)),
        [{"文本": f"房间很大，我们很喜欢{i}", "标签": "好评"} for i in range(12) if i not in (4, 9)],
        bad=tuple(Bad(line=i + 2, reason="other_encoding", piece=f"房间很大，我们很喜欢{i},好评".encode()) for i in (4, 9)),
    ),
    whole(
        "UTF-8 lines in a Windows-1252 file", b"text,label\n" + b"".join(f"schöne Grüße {i},gut\n".encode("utf-8" if i in (4, 9) else "cp1252") for i in range(12)),
        [{"text": f"schöne Grüße {i}", "label": "gut"} for i in range(12) if i not in (4, 9)],
        bad=tuple(Bad(line=i + 2, reason="other_encoding", piece=f"schöne Grüße {i},gut".encode()) for i in (4, 9)),
    ),
    whole(
        "UTF-16 with a byte missing at the end", CLEAN.decode().encode("utf-16")[:-1], ROWS[:-1],
        bad=(Bad(line=13, reason="undecodable_bytes", piece=LINES[-1].decode().encode("utf-16-le")[:-1]),),
    ),
    whole(
        "UTF-16 with lines of ASCII appended", CLEAN.decode().encode("utf-16") + b"another text,good,x1\nand another,bad,x2\n", ROWS,
        bad=(Bad(line=14, reason="other_encoding", piece=b"another text,good,x1\nand another,bad,x2\n"),),
    ),
    whole(
        "UTF-16 with half a surrogate pair", (HEADER + LINES[0]).decode().encode("utf-16") + b"\x3d\xd8,\0g\0,\0x\0\n\0" + LINES[1].decode().encode("utf-16-le"),
        ROWS[:2], bad=(Bad(line=3, reason="undecodable_bytes", piece=b"\x3d\xd8,\0g\0,\0x\0\n\0"),),
    ),
    whole("UTF-16 without a mark", CLEAN.decode().encode("utf-16-le"), ROWS, noted="encoding utf-16-le"),
    whole("GB18030", "文本,标签\n房间很大，我们很喜欢,好评\n服务太差，再也不来了,差评\n".encode("gb18030"), [{"文本": "房间很大，我们很喜欢", "标签": "好评"}, {"文本": "服务太差，再也不来了", "标签": "差评"}], noted="encoding gb18030"),
    whole("Windows-1252", "text,label\nschöne Grüße,gut\nfür 5 €,schlecht\n".encode("cp1252"), [{"text": "schöne Grüße", "label": "gut"}, {"text": "für 5 €", "label": "schlecht"}], noted="encoding cp1252"),
    whole("a byte order mark", codecs.BOM_UTF8 + CLEAN, ROWS),
    whole("two byte order marks", codecs.BOM_UTF8 * 2 + CLEAN, ROWS, noted="byte order mark"),
    spoilt("a byte order mark in the middle", codecs.BOM_UTF8 + b'"a text",good,1\n', "bom_inside"),
    spoilt("a byte order mark and the header again", codecs.BOM_UTF8 + HEADER, "repeated_header"),
    text_kept("characters that were lost before (U+FFFD)", "caf\ufffd", "\ufffd\ufffd"),
    text_kept("text that was decoded wrongly before", "schÃ¶ne GrÃ¼ÃŸe", "æœåŠ¡"),
]  # fmt: skip

ENDS = [
    spoilt("rows that end with a carriage return alone", b"one text,good,1\rother text,bad,2\n", "mixed_line_ends"),
    whole("CR LF and LF in one file", HEADER + b"".join(one if i % 2 else one[:-1] + b"\r\n" for i, one in enumerate(LINES)), ROWS),
    whole("carriage returns alone, as on old Macs", CLEAN.replace(b"\n", b"\r"), ROWS),
    whole(
        "carriage returns at the ends, line feeds in the cells", HEADER.replace(b"\n", b"\r") + b"".join(f'"one\ntwo {i}",good,n{i}\r'.encode() for i in range(12)),
        [{"text": f"one\ntwo {i}", "label": "good", "id": f"n{i}"} for i in range(12)],
    ),
    text_kept("U+2028, VT, FF, NEL and file separators inside texts", "one\u2028two", "one\u2029two", "one\x0btwo", "one\x0ctwo", "one\x85two", "one\x1ctwo\x1dthree\x1e"),
    whole("no line end at the end", CLEAN.rstrip(b"\n"), ROWS),
    whole("blank lines between rows", HEADER + b"\n".join(LINES) + b"\n\r\n\n", ROWS, blank_lines=14),
    spoilt("a line of spaces", b"   \n", "too_few_cells"),
    whole(
        "comment lines above the header", b"# exported on Monday\n# by a script, version 2\n" + CLEAN, ROWS,
        bad=(Bad(line=1, reason="before_header", piece=b"# exported on Monday"), Bad(line=2, reason="before_header", piece=b"# by a script, version 2")),
    ),
    whole("a title above the header", b"Reviews of the first quarter\n\n" + CLEAN, ROWS, bad=(Bad(line=1, reason="before_header", piece=b"Reviews of the first quarter"),), blank_lines=1),
    spoilt("a comment line between rows", b"# checked up to here\n", "too_few_cells"),
    whole("sep=; as Excel writes it", b"sep=;\n" + CLEAN.replace(b",", b";"), ROWS),
    spoilt("Control-Z, the end mark of old systems", b"\x1a\n", "too_few_cells"),
    whole("cut off in the middle of a row", CLEAN[:-9], ROWS[:-1], bad=(Bad(line=13, reason="too_few_cells", piece=LINES[-1][:-9]),)),
    whole("cut off inside quotes", HEADER + b"".join(LINES) + b'"the rest of this te', ROWS, bad=(Bad(line=14, reason="unclosed_quote", piece=b'"the rest of this te'),)),
    whole("cut off in the middle of a character", HEADER + b"".join(LINES) + "很好".encode()[:-1], ROWS, bad=(Bad(line=14, reason="undecodable_bytes", piece="很好".encode()[:-1]),)),
]  # fmt: skip

SHAPES = [
    spoilt("one cell too many", b"a text, unquoted,good,1\n", "too_many_cells"),
    spoilt("one cell too few", b"a text,good\n", "too_few_cells"),
    spoilt("a lone word", b"hello\n", "too_few_cells"),
    whole("a delimiter at the end of each row", HEADER + b"".join(one[:-1] + b",\n" for one in LINES), ROWS),
    whole("empty columns at the end, as spreadsheets leave them", b"text,label,id,,\n" + b"".join(one[:-1] + b",,\n" for one in LINES), ROWS),
    spoilt("the header again", HEADER, "repeated_header"),
    whole(
        "a joined file with other columns", CLEAN + b"label,id,text\ngood,1,a text\nbad,2,another text\n", ROWS,
        bad=(Bad(line=14, reason="other_header", piece=b"label,id,text"), Bad(line=15, reason="under_other_header", piece=b"good,1,a text"), Bad(line=16, reason="under_other_header", piece=b"bad,2,another text")),
    ),
    whole("names that stand twice in the header", b"text,label,label\n" + b"".join(LINES), renamed("text", "label", "label_2")),
    whole("empty names in the header", b"text,,id\n" + b"".join(LINES), renamed("text", "column_2", "id")),
    whole("spaces around names in the header", b" text , label,id \n" + b"".join(LINES), renamed("text", "label", "id")),
    whole("a line end inside a name of the header", b'"the\ntext",label,id\n' + b"".join(LINES), renamed("the\ntext", "label", "id")),
    whole("row numbers in a column without a name", HEADER + b"".join(str(i).encode() + b"," + one for i, one in enumerate(LINES)), [{"column_1": str(i), **row} for i, row in enumerate(ROWS)]),
    spoilt("semicolons in a row among commas", b"a text;good;1\n", "too_few_cells"),
    whole("another delimiter from the middle on", HEADER + b"".join(LINES[:7]) + b"".join(one.replace(b",", b";") for one in LINES[7:]), ROWS[:7], bad=tuple(Bad(line=9 + i, reason="quote_inside_quotes", piece=LINES[7 + i].replace(b",", b";")) for i in range(5))),
    spoilt("a line of JSON", b'{"text": "a", "label": "b", "id": 1, "x": 2}\n', "too_many_cells"),
    spoilt("marks of a merge conflict", b"<<<<<<< HEAD\n=======\n>>>>>>> main\n", "too_few_cells", "too_few_cells", "too_few_cells"),
    spoilt("a shell prompt", b"user@host:~$ cat reviews.csv\n", "too_few_cells"),
    whole("10,000 columns", b",".join([b"text", b"label", *(b"c%d" % i for i in range(9998))]) + b"\n" + b"".join(f"a text {i},{'ab'[i % 2]}".encode() + b",v" * 9998 + b"\n" for i in range(4)), [{"text": f"a text {i}", "label": "ab"[i % 2], **{f"c{c}": "v" for c in range(9998)}} for i in range(4)]),
    text_kept("a cell of ten megabytes", "long 长 " * 1_200_000),
    text_kept("a cell cut at 32,767 characters by Excel", "x" * 32_767),
    text_kept("texts that start with #", "#great hotel", "# not a comment", written=["#great hotel", "# not a comment"]),
    refused("an empty file", b"", "the file is empty"),
    refused("a file of blank lines", b"\n\n \n", "the file is empty"),
    refused("a byte order mark and nothing else", codecs.BOM_UTF8, "the file is empty"),
    refused("a header and nothing else", HEADER, "no row"),
]  # fmt: skip

VALUES = [
    values_kept("leading zeros", "007", "0012", "00"),
    values_kept("ids of 30 digits", "123456789012345678901234567890", "100000000000000000000000000001", column="id"),
    values_kept("ids that look like powers of ten", "1e5", "2E10", "12e3", column="id"),
    values_kept("NA, NaN, null and None as text", "NA", "NaN", "null", "None", "n/a", "#N/A", "nan", "NULL"),
    values_kept("true, TRUE and yes as text", "true", "TRUE", "False", "yes"),
    values_kept("inf and Infinity as text", "inf", "-Infinity", "INF"),
    values_kept("values that look like dates", "3-4", "2020-01-02", "1/2", "MARCH1", "10:30"),
    values_kept("numbers with a zero at the end", "1.10", "1.1", "2.0", "+3", "-0"),
    whole("decimal commas", b"text;price;id\n" + b"".join(line({**row, "label": f"{i},50"}, delimiter=";") for i, row in enumerate(ROWS)), [{"text": row["text"], "price": f"{i},50", "id": row["id"]} for i, row in enumerate(ROWS)]),
    whole("thousand separators", HEADER + b"".join(line({**row, "label": '"12,500"'}) for row in ROWS), [{**row, "label": "12,500"} for row in ROWS]),
    text_kept("spaces before and after a text", "  two before", "one after ", "\tand a tab\t"),
    text_kept("characters of no width", "a\u200bb", "\u200d", "wo\u00adrd", "\u2060x", "x\ufeffy"),
    text_kept("marks that turn the direction of writing", "\u202eabc\u202c", "\u2067עברית\u2069", "a\u200f"),
    text_kept("no-break and ideographic spaces", "\u00a0x\u00a0", "\u3000全角空格\u3000", "a\u2009b\u202fc"),
    text_kept("one letter in two forms", "caf\u00e9", "cafe\u0301", "\u212b", "\uff21ｂｃ１２３"),
    text_kept("private-use and unassigned code points", "\ue000", "\U000f1234", "\u0378", "\U0003fffd"),
    text_kept("noncharacters", "a\ufffeb", "\uffff", "\U0010ffff", "\ufdd0"),
    text_kept("emoji of several code points", "👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️"),
    text_kept("ideographs beyond the first plane", "𠮷野家", "𡨸喃"),
    text_kept("control characters", "a\x01b", "bell\x07", "del\x7f", "c1\x9b"),
    text_kept("escape sequences of terminals", "\x1b[31mred\x1b[0m", "\x1b]0;title\x07"),
    text_kept("formulas of spreadsheets", "=1+1", "+SUM(A1)", "-2", "@cmd", '=HYPERLINK("http://x","y")'),
    text_kept("SQL and HTML", "'; DROP TABLE rows; --", "<script>alert(1)</script>", "a &amp; b<br>"),
    whole("quotes that wrap no cells in TSV", b"text\tlabel\n" + "".join(f'"{TEXTS[i % 6]} {i}\tgood\n' for i in range(8)).encode(), [{"text": f'"{TEXTS[i % 6]} {i}', "label": "good"} for i in range(8)], ending="tsv"),
    whole("backslashes and \\t, \\n written out", b"text\tlabel\n" + b"".join(b"C:\\new\\table \\N %d\tgood\n" % i for i in range(8)), [{"text": f"C:\\new\\table \\N {i}", "label": "good"} for i in range(8)], ending="tsv"),
]  # fmt: skip

NO_TABLES = [
    refused("a ZIP archive or Excel workbook", b"PK\x03\x04" + bytes(range(256)), "ZIP|workbook"),
    refused("an old Excel workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel"),
    refused("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF"),
    refused("a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64), "picture"),
    refused("a data base", b"SQLite format 3\x00" + bytes(256), "SQLite"),
    refused("a page of HTML, such as an error or a log-in", b"<!DOCTYPE html>\n<html><head><title>404, not found</title></head>\n<body>a, b, c</body></html>\n", "HTML"),
    refused("an error in XML instead of the file", b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>\n', "XML"),
    refused("a pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n", "Git LFS"),
    refused("UTF-32", CLEAN.decode().encode("utf-32"), "UTF-32"),
]  # fmt: skip

DELIMITED = [*QUOTES, *ENCODINGS, *ENDS, *SHAPES, *VALUES, *NO_TABLES]
