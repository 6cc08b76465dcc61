"""The unigram cache: tokens that occurred recently are likely to occur again."""

from collections.abc import Sequence

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.baselines.ngram.vocabulary import TokenTable, are_sentences
from unrolled.baselines.token_model import TokenModel, Tokens
from unrolled.errors import ConfigError
from unrolled.symbols import EOS, EOS_ID


class UnigramCache(TokenModel):
    """Cache model: p(w) is the fraction of w among the last ``size`` tokens (Kuhn & De Mori 1990).

    The first token has a uniform distribution. The cache is useful in a mixture:
    ``Interpolated([ngram, UnigramCache(ngram.vocabulary)])``. It is not reset between sentences.

    Args:
        vocabulary: all tokens in the order of their ids.
        size: number of tokens in the cache.

    Raises:
        ConfigError: if size is not at least 1.
    """

    def __init__(self, vocabulary: Sequence[str], size: int = 500) -> None:
        if size < 1:
            raise ConfigError(f"size={size}: must be at least 1")
        self._tokens, self.size = TokenTable(vocabulary, EOS_ID), size

    def __repr__(self) -> str:
        return f"UnigramCache(vocabulary={len(self.vocabulary)}, size={self.size})"

    @property
    def vocabulary(self) -> list[str]:
        """See :attr:`TokenModel.vocabulary`."""
        return self._tokens.tokens

    def score(self, tokens: Tokens) -> Numbers:
        """See :meth:`TokenModel.score`; −inf for tokens that are not in the cache, except the first."""
        flat = [t for s in tokens for t in (*s, EOS)] if are_sentences(tokens) else tokens
        return self.score_ids(self._tokens.ids(flat))

    def score_ids(self, ids: Ids) -> Numbers:
        """Return ln p of every token of a text."""
        places = np.arange(len(ids))
        span = len(ids) + 1
        keys = np.sort(ids * span + places)
        counts = np.searchsorted(keys, ids * span + places)
        counts -= np.searchsorted(keys, ids * span + np.maximum(places - self.size, 0))
        p = counts / np.maximum(np.minimum(places, self.size), 1)
        p[:1] = 1.0 / len(self.vocabulary)
        with np.errstate(divide="ignore"):
            scored: Numbers = np.log(p)
        return scored

    def distribution(self, context: Sequence[str] = ()) -> Numbers:
        """See :meth:`TokenModel.distribution`."""
        size = len(self.vocabulary)
        ids = self._tokens.ids(context[-self.size :])
        if not len(ids):
            return np.full(size, 1.0 / size)
        return np.bincount(ids, minlength=size) / len(ids)
