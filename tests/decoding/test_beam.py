"""Beam search compared with the enumeration of every sequence."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from property_settings import examples
from unrolled.decoding import beam_search
from unrolled.decoding.batch import SearchConfig
from unrolled.errors import ConfigError

V = 3


class Markov:
    """A random second-order chain with the previous token as its state, so that mixed-up rows are noticed."""

    def __init__(self, seed: int, vocabulary: int = V, spread: float = 2.0) -> None:
        generator = torch.Generator().manual_seed(seed)
        shape = (vocabulary + 1, vocabulary + 1, vocabulary)
        self.table = spread * torch.randn(shape, generator=generator)
        self.none = vocabulary  # index for "no token yet"

    @property
    def first(self):
        return self.table[self.none, self.none][None]

    @property
    def state(self):
        return (torch.full((1, 1, 1), float(self.none)), torch.zeros(1, 1))

    def step(self, tokens, state):
        before, count = state
        logits = self.table[before[0, :, 0].long(), tokens]
        return logits, (tokens.float()[None, :, None], count + 1)

    def log_p(self, sequence) -> float:
        history = [self.none, self.none, *sequence]
        rows = zip(history, history[1:], history[2:], strict=False)
        return sum(float(self.table[a, b].double().log_softmax(-1)[c]) for a, b, c in rows)


def every_sequence(vocabulary, length, end, banned):
    tokens = [t for t in range(vocabulary) if t not in banned]
    for n in range(1, length + 1):
        for s in itertools.product(tokens, repeat=n):
            if end in s[:-1]:
                continue
            if n == length or s[-1] == end:
                yield s


@examples(40)
@given(
    seed=st.integers(0, 999),
    length=st.integers(1, 4),
    end=st.none() | st.integers(0, V - 1),
    alpha=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    banned=st.sampled_from([(), (1,), (0, 2)]),
)
def test_enough_beams_make_the_search_exhaustive(seed, length, end, alpha, banned):
    model = Markov(seed)
    hypotheses = beam_search(
        model.step,
        model.first,
        model.state,
        length=length,
        beams=V**length,
        end=end,
        normalisation=alpha,
        banned=banned,
    )
    expected = {s: model.log_p(s) / len(s) ** alpha for s in every_sequence(V, length, end, banned)}
    assert {tuple(h.tokens) for h in hypotheses} == set(expected)
    for h in hypotheses:
        assert h.score == pytest.approx(expected[tuple(h.tokens)])
        assert h.log_probability == pytest.approx(model.log_p(h.tokens))
    scores = [h.score for h in hypotheses]
    assert scores == sorted(scores, reverse=True)


def plain_beam_search(model, vocabulary, length, beams, end, alpha):
    """Beam search without early stopping: it always runs for ``length`` steps."""
    live, done = [((), 0.0)], []
    for n in range(1, length + 1):
        candidates = [((*s, t), model.log_p((*s, t))) for s, _ in live for t in range(vocabulary)]
        candidates.sort(key=lambda c: -c[1])
        candidates = candidates[: 2 * beams]
        ended = [c for c in candidates if c[0][-1] == end or n == length]
        done += ended
        live = [c for c in candidates if c not in ended][:beams]
    ranked = sorted(done, key=lambda c: -c[1] / len(c[0]) ** alpha)
    return [(list(s), pytest.approx(p)) for s, p in ranked[:beams]]


@examples(40)
@given(
    seed=st.integers(0, 999),
    beams=st.integers(1, 4),
    length=st.integers(1, 6),
    alpha=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
)
def test_stopping_early_loses_nothing(seed, beams, length, alpha):
    model = Markov(seed, vocabulary=5, spread=3.0)
    hypotheses = beam_search(
        model.step,
        model.first,
        model.state,
        length=length,
        beams=beams,
        end=0,
        normalisation=alpha,
    )
    expected = plain_beam_search(model, 5, length, beams, 0, alpha)
    assert [(h.tokens, h.log_probability) for h in hypotheses] == expected


def test_one_beam_is_greedy():
    model = Markov(3, vocabulary=6)
    [h] = beam_search(model.step, model.first, model.state, length=8, beams=1)
    tokens = []
    for _ in range(8):
        history = ([model.none, model.none, *tokens])[-2:]
        tokens.append(int(model.table[history[0], history[1]].argmax()))
    assert h.tokens == tokens


def test_normalisation_favours_length():
    # Ending immediately has log p = ln 0.4; continuing has ln 0.6 + ln 0.55: a worse sum, a better mean.
    first = torch.tensor([[0.4, 0.6]]).log()
    later = torch.tensor([[0.55, 0.45]]).log()
    options = {"length": 2, "beams": 3, "end": 0}
    state = (torch.zeros(1, 1),)

    def step(tokens, state):
        return later.expand(len(tokens), 2), state

    by_sum = beam_search(step, first, state, **options)
    assert by_sum[0].tokens == [0]
    assert by_sum[0].score == pytest.approx(math.log(0.4))
    by_mean = beam_search(step, first, state, normalisation=1.0, **options)
    assert by_mean[0].tokens == [1, 0]
    assert by_mean[0].score == pytest.approx(math.log(0.6 * 0.55) / 2)
    assert by_mean[0].log_probability == pytest.approx(math.log(0.6 * 0.55))


def test_at_most_as_many_results_as_beams():
    model = Markov(4, vocabulary=5)
    for beams in (1, 2, 7):
        hypotheses = beam_search(model.step, model.first, model.state, length=4, beams=beams, end=0)
        assert len(hypotheses) == beams


def test_everything_banned_leaves_nothing():
    model = Markov(5)
    banned = tuple(range(V))
    args = (model.step, model.first, model.state)
    assert beam_search(*args, length=3, beams=2, banned=banned) == []


@pytest.mark.parametrize(
    "options",
    [
        {"length": 0, "beams": 1},
        {"length": 1, "beams": 0},
        {"length": 1, "beams": 1, "normalisation": -1.0},
        {"length": 1, "beams": 1, "normalisation": math.nan},
    ],
)
def test_impossible_options_are_refused(options):
    model = Markov(6)
    with pytest.raises(ConfigError):
        beam_search(model.step, model.first, model.state, **options)


def test_numbers_that_leave_their_range_are_refused_before_the_search():
    for options in ({"normalisation": 1e9}, {"normalisation": float("nan")}, {"beams": 10**9}):
        with pytest.raises(ConfigError, match=f"{next(iter(options))}="):
            SearchConfig(**options)
