"""Lines of a text as a model reads them: hard line ends joined, marks of sentences taken off."""

import itertools
import re

import numpy as np

from unrolled.baselines.ngram.marks import bare_sentence
from unrolled.symbols import EOS

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
WRAPPED_LINES = 50
"""Lines by which it is decided whether a text has hard line ends."""
NARROWEST, WIDEST = 50, 120
"""Columns at which prose is wrapped."""


def prepare_text(text: str, kind: str, mode: str) -> str:
    """Return a text as the tokeniser of a kind reads it in a mode.

    In mode "paragraph" the lines of a paragraph are joined by blanks, and a blank line ends it. For words,
    the marks ``<s>`` and ``</s>`` at the ends of a line are taken off, since ``<eos>`` ends every line.
    """
    if mode == "paragraph":
        text = join_lines(text)
    return strip_marks(text) if kind == "word" else text


def join_lines(text: str) -> str:
    """Return a text with each paragraph as one line."""
    paragraphs = _PARAGRAPH_END.split(text.strip("\n"))
    joined = (" ".join(line.strip() for line in part.split("\n")).strip() for part in paragraphs)
    return "".join(f"{paragraph}\n" for paragraph in joined if paragraph)


def strip_marks(text: str) -> str:
    """Return a text without ``<s>`` at the beginning and ``</s>`` at the end of its lines."""
    if "<s>" not in text and "</s>" not in text:
        return text
    return "\n".join(" ".join(bare_sentence(line.split())) for line in text.split("\n"))


def is_wrapped(text: str) -> bool:
    """Tell whether a text is prose with hard line ends: most lines that another follows fill the same width.

    The width is that under which 95 of 100 such lines stay; prose fills all but a word of it.
    """
    lines = text.split("\n")
    inner = [len(a.rstrip()) for a, b in itertools.pairwise(lines) if a.strip() and b.strip()]
    if len(inner) < WRAPPED_LINES:
        return False
    lengths = np.array(inner)
    width = float(np.quantile(lengths, 0.95))
    return NARROWEST <= width <= WIDEST and float((lengths > width - 15).mean()) > 0.75


def wrapped_note() -> str:
    """Return the line that tells of hard line ends."""
    return f"most lines are of one width, and {EOS} is learned at every line end: --mode paragraph joins them"
