"""Memory measurements on models whose memory is known exactly."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from property_settings import examples
from unrolled.diagnostics import memory
from unrolled.diagnostics.memory import Targets
from unrolled.diagnostics.memory_context import ContextCurve, context_curve, count_context_tokens
from unrolled.diagnostics.memory_replacement import count_replacement_tokens, replacement_curve
from unrolled.errors import ConfigError, NonFiniteError, ShapeError

VOCABULARY = 7
CONTEXTS = [1, 2, 3, 4, 6, 8, 11, 16, 20]
Model = Callable[[Tensor], Tensor]


def make_text(length: int = 600, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, VOCABULARY, length)


def model_looking_back(m: int) -> Model:
    """A loss that depends only on the token m steps before the target; constant if the context is shorter."""
    table = torch.linspace(0.5, 2.0, VOCABULARY, dtype=torch.float64)

    def score(tokens: Tensor) -> Tensor:
        return table[tokens[-1 - m]] if len(tokens) > m else torch.full((tokens.shape[1],), 3.0)

    return score


def model_repeating(m: int) -> Model:
    """A model that predicts the token m steps earlier; a text of period m always confirms it."""

    def score(tokens: Tensor) -> Tensor:
        guess = torch.full((tokens.shape[1],), math.log(VOCABULARY))
        if len(tokens) <= m:
            return guess
        return torch.where(tokens[-1 - m] == tokens[-1], 0.1, 5.0)

    return score


def count_model(tokens: Tensor) -> Tensor:
    """Rule of succession: uses only the number of times each token occurs in the context."""
    counts = (tokens[:-1] == tokens[-1]).sum(0)
    return -torch.log((counts + 1) / (len(tokens) - 1 + VOCABULARY))


def no_memory(tokens: Tensor) -> Tensor:
    return tokens[-1].double()


def pure_noise(tokens: Tensor) -> Tensor:
    """A pseudorandom loss that changes with every token."""
    positions = torch.arange(1, len(tokens) + 1)[:, None].double()
    return torch.frac(((tokens + 1) * positions.sqrt() * 991.7).sum(0).sin() * 43758.5).abs()


@given(m=st.integers(1, 20), seed=st.integers(0, 1000))
@examples(25)
def test_the_effective_context_is_how_far_a_model_looks(m: int, seed: int) -> None:
    curve = context_curve(model_looking_back(m), make_text(seed=seed), longest=20, targets=50, seed=seed)
    assert curve.contexts.tolist() == CONTEXTS
    assert curve.effective() == min(n for n in CONTEXTS if n >= m)
    short = curve.contexts < m
    np.testing.assert_allclose(curve.loss[short], 3.0)
    assert (curve.excess[short] > 0.9).all()
    assert (curve.excess[~short] == 0).all()
    assert (curve.excess_error[~short] == 0).all()


@given(m=st.integers(1, 20), seed=st.integers(0, 1000))
@examples(25)
def test_only_the_token_that_a_model_uses_matters(m: int, seed: int) -> None:
    periodic_text = np.tile(
        np.random.default_rng(seed).permutation(max(m, VOCABULARY))[:m] % VOCABULARY, 600 // m
    )
    curve = replacement_curve(model_repeating(m), periodic_text, longest=20, targets=60, seed=seed)
    at_m = curve.distances == m
    assert (curve.increase[~at_m] == 0).all()
    assert curve.loss == pytest.approx(0.1)
    if m > 1:  # with a single distinct token there is no replacement
        assert (curve.increase[at_m] > 0.3).all()
        assert curve.reach() == (m if at_m.any() else 0)


def test_the_increase_is_for_replacements_drawn_from_the_text() -> None:
    tokens = np.tile([0, 0, 0, 1], 300)
    curve = replacement_curve(model_repeating(4), tokens, longest=8, targets=1000, draws=20)
    p_differs = 2 * (3 / 4) * (1 / 4)
    assert curve.increase[curve.distances == 4] == pytest.approx(4.9 * p_differs, abs=0.1)


def test_more_context_helps_a_count_model() -> None:
    skewed_text = np.random.default_rng(1).choice(
        VOCABULARY, 3000, p=[0.55, 0.25, 0.1, 0.04, 0.03, 0.02, 0.01]
    )
    curve = context_curve(count_model, skewed_text, longest=64, targets=2000)
    assert (np.diff(curve.loss) < 0).all()
    assert curve.excess[-1] == curve.excess_error[-1] == 0
    long_contexts = curve.contexts >= 16
    assert (
        curve.excess_error[long_contexts] < 0.7 * curve.error[long_contexts]
    ).all()  # the targets are the same, so their common variance cancels
    assert 8 < curve.effective(0.05) < curve.effective(0.01) <= 64
    assert curve.tolerance_nats(0.05) == pytest.approx(0.05 * curve.loss[-1])


def test_the_effective_context_is_a_range_within_errors() -> None:
    contexts, excess = np.array([1, 2, 4, 8, 16]), np.array([0.5, 0.1, 0.012, 0.008, 0.0])

    def curve(error: float) -> ContextCurve:
        errors = np.array([error] * 4 + [0.0])
        return ContextCurve(contexts, excess + 1.0, errors, excess, errors, 100)

    assert curve(0.0).effective_range() == (8, 8) == (curve(0.0).effective(),) * 2
    assert curve(0.002).effective_range() == (4, 16)
    assert curve(0.06).effective_range() == (2, 16)


def test_a_count_model_has_equal_increases_at_all_distances() -> None:
    skewed_text = np.random.default_rng(1).choice(
        VOCABULARY, 3000, p=[0.55, 0.25, 0.1, 0.04, 0.03, 0.02, 0.01]
    )
    curve = replacement_curve(count_model, skewed_text, longest=16, targets=2000, draws=5)
    assert np.ptp(curve.increase) < 6 * curve.error.max()


def test_a_model_without_memory_has_reach_zero() -> None:
    assert context_curve(no_memory, make_text(), longest=20).effective() == 1
    curve = replacement_curve(no_memory, make_text(), longest=20)
    assert (curve.increase == 0).all()
    assert curve.reach() == 0


def test_noise_is_not_reported_as_memory() -> None:
    reaches = [
        replacement_curve(pure_noise, make_text(seed=seed), longest=20, targets=80, seed=seed).reach()
        for seed in range(60)
    ]
    assert sum(r > 0 for r in reaches) <= 8  # 5% are 3; without Bonferroni correction there would be 20


def test_standard_errors_match_repeated_draws() -> None:
    tokens = make_text(20_000)
    runs = [replacement_curve(pure_noise, tokens, longest=3, targets=200, seed=s) for s in range(60)]
    standard_deviation = np.std([r.increase for r in runs], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([r.error for r in runs], axis=0), standard_deviation, rtol=0.3)
    runs_of_context = [context_curve(pure_noise, tokens, longest=3, targets=200, seed=s) for s in range(60)]
    standard_deviation = np.std([r.excess[:2] for r in runs_of_context], axis=0, ddof=1)
    np.testing.assert_allclose(
        np.mean([r.excess_error[:2] for r in runs_of_context], axis=0), standard_deviation, rtol=0.3
    )


class SmallModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.layer, self.head = (
            nn.Embedding(VOCABULARY, 4),
            nn.GRU(4, 6),
            nn.Linear(6, VOCABULARY),
        )

    @torch.no_grad()
    def score(self, tokens: Tensor) -> Tensor:
        y, _ = self.layer(self.table(tokens[:-1]))
        return F.cross_entropy(self.head(y[-1]), tokens[-1], reduction="none")


def test_losses_equal_those_of_single_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CHUNK_TOKENS", 50)  # several batches, the last one smaller
    model, tokens = SmallModel(), make_text(60)
    curve = context_curve(model.score, tokens, longest=9, targets=13, seed=3)
    positions = Targets.draw(tokens, 9, 13, 3).places
    for column, n in enumerate(curve.contexts.tolist()):
        losses_one_by_one = [
            float(model.score(torch.tensor(tokens[t - n : t + 1])[:, None])) for t in positions
        ]
        assert curve.loss[column] == pytest.approx(np.mean(losses_one_by_one), rel=1e-5)
        assert curve.error[column] == pytest.approx(
            np.std(losses_one_by_one, ddof=1) / math.sqrt(13), rel=1e-4
        )


def test_targets_are_distinct_and_have_full_context() -> None:
    positions = Targets.draw(make_text(100), 30, 40, 0).places
    assert len(set(positions.tolist())) == 40
    assert positions.min() >= 30
    assert (np.diff(positions) > 0).all()
    assert Targets.draw(make_text(100), 30, 500, 0).places.tolist() == list(range(30, 100))


@pytest.mark.parametrize("convert", [list, np.uint16, torch.tensor])
def test_tokens_may_be_lists_arrays_or_tensors(convert: Callable) -> None:
    tokens = make_text(40).astype(convert) if convert is np.uint16 else convert(make_text(40).tolist())
    curve = context_curve(model_looking_back(2), tokens, longest=5)
    assert curve.loss.tolist() == context_curve(model_looking_back(2), make_text(40), longest=5).loss.tolist()


def test_results_depend_on_the_seed_and_tokens_are_unchanged() -> None:
    tokens = make_text()
    before = tokens.copy()
    runs = [replacement_curve(pure_noise, tokens, longest=6, seed=s).increase.tolist() for s in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert (tokens == before).all()


def test_the_number_of_tokens_is_known_in_advance() -> None:
    reported: list[int] = []
    context_curve(no_memory, make_text(), longest=20, targets=30, report=reported.append)
    assert sum(reported) == count_context_tokens(20, 30)
    reported.clear()
    replacement_curve(no_memory, make_text(), longest=20, targets=30, draws=2, report=reported.append)
    assert sum(reported) == count_replacement_tokens(20, 30, draws=2)


@pytest.mark.parametrize("curve", [context_curve, replacement_curve])
def test_invalid_input_is_refused(curve: Callable) -> None:
    with pytest.raises(
        ShapeError, match=r"21 tokens are too few: two targets with 20 tokens before .* at least 22"
    ):
        curve(no_memory, make_text(21), longest=20)
    with pytest.raises(ConfigError, match=r"longest=0 and targets=512"):
        curve(no_memory, make_text(), longest=0)
    with pytest.raises(ConfigError, match=r"longest=20 and targets=1: .* 2 targets"):
        curve(no_memory, make_text(), longest=20, targets=1)
    with pytest.raises(ShapeError, match=r"whole numbers \(L,\), got float64 \(3,\)"):
        curve(no_memory, [0.5, 1.0, 2.0], longest=1)
    with pytest.raises(ShapeError, match=r"whole numbers \(L,\), got int64 \(2, 300\)"):
        curve(no_memory, make_text().reshape(2, 300), longest=1)
    with pytest.raises(ShapeError, match=r"score returned \(\) for tokens \(2, 30\).*per column, \(30,\)"):
        curve(lambda tokens: tokens.double().mean(), make_text(), longest=1, targets=30)
    with pytest.raises(NonFiniteError, match=r"30 of 30 losses with 1 token of context"):
        curve(lambda tokens: tokens[-1] * math.nan, make_text(), longest=1, targets=30)


def test_zero_draws_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"draws=0: must be at least 1"):
        replacement_curve(no_memory, make_text(), longest=3, draws=0)
