"""Pairs of texts, and what is done about those that lack a side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

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
    columns: tuple[str, str] = ("", "")
    """Of a table: the columns of source and target, by name or by number from 1."""
    separator: str = ""
    """Of a table whose ending does not tell it."""
    notes: tuple[str, ...] = ()
    """What was taken for what, and left out."""

    def __len__(self) -> int:
        return len(self.sources)

    def part(self, begin: int, end: int) -> "Pairs":
        """Return the pairs [begin, end)."""
        rows = slice(begin, end)
        return replace(self, sources=self.sources[rows], targets=self.targets[rows], lines=self.lines[rows])


def clean(pairs: Pairs, missing: Literal["drop", "error"]) -> Pairs:
    """Return pairs without white space around their sides, and without those that lack a side.

    Raises:
        DataError: if one side alone is blank and that is an error, or no pair is left.
    """
    sources, targets = ([tidy(text) for text in side] for side in (pairs.sources, pairs.targets))
    sides = list(zip(sources, targets, strict=True))
    kept = [i for i, (s, t) in enumerate(sides) if s and t]
    halves = [i for i, (s, t) in enumerate(sides) if bool(s) != bool(t)]
    if halves and missing == "error":
        raise DataError(
            f"{pairs.name}: a side is blank on line {_listed([pairs.lines[i] for i in halves])}; fill it in, "
            "remove the line from both sides, or leave such pairs out with --missing drop"
        )
    if not kept:
        raise DataError(f"{pairs.name}: holds no pairs")
    notes = list(pairs.notes)
    if halves:
        notes.append(
            f"{len(halves):,} of {len(sides):,} pairs lack a side and are left out, line "
            f"{_listed([pairs.lines[i] for i in halves])} (--missing error refuses them)"
        )
    return replace(
        pairs,
        sources=[sources[i] for i in kept],
        targets=[targets[i] for i in kept],
        lines=[pairs.lines[i] for i in kept],
        notes=tuple(notes),
    )


def tidy(text: str) -> str:
    """Return a text as pairs hold it: on one line, without white space at its ends."""
    return " ".join(text.splitlines()).strip()


def text_lines(text: str) -> list[str]:
    """Return the lines of a text; a line feed ends one, or a carriage return in a text without line feeds."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _listed(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return ", ".join(map(str, lines[:SHOWN])) + more
