"""The probability of tokens that training never saw.

A vocabulary that loses nothing of its training text (``min_frequency=1``) never shows ``<unk>`` to the model,
so the model cannot learn its probability. A text with such tokens is then scored by the model mixed with a
share of ``<unk>``:

    p'(w|h) = (1 − u) p(w|h) + u [w = <unk>]        u = (n1 + 1) / (N + 2)

n1 of the N training tokens are kinds that occur once. Each was new when it came, so n1 / N estimates how
often a token is new (Good 1953); the additions are Laplace's and keep u between 0 and 1. A text without
unknown tokens is scored by p itself, and a model that saw ``<unk>`` in training has learned its probability: u is 0.
"""

import numpy as np
from numpy.typing import NDArray

from unrolled.symbols import UNK_ID

Ids = NDArray[np.int64]
Numbers = NDArray[np.float64]


def unknown_share(training: Ids) -> float:
    """Return u for training tokens (N,), ``<eos>`` included; 0 if ``<unk>`` is one of them."""
    if (training == UNK_ID).any():
        return 0.0
    counts = np.bincount(training)
    return float((counts == 1).sum() + 1) / (len(training) + 2)


def share_for(tokens: Ids, share: float) -> float:
    """Return the share with which a text is scored: 0 if it has no unknown tokens."""
    return share if share and bool((tokens == UNK_ID).any()) else 0.0


def mix_unknown(scores: Numbers, tokens: Ids, share: float) -> Numbers:
    """Return ln p' of tokens (N,) from ln p (N,), with the share of :func:`share_for`."""
    share = share_for(tokens, share)
    if not share:
        return scores
    known = scores + np.log1p(-share)
    mixed: Numbers = np.where(tokens == UNK_ID, np.logaddexp(known, np.log(share)), known)
    return mixed
