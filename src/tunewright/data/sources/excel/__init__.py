"""Excel workbooks (.xlsx): read as the text that a person sees, written with every cell as text.

write_xlsx   a workbook for people, with drop-down lists
"""

from __future__ import annotations

from tunewright.data.sources.excel.write import ExcelWriter, write_xlsx

__all__ = ["ExcelWriter", "write_xlsx"]
