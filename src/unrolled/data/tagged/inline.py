"""A sentence a line, each word with its tag behind it: ``the/DT dog/NN``, ``the_DT``, ``the|DT``."""

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, cut, is_blank
from unrolled.errors import DataError

SIGNS = ("/", "|", "_")
SHARE = 0.98
"""Of the tokens that must have the sign, for a file to be taken for one of this form."""


def inline_sign(lines: Lines) -> str:
    """Return the sign between words and tags, or "" if the lines have another form."""
    tokens = [token for line in lines.bodies() if not is_blank(line) for token in cut(line, tabs=False)]
    for sign in SIGNS:
        count = sum(all(token.rpartition(sign)[::2]) for token in tokens)
        if tokens and count >= SHARE * len(tokens):
            return sign
    return ""


def read_inline(lines: Lines, sign: str) -> TaggedFile:
    """Read lines of words with tags; each token is cut at the last sign.

    Raises:
        DataError: if a token has no tag.
    """
    bodies = lines.bodies()
    filled = [(index, line) for index, line in enumerate(bodies) if not is_blank(line)]
    pairs = [
        [_pair(lines.name, index, token, sign) for token in cut(line, tabs=False)] for index, line in filled
    ]

    def with_tags(tags: Tags) -> str:
        changed = {}
        for (index, _), sentence, given in zip(filled, pairs, tags, strict=True):
            tokens = (f"{word}{sign}{tag}" for (word, _), tag in zip(sentence, given, strict=True))
            changed[index] = _refilled(bodies[index], list(tokens))
        return lines.replaced(changed)

    return TaggedFile(
        lines.name,
        words=[[word for word, _ in sentence] for sentence in pairs],
        tags=[[tag for _, tag in sentence] for sentence in pairs],
        lines=[[index + 1] * len(s) for (index, _), s in zip(filled, pairs, strict=True)],
        form="inline",
        columns=Columns(),
        with_tags=with_tags,
        notes=(f"each line is a sentence of word{sign}TAG, cut at the last {sign!r} of each word",),
    )


def _pair(name: str, index: int, token: str, sign: str) -> tuple[str, str]:
    word, _, tag = token.rpartition(sign)
    if not (word and tag):
        raise DataError(
            f"{name}: line {index + 1}: {token!r:.80} has no tag; the other words are word{sign}TAG"
        )
    return word, tag


def _refilled(line: str, tokens: list[str]) -> str:
    """Return a line with other tokens between the same blanks."""
    rest, filled = line, ""
    for old, new in zip(cut(line, tabs=False), tokens, strict=True):
        before, _, rest = rest.partition(old)
        filled += before + new
    return filled + rest
