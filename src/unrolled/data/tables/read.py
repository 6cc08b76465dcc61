"""Read a file with rows and columns; its format is detected and noted."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from unrolled.data.files import read_text
from unrolled.data.tables.config import TableConfig
from unrolled.data.tables.detect import SEPARATORS, USUAL, detect_form
from unrolled.data.tables.header import is_header, is_header_without_row_names
from unrolled.data.tables.json_rows import parse_json_rows
from unrolled.data.tables.split import BLANKS, Form, MalformedLineError, split_rows
from unrolled.data.tables.table import Table
from unrolled.errors import DataError
from unrolled.wording import counted

JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
ENDINGS = (*USUAL, *JSON_ENDINGS)
"""Extensions of files that are always tables."""


def read_table(
    path: str | Path,
    config: TableConfig | None = None,
    *,
    usual: Collection[str] = (),
    asked: Collection[str] = (),
    ragged: bool = False,
) -> Table:
    """Read a table from CSV (any separator) or JSON (see :func:`parse_json_rows`).

    Args:
        path: the file; ``.gz`` is decompressed.
        config: format of the file; empty fields are detected.
        usual: lower-case names that columns of such tables usually have, to detect a header.
        asked: column names that the caller gave; a first line with all of them is the header.
        ragged: accept rows of different lengths and pad them with "".

    Raises:
        DataError: if the file is not text, has no rows, a line has a different number of cells, or the format
            is ambiguous.
    """
    path, config = Path(path), config or TableConfig()
    text = read_text(path, config.encoding)
    ending = Path(path.name.removesuffix(".gz")).suffix.lower()
    if ending in JSON_ENDINGS:
        return _read_json(path, text, config, usual, asked)
    form = _detect_form(path, text, config, ending)
    rows, lines, quote_notes = _split(path, text, form, ragged=ragged)
    header = _has_header(rows, config, usual, asked)
    names = rows[0] if header else [str(n) for n in range(1, len(rows[0]) + 1)]
    if header and len(rows) == 1:
        raise DataError(f"{path}: holds no rows")
    notes = [] if config.separator or form.separator == USUAL.get(ending) else _note_form(form)
    notes += quote_notes
    if not header and config.header == "auto":
        notes.append(
            "the first line is read as data, columns are numbered from 1 (--header yes: it is a header)"
        )
    first = int(header)
    return Table(
        path, names, header, rows[first:], lines[first:], form.separator, config.decimal, tuple(notes)
    )


def _note_form(form: Form) -> list[str]:
    if not form.separator:
        return []
    name = "blanks" if form.separator == BLANKS else SEPARATORS[form.separator] + "s"
    return [f"cells are separated by {name} (--separator)"]


def _detect_form(path: Path, text: str, config: TableConfig, ending: str) -> Form:
    form = detect_form(text, config.separator.replace("\\t", "\t"), ending)
    if isinstance(form, Form):
        return form
    one, other = (repr(f.separator) for f in form)
    raise DataError(
        f"{path}: its cells may be separated by {one} or by {other}; choose: --separator {one} or "
        f"--separator {other}"
    )


def _split(
    path: Path, text: str, form: Form, *, ragged: bool
) -> tuple[list[list[Any]], list[int], list[str]]:
    """Return the rows, their lines, and a note if quotation marks turn out to be ordinary characters.

    The format is detected from the first rows; a later cell may begin with a literal quotation mark.
    """
    try:
        return *_split_evenly(path, text, form, ragged=ragged), []
    except DataError as error:
        if not form.quoted or form.separator in ",;":
            raise
        try:
            rows, lines = _split_evenly(path, text, form._replace(quoted=False), ragged=ragged)
        except DataError:
            raise error from None
    return rows, lines, ["quotation marks are characters, not quotes around cells"]


def _split_evenly(path: Path, text: str, form: Form, *, ragged: bool) -> tuple[list[list[Any]], list[int]]:
    rows: list[list[Any]] = []
    lines: list[int] = []
    try:
        for line, cells in split_rows(text, form):
            rows.append([cell.strip() for cell in cells])
            lines.append(line)
    except MalformedLineError as error:
        raise DataError(
            f"{path}: line {error.line} is not valid CSV ({error.reason}); quote cells that contain "
            f"{form.separator!r}, a quotation mark or a line break"
        ) from None
    if is_header_without_row_names(rows):
        rows[0].insert(0, "")
    uneven = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), 0)
    if uneven and not ragged:
        raise DataError(
            f"{path}: line {lines[uneven]} has {counted(len(rows[uneven]), 'column')} and the first line "
            f"{len(rows[0])}; quote cells that contain {form.separator!r}, or give the separator: --separator"
        )
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows], lines


def _has_header(
    rows: list[list[str]], config: TableConfig, usual: Collection[str], asked: Collection[str]
) -> bool:
    if config.header != "auto":
        return config.header == "yes"
    return (bool(asked) and set(asked) <= set(rows[0])) or is_header(rows, usual)


def _read_json(
    path: Path, text: str, config: TableConfig, usual: Collection[str], asked: Collection[str]
) -> Table:
    names, rows, lines = parse_json_rows(path, text)
    if not rows:
        raise DataError(f"{path}: holds no rows")
    cells = [[_cell(value) for value in row] for row in rows]
    if names:
        return Table(path, names, True, cells, lines)
    header = all(isinstance(cell, str) for cell in cells[0]) and _has_header(
        [["" if cell is None else str(cell) for cell in row] for row in cells], config, usual, asked
    )
    names = cells[0] if header else [str(n) for n in range(1, len(cells[0]) + 1)]
    return Table(path, names, header, cells[header:], lines[header:])


def _cell(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
