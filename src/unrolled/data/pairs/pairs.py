"""Pairs of texts, and the removal of pairs with a blank side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from unrolled.errors import DataError
from unrolled.short_repr import short_repr
from unrolled.wording import counted

MAX_SHOWN_LINES = 5
"""Maximum number of lines that a message lists."""


@short_repr
@dataclass(frozen=True)
class Pairs:
    """Source texts and their targets; :func:`clean` removes pairs with a blank side."""

    sources: list[str]
    targets: list[str]
    lines: list[int]
    """Line number of each pair, from 1."""
    name: str = ""
    columns: tuple[str, str] = ("", "")
    """Source and target columns of a table, by name or by number from 1."""
    separator: str = ""
    """Separator of a table, if its extension does not imply it."""
    notes: tuple[str, ...] = ()
    """How the data were interpreted, and what was left out."""

    def __len__(self) -> int:
        return len(self.sources)

    def part(self, begin: int, end: int) -> "Pairs":
        """Return the pairs [begin, end)."""
        rows = slice(begin, end)
        return replace(self, sources=self.sources[rows], targets=self.targets[rows], lines=self.lines[rows])


def clean(pairs: Pairs, missing: Literal["drop", "error"]) -> Pairs:
    """Strip white space from both sides, and remove pairs with a blank side.

    A note counts the pairs with exactly one blank side.

    Raises:
        DataError: if exactly one side is blank and ``missing`` is "error", or no pair is left.
    """
    sources, targets = ([strip_text(text) for text in side] for side in (pairs.sources, pairs.targets))
    stripped_pairs = list(zip(sources, targets, strict=True))
    complete = [i for i, (s, t) in enumerate(stripped_pairs) if s and t]
    one_sided = [i for i, (s, t) in enumerate(stripped_pairs) if bool(s) != bool(t)]
    if one_sided and missing == "error":
        raise DataError(
            f"{pairs.name}: a side is blank on {_list_lines([pairs.lines[i] for i in one_sided])}; "
            "fill it in, remove the line from both sides, or leave such pairs out with --missing drop"
        )
    if not complete:
        raise DataError(f"{pairs.name}: holds no pairs")
    notes = list(pairs.notes)
    if one_sided:
        are = "is" if len(one_sided) == 1 else "are"
        notes.append(
            f"{len(one_sided):,} of {counted(len(stripped_pairs), 'pair')} {are} left out because one side "
            f"is blank ({_list_lines([pairs.lines[i] for i in one_sided])}); to stop with an error instead, "
            "use --missing error"
        )
    return replace(
        pairs,
        sources=[sources[i] for i in complete],
        targets=[targets[i] for i in complete],
        lines=[pairs.lines[i] for i in complete],
        notes=tuple(notes),
    )


def strip_text(text: str) -> str:
    """Return a text on one line, without white space at its ends."""
    return " ".join(text.splitlines()).strip()


def split_lines(text: str) -> list[str]:
    """Split a text into lines at line feeds, or at carriage returns if there are no line feeds."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return text.removesuffix("\n").split("\n")


def _list_lines(lines: Sequence[int]) -> str:
    noun = "line" if len(lines) == 1 else "lines"
    more = f" and {len(lines) - MAX_SHOWN_LINES} more" if len(lines) > MAX_SHOWN_LINES else ""
    return f"{noun} {', '.join(map(str, lines[:MAX_SHOWN_LINES]))}{more}"
