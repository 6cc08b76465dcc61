"""Labelled texts without columns: lines that start with a label, or two aligned files of lines."""

import re
from collections.abc import Iterator
from pathlib import Path

from unrolled.data.files import read_text
from unrolled.data.labelled.clean import Row
from unrolled.data.labelled.shapes import column_stats
from unrolled.data.path_lists import split_paths
from unrolled.errors import DataError
from unrolled.wording import counted

FASTTEXT = "__label__"
BARS = " ||| "
_LABEL = re.compile(r"\d{1,3}|[A-Z][A-Z_]*:\w+")
"""A first word that looks like a label: a small number, or CLASS:kind as in TREC."""


def read_numbered_lines(path: str | Path, encoding: str) -> list[tuple[int, str]]:
    """Return the non-blank lines of a file, stripped, with their line numbers."""
    lines = enumerate(read_text(path, encoding).split("\n"), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def read_labels_first(path: Path, encoding: str) -> tuple[list[Row], str] | None:
    """Return the rows of a file whose lines start with a label, and a note; None if they do not.

    Raises:
        DataError: if a line starts with ``__label__``, but not every line has exactly one ``__label__NAME``.
    """
    lines = read_numbered_lines(path, encoding)
    if any(line.startswith(FASTTEXT) for _, line in lines):
        return list(_read_fasttext(path, lines)), f"labels: the word after {FASTTEXT} in each line"
    pairs = [(number, *line.partition(" ")[::2]) for number, line in lines]
    words = [word for _, word, _ in pairs]
    if all(map(_LABEL.fullmatch, words)) and column_stats(words).recurs and all(text for *_, text in pairs):
        rows = [Row(f"{path}: line {number}", text.strip(), label) for number, label, text in pairs]
        return rows, "labels: the first word of each line"
    return None


def _read_fasttext(path: Path, lines: list[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        where = f"{path}: line {number}"
        words = line.split()
        labels = [word for word in words if word.startswith(FASTTEXT) and word != FASTTEXT]
        if len(labels) != 1:
            raise DataError(
                f"{where}: has {counted(len(labels), 'label')} {FASTTEXT}NAME; each text needs one"
            )
        text = " ".join(line.replace(labels[0], " ", 1).split())
        yield Row(where, text, labels[0].removeprefix(FASTTEXT))


def split_two_files(source: str) -> list[str] | None:
    """Return the two paths of ``TEXTS,LABELS``; None if the source is not two existing files."""
    paths = [path.strip() for path in split_paths(source)]
    return paths if len(paths) == 2 and all(Path(path).is_file() for path in paths) else None


def read_texts_and_labels(paths: list[str], encoding: str) -> tuple[list[Row], str]:
    """Return the rows of two aligned files: the file with few repeated values holds the labels.

    Raises:
        DataError: if the numbers of lines differ, or the file of labels cannot be detected.
    """
    files = [read_text(path, encoding).rstrip("\n").split("\n") for path in paths]
    if len(files[0]) != len(files[1]):
        counts = f"{len(files[0]):,} and {counted(len(files[1]), 'line')}"
        raise DataError(
            f"{paths[0]}, {paths[1]}: have {counts}; line n of one is the label of line n of the other"
        )
    stats = [column_stats(lines) for lines in files]
    recurring = [i for i in (0, 1) if stats[i].recurs]
    if len(recurring) > 1:  # short texts can be repeated too
        recurring = [
            i for i in recurring if stats[i].distinct < stats[1 - i].distinct and not stats[i].is_text
        ]
    if len(recurring) != 1:
        raise DataError(
            f"{paths[0]}, {paths[1]}: cannot detect which file holds the labels (few values that recur); "
            "write both into one table, with columns text and label"
        )
    labels = recurring[0]
    rows = [
        Row(f"{paths[1 - labels]}: line {number}", text.strip(), label.strip())
        for number, (text, label) in enumerate(zip(files[1 - labels], files[labels], strict=True), 1)
    ]
    return rows, f"files: texts are in {Path(paths[1 - labels]).name}, labels in {Path(paths[labels]).name}"
