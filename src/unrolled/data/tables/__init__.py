"""Tables with rows and columns, from CSV in all its variants or JSON."""

from unrolled.data.tables.config import TableConfig
from unrolled.data.tables.read import ENDINGS, JSON_ENDINGS, read_table
from unrolled.data.tables.table import Table
from unrolled.data.tables.values import is_missing, is_number, is_time

__all__ = [
    "ENDINGS",
    "JSON_ENDINGS",
    "Table",
    "TableConfig",
    "is_missing",
    "is_number",
    "is_time",
    "read_table",
]


def __dir__() -> list[str]:
    return sorted(__all__)
