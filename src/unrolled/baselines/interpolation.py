"""Linear interpolation of language models, p = Σ λ_i p_i, with weights fitted on held-out text."""

from collections.abc import Sequence
from typing import Self

import numpy as np

from unrolled.arrays import Numbers
from unrolled.baselines.token_model import TokenModel, Tokens
from unrolled.errors import ConfigError, DataError, RunError

ROUNDS = 1000
"""Largest number of iterations. The result is then within ln(number of models) / ROUNDS nats per token of the
optimum, and usually much closer."""
TOLERANCE = 1e-7
"""Nats per token within which the weights must be optimal."""


def fit_weights(scores: Sequence[Numbers]) -> Numbers:
    """Return the weights λ, with sum 1, that maximise the likelihood of a held-out text.

    Uses expectation maximisation (Jelinek & Mercer 1980): λ_i becomes the mean fraction of a
    token's probability that is due to model i. The log-likelihood is concave in λ, so it has one maximum.

    Args:
        scores: ln p (N,) of the same tokens from each model.

    Raises:
        DataError: if the numbers of tokens differ or are 0, or all models give a token probability 0.
    """
    lengths = {len(s) for s in scores}
    if len(lengths) != 1 or not lengths.pop():
        raise DataError("the models scored different numbers of tokens, or none: give all the same text")
    table = np.stack(scores)
    best = table.max(0)
    if not np.isfinite(best).all():
        place = int(np.flatnonzero(~np.isfinite(best))[0])
        raise DataError(f"token {place + 1}: no model gives it any probability; add a model that does")
    p = np.exp(table - best)
    weights = np.full(len(table), 1.0 / len(table))
    for _ in range(ROUNDS):
        ratio = (p / (weights @ p)).mean(1)
        weights = weights * ratio
        # The log-likelihood is concave: no weights exceed the previous ones by more than max(ratio) − 1.
        if ratio.max() - 1 < TOLERANCE:
            break
    return weights


def mix(scores: Sequence[Numbers], weights: Numbers) -> Numbers:
    """Return ln Σ λ_i p_i for every token."""
    with np.errstate(divide="ignore"):
        logs = np.log(weights)
    mixed: Numbers = np.logaddexp.reduce(np.stack(scores) + logs[:, None], axis=0)
    return mixed


class Interpolated(TokenModel):
    """A mixture of language models with the same vocabulary, such as an n-gram and a recurrent model.

    Args:
        models: the models; each has ``vocabulary``, ``score`` and ``distribution``.
        weights: λ; None if they will be set by :meth:`fit`.

    Raises:
        ConfigError: if there are fewer than two models, their vocabularies differ, or the weights are not one
            non-negative number per model with sum 1.
    """

    def __init__(self, models: Sequence[TokenModel], weights: Sequence[float] | None = None) -> None:
        if len(models) < 2:
            raise ConfigError(f"{len(models)} models: a mixture needs at least two")
        first = models[0].vocabulary
        self._orders = [_map_vocabulary(first, m.vocabulary) for m in models]
        if weights is not None:
            w = np.asarray(weights, np.float64)
            if w.shape != (len(models),) or not (w >= 0).all() or abs(w.sum() - 1) > 1e-6:
                raise ConfigError(f"weights={weights}: must be {len(models)} numbers from 0 to 1 with sum 1")
        self.models = list(models)
        self._weights = None if weights is None else np.asarray(weights, np.float64)

    def __repr__(self) -> str:
        weights = "" if self._weights is None else f", weights={[round(float(w), 3) for w in self._weights]}"
        return f"Interpolated({self.models}{weights})"

    def fit(self, tokens: Tokens) -> Self:
        """Fit the weights on text that no model was trained on; see :func:`fit_weights`."""
        self._weights = fit_weights([m.score(tokens) for m in self.models])
        return self

    @property
    def weights(self) -> Numbers:
        """λ; raises RunError if they were neither given nor fitted."""
        if self._weights is None:
            raise RunError("this mixture has no weights yet: call fit with held-out tokens, or give weights")
        return self._weights

    @property
    def vocabulary(self) -> list[str]:
        """See :attr:`TokenModel.vocabulary`."""
        return self.models[0].vocabulary

    def score(self, tokens: Tokens) -> Numbers:
        """See :meth:`TokenModel.score`."""
        weights = self.weights
        return mix([m.score(tokens) for m in self.models], weights)

    def distribution(self, context: Sequence[str] = ()) -> Numbers:
        """See :meth:`TokenModel.distribution`."""
        parts = zip(self.weights, self.models, self._orders, strict=True)
        p: Numbers = sum(w * m.distribution(context)[order] for w, m, order in parts)
        return p


def _map_vocabulary(vocabulary: list[str], other: list[str]) -> list[int]:
    """Return the index in the vocabulary of another model for each token.

    Raises:
        ConfigError: if the models have different tokens.
    """
    if set(vocabulary) != set(other):
        differences = sorted(set(vocabulary) ^ set(other))[:5]
        raise ConfigError(
            f"the models do not know the same tokens ({', '.join(map(repr, differences))} …): train them on "
            "the same tokens"
        )
    place = {name: i for i, name in enumerate(other)}
    return [place[name] for name in vocabulary]
