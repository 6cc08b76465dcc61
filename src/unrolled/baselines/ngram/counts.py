"""Counting n-grams of every order at once, as a trie of sorted integers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import ConfigError, DataError

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """Texts one after another, each opened by a symbol that is read but not predicted.

    The symbol is ``vocabulary``, the number after the last token's (the ``<s>`` of sentences), or a token,
    such as the ``<eos>`` that ends whatever stood before.
    """

    ids: Ids
    """Token numbers of all texts, openings included."""
    starts: Ids
    """Positions of the openings, 0 among them, rising."""

    @classmethod
    def opened(cls, texts: Sequence[Ids], opening: int) -> "Texts":
        """Join texts, each with the opening before it."""
        mark = np.array([opening], dtype=np.int64)
        lengths = np.array([len(t) + 1 for t in texts], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)[:-1]])
        joined = [part for t in texts for part in (mark, np.asarray(t, np.int64))]
        return cls(np.concatenate(joined), starts)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Which positions are predicted: all but the openings."""
        found = np.ones(len(self.ids), dtype=np.bool_)
        found[self.starts] = False
        return found

    @property
    def room(self) -> Ids:
        """How many tokens there are from each position to the end of its text."""
        ends = np.append(self.starts[1:], len(self.ids))
        return np.repeat(ends, np.diff(np.append(self.starts, len(self.ids)))) - np.arange(len(self.ids))


@dataclass(frozen=True)
class Level:
    """All distinct n-grams of one order, in lexicographic order of their tokens; the places are their ids."""

    keys: Ids
    """Id of the first n − 1 tokens (of the order below) × base + last token; sorted."""
    counts: Ids
    """How often each occurs."""
    suffix: Ids
    """Id, in the order below, of each without its first token."""
    opening: NDArray[np.bool_]
    """Whether it opens a text somewhere, so that nothing precedes it there."""


@dataclass(frozen=True)
class NGramCounts:
    """Counts of the n-grams of a corpus, orders 1 to N."""

    vocabulary: int
    """V; tokens are 0 … V − 1, and V may open a text."""
    unigrams: Ids
    """How often each token is predicted, (V + 1,)."""
    levels: tuple[Level, ...]
    """Orders 2 to N."""

    @property
    def base(self) -> int:
        """Symbols that an n-gram may hold."""
        return self.vocabulary + 1

    @property
    def order(self) -> int:
        """N."""
        return len(self.levels) + 1

    @property
    def distinct(self) -> tuple[int, ...]:
        """Number of distinct n-grams, order by order; openings count where they begin one."""
        return (int((self.unigrams > 0).sum()), *(len(level.keys) for level in self.levels))


def longest_order(texts: Texts) -> int:
    """Return the highest order of which there is an n-gram, at least 1."""
    return max(int(texts.room.max(initial=1)), 1)


def count_ngrams(texts: Texts, order: int, vocabulary: int) -> NGramCounts:
    """Count every n-gram of orders 1 to ``order`` that ends in a predicted token.

    One sort of integers an order: the id of an n-gram at each place of the text and its next token make the
    key of the n-gram that is longer by one.

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
        level, here = _next_level(at, below[at] * base + ids[at + n - 1], below, opens)
        levels.append(level)
        below = here
    return NGramCounts(vocabulary, unigrams, tuple(levels))


def _next_level(at: Ids, keys: Ids, below: Ids, opens: NDArray[np.bool_]) -> tuple[Level, Ids]:
    """Return the distinct n-grams that begin ``at`` these places, and the id of the one at every place."""
    order = np.argsort(keys)
    ordered = keys[order]
    first = np.empty(len(ordered), dtype=np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    edges = np.flatnonzero(first)
    numbers = np.cumsum(first) - 1
    places = at[order]
    here = np.full(len(below), -1, dtype=np.int64)
    here[places] = numbers
    opening = np.zeros(len(edges), dtype=np.bool_)
    opening[numbers[opens[places]]] = True
    counts = np.diff(np.append(edges, len(ordered)))
    return Level(ordered[edges], counts, below[places[edges] + 1], opening), here
