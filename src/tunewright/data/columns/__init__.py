"""From any column names to the task's fields: which column is the text, which the answer, what kind of task it is."""

from tunewright.data.columns.fields import to_fields
from tunewright.data.columns.find import ColumnPlan, ColumnsConfig, find_columns
from tunewright.data.columns.labels import Kind

__all__ = ["ColumnPlan", "ColumnsConfig", "Kind", "find_columns", "to_fields"]
