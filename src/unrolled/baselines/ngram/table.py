"""The probability table of an n-gram model, and scoring of texts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids, Numbers
from unrolled.baselines.ngram.counts import Texts

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class NGramTable:
    """Probabilities p(w|h) of the n-grams in the model, and back-off weights of their contexts.

    p(w|h) is the probability of the n-gram hw if it is in the table, else backoff(h) · p(w|h without its
    first token). This is the back-off form, which also represents interpolated models. A model that is not
    ``blended`` (add-k) gives probability backoff(h) to every unseen token.
    """

    vocabulary: int
    """V."""
    keys: tuple[Ids, ...]
    """Sorted keys of orders 2 to N; see :class:`unrolled.baselines.ngram.counts.Level`."""
    probabilities: tuple[Floats, ...]
    """Probabilities of orders 1 to N; for order 1 of ids 0 … V, where V is the opening symbol."""
    backoffs: tuple[Floats, ...]
    """Back-off weights of the contexts of orders 2 to N."""
    blended: bool
    """True if unseen tokens have probabilities in proportion to the lower order; False for add-k."""
    discounts: tuple[tuple[float, ...], ...] = ()
    """Kneser-Ney discounts of each order."""

    @property
    def order(self) -> int:
        """N."""
        return len(self.probabilities)

    @property
    def base(self) -> int:
        """Number of distinct symbols in n-grams, V + 1."""
        return self.vocabulary + 1

    @property
    def distinct(self) -> tuple[int, ...]:
        """Number of n-grams of each order."""
        return (self.vocabulary, *(len(k) for k in self.keys))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Memory of each order in bytes."""
        parts = zip((None, *self.keys), self.probabilities, (*self.backoffs, None), strict=True)
        return tuple(sum(a.nbytes for a in level if a is not None) for level in parts)

    def score(self, texts: Texts) -> Numbers:
        """Return ln p of every predicted token, in order; −inf where p is 0."""
        with np.errstate(divide="ignore"):
            scored: Numbers = np.log(self._score(texts)[texts.predicted])
        return scored

    def _score(self, texts: Texts) -> Numbers:
        """Return p of the token at every position of the texts."""
        ids, room = texts.ids, texts.room
        p = self.probabilities[0].astype(np.float64)[ids]
        # Start positions of n-grams in the model, their ids, and the numbers of tokens up to the end of the
        # text.
        at, gram_ids, remaining = np.arange(len(ids)), ids, room
        for n, (keys, backoff, probabilities) in enumerate(
            zip(self.keys, self.backoffs, self.probabilities[1:], strict=True), 2
        ):
            if not self.blended:
                p[np.flatnonzero(room >= n) + n - 1] = 1.0 / self.vocabulary
            fits = remaining >= n
            at, gram_ids, remaining = at[fits], gram_ids[fits], remaining[fits]
            target = at + (n - 1)
            place, hit = find_keys(keys, gram_ids * self.base + ids[target])
            p[target] = backoff[gram_ids] * p[target] if self.blended else backoff[gram_ids]
            at, gram_ids, remaining = at[hit], place[hit], remaining[hit]
            p[target[hit]] = probabilities[gram_ids]
        return p

    def distribution(self, context: Ids) -> Numbers:
        """Return p (V,) of every token after a context; only its last N − 1 tokens count."""
        p = self.probabilities[0][: self.vocabulary].astype(np.float64)
        for n in range(2, self.order + 1):
            if len(context) < n - 1:
                break
            keys, h = self.keys[n - 2], self._find_id(context[len(context) - n + 1 :])
            if h is None:
                if not self.blended:
                    p[:] = 1.0 / self.vocabulary
                continue
            low, high = np.searchsorted(keys, (h * self.base, (h + 1) * self.base))
            backoff = float(self.backoffs[n - 2][h])
            p = backoff * p if self.blended else np.full_like(p, backoff)
            p[keys[low:high] - h * self.base] = self.probabilities[n - 1][low:high]
        return p

    def _find_id(self, tokens: Ids) -> int | None:
        """Return the id of an n-gram; None if it is not in the model."""
        gram_id = int(tokens[0])
        for keys, token in zip(self.keys, tokens[1:].tolist(), strict=False):
            key = gram_id * self.base + token
            gram_id = int(np.searchsorted(keys, key))
            if gram_id == len(keys) or keys[gram_id] != key:
                return None
        return gram_id


def find_keys(keys: Ids, queries: Ids) -> tuple[Ids, NDArray[np.bool_]]:
    """Return the index of each query among sorted keys, and whether it is one of them."""
    if not len(keys):
        return np.zeros(len(queries), dtype=np.int64), np.zeros(len(queries), dtype=np.bool_)
    # Sorted queries read neighbouring memory, which is six times as fast as the order of the text.
    order = np.argsort(queries)
    place = np.empty(len(queries), dtype=np.int64)
    place[order] = np.searchsorted(keys, queries[order])
    np.minimum(place, len(keys) - 1, out=place)
    return place, keys[place] == queries
