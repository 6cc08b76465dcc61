"""Predictions beside the rows of a file, and the files that hold them: CSV, TSV, JSON lines."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from unrolled.storage.output import ending_of


@dataclass(frozen=True)
class Predictions:
    """A table: the columns of the input, then what is predicted."""

    names: list[str]
    rows: list[list[Any]]
    """Text, numbers, lists, or None where there is nothing."""
    notes: tuple[str, ...] = ()
    """How the input was read, one line each."""

    def write(self, out: TextIO, name: str = "") -> None:
        """Write all rows: CSV with a header; tabs or JSON lines if the name of the file ends so."""
        ending = ending_of(name)
        if ending in (".jsonl", ".ndjson"):
            for row in self.rows:
                out.write(json.dumps(dict(zip(self.names, row, strict=True)), ensure_ascii=False) + "\n")
            return
        writer = csv.writer(out, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows([_cell(value) for value in row] for row in self.rows)


def tabulate(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    probabilities: Sequence[NDArray[np.float64] | None],
    classes: Sequence[str],
    top: int = 0,
    notes: tuple[str, ...] = (),
) -> Predictions:
    """Return the rows of a file with the most probable class and the probabilities behind.

    Args:
        names: of the columns of the file.
        rows: of the file.
        probabilities: (classes,) of each row; None if nothing could be predicted.
        classes: as text.
        top: columns for as many of the most probable classes; 0 is a column for every class.
        notes: of reading.
    """
    top = min(top, len(classes))
    extra = ["predicted", "probability"]
    for rank in range(2, top + 1):
        extra += [f"predicted {rank}", f"probability {rank}"]
    if not top:
        extra += [f"p({name})" for name in classes]
    filled = []
    for row, p in zip(rows, probabilities, strict=True):
        filled.append([*row, *([None] * len(extra) if p is None else _columns(p, classes, top))])
    return Predictions([*names, *_distinct(extra, names)], filled, notes)


def _columns(p: NDArray[np.float64], classes: Sequence[str], top: int) -> list[Any]:
    order = np.argsort(-p, kind="stable")[: max(top, 1)]
    found = [value for i in order for value in (classes[i], round(float(p[i]), 6))]
    return found if top else found + [round(float(value), 6) for value in p]


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return names that the file does not have: a mark is added to those that it has."""
    found = []
    for name in names:
        while name in taken:
            name += "_"
        found.append(name)
    return found


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value
