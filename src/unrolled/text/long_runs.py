"""Texts with long runs of one kind of sign cut, so that learning pieces takes time in proportion to them."""

import re
from collections.abc import Iterable, Iterator

LONGEST = 1000
"""Signs of a run that are kept together."""

_KINDS = (r"[^\W\d_]", r"\d", r"[^\w\s]|_", r"\s")
_LONG = re.compile("|".join(rf"(?<!{k})(?:{k}){{{LONGEST + 1},}}" for k in (rf"(?:{k})" for k in _KINDS)))
"""Letters, digits, other signs or white space: the units within which byte-level BPE merges."""


def cut_long_runs(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts; those with a run of letters, digits, signs or blanks longer than LONGEST in parts.

    DNA and base64 are such runs. Learning BPE takes time with the square of the length of a run. Other texts
    are yielded as they are.
    """
    for text in texts:
        begin = 0
        for run in _LONG.finditer(text):
            for end in range(run.start() + LONGEST, run.end(), LONGEST):
                yield text[begin:end]
                begin = end
        yield text[begin:] if begin else text
