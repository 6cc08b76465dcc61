"""Predictions for the rows of a file, written with the rows as CSV, TSV or JSON lines."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from unrolled.storage.output import get_extension


@dataclass(frozen=True)
class Predictions:
    """Table of the input columns followed by the prediction columns."""

    names: list[str]
    rows: list[list[Any]]
    """Each value is a string, a number, a list, or None if missing."""
    notes: tuple[str, ...] = ()
    """How the input was read, one line each."""

    def write(self, out: TextIO, name: str = "") -> None:
        """Write all rows as CSV with a header; as TSV or JSON lines if the file name says so."""
        ending = get_extension(name)
        if ending in (".jsonl", ".ndjson"):
            for row in self.rows:
                out.write(json.dumps(dict(zip(self.names, row, strict=True)), ensure_ascii=False) + "\n")
            return
        writer = csv.writer(out, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
        writer.writerow(self.names)
        writer.writerows([_cell(value) for value in row] for row in self.rows)


def add_prediction_columns(
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    probabilities: Sequence[NDArray[np.float64] | None],
    classes: Sequence[str],
    top: int = 0,
    notes: tuple[str, ...] = (),
) -> Predictions:
    """Return the rows of a file with columns for the predicted class and the probabilities.

    Args:
        names: column names of the file.
        rows: rows of the file.
        probabilities: (classes,) for each row; None if nothing could be predicted.
        classes: names of the classes.
        top: number of most probable classes to add columns for; 0 adds a column for every class.
        notes: how the file was read.
    """
    top = min(top, len(classes))
    added = ["predicted", "probability"]
    for rank in range(2, top + 1):
        added += [f"predicted {rank}", f"probability {rank}"]
    if not top:
        added += [f"p({name})" for name in classes]
    extended = []
    for row, p in zip(rows, probabilities, strict=True):
        extended.append([*row, *([None] * len(added) if p is None else _columns(p, classes, top))])
    return Predictions([*names, *_distinct(added, names)], extended, notes)


def _columns(p: NDArray[np.float64], classes: Sequence[str], top: int) -> list[Any]:
    order = np.argsort(-p, kind="stable")[: max(top, 1)]
    values = [value for i in order for value in (classes[i], round(float(p[i]), 6))]
    return values if top else values + [round(float(value), 6) for value in p]


def _distinct(names: Sequence[str], used: Sequence[str]) -> list[str]:
    """Return the names with "_" appended to those that are in ``used``."""
    distinct = []
    for name in names:
        while name in used:
            name += "_"
        distinct.append(name)
    return distinct


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value
