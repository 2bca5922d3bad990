"""Dirt in Parquet."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.dirt.record import Bad, Dirt

ROWS = [{"text": f"a text 文 {i}", "label": "bad" if i % 3 == 0 else "good"} for i in range(40)]


def written(table: pa.Table, **options: Any) -> bytes:
    """The bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def _table() -> pa.Table:
    return pa.table({name: [row[name] for row in ROWS] for name in ROWS[0]})


def _spoilt_page(*, checksum: bool) -> bytes:
    """Four groups of ten rows; in the third one a byte of the text page is another one, or its header is overwritten."""
    data = bytearray(
        written(_table(), row_group_size=10, compression="none", use_dictionary=False, write_page_checksum=checksum)
    )
    column = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(2).column(0)
    end = column.data_page_offset + column.total_compressed_size
    if checksum:
        data[end - 3] ^= 0x01
    else:
        data[column.data_page_offset : column.data_page_offset + 8] = b"\xff" * 8
    return bytes(data)


def _not_utf8() -> bytes:
    texts = [row["text"].encode() for row in ROWS]
    texts[7] = b"caf\xe9"
    arrays = [pa.array(texts, pa.binary()), pa.array([row["label"] for row in ROWS])]
    table = pa.table([pa.Array.from_buffers(pa.string(), 40, arrays[0].buffers()), arrays[1]], names=["text", "label"])
    return written(table)


def kept(name: str, table: pa.Table, rows: list[dict[str, Any]], **options: Any) -> Dirt:
    """A column that must come out to the letter."""
    return Dirt(name=f"Parquet: {name}", ending="parquet", data=written(table, **options), kept=rows)


def column(name: str, values: pa.Array, read_as: list[Any], **options: Any) -> Dirt:
    """A file with a text and a column of such values."""
    table = pa.table({"text": ["a text"] * len(values), "value": values})
    return kept(name, table, [{"text": "a text", "value": value} for value in read_as], **options)


_NANOSECONDS = pa.array([1577934245000000001, None], pa.timestamp("ns"))

COLUMNS = [
    Dirt(name="Parquet: cut off, so that its footer is missing", ending="parquet", data=written(_table())[:-40], refused="not a readable Parquet file"),
    Dirt(name="Parquet: nothing but its first bytes", ending="parquet", data=b"PAR1", refused="not a readable Parquet file"),
    Dirt(name="Parquet: one bit of a page flipped, with checksums", ending="parquet", data=_spoilt_page(checksum=True), kept=ROWS[:20] + ROWS[30:], bad=tuple(Bad(line=i, reason="damaged_page") for i in range(21, 31))),
    Dirt(name="Parquet: the head of a page overwritten", ending="parquet", data=_spoilt_page(checksum=False), kept=ROWS[:20] + ROWS[30:], bad=tuple(Bad(line=i, reason="damaged_page") for i in range(21, 31))),
    Dirt(name="Parquet: a string that is not UTF-8", ending="parquet", data=_not_utf8(), kept=ROWS[:7] + ROWS[8:], bad=(Bad(line=8, reason="undecodable_bytes"),)),
    column("nulls", pa.array(["a", None, ""]), ["a", None, ""]),
    column("nested values", pa.array([{"a": [1, None], "b": "x"}, None]), ['{"a": [1, null], "b": "x"}', None]),
    column("dictionary columns", pa.array(["a", "b", None, "a"]).dictionary_encode(), ["a", "b", None, "a"]),
    column("decimals", pa.array([Decimal("1.10"), Decimal("123456789012345678901234567.89")]), ["1.10", "123456789012345678901234567.89"]),
    column("times to the nanosecond", _NANOSECONDS, ["2020-01-02 03:04:05.000000001", None]),
    column("times as int96", _NANOSECONDS, ["2020-01-02 03:04:05.000000001", None], use_deprecated_int96_timestamps=True),
    column("dates", pa.array([date(2020, 1, 2), None]), ["2020-01-02", None]),
    column("years beyond 9999", pa.array([4000000, None], pa.int32()).cast(pa.date32()), ["12921-08-18", None]),
    column("integers beyond 63 bits", pa.array([18446744073709551615, None], pa.uint64()), [18446744073709551615, None]),
    column("integers with nulls", pa.array([9007199254740993, None]), [9007199254740993, None]),
    column("leading zeros as text", pa.array(["007", "1e5", "NA", "null"]), ["007", "1e5", "NA", "null"]),
    column("times inside lists", pa.array([[1577934245000000001]], pa.list_(pa.timestamp("ns"))), [["2020-01-02 03:04:05.000000001"]]),
    kept("names that stand twice", pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), [{"text": "a", "text_2": "b"}]),
    column("noncharacters and lone combining marks", pa.array(["\uffff", "\u0301a", "\U0010ffff"]), ["\uffff", "\u0301a", "\U0010ffff"]),
]  # fmt: skip
