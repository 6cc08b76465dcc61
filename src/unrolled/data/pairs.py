"""Parallel text: pairs of a source and a target, from two aligned files or from the columns of one table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from unrolled.data.catalogue.dataset import PAIRS, TEXT
from unrolled.data.catalogue.lookup import locate
from unrolled.data.commas import split_paths
from unrolled.data.files import read_text
from unrolled.data.tables import ENDINGS, read_columns
from unrolled.errors import DataError
from unrolled.short_repr import short_repr

SHOWN = 5
"""Line numbers that a message lists."""


@short_repr
@dataclass(frozen=True)
class Pairs:
    """Source texts and their targets; neither side of a pair is blank."""

    sources: list[str]
    targets: list[str]
    lines: list[int]
    """Line number of each pair, from 1."""
    name: str = ""

    def __len__(self) -> int:
        return len(self.sources)

    def part(self, begin: int, end: int) -> "Pairs":
        """Return the pairs [begin, end)."""
        rows = slice(begin, end)
        return replace(self, sources=self.sources[rows], targets=self.targets[rows], lines=self.lines[rows])


@dataclass(frozen=True)
class PairForm:
    """How pairs stand in a file that holds both sides."""

    separator: str = ""
    source_column: str = "source"
    target_column: str = "target"
    blank: Literal["refuse", "drop"] = "refuse"


def read_pairs(source: str | Path, form: PairForm) -> Pairs:
    """Read pairs from ``"A,B"``, two files with a line for each pair, or from one table.

    White space at both ends of a text is dropped, and line breaks within a cell become spaces.

    Raises:
        DataError: if a file cannot be read, the numbers of lines differ, a column is missing, or a side is
            blank and that is refused.
    """
    name = str(source)
    parts = split_paths(name)
    if len(parts) > 2:
        raise DataError(f"{name}: give two files, as train.de,train.en, or one table; these are {len(parts)}")
    if len(parts) == 2:
        sources, targets = (text_lines(read_text(locate(part.strip(), PAIRS, TEXT))) for part in parts)
        _require_aligned(parts, sources, targets)
        lines = list(range(1, len(sources) + 1))
    else:
        path, columns = locate(name, PAIRS, TEXT), (form.source_column, form.target_column)
        if not (form.separator or path.suffix in ENDINGS):
            raise DataError(
                f"{path}: give two files (train.de,train.en), a .tsv, .csv or .jsonl, or say with "
                "--separator what stands between source and target"
            )
        rows = read_columns(path, columns, form.separator)
        lines = [line for line, _ in rows]
        sources, targets = ([_text(path, line, row[side]) for line, row in rows] for side in (0, 1))
    return clean(Pairs(sources, targets, lines, name), form.blank)


def read_sources(source: str | Path, form: PairForm) -> list[str]:
    """Read sources alone: the column of a table, else every line of a text, blank ones too.

    A file is a table if it ends with .csv, .tsv or .jsonl, or if the form has a separator.

    Raises:
        DataError: if the file cannot be read, or lacks the column.
    """
    path = locate(source, PAIRS, TEXT)
    if form.separator or path.suffix in ENDINGS:
        rows = read_columns(path, [form.source_column], form.separator)
        return [_text(path, line, value) for line, (value,) in rows]
    return text_lines(read_text(path))


def _text(path: Path, line: int, value: object) -> str:
    """Return what a cell holds; cells of JSON lines may hold anything."""
    if not isinstance(value, str):
        raise DataError(f"{path}: line {line} holds {value!r:.80} where a text is needed")
    return value


def text_lines(text: str) -> list[str]:
    """Return the lines of a text; only a line feed ends one, so that files stay aligned."""
    return text.removesuffix("\n").split("\n")


def pairs_of(pairs: Sequence[tuple[str, str]]) -> Pairs:
    """Return pairs from memory, numbered from 1.

    Raises:
        DataError: if something is not a pair of texts, or a side is blank.
    """
    for number, pair in enumerate(pairs, 1):
        if isinstance(pair, str) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise DataError(f"pair {number}: a source and a target are needed, two texts, got {pair!r:.80}")
    lines = list(range(1, len(pairs) + 1))
    return clean(Pairs([s for s, _ in pairs], [t for _, t in pairs], lines, "pairs from memory"), "refuse")


def clean(pairs: Pairs, blank: Literal["refuse", "drop"]) -> Pairs:
    """Return pairs without white space around them, and without those of which a side is blank.

    Raises:
        DataError: if blank sides are refused and there are any, or no pair is left.
    """
    sources, targets = ([tidy(text) for text in side] for side in (pairs.sources, pairs.targets))
    kept = [i for i in range(len(sources)) if sources[i] and targets[i]]
    missing = [i for i in range(len(sources)) if not (sources[i] and targets[i])]
    if missing and blank == "refuse":
        where = ", ".join(str(pairs.lines[i]) for i in missing[:SHOWN])
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise DataError(
            f"{pairs.name}: a side is blank on line {where}{more}; fill it in, remove the line from both "
            "sides, or leave such pairs out with --blank drop"
        )
    if not kept:
        raise DataError(f"{pairs.name}: holds no pairs")
    return replace(
        pairs,
        sources=[sources[i] for i in kept],
        targets=[targets[i] for i in kept],
        lines=[pairs.lines[i] for i in kept],
    )


def tidy(text: str) -> str:
    """Return a text as pairs hold it: on one line, without white space at its ends."""
    return " ".join(text.splitlines()).strip()


def _require_aligned(names: Sequence[str], sources: list[str], targets: list[str]) -> None:
    if len(sources) == len(targets):
        return
    short = min(len(sources), len(targets))
    longer = names[0] if len(sources) > len(targets) else names[1]
    raise DataError(
        f"{names[0]} has {len(sources):,} lines and {names[1]} has {len(targets):,}: line {short + 1} of "
        f"{longer} has no partner; the two must be aligned line by line"
    )
