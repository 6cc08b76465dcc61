"""Tokens that a model has never seen: counted and said; refused where they are the greater part."""

from collections import Counter
from collections.abc import Sequence

from unrolled.errors import DataError
from unrolled.text import UNK_ID, Tokenizer

SHOWN = 5
MOST = 0.5
"""Share of unknown tokens above which texts are refused."""
NOUNS = {"char": "characters", "word": "words", "bpe": "pieces"}


def unknown_notes(name: str, texts: Sequence[str], tokenizer: Tokenizer) -> list[str]:
    """Say how many tokens of some texts are ``<unk>``, if any are.

    Raises:
        DataError: if they are more than half of all.
    """
    if tokenizer.kind == "bpe":
        return []
    encoded = [tokenizer.encode(text) for text in texts]
    count, total = sum(int((ids == UNK_ID).sum()) for ids in encoded), sum(map(len, encoded))
    if not count:
        return []
    kinds: Counter[str] = Counter()
    for text, ids in zip(texts, encoded, strict=True):
        if (ids == UNK_ID).any():
            kinds.update(tokenizer.unknown(text))
    noun = NOUNS[tokenizer.kind]
    shown = ", ".join(repr(kind) for kind, _ in kinds.most_common(SHOWN))
    more = f" and {len(kinds) - SHOWN:,} more" if len(kinds) > SHOWN else ""
    if count > MOST * total:
        raise DataError(
            f"{name}: {count:,} of {total:,} {noun} are unknown to the model ({shown}{more}): these are not the "
            "texts that it was trained on"
        )
    return [f"{name}: {count:,} of {total:,} {noun} are unknown to the model ({shown}{more})"]
