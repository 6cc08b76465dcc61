"""Prepare the lines of a text: join hard line breaks, strip the marks of sentences."""

import itertools
import re

import numpy as np

from unrolled.baselines.ngram.marks import strip_sentence_marks
from unrolled.symbols import EOS

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
WRAPPED_LINES = 50
"""Minimum number of lines for deciding whether a text has hard line breaks."""
NARROWEST, WIDEST = 50, 120
"""Range of columns at which prose is wrapped."""


def prepare_text(text: str, kind: str, mode: str) -> str:
    """Prepare a text for a tokenizer of this kind, in a mode of the corpus.

    In mode "paragraph" the lines of a paragraph are joined by spaces, and a blank line ends it. For words,
    ``<s>`` and ``</s>`` at the ends of a line are stripped, since ``<eos>`` ends every line.
    """
    if mode == "paragraph":
        text = join_lines(text)
    return strip_marks(text) if kind == "word" else text


def join_lines(text: str) -> str:
    """Return the text with each paragraph joined into one line."""
    paragraphs = _PARAGRAPH_END.split(text.strip("\n"))
    joined = (" ".join(line.strip() for line in part.split("\n")).strip() for part in paragraphs)
    return "".join(f"{paragraph}\n" for paragraph in joined if paragraph)


def strip_marks(text: str) -> str:
    """Strip ``<s>`` from the beginning and ``</s>`` from the end of each line."""
    if "<s>" not in text and "</s>" not in text:
        return text
    return "\n".join(" ".join(strip_sentence_marks(line.split())) for line in text.split("\n"))


def is_wrapped(text: str) -> bool:
    """Return whether a text is prose with hard line breaks.

    It is if most lines that are followed by another fill the same width, up to one word. The width is the
    95th percentile of their lengths.
    """
    lines = text.split("\n")
    inner = [len(a.rstrip()) for a, b in itertools.pairwise(lines) if a.strip() and b.strip()]
    if len(inner) < WRAPPED_LINES:
        return False
    lengths = np.array(inner)
    width = float(np.quantile(lengths, 0.95))
    return NARROWEST <= width <= WIDEST and float((lengths > width - 15).mean()) > 0.75


def wrapped_note() -> str:
    """Return the note on a text with hard line breaks."""
    return f"most lines have the same width, and {EOS} ends each of them: --mode paragraph joins them"
