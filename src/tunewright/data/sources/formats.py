"""The formats, in the order in which they are asked whether a file is theirs. `csv` is last: any rows of text are."""

from __future__ import annotations

from tunewright.data.sources import arrow, delimited, excel, json_array, jsonl, mail, parquet, plain
from tunewright.data.sources.detect import is_json, is_jsonl, is_parquet, is_rows_of_text, is_tsv
from tunewright.data.sources.types import Source
from tunewright.data.sources.write_cells import CellsWriter
from tunewright.data.sources.write_columns import ParquetWriter
from tunewright.data.sources.write_objects import LinesWriter, ListWriter

SOURCES: dict[str, Source] = {
    "parquet": Source(
        name="parquet", suffixes=(".parquet",), holds="columns", is_text=False, recognise=is_parquet,
        detect=parquet.detect, rows=parquet.rows, writer=ParquetWriter,
    ),
    "arrow": Source(
        name="arrow", suffixes=(".arrow", ".feather"), holds="columns", is_text=False, recognise=arrow.recognise,
        detect=arrow.detect, rows=arrow.rows, writer=arrow.ArrowWriter,
    ),
    "xlsx": Source(
        name="xlsx", suffixes=(".xlsx", ".xlsm"), holds="cells", is_text=False, recognise=excel.recognise,
        detect=excel.detect, rows=excel.rows, writer=excel.ExcelWriter,
    ),
    "mbox": Source(
        name="mbox", suffixes=(".mbox", ".mbx"), holds="records", is_text=False, recognise=mail.is_mbox,
        detect=mail.detect_mbox, rows=mail.mbox_rows, writer=None, finish=mail.find_threads,
    ),
    "eml": Source(
        name="eml", suffixes=(".eml",), holds="records", is_text=False, recognise=mail.is_eml,
        detect=mail.detect_eml, rows=mail.eml_rows, writer=None, finish=mail.find_threads,
    ),
    "jsonl": Source(
        name="jsonl", suffixes=(".jsonl", ".ndjson"), holds="records", recognise=is_jsonl,
        detect=jsonl.detect, rows=jsonl.rows, writer=LinesWriter,
    ),
    "json": Source(
        name="json", suffixes=(".json",), holds="records", recognise=is_json,
        detect=json_array.detect, rows=json_array.rows, writer=ListWriter,
    ),
    "fasttext": Source(
        name="fasttext", suffixes=(".ft", ".fasttext"), holds="cells", recognise=plain.is_fasttext,
        detect=plain.detect_fasttext, rows=plain.fasttext_rows, writer=None,
    ),
    "text": Source(
        name="text", suffixes=(".text",), holds="cells", recognise=plain.is_lines,
        detect=plain.detect_lines, rows=plain.lines_rows, writer=None,
    ),
    "tsv": Source(
        name="tsv", suffixes=(".tsv", ".tab"), holds="cells", recognise=is_tsv,
        detect=delimited.detect, rows=delimited.rows, writer=CellsWriter,
    ),
    "csv": Source(
        name="csv", suffixes=(".csv", ".txt"), holds="cells", recognise=is_rows_of_text,
        detect=delimited.detect, rows=delimited.rows, writer=CellsWriter,
    ),
}  # fmt: skip
