"""Split documents into training, held-out and test parts."""

import itertools
import re
from collections.abc import Sequence
from typing import Literal

from unrolled.data import Document
from unrolled.wording import counted

HoldOut = Literal["auto", "end", "tails", "documents"]
MIN_DOCUMENTS = 20
"""Number of documents from which "auto" holds out whole documents."""
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
Parts = tuple[list[Document], ...]


def resolve_hold_out(hold_out: HoldOut, documents: int) -> HoldOut:
    """Resolve "auto" by the number of documents."""
    if hold_out != "auto":
        return hold_out
    return "end" if documents == 1 else "tails" if documents < MIN_DOCUMENTS else "documents"


def describe_hold_out(hold_out: HoldOut, fraction: float, documents: int) -> str:
    """Describe in words which part is held out."""
    if hold_out == "documents":
        held_out = spread_evenly(documents, fraction).count(True)
        return f"{held_out:,} of {counted(documents, 'document')}, evenly spread"
    place = "the text" if hold_out == "end" else f"each of the {counted(documents, 'document')}"
    return f"the last {100 * fraction:g}% of {place}"


def split_documents(
    documents: list[Document], fractions: Sequence[float], hold_out: HoldOut, mode: str
) -> Parts:
    """Split documents into a training part and one further part for each fraction.

    Args:
        documents: documents in order.
        fractions: size of each further part, as a fraction of the text or of the documents.
        hold_out: "tails" cuts every document at the end of a line (in mode "paragraph", of a paragraph);
            "documents" takes whole documents, evenly spread.
        mode: mode of the corpus.
    """
    if hold_out == "documents":
        return _split_whole_documents(documents, fractions)
    parts: Parts = tuple([] for _ in range(len(fractions) + 1))
    for document in documents:
        for part_documents, text in zip(parts, cut_text(document.text, fractions, mode), strict=True):
            if text.strip():
                part_documents.append(Document(document.name, text))
    return parts


def cut_text(text: str, fractions: Sequence[float], mode: str) -> list[str]:
    """Cut one part per fraction off the end of a text, at the ends of lines or paragraphs."""
    bounds = [0]
    for number in range(len(fractions)):
        position = int(len(text) * (1 - sum(fractions[number:])))
        bounds.append(max(bounds[-1], _end_after(text, position, mode)))
    bounds.append(len(text))
    return [text[a:b] for a, b in itertools.pairwise(bounds)]


def spread_evenly(count: int, fraction: float) -> list[bool]:
    """Choose a fraction of ``count`` places, evenly spread and never the first; True where chosen."""
    return [int((i + 1) * fraction + 1e-9) > int(i * fraction + 1e-9) for i in range(count)]


def _split_whole_documents(documents: list[Document], fractions: Sequence[float]) -> Parts:
    is_held_out = spread_evenly(len(documents), sum(fractions))
    parts: Parts = tuple([] for _ in range(len(fractions) + 1))
    count = 0
    for document, held_out in zip(documents, is_held_out, strict=True):
        parts[1 + count % len(fractions) if held_out else 0].append(document)
        count += held_out
    return parts


def _end_after(text: str, position: int, mode: str) -> int:
    """Return the end of the line or paragraph at a position; the position itself for the last one."""
    if mode == "paragraph":
        match = _BLANK_LINES.search(text, position)
        if match and match.end() < len(text):
            return match.end()
    end = text.find("\n", position)
    return position if end in (-1, len(text) - 1) else end + 1
