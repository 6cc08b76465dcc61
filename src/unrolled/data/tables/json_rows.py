"""Read tables from JSON: one object or array per line, or one document with all rows."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from unrolled.errors import DataError
from unrolled.reading import MalformedError, parse_json
from unrolled.wording import counted


class JsonRows(NamedTuple):
    """Rows of a JSON file."""

    names: list[str]
    """Names of the columns; empty if rows are arrays without names."""
    rows: list[list[Any]]
    """Cells of each row; None if an object lacks the name."""
    lines: list[int]
    """Line of each row; in a single document, number of each row from 1."""


def parse_json_rows(path: Path, text: str) -> JsonRows:
    """Return the rows of a JSON file.

    Four forms are accepted: (1) one object or array per line, (2) an array of objects or arrays, (3) an
    object that contains form 2, such as ``{"data": […]}``, (4) an object that maps each column to its values,
    which are a list, or an object with row numbers as keys.

    Raises:
        DataError: if it is not JSON, has another form, or several lists could be the rows.
    """
    document = _parse_document(path, text)
    names: list[str] = []
    if document is None:
        numbered = [
            (n, _parse_line(path, n, line)) for n, line in enumerate(text.split("\n"), 1) if line.strip()
        ]
    else:
        if isinstance(document, dict):
            names, document = _find_rows(path, document)
        numbered = list(enumerate(document, 1))
    lines, rows = [n for n, _ in numbered], [row for _, row in numbered]
    if rows and all(isinstance(row, list) for row in rows):
        return JsonRows(names, _check_lengths(path, lines, rows, len(names) or len(rows[0])), lines)
    for number, row in numbered:
        if not isinstance(row, dict):
            raise DataError(
                f"{path}: row {number} is {row!r:.60}, not an object; give one array of "
                "objects, or one object per line"
            )
    names = list(dict.fromkeys(name for row in rows for name in row))
    return JsonRows(names, [[row.get(name) for name in names] for row in rows], lines)


def _parse_document(path: Path, text: str) -> list[Any] | dict[str, Any] | None:
    """Return the array or object in a ``.json`` file; None if it has one object or array per line."""
    start = text.lstrip()
    if Path(path.name.removesuffix(".gz")).suffix.lower() != ".json" or not start.startswith(("[", "{")):
        return None
    try:
        document = parse_json(text, Any)
    except MalformedError as error:
        if start.startswith("{") or start.split("\n", 1)[0].rstrip().endswith("]"):
            return None
        raise DataError(f"{path}: is {error}; give one array of objects, or one object per line") from None
    assert isinstance(document, list | dict)
    return document


def _parse_line(path: Path, number: int, line: str) -> Any:
    try:
        value = parse_json(line, Any)
    except MalformedError as error:
        raise DataError(f"{path}: line {number} is {error}") from None
    if not isinstance(value, dict | list):
        raise DataError(f"{path}: line {number} is not an object but {value!r:.60}")
    return value


def _find_rows(path: Path, document: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Return the column names and the rows of an object.

    The names are empty unless the object maps columns to values, or has arrays as rows and a "columns" list.
    """
    values = list(document.values())
    if len(values) > 1 and all(isinstance(value, dict) for value in values) and _are_row_numbers(document):
        return [], values
    columns = _extract_columns(document)
    if columns:
        return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]
    row_keys = [name for name, value in document.items() if _are_rows(value, named="columns" in document)]
    if len(row_keys) > 1:
        raise DataError(
            f"{path}: {' and '.join(map(repr, row_keys))} all look like rows; copy the one you want to a "
            "separate file"
        )
    if not row_keys:
        return [], [document]
    names, rows = document.get("columns"), document[row_keys[0]]
    named = isinstance(names, list) and isinstance(rows[0], list)
    return [str(name) for name in names or []] if named else [], rows


def _are_rows(value: Any, *, named: bool) -> bool:
    """Return whether a value is a list of objects or arrays.

    Without column names, arrays count as rows only if the first one contains only text: arrays of numbers are
    vectors.
    """
    if not isinstance(value, list) or not value:
        return False
    if all(isinstance(row, dict) for row in value):
        return True
    arrays = all(isinstance(row, list) and len(row) > 1 for row in value)
    return arrays and (named or all(isinstance(cell, str) for cell in value[0]))


def _extract_columns(document: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the values of each column if the object consists of columns, else {}.

    A column is a list, or an object with the number of the row as key, as pandas writes it.
    """
    values = list(document.values())
    if len(values) < 2 or not values[0]:
        return {}
    if all(isinstance(v, dict) and v.keys() == values[0].keys() and _are_row_numbers(v) for v in values):
        return {name: list(value.values()) for name, value in document.items()}
    same_length = all(isinstance(v, list) and len(v) == len(values[0]) for v in values)
    return document if same_length and not any(isinstance(cell, dict) for v in values for cell in v) else {}


def _are_row_numbers(names: Iterable[str]) -> bool:
    return all(name.isdecimal() for name in names)


def _check_lengths(path: Path, lines: list[int], rows: list[list[Any]], width: int) -> list[list[Any]]:
    for number, row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise DataError(
                f"{path}: row {number} has {counted(len(row), 'value')}, but the first row has {width}"
            )
    return rows
