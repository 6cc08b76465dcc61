"""Places where the sentences of a text begin and end, by a simple rule for any language."""

import re
from collections.abc import Iterator

_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+(?=\s)|(?<![。！？])[。！？]++[”’」』）]*+|\n")
"""The end of a sentence: its marks and closing quotes, or a line break."""


def split_sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of each sentence: the text between line breaks and marks such as ``.`` and ``?``.

    Blanks around a sentence do not belong to it. A dot after an abbreviation ends a sentence too.
    """
    begin = 0
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        sentence = text[begin:end]
        if body := sentence.strip():
            first = begin + len(sentence) - len(sentence.lstrip())
            yield first, first + len(body)
        begin = end
