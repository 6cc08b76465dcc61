"""The probability of tokens that do not occur in training.

If the vocabulary contains every training token (``min_frequency=1``), the model never sees ``<unk>`` and
cannot learn its probability. A text with unknown tokens is then scored by a mixture that gives ``<unk>``
the weight u:

    p'(w|h) = (1 − u) p(w|h) + u [w = <unk>]        u = (n1 + 1) / (N + 2)

n1 of the N training tokens occur exactly once. Each of them was new when it occurred, so n1 / N estimates how
often a token is new (Good 1953); the added constants are Laplace's and keep u between 0 and 1. A text without
unknown tokens is scored by p alone. A model that saw ``<unk>`` in training has learned its probability, and u
is 0.
"""

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.symbols import UNK_ID


def unknown_share(training: Ids) -> float:
    """Return u for training tokens (N,), including ``<eos>``; 0 if they contain ``<unk>``."""
    if (training == UNK_ID).any():
        return 0.0
    counts = np.bincount(training)
    return float((counts == 1).sum() + 1) / (len(training) + 2)


def get_unknown_share(tokens: Ids, share: float) -> float:
    """Return the weight of ``<unk>`` for scoring a text: ``share``, or 0 if it has no unknown tokens."""
    return share if share and bool((tokens == UNK_ID).any()) else 0.0


def mix_unknown(scores: Numbers, tokens: Ids, share: float) -> Numbers:
    """Return ln p' of tokens (N,) from ln p (N,), with the weight from :func:`get_unknown_share`."""
    share = get_unknown_share(tokens, share)
    if not share:
        return scores
    scaled = scores + np.log1p(-share)
    mixed: Numbers = np.where(tokens == UNK_ID, np.logaddexp(scaled, np.log(share)), scaled)
    return mixed
