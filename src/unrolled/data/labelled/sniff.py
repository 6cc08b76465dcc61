"""Detection of whether a file of labelled texts is a table or plain lines."""

import dataclasses
from pathlib import Path

from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.lines import BARS, FASTTEXT, read_labels_first, read_numbered_lines
from unrolled.data.tables import ENDINGS, TableConfig, read_table
from unrolled.errors import DataError

WIDEST = 50
"""Largest number of columns of a table that is not recognised by its file name."""


def with_bars(path: Path, config: TableConfig) -> TableConfig:
    """Return the table configuration, with the separator set if every line has the form ``NAME ||| text``."""
    if config.separator or _has_table_name(path):
        return config
    lines = read_numbered_lines(path, config.encoding)
    bars = all(BARS in line for _, line in lines)
    return dataclasses.replace(config, separator=BARS) if bars else config


def is_table(path: Path, config: TableConfig) -> bool:
    """Return whether a file is a table, by its extension, the given separator, or the form of its lines."""
    if _has_table_name(path) or config.separator or config.header != "auto":
        return True
    lines = [line for _, line in read_numbered_lines(path, config.encoding)]
    if all("\t" in line for line in lines) or all(BARS in line for line in lines):
        return True
    if any(line.startswith(FASTTEXT) for line in lines) or read_labels_first(path, config.encoding):
        return False
    try:
        table = read_table(path, config)
    except DataError:
        return False
    return 1 < len(table.names) <= WIDEST


def is_table_of(path: Path, form: LabelledForm) -> bool:
    """Return whether a file to predict is a table, by its extension or by the training data.

    If the training data were a table, a file with tabs or bars in every line is a table. With other
    separators, which a text may contain, its first line must also name the text columns.
    """
    config = form.table
    if _has_table_name(path) or config.separator or config.header != "auto":
        return True
    lines = [line for _, line in read_numbered_lines(path, config.encoding)]
    if not form.text_column:
        return False
    if all("\t" in line for line in lines) or all(BARS in line for line in lines):
        return True
    return all(name in lines[0] and not name.isdecimal() for name in form.text_columns) and is_table(
        path, config
    )


def _has_table_name(path: Path) -> bool:
    return Path(path.name.removesuffix(".gz")).suffix.lower() in ENDINGS
