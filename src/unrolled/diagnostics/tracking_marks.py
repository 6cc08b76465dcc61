"""Quotes, brackets, comments, indentation and words, at every character of a text.

Each function takes a text of C characters and returns (C,): what holds once that character is read. So an
opening mark is inside already, and a closing one no longer.
"""

import re
from collections.abc import Iterable

import numpy as np

from unrolled.diagnostics.gradients import Floats

BRACKETS = ("()", "[]", "{}")

# Marks belong together within one paragraph: one that was forgotten does no harm beyond.
_IN = r"(?!\n[^\S\n]*\n)"
_DOUBLE = re.compile(
    rf'(?<!\\)"(?:{_IN}(?:\\.|[^"\\]))*"'
    rf"|„(?:{_IN}[^„“”])*[“”]|“(?:{_IN}[^“”])*”|«(?:{_IN}[^«»])*»"
    rf"|``(?:{_IN}.)*?''",
    re.DOTALL,
)
# A quote of one mark begins where no word was before and ends where none goes on; an apostrophe inside stands
# in or at the end of a word. Marks that stand apart, as among words split by blanks, are taken in pairs.
_SINGLE = re.compile(
    rf"(?<![\w'\\])'(?=[^\s'])(?:{_IN}(?:\\.|[^'\\]|(?<=\w)'(?=\w)))+'(?![\w'])"
    rf"|(?<!\S)'(?=\s)(?:{_IN}(?:[^']|(?<=\w)'|'(?=\w)))+(?<=\s)'(?!\S)"
    rf"|‘(?:{_IN}(?:[^‘’]|’(?=\w)))+’",
    re.DOTALL,
)
# "#" with a blank after it is not C's "#include"; "//" with a blank before it is not that of an address.
_COMMENT = re.compile(r"(?<!\S)(?:#+(?=[\s!])|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_MARGIN = re.compile(r"^[^\S\n]+", re.MULTILINE)


def inside_double_quotes(text: str) -> Floats:
    """Return 1 between "…", “…”, „…“, «…» and ``…'' in one paragraph, else 0."""
    return _inside(text, (m.span() for m in _DOUBLE.finditer(text)))


def inside_single_quotes(text: str) -> Floats:
    """Return 1 between '…' and ‘…’ in one paragraph, else 0; apostrophes are none."""
    return _inside(text, (m.span() for m in _SINGLE.finditer(text)))


def inside_comments(text: str) -> Floats:
    """Return 1 from # or // to the end of the line and between /* */, unless in double quotes, else 0."""
    quoted = inside_double_quotes(text)
    spans = (m.span() for m in _COMMENT.finditer(text) if not quoted[m.start()])
    # The end of a line ends its comment; that of /* */ is the slash.
    return _inside(text, ((a, b if text[a : a + 2] != "/*" else b - 1) for a, b in spans), closed=False)


def bracket_depths(text: str) -> dict[str, Floats]:
    """Return how many brackets of each kind are open; one that closes nothing is passed over."""
    return {pair: _depth(text, *pair) for pair in BRACKETS}


def indentation(text: str) -> Floats:
    """Return how many blanks the line begins with, as far as they are read."""
    found = np.zeros(len(text))
    for m in _MARGIN.finditer(text):
        end = text.find("\n", m.end())
        found[m.start() : end if end >= 0 else len(text)] = len(m[0])
        found[m.start() : m.end()] = np.arange(1, len(m[0]) + 1)
    return found


def position_in_word(text: str) -> Floats:
    """Return 1 for the first character of a word, 2 for the next, …, and 0 between words."""
    found = np.zeros(len(text))
    for m in _WORD.finditer(text):
        found[slice(*m.span())] = np.arange(1, len(m[0]) + 1)
    return found


def _inside(text: str, spans: Iterable[tuple[int, int]], *, closed: bool = True) -> Floats:
    """Return 1 in the spans; the last character of those that are closed by it is outside."""
    found = np.zeros(len(text))
    for begin, end in spans:
        found[begin : end - closed] = 1.0
    return found


def _depth(text: str, opening: str, closing: str) -> Floats:
    depth, found = 0, np.zeros(len(text))
    for i, c in enumerate(text):
        depth = depth + 1 if c == opening else max(0, depth - 1) if c == closing else depth
        found[i] = depth
    return found
