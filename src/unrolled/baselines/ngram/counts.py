"""Counting of n-grams of all orders, as a trie of sorted integers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.errors import ConfigError, DataError


@dataclass(frozen=True)
class Texts:
    """Concatenated texts, each starting with an opening symbol that is read but not predicted.

    Its id is V, the size of the vocabulary (``<s>``, for sentences), or that of a token, such as the
    ``<eos>`` of a preceding text.
    """

    ids: Ids
    """Token ids of all texts, including the opening symbols."""
    starts: Ids
    """Positions of the opening symbols, ascending from 0."""

    @classmethod
    def opened(cls, texts: Sequence[Ids], opening: int) -> "Texts":
        """Concatenate texts, each with an opening symbol in front."""
        mark = np.array([opening], dtype=np.int64)
        lengths = np.array([len(t) + 1 for t in texts], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)[:-1]])
        joined = [part for t in texts for part in (mark, np.asarray(t, np.int64))]
        return cls(np.concatenate(joined), starts)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """True at the positions that are predicted: all except the opening symbols."""
        mask = np.ones(len(self.ids), dtype=np.bool_)
        mask[self.starts] = False
        return mask

    @property
    def room(self) -> Ids:
        """Number of tokens from each position to the end of its text."""
        ends = np.append(self.starts[1:], len(self.ids))
        return np.repeat(ends, np.diff(np.append(self.starts, len(self.ids)))) - np.arange(len(self.ids))


@dataclass(frozen=True)
class Level:
    """All distinct n-grams of one order, sorted by their tokens; the id of an n-gram is its index."""

    keys: Ids
    """Sorted keys: id of the first n − 1 tokens in the order below × base + last token."""
    counts: Ids
    """Number of occurrences of each n-gram."""
    suffix: Ids
    """Id, in the order below, of each n-gram without its first token."""
    opening: NDArray[np.bool_]
    """True if the n-gram occurs at the start of a text, where no token precedes it."""


@dataclass(frozen=True)
class NGramCounts:
    """Counts of the n-grams of a corpus, orders 1 to N."""

    vocabulary: int
    """V; token ids are 0 … V − 1, and V may be the opening symbol."""
    unigrams: Ids
    """Number of times that each token is predicted, (V + 1,)."""
    levels: tuple[Level, ...]
    """Orders 2 to N."""

    @property
    def base(self) -> int:
        """Number of distinct symbols in n-grams, V + 1."""
        return self.vocabulary + 1

    @property
    def order(self) -> int:
        """N."""
        return len(self.levels) + 1

    @property
    def distinct(self) -> tuple[int, ...]:
        """Number of distinct n-grams of each order; opening symbols count as the start of longer n-grams."""
        return (int((self.unigrams > 0).sum()), *(len(level.keys) for level in self.levels))


def longest_order(texts: Texts) -> int:
    """Return the highest order of the n-grams in the texts, at least 1."""
    return max(int(texts.room.max(initial=1)), 1)


def count_ngrams(texts: Texts, order: int, vocabulary: int) -> NGramCounts:
    """Count every n-gram of orders 1 to ``order`` that ends in a predicted token.

    This takes one sort of integers per order: the id of the n-gram at each position and the next token give
    the key of the n-gram that is longer by one token.

    Raises:
        ConfigError: if the order is not at least 1.
        DataError: if no text is as long as the order.
    """
    if order < 1:
        raise ConfigError(f"order={order}: must be at least 1 (1 is the unigram model)")
    ids, room = texts.ids, texts.room
    if room.max(initial=0) < max(order, 2):
        raise DataError(
            f"order={order}: the longest text has {max(int(room.max(initial=1)) - 1, 0)} tokens, and an "
            f"n-gram of this order needs {max(order - 1, 1)} after the opening; give more text or a lower "
            "order"
        )
    base = vocabulary + 1
    unigrams = np.bincount(ids[texts.predicted], minlength=base)
    opens = np.zeros(len(ids), dtype=np.bool_)
    opens[texts.starts] = True
    levels, below = [], ids
    for n in range(2, order + 1):
        at = np.flatnonzero(room >= n)
        level, below = _next_level(at, below[at] * base + ids[at + n - 1], below, opens)
        levels.append(level)
    return NGramCounts(vocabulary, unigrams, tuple(levels))


def _next_level(at: Ids, keys: Ids, below: Ids, opens: NDArray[np.bool_]) -> tuple[Level, Ids]:
    """Return the distinct n-grams that start at positions ``at``, and the n-gram id (or −1) everywhere."""
    order = np.argsort(keys)
    ordered = keys[order]
    first = np.empty(len(ordered), dtype=np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    edges = np.flatnonzero(first)
    gram_ids = np.cumsum(first) - 1
    places = at[order]
    ids = np.full(len(below), -1, dtype=np.int64)
    ids[places] = gram_ids
    opening = np.zeros(len(edges), dtype=np.bool_)
    opening[gram_ids[opens[places]]] = True
    counts = np.diff(np.append(edges, len(ordered)))
    return Level(ordered[edges], counts, below[places[edges] + 1], opening), ids
