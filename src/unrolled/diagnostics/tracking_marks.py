"""Quotes, brackets, comments, indentation and words at every character of a text.

Each function takes a text of C characters and returns (C,), the value after reading each character. So an
opening mark already counts as inside, a closing mark no longer.
"""

import re
from collections.abc import Iterable

import numpy as np

from unrolled.diagnostics.gradients import Floats

BRACKETS = ("()", "[]", "{}")

# Marks are matched within one paragraph, so that an unclosed mark has no effect beyond it.
_IN = r"(?!\n[^\S\n]*\n)"
_DOUBLE = re.compile(
    rf'(?<!\\)"(?:{_IN}(?:\\.|[^"\\]))*"'
    rf"|„(?:{_IN}[^„“”])*[“”]|“(?:{_IN}[^“”])*”|«(?:{_IN}[^«»])*»"
    rf"|``(?:{_IN}.)*?''",
    re.DOTALL,
)
# A single quote opens if no word precedes it, and closes if no word follows it; an apostrophe is inside or at
# the end of a word. Marks surrounded by blanks, as in tokenized text, are matched in pairs.
_SINGLE = re.compile(
    rf"(?<![\w'\\])'(?=[^\s'])(?:{_IN}(?:\\.|[^'\\]|(?<=\w)'(?=\w)))+'(?![\w'])"
    rf"|(?<!\S)'(?=\s)(?:{_IN}(?:[^']|(?<=\w)'|'(?=\w)))+(?<=\s)'(?!\S)"
    rf"|‘(?:{_IN}(?:[^‘’]|’(?=\w)))+’",
    re.DOTALL,
)
# "#" followed by a blank excludes C's "#include"; "//" after a blank excludes URLs.
_COMMENT = re.compile(r"(?<!\S)(?:#+(?=[\s!])|//)[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_MARGIN = re.compile(r"^[^\S\n]+", re.MULTILINE)


def inside_double_quotes(text: str) -> Floats:
    """Return 1 between "…", “…”, „…“, «…» and ``…'' in one paragraph, else 0."""
    return _inside(text, (m.span() for m in _DOUBLE.finditer(text)))


def inside_single_quotes(text: str) -> Floats:
    """Return 1 between '…' and ‘…’ in one paragraph, else 0; apostrophes do not count."""
    return _inside(text, (m.span() for m in _SINGLE.finditer(text)))


def inside_comments(text: str) -> Floats:
    """Return 1 from # or // to the end of the line and between /* */, unless in double quotes, else 0."""
    quoted = inside_double_quotes(text)
    spans = (m.span() for m in _COMMENT.finditer(text) if not quoted[m.start()])
    # A line comment ends at the end of the line, a block comment at the slash.
    return _inside(text, ((a, b if text[a : a + 2] != "/*" else b - 1) for a, b in spans), closed=False)


def bracket_depths(text: str) -> dict[str, Floats]:
    """Return the number of open brackets of each kind; unmatched closing brackets are ignored."""
    return {pair: _depth(text, *pair) for pair in BRACKETS}


def indentation(text: str) -> Floats:
    """Return the indentation of the line: the number of leading blanks read so far."""
    values = np.zeros(len(text))
    for m in _MARGIN.finditer(text):
        end = text.find("\n", m.end())
        values[m.start() : end if end >= 0 else len(text)] = len(m[0])
        values[m.start() : m.end()] = np.arange(1, len(m[0]) + 1)
    return values


def position_in_word(text: str) -> Floats:
    """Return 1 for the first character of a word, 2 for the next, …, and 0 between words."""
    values = np.zeros(len(text))
    for m in _WORD.finditer(text):
        values[slice(*m.span())] = np.arange(1, len(m[0]) + 1)
    return values


def _inside(text: str, spans: Iterable[tuple[int, int]], *, closed: bool = True) -> Floats:
    """Return 1 inside the spans, else 0; if ``closed``, the last character of a span is outside."""
    values = np.zeros(len(text))
    for begin, end in spans:
        values[begin : end - closed] = 1.0
    return values


def _depth(text: str, opening: str, closing: str) -> Floats:
    depth, depths = 0, np.zeros(len(text))
    for i, c in enumerate(text):
        depth = depth + 1 if c == opening else max(0, depth - 1) if c == closing else depth
        depths[i] = depth
    return depths
