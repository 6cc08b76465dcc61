"""Probabilities of an n-gram model, and how a text is scored by them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.baselines.ngram.counts import Ids, Texts

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class NGramTable:
    """p(w|h) of every n-gram that was seen, and what its context leaves to shorter ones.

    p(w|h) is the probability of the n-gram hw where it is there, else rest(h) · p(w|h without its first
    token): the back-off form, which interpolated models have too. A model that is not ``blended`` (add-k)
    gives rest(h) itself to what it has not seen.
    """

    vocabulary: int
    """V."""
    keys: tuple[Ids, ...]
    """Sorted keys of orders 2 to N; see :class:`unrolled.baselines.ngram.counts.Level`."""
    probabilities: tuple[Floats, ...]
    """Of orders 1 to N; of order 1 for 0 … V, V being the symbol that opens a sentence."""
    rests: tuple[Floats, ...]
    """Of the contexts of orders 2 to N."""
    blended: bool
    discounts: tuple[tuple[float, ...], ...] = ()
    """Of Kneser-Ney, order by order."""

    @property
    def order(self) -> int:
        """N."""
        return len(self.probabilities)

    @property
    def base(self) -> int:
        """Symbols that an n-gram may hold."""
        return self.vocabulary + 1

    @property
    def distinct(self) -> tuple[int, ...]:
        """Number of n-grams of each order."""
        return (self.vocabulary, *(len(k) for k in self.keys))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bytes that each order takes."""
        parts = zip((None, *self.keys), self.probabilities, (*self.rests, None), strict=True)
        return tuple(sum(a.nbytes for a in level if a is not None) for level in parts)

    def score(self, texts: Texts) -> Numbers:
        """Return ln p of every predicted token, in reading order; −inf where p is 0."""
        with np.errstate(divide="ignore"):
            scored: Numbers = np.log(self._score(texts)[texts.predicted])
        return scored

    def _score(self, texts: Texts) -> Numbers:
        """Return p of the token at every place of the texts."""
        ids, room = texts.ids, texts.room
        p = self.probabilities[0].astype(np.float64)[ids]
        # Where an n-gram begins that the model has, its id, and the tokens from there to the end of the text.
        at, found, left = np.arange(len(ids)), ids, room
        for n, (keys, rest, own) in enumerate(
            zip(self.keys, self.rests, self.probabilities[1:], strict=True), 2
        ):
            if not self.blended:
                p[np.flatnonzero(room >= n) + n - 1] = 1.0 / self.vocabulary
            fits = left >= n
            at, found, left = at[fits], found[fits], left[fits]
            target = at + (n - 1)
            place, hit = find(keys, found * self.base + ids[target])
            p[target] = rest[found] * p[target] if self.blended else rest[found]
            at, found, left = at[hit], place[hit], left[hit]
            p[target[hit]] = own[found]
        return p

    def distribution(self, context: Ids) -> Numbers:
        """Return p (V,) of every token after a context, of which the last N − 1 tokens count."""
        p = self.probabilities[0][: self.vocabulary].astype(np.float64)
        for n in range(2, self.order + 1):
            if len(context) < n - 1:
                break
            keys, h = self.keys[n - 2], self._id(context[len(context) - n + 1 :])
            if h is None:
                if not self.blended:
                    p[:] = 1.0 / self.vocabulary
                continue
            low, high = np.searchsorted(keys, (h * self.base, (h + 1) * self.base))
            rest = float(self.rests[n - 2][h])
            p = rest * p if self.blended else np.full_like(p, rest)
            p[keys[low:high] - h * self.base] = self.probabilities[n - 1][low:high]
        return p

    def _id(self, tokens: Ids) -> int | None:
        """Return the id of an n-gram; None if the model does not have it."""
        here = int(tokens[0])
        for keys, token in zip(self.keys, tokens[1:].tolist(), strict=False):
            key = here * self.base + token
            here = int(np.searchsorted(keys, key))
            if here == len(keys) or keys[here] != key:
                return None
        return here


def find(keys: Ids, asked: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """Return where keys stand among sorted ones, and which of them do."""
    if not len(keys):
        return np.zeros(len(asked), dtype=np.int64), np.zeros(len(asked), dtype=np.bool_)
    # Asked in rising order, neighbours read the same memory: six times as fast as in the order of the text.
    order = np.argsort(asked)
    place = np.empty(len(asked), dtype=np.int64)
    place[order] = np.searchsorted(keys, asked[order])
    np.minimum(place, len(keys) - 1, out=place)
    return place, keys[place] == asked
