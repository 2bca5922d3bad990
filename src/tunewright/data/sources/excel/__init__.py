"""Excel workbooks (.xlsx): read as the text that a person sees, written with every cell as text.

recognise, detect, rows, ExcelWriter   what makes it a source
write_xlsx                             a workbook for people, with drop-down lists
"""

from __future__ import annotations

from tunewright.data.sources.excel.source import detect, recognise, rows
from tunewright.data.sources.excel.write import ExcelWriter, write_xlsx

__all__ = ["ExcelWriter", "detect", "recognise", "rows", "write_xlsx"]
