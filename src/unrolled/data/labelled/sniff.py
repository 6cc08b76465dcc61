"""Whether a file of labelled texts is a table, or lines."""

import dataclasses
from pathlib import Path

from unrolled.data.labelled.form import LabelledForm
from unrolled.data.labelled.lines import BARS, FASTTEXT, labels_first, numbered_lines
from unrolled.data.tables import ENDINGS, TableConfig, read_table
from unrolled.errors import DataError

WIDEST = 50
"""Columns of a table whose file name does not tell that it is one."""


def with_bars(path: Path, config: TableConfig) -> TableConfig:
    """Return the form of a table; ``NAME ||| text`` in every line is one of two columns."""
    if config.separator or _is_named(path):
        return config
    lines = numbered_lines(path, config.encoding)
    bars = all(BARS in line for _, line in lines)
    return dataclasses.replace(config, separator=BARS) if bars else config


def is_table(path: Path, config: TableConfig) -> bool:
    """Return whether a file is a table, by its extension, the given separator, or the form of its lines."""
    if _is_named(path) or config.separator or config.header != "auto":
        return True
    lines = [line for _, line in numbered_lines(path, config.encoding)]
    if all("\t" in line for line in lines) or all(BARS in line for line in lines):
        return True
    if any(line.startswith(FASTTEXT) for line in lines) or labels_first(path, config.encoding):
        return False
    try:
        table = read_table(path, config)
    except DataError:
        return False
    return 1 < len(table.names) <= WIDEST


def is_table_of(path: Path, form: LabelledForm) -> bool:
    """Return whether a file to predict is a table: by its ending, or as the data of training were one.

    Tabs or bars in every line make one if the training data were a table; other separators, which a text may
    hold, if the first line names the text columns.
    """
    config = form.table
    if _is_named(path) or config.separator or config.header != "auto":
        return True
    lines = [line for _, line in numbered_lines(path, config.encoding)]
    if not form.text_column:
        return False
    if all("\t" in line for line in lines) or all(BARS in line for line in lines):
        return True
    return all(name in lines[0] and not name.isdecimal() for name in form.text_columns) and is_table(
        path, config
    )


def _is_named(path: Path) -> bool:
    return Path(path.name.removesuffix(".gz")).suffix.lower() in ENDINGS
