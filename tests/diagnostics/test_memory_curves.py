"""How far back models look whose memory is known exactly."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from unrolled.diagnostics import memory
from unrolled.diagnostics.memory import Targets
from unrolled.diagnostics.memory_context import ContextCurve, context_curve, count_context_tokens
from unrolled.diagnostics.memory_replacement import count_replacement_tokens, replacement_curve
from unrolled.errors import ConfigError, NonFiniteError, ShapeError

KINDS = 7
CONTEXTS = [1, 2, 3, 4, 6, 8, 11, 16, 20]
Model = Callable[[Tensor], Tensor]


def text(length: int = 600, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, KINDS, length)


def looks_back(m: int) -> Model:
    """Its loss hangs on the token m steps before the target alone; it guesses where it has not seen it."""
    table = torch.linspace(0.5, 2.0, KINDS, dtype=torch.float64)

    def score(tokens: Tensor) -> Tensor:
        return table[tokens[-1 - m]] if len(tokens) > m else torch.full((tokens.shape[1],), 3.0)

    return score


def repeats(m: int) -> Model:
    """It expects the token of m steps before again, which a text of period m always bears out."""

    def score(tokens: Tensor) -> Tensor:
        guess = torch.full((tokens.shape[1],), math.log(KINDS))
        if len(tokens) <= m:
            return guess
        return torch.where(tokens[-1 - m] == tokens[-1], 0.1, 5.0)

    return score


def laplace(tokens: Tensor) -> Tensor:
    """Rule of succession: knows nothing but how often each token was in the context."""
    counts = (tokens[:-1] == tokens[-1]).sum(0)
    return -torch.log((counts + 1) / (len(tokens) - 1 + KINDS))


def no_memory(tokens: Tensor) -> Tensor:
    return tokens[-1].double()


def pure_noise(tokens: Tensor) -> Tensor:
    """A loss that changes with any token and with none in particular."""
    places = torch.arange(1, len(tokens) + 1)[:, None].double()
    return torch.frac(((tokens + 1) * places.sqrt() * 991.7).sum(0).sin() * 43758.5).abs()


@given(m=st.integers(1, 20), seed=st.integers(0, 1000))
@settings(max_examples=25)
def test_the_effective_context_is_where_a_model_looks(m: int, seed: int) -> None:
    found = context_curve(looks_back(m), text(seed=seed), longest=20, targets=50, seed=seed)
    assert found.contexts.tolist() == CONTEXTS
    assert found.effective() == min(n for n in CONTEXTS if n >= m)
    short = found.contexts < m
    np.testing.assert_allclose(found.loss[short], 3.0)
    assert (found.excess[short] > 0.9).all()
    assert (found.excess[~short] == 0).all()
    assert (found.excess_error[~short] == 0).all()


@given(m=st.integers(1, 20), seed=st.integers(0, 1000))
@settings(max_examples=25)
def test_a_replaced_token_matters_where_a_model_looks_and_nowhere_else(m: int, seed: int) -> None:
    period = np.tile(np.random.default_rng(seed).permutation(max(m, KINDS))[:m] % KINDS, 600 // m)
    found = replacement_curve(repeats(m), period, longest=20, targets=60, seed=seed)
    there = found.distances == m
    assert (found.increase[~there] == 0).all()
    assert found.loss == pytest.approx(0.1)
    if m > 1:  # with one kind of token there is no other to replace it
        assert (found.increase[there] > 0.3).all()
        assert found.reach() == (m if there.any() else 0)


def test_the_increase_is_that_of_a_token_drawn_from_the_text() -> None:
    tokens = np.tile([0, 0, 0, 1], 300)
    found = replacement_curve(repeats(4), tokens, longest=8, targets=1000, draws=20)
    differs = 2 * (3 / 4) * (1 / 4)
    assert found.increase[found.distances == 4] == pytest.approx(4.9 * differs, abs=0.1)


def test_more_context_never_harms_a_model_that_counts() -> None:
    skewed = np.random.default_rng(1).choice(KINDS, 3000, p=[0.55, 0.25, 0.1, 0.04, 0.03, 0.02, 0.01])
    found = context_curve(laplace, skewed, longest=64, targets=2000)
    assert (np.diff(found.loss) < 0).all()
    assert found.excess[-1] == found.excess_error[-1] == 0
    late = found.contexts >= 16
    assert (found.excess_error[late] < 0.7 * found.error[late]).all()  # what the same targets share cancels
    assert 8 < found.effective(0.05) < found.effective(0.01) <= 64
    assert found.tolerance_nats(0.05) == pytest.approx(0.05 * found.loss[-1])


def test_the_effective_context_is_a_range_where_errors_allow_more_than_one() -> None:
    contexts, excess = np.array([1, 2, 4, 8, 16]), np.array([0.5, 0.1, 0.012, 0.008, 0.0])

    def curve(error: float) -> ContextCurve:
        errors = np.array([error] * 4 + [0.0])
        return ContextCurve(contexts, excess + 1.0, errors, excess, errors, 100)

    assert curve(0.0).effective_range() == (8, 8) == (curve(0.0).effective(),) * 2
    assert curve(0.002).effective_range() == (4, 16)
    assert curve(0.06).effective_range() == (2, 16)


def test_to_a_model_that_counts_all_distances_are_one() -> None:
    skewed = np.random.default_rng(1).choice(KINDS, 3000, p=[0.55, 0.25, 0.1, 0.04, 0.03, 0.02, 0.01])
    found = replacement_curve(laplace, skewed, longest=16, targets=2000, draws=5)
    assert np.ptp(found.increase) < 6 * found.error.max()


def test_a_model_without_memory_has_none() -> None:
    assert context_curve(no_memory, text(), longest=20).effective() == 1
    found = replacement_curve(no_memory, text(), longest=20)
    assert (found.increase == 0).all()
    assert found.reach() == 0


def test_noise_is_not_taken_for_memory() -> None:
    reaches = [
        replacement_curve(pure_noise, text(seed=seed), longest=20, targets=80, seed=seed).reach()
        for seed in range(60)
    ]
    assert sum(r > 0 for r in reaches) <= 8  # 5% are 3; without Bonferroni's correction they would be 20


def test_standard_errors_are_those_of_repeated_draws() -> None:
    tokens = text(20_000)
    runs = [replacement_curve(pure_noise, tokens, longest=3, targets=200, seed=s) for s in range(60)]
    spread = np.std([r.increase for r in runs], axis=0, ddof=1)
    np.testing.assert_allclose(np.mean([r.error for r in runs], axis=0), spread, rtol=0.3)
    runs_of_context = [context_curve(pure_noise, tokens, longest=3, targets=200, seed=s) for s in range(60)]
    spread = np.std([r.excess[:2] for r in runs_of_context], axis=0, ddof=1)
    np.testing.assert_allclose(
        np.mean([r.excess_error[:2] for r in runs_of_context], axis=0), spread, rtol=0.3
    )


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table, self.layer, self.head = nn.Embedding(KINDS, 4), nn.GRU(4, 6), nn.Linear(6, KINDS)

    @torch.no_grad()
    def score(self, tokens: Tensor) -> Tensor:
        y, _ = self.layer(self.table(tokens[:-1]))
        return F.cross_entropy(self.head(y[-1]), tokens[-1], reduction="none")


def test_losses_are_those_of_each_target_after_its_own_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CHUNK_TOKENS", 50)  # several batches, the last of them smaller
    model, tokens = Small(), text(60)
    found = context_curve(model.score, tokens, longest=9, targets=13, seed=3)
    places = Targets.draw(tokens, 9, 13, 3).places
    for column, n in enumerate(found.contexts.tolist()):
        slow = [float(model.score(torch.tensor(tokens[t - n : t + 1])[:, None])) for t in places]
        assert found.loss[column] == pytest.approx(np.mean(slow), rel=1e-5)
        assert found.error[column] == pytest.approx(np.std(slow, ddof=1) / math.sqrt(13), rel=1e-4)


def test_targets_are_different_tokens_with_their_whole_context() -> None:
    places = Targets.draw(text(100), 30, 40, 0).places
    assert len(set(places.tolist())) == 40
    assert places.min() >= 30
    assert (np.diff(places) > 0).all()
    assert Targets.draw(text(100), 30, 500, 0).places.tolist() == list(range(30, 100))


@pytest.mark.parametrize("kind", [list, np.uint16, torch.tensor])
def test_tokens_may_be_any_whole_numbers(kind: Callable) -> None:
    given_as = text(40).astype(kind) if kind is np.uint16 else kind(text(40).tolist())
    found = context_curve(looks_back(2), given_as, longest=5)
    assert found.loss.tolist() == context_curve(looks_back(2), text(40), longest=5).loss.tolist()


def test_the_same_seed_gives_the_same_numbers_and_leaves_the_text_alone() -> None:
    tokens = text()
    before = tokens.copy()
    runs = [replacement_curve(pure_noise, tokens, longest=6, seed=s).increase.tolist() for s in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert (tokens == before).all()


def test_the_work_is_known_beforehand() -> None:
    done: list[int] = []
    context_curve(no_memory, text(), longest=20, targets=30, report=done.append)
    assert sum(done) == count_context_tokens(20, 30)
    done.clear()
    replacement_curve(no_memory, text(), longest=20, targets=30, draws=2, report=done.append)
    assert sum(done) == count_replacement_tokens(20, 30, draws=2)


@pytest.mark.parametrize("curve", [context_curve, replacement_curve])
def test_wrong_input_is_named(curve: Callable) -> None:
    with pytest.raises(
        ShapeError, match=r"21 tokens are too few: two targets with 20 tokens before .* at least 22"
    ):
        curve(no_memory, text(21), longest=20)
    with pytest.raises(ConfigError, match=r"longest=0 and targets=512"):
        curve(no_memory, text(), longest=0)
    with pytest.raises(ConfigError, match=r"longest=20 and targets=1: .* 2 targets"):
        curve(no_memory, text(), longest=20, targets=1)
    with pytest.raises(ShapeError, match=r"whole numbers \(L,\), got float64 \(3,\)"):
        curve(no_memory, [0.5, 1.0, 2.0], longest=1)
    with pytest.raises(ShapeError, match=r"whole numbers \(L,\), got int64 \(2, 300\)"):
        curve(no_memory, text().reshape(2, 300), longest=1)
    with pytest.raises(ShapeError, match=r"score returned \(\) for tokens \(2, 30\).*per column, \(30,\)"):
        curve(lambda tokens: tokens.double().mean(), text(), longest=1, targets=30)
    with pytest.raises(NonFiniteError, match=r"30 of 30 losses with 1 token of context"):
        curve(lambda tokens: tokens[-1] * math.nan, text(), longest=1, targets=30)


def test_no_draws_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"draws=0: must be at least 1"):
        replacement_curve(no_memory, text(), longest=3, draws=0)
