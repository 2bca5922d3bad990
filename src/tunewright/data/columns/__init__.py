"""From any column names to the task's fields: which column is the text, which the answer, what kind of task it is."""

from tunewright.data.columns.fields import comma_signs, to_fields
from tunewright.data.columns.find import ColumnPlan, ColumnsConfig, find_columns
from tunewright.data.columns.labels import Kind, split_cell
from tunewright.data.columns.profile import as_text

__all__ = ["ColumnPlan", "ColumnsConfig", "Kind", "as_text", "comma_signs", "find_columns", "split_cell", "to_fields"]
