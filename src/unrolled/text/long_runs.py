"""Cut long runs of one kind of character, so that BPE training takes time linear in the text length."""

import re
from collections.abc import Iterable, Iterator

LONGEST = 1000
"""Maximum number of characters of a run that stay together."""

_KINDS = (r"[^\W\d_]", r"\d", r"[^\w\s]|_", r"\s")
_LONG = re.compile("|".join(rf"(?<!{k})(?:{k}){{{LONGEST + 1},}}" for k in (rf"(?:{k})" for k in _KINDS)))
"""Runs of letters, digits, other characters or white space: byte-level BPE merges only inside such runs."""


def cut_long_runs(texts: Iterable[str]) -> Iterator[str]:
    """Yield texts, cutting runs of letters, digits, punctuation or white space every LONGEST characters.

    DNA and base64 contain such runs. BPE training time grows with the square of the run length. Texts without
    long runs are yielded unchanged.
    """
    for text in texts:
        begin = 0
        for run in _LONG.finditer(text):
            for end in range(run.start() + LONGEST, run.end(), LONGEST):
                yield text[begin:end]
                begin = end
        yield text[begin:] if begin else text
