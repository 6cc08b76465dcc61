"""Mixtures of language models compared with a grid search."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.baselines.interpolation import ROUNDS, Interpolated, fit_weights, mix
from unrolled.baselines.ngram import NGram, UnigramCache
from unrolled.baselines.token_model import TokenModel
from unrolled.errors import ConfigError, DataError, RunError

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")
TRAIN = [*"abcab", "<eos>", *"cab", "<unk>", "a", "<eos>", *"bbc", "<unk>", *"acc", "<eos>"] * 3
HELD_OUT = [*"abb", "<eos>", *"cca", "<unk>", *"babc", "<eos>"]


class FixedModel(TokenModel):
    """A model with the same probabilities after every context."""

    def __init__(self, p):
        self.p = p

    @property
    def vocabulary(self):
        return list(self.p)

    def score(self, tokens):
        with np.errstate(divide="ignore"):
            return np.log(np.array([self.p[t] for t in tokens], np.float64))

    def distribution(self, context=()):
        return np.array(list(self.p.values()), np.float64)


def mean_nats(scores, weights):
    mixed = sum(w * np.exp(s) for w, s in zip(weights, scores, strict=True))
    return float(np.log(mixed).mean())


@given(st.integers(0, 1000), st.integers(1, 60))
def test_two_weights_are_as_good_as_a_fine_grid(seed, count):
    scores = np.log(np.random.default_rng(seed).uniform(1e-4, 1, (2, count)))
    weights = fit_weights(list(scores))
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    best = max(mean_nats(scores, (i / 1000, 1 - i / 1000)) for i in range(1001))
    assert mean_nats(scores, weights) >= best - math.log(2) / ROUNDS


@pytest.mark.parametrize("seed", range(3))
def test_three_weights_agree_with_a_grid_search(seed):
    scores = np.log(np.random.default_rng(seed).uniform(1e-3, 1, (3, 200)))
    weights = fit_weights(list(scores))
    grid = [(i, j, 50 - i - j) for i, j in itertools.product(range(51), repeat=2) if i + j <= 50]
    best = max(grid, key=lambda g: mean_nats(scores, np.array(g) / 50))
    assert mean_nats(scores, weights) >= mean_nats(scores, np.array(best) / 50) - 1e-7
    np.testing.assert_allclose(weights, np.array(best) / 50, atol=0.03)


def test_weights_of_two_certain_models_are_their_token_fractions():
    # One model is certain of the first three tokens, the other of the last.
    scores = [np.log([1, 1, 1, 1e-300]), np.log([1e-300, 1e-300, 1e-300, 1.0])]
    np.testing.assert_allclose(fit_weights(scores), [0.75, 0.25])
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(
            fit_weights([np.log([1.0, 1, 1, 0]), np.log([0.0, 0, 0, 1])]), [0.75, 0.25]
        )


def test_probabilities_below_the_range_of_floats_are_mixed():
    scores = [np.array([-2000.0, -2001.0]), np.array([-2001.0, -2000.0])]
    np.testing.assert_allclose(fit_weights(scores), [0.5, 0.5])
    expected = -2000 + math.log((1 + math.exp(-1)) / 2)
    np.testing.assert_allclose(mix(scores, np.array([0.5, 0.5])), expected)


def test_a_mixture_is_the_weighted_sum_of_its_models():
    model = NGram(3).fit(TRAIN)
    cache = UnigramCache(model.vocabulary, 4)
    mixed = Interpolated([model, cache], [0.7, 0.3])
    scores = mixed.score(HELD_OUT)
    for i, token in enumerate(HELD_OUT):
        p = mixed.distribution(HELD_OUT[:i])
        assert p.sum() == pytest.approx(1.0)
        expected = 0.7 * model.distribution(HELD_OUT[:i]) + 0.3 * cache.distribution(HELD_OUT[:i])
        np.testing.assert_allclose(p, expected)
        assert scores[i] == pytest.approx(math.log(p[mixed.vocabulary.index(token)]))
    assert mixed.perplexity(HELD_OUT) == pytest.approx(math.exp(-scores.mean()))
    assert "<unk>" not in mixed.generate(60, seed=3)


def test_a_fitted_mixture_is_at_least_as_good_as_each_model():
    model, other = NGram(3).fit(TRAIN), NGram(1, "add-k").fit(TRAIN)
    mixed = Interpolated([model, other]).fit(HELD_OUT)
    assert mixed.weights.sum() == pytest.approx(1.0)
    assert mixed.perplexity(HELD_OUT) <= min(m.perplexity(HELD_OUT) for m in (model, other)) + 1e-4
    sentences = [["a", "b"], ["c", "a", "b"], []]
    lines = NGram(2, "witten-bell").fit([["a", "b", "c"], ["b", "a"], ["a"]])
    cached = Interpolated([lines, UnigramCache(lines.vocabulary)]).fit(sentences)
    assert cached.score(sentences).shape == (8,)


def test_a_model_of_weight_zero_is_ignored_even_if_its_probability_is_zero():
    first = FixedModel({"<eos>": 0.5, "<unk>": 0.25, "a": 0.25})
    second = FixedModel({"<eos>": 0.0, "<unk>": 0.5, "a": 0.5})
    mixed = Interpolated([first, second], [1.0, 0.0])
    np.testing.assert_allclose(mixed.score(["<eos>", "a"]), np.log([0.5, 0.25]))
    both = Interpolated([second, FixedModel(second.p)], [0.5, 0.5])
    assert both.score(["<eos>"])[0] == -math.inf


def test_vocabularies_are_aligned_with_the_first_model():
    first = FixedModel({"<eos>": 0.1, "<unk>": 0.2, "a": 0.3, "b": 0.4})
    second = FixedModel({"b": 0.05, "<unk>": 0.15, "<eos>": 0.6, "a": 0.2})
    mixed = Interpolated([first, second], [0.5, 0.5])
    assert mixed.vocabulary == ["<eos>", "<unk>", "a", "b"]
    np.testing.assert_allclose(mixed.distribution(), [0.35, 0.175, 0.25, 0.225])
    np.testing.assert_allclose(np.exp(mixed.score(["b", "<eos>"])), [0.225, 0.35])


@pytest.mark.parametrize(
    "weights", [[1.0], [0.5, 0.6], [1.5, -0.5], [math.nan, 1.0], [[0.5, 0.5]], [0.2, 0.3, 0.5]]
)
def test_weights_that_do_not_sum_to_one_are_refused(weights):
    model = FixedModel({"<eos>": 0.5, "<unk>": 0.5})
    with pytest.raises(ConfigError, match=r"weights=.*2 numbers from 0 to 1 with sum 1"):
        Interpolated([model, model], weights)


def test_incompatible_models_are_refused():
    model = FixedModel({"<eos>": 0.5, "<unk>": 0.5, "a": 0.0})
    other = FixedModel({"<eos>": 0.5, "<unk>": 0.25, "b": 0.25})
    with pytest.raises(ConfigError, match=r"1 models.*at least two"):
        Interpolated([model])
    with pytest.raises(ConfigError, match=r"same tokens \('a', 'b'"):
        Interpolated([model, other])
    unfitted = Interpolated([model, model])
    for use in (unfitted.score, unfitted.distribution):
        with pytest.raises(RunError, match="no weights yet"):
            use(["<eos>"])
    with pytest.raises(DataError, match="token 2: no model"):
        unfitted.fit(["<eos>", "a"])


@pytest.mark.parametrize("scores", [[], [np.zeros(0)] * 2, [np.zeros(3), np.zeros(4)]])
def test_scores_of_different_lengths_or_none_are_refused(scores):
    with pytest.raises(DataError, match="different numbers of tokens, or none"):
        fit_weights(scores)
