"""One sentence per line, each word followed by its tag: ``the/DT dog/NN``, ``the_DT``, ``the|DT``."""

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank, split_fields
from unrolled.errors import DataError

SIGNS = ("/", "|", "_")
MIN_FRACTION = 0.98
"""Minimum fraction of tokens with the sign for a file to be recognised as this format."""


def inline_sign(lines: Lines) -> str:
    """Return the sign between words and tags, or "" if the lines have another format."""
    tokens = [
        token for line in lines.bodies() if not is_blank(line) for token in split_fields(line, tabs=False)
    ]
    for sign in SIGNS:
        count = sum(all(token.rpartition(sign)[::2]) for token in tokens)
        if tokens and count >= MIN_FRACTION * len(tokens):
            return sign
    return ""


def get_inline_tags(lines: Lines, sign: str) -> set[str]:
    """Return the distinct tags: the part of each token after its last sign."""
    return {token.rpartition(sign)[2] for line in lines.bodies() for token in split_fields(line, tabs=False)}


def read_inline(lines: Lines, sign: str) -> TaggedFile:
    """Read lines of words with tags; each token is split at its last sign.

    Raises:
        DataError: if a token has no tag.
    """
    bodies = lines.bodies()
    filled = [(index, line) for index, line in enumerate(bodies) if not is_blank(line)]
    pairs = [
        [_split_token(lines.name, index, token, sign) for token in split_fields(line, tabs=False)]
        for index, line in filled
    ]

    def with_tags(tags: Tags) -> str:
        changed = {}
        for (index, _), sentence, sentence_tags in zip(filled, pairs, tags, strict=True):
            tokens = (f"{word}{sign}{tag}" for (word, _), tag in zip(sentence, sentence_tags, strict=True))
            changed[index] = _replace_tokens(bodies[index], list(tokens))
        return lines.replace_lines(changed)

    return TaggedFile(
        lines.name,
        words=[[word for word, _ in sentence] for sentence in pairs],
        tags=[[tag for _, tag in sentence] for sentence in pairs],
        lines=[[index + 1] * len(s) for (index, _), s in zip(filled, pairs, strict=True)],
        form="inline",
        columns=Columns(),
        with_tags=with_tags,
        notes=(f"each line is a sentence of word{sign}TAG, split at the last {sign!r} of each word",),
    )


def _split_token(name: str, index: int, token: str, sign: str) -> tuple[str, str]:
    word, _, tag = token.rpartition(sign)
    if not (word and tag):
        raise DataError(
            f"{name}: line {index + 1}: {token!r:.80} has no tag; the other words are word{sign}TAG"
        )
    return word, tag


def _replace_tokens(line: str, tokens: list[str]) -> str:
    """Return a line with its tokens replaced and its blanks unchanged."""
    remaining, filled = line, ""
    for old, new in zip(split_fields(line, tabs=False), tokens, strict=True):
        before, _, remaining = remaining.partition(old)
        filled += before + new
    return filled + remaining
