"""Which part of the documents is held out where no held-out text is given."""

import itertools
import re
from collections.abc import Sequence
from typing import Literal

from unrolled.data import Document
from unrolled.wording import counted

HoldOut = Literal["auto", "end", "tails", "documents"]
MANY = 20
"""Documents from which on whole ones are held out."""
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
Parts = tuple[list[Document], ...]


def resolve(hold_out: HoldOut, documents: int) -> HoldOut:
    """Return how a number of documents is divided: "auto" is settled by their number."""
    if hold_out != "auto":
        return hold_out
    return "end" if documents == 1 else "tails" if documents < MANY else "documents"


def describe(hold_out: HoldOut, fraction: float, documents: int) -> str:
    """Say in words what is held out."""
    if hold_out == "documents":
        return (
            f"{spread(documents, fraction).count(True):,} of {counted(documents, 'document')}, evenly spread"
        )
    of = "the text" if hold_out == "end" else f"each of the {counted(documents, 'document')}"
    return f"the last {100 * fraction:g}% of {of}"


def divide(documents: list[Document], shares: Sequence[float], hold_out: HoldOut, mode: str) -> Parts:
    """Divide documents into what is learned from and one part for each share.

    Args:
        documents: in their order.
        shares: of the parts, which follow what is learned from.
        hold_out: "tails" cuts every document, where a line (in mode "paragraph" a paragraph) ends;
            "documents" takes whole ones, evenly spread.
        mode: of the corpus.
    """
    if hold_out == "documents":
        return _whole(documents, shares)
    parts: Parts = tuple([] for _ in range(len(shares) + 1))
    for document in documents:
        for part, text in zip(parts, cut(document.text, shares, mode), strict=True):
            if text.strip():
                part.append(Document(document.name, text))
    return parts


def cut(text: str, shares: Sequence[float], mode: str) -> list[str]:
    """Cut the end of a text off, in so many parts; each ends where a line or paragraph does."""
    edges = [0]
    for number in range(len(shares)):
        near = int(len(text) * (1 - sum(shares[number:])))
        edges.append(max(edges[-1], _end_near(text, near, mode)))
    edges.append(len(text))
    return [text[a:b] for a, b in itertools.pairwise(edges)]


def spread(count: int, share: float) -> list[bool]:
    """Choose the share of so many places, evenly spread and never the first."""
    return [int((i + 1) * share + 1e-9) > int(i * share + 1e-9) for i in range(count)]


def _whole(documents: list[Document], shares: Sequence[float]) -> Parts:
    chosen = spread(len(documents), sum(shares))
    parts: Parts = tuple([] for _ in range(len(shares) + 1))
    turn = 0
    for document, out in zip(documents, chosen, strict=True):
        parts[1 + turn % len(shares) if out else 0].append(document)
        turn += out
    return parts


def _end_near(text: str, near: int, mode: str) -> int:
    """Return where the line or paragraph of a position ends; the position if there is no later one."""
    if mode == "paragraph":
        found = _BLANK_LINES.search(text, near)
        if found and found.end() < len(text):
            return found.end()
    end = text.find("\n", near)
    return near if end in (-1, len(text) - 1) else end + 1
