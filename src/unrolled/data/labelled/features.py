"""The error for tables of features, which contain no sequences."""

from collections.abc import Sequence

from unrolled.data.tables import Table
from unrolled.errors import DataError
from unrolled.wording import counted


def no_text_error(table: Table, numeric: Sequence[bool]) -> DataError:
    """Return the error for a table without a text column.

    Args:
        table: the table.
        numeric: for each column except the label, whether it holds numbers.
    """
    numbers = sum(numeric)
    others = len(numeric) - numbers
    columns = f"{counted(numbers, 'column')} of numbers" + (
        f" and {counted(others, 'other')}" if others else ""
    )
    return DataError(
        f"{table.path}: has no column of text ({columns}). A table of features holds no sequences, which "
        "a recurrent network needs: use a model for tables, such as scikit-learn's "
        "HistGradientBoostingClassifier. If one of the columns is the text, name it: --text-column. "
        'Sequences of numbers are JSON lines: {"text": [0.1, 0.2], "label": "a"}'
    )
