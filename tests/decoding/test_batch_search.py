"""Batched beam search compared with enumeration and with the search of single sources; its parts."""

import itertools
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from property_settings import examples
from unrolled.decoding import SearchConfig, Start, beam_search, search
from unrolled.decoding.repeats import tokens_that_repeat
from unrolled.decoding.top import GROUP, top_k
from unrolled.errors import ConfigError

V, END, FIRST = 4, 0, 3
STEPS = 20


@dataclass(frozen=True)
class Tables:
    """A different random chain per source, so that mixing up sources or rows changes the result."""

    values: Tensor
    """Logits of each step after two tokens, (B, T, V, V, V); no two sequences have equal probability."""

    def select(self, rows: Tensor) -> "Tables":
        return Tables(self.values[rows])


def make(seed: int, sources: int) -> tuple[Tables, tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(seed)
    values = 2.0 * torch.randn(sources, STEPS, V, V, V, dtype=torch.float64, generator=generator)
    return Tables(values), initial_state(sources)


def initial_state(sources: int) -> tuple[Tensor, ...]:
    """Return the previous token (with a layer axis) and the number of steps (without one)."""
    return torch.full((1, sources, 1), FIRST), torch.zeros(sources, 1, dtype=torch.long)


def step(tokens: Tensor, state: tuple[Tensor, ...], tables: Tables) -> tuple[Tensor, tuple[Tensor, ...]]:
    sources = torch.arange(len(tables.values)).repeat_interleave(len(tokens) // len(tables.values))
    before, count = state
    logits = tables.values[sources, count[:, 0], before[0, :, 0], tokens]
    return logits, (tokens[None, :, None], count + 1)


def log_p(tables: Tables, source: int, sequence: tuple[int, ...]) -> float:
    history = [FIRST, FIRST, *sequence]
    table = tables.values[source].log_softmax(-1)
    triples = zip(history, history[1:], history[2:], strict=False)
    return sum(float(table[t, a, b, c]) for t, (a, b, c) in enumerate(triples))


def run(seed: int, lengths: list[int], banned: tuple[int, ...] = (), **options: float) -> tuple[Tables, list]:
    tables, state = make(seed, len(lengths))
    start = Start(FIRST, state, tables, lengths)
    return tables, search(step, start, SearchConfig(**options), end=END, banned=banned)


def every_sequence(length: int, banned: tuple[int, ...]):
    tokens = [t for t in range(V) if t not in banned]
    for n in range(1, length + 1):
        for s in itertools.product(tokens, repeat=n):
            if END not in s[:-1] and (n == length or s[-1] == END):
                yield s


@examples(30)
@given(
    seed=st.integers(0, 999),
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    alpha=st.sampled_from([0.0, 0.5, 1.0]),
    banned=st.sampled_from([(), (1,)]),
)
def test_enough_beams_make_the_search_exhaustive(seed, lengths, alpha, banned):
    tables, results = run(seed, lengths, banned, beams=V**4, normalisation=alpha)
    for source, (length, hypotheses) in enumerate(zip(lengths, results, strict=True)):
        expected = {s: log_p(tables, source, s) for s in every_sequence(length, banned)}
        assert {tuple(h.tokens) for h in hypotheses} == set(expected)
        for h in hypotheses:
            p = expected[tuple(h.tokens)]
            assert h.log_probability == pytest.approx(p)
            assert h.score == pytest.approx(p / len(h.tokens) ** alpha)
        scores = [h.score for h in hypotheses]
        assert scores == sorted(scores, reverse=True)


@examples(40)
@given(
    seed=st.integers(0, 999),
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    beams=st.integers(2, 5),
    alpha=st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    banned=st.sampled_from([(), (1,)]),
)
def test_each_source_is_searched_independently(seed, lengths, beams, alpha, banned):
    tables, results = run(seed, lengths, banned, beams=beams, normalisation=alpha)
    for source, length in enumerate(lengths):
        single_table = tables.select(torch.tensor([source]))
        logits, state = step(torch.tensor([FIRST]), initial_state(1), single_table)

        def step_alone(tokens, state, single_table=single_table):
            return step(tokens, state, single_table)

        expected = beam_search(
            step_alone, logits, state, length=length, beams=beams, end=END, normalisation=alpha, banned=banned
        )
        assert [h.tokens for h in results[source]] == [h.tokens for h in expected]
        for ours, reference in zip(results[source], expected, strict=True):
            assert ours.log_probability == pytest.approx(reference.log_probability)


@examples(20)
@given(seed=st.integers(0, 999), lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_one_beam_is_greedy(seed, lengths):
    tables, results = run(seed, lengths, (), beams=1)
    for source, (length, [h]) in enumerate(zip(lengths, results, strict=True)):
        history = [FIRST, FIRST]
        while len(history) < length + 2 and (len(history) == 2 or history[-1] != END):
            history.append(int(tables.values[source, len(history) - 2, history[-2], history[-1]].argmax()))
        assert h.tokens == history[2:]
        assert h.log_probability == pytest.approx(log_p(tables, source, tuple(h.tokens)))


@pytest.mark.parametrize("beams", [1, 3])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_blocked_ngrams_do_not_repeat(beams, size):
    _, unblocked = run(5, [20, 20], (END,), beams=beams)
    _, blocked = run(5, [20, 20], (), beams=beams, block_repeats=size)

    def grams(tokens):
        return [tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)]

    assert any(len(set(grams(h.tokens))) < len(grams(h.tokens)) for hs in unblocked for h in hs)
    for hypotheses in blocked:
        for h in hypotheses:
            assert len(set(grams(h.tokens))) == len(grams(h.tokens))


def test_tokens_that_repeat():
    assert tokens_that_repeat([], 1) == set()
    assert tokens_that_repeat([3, 4], 1) == {3, 4}
    assert tokens_that_repeat([1, 2, 3, 1, 2], 3) == {3}
    assert tokens_that_repeat([1, 2, 3, 1, 2, 4, 1, 2], 3) == {3, 4}
    assert tokens_that_repeat([1, 2], 3) == set()


@examples(30)
@given(seed=st.integers(0, 999), size=st.integers(1, 40 * GROUP), count=st.integers(1, 6), ties=st.booleans())
def test_grouped_top_k_agrees_with_topk(seed, size, count, ties):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(3, size, generator=generator)
    if ties:
        x = x.round()
    count = min(count, size)
    values, indices = top_k(x, count)
    assert torch.equal(values, x.topk(count).values)
    assert torch.equal(x.gather(1, indices), values)
    assert all(len(set(row)) == count for row in indices.tolist())


@pytest.mark.parametrize(
    "options", [{"beams": 0}, {"normalisation": -1.0}, {"normalisation": float("nan")}, {"block_repeats": -1}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        SearchConfig(**options)


def test_a_source_of_length_zero_is_refused():
    with pytest.raises(ConfigError, match="length of at least 1"):
        run(0, [3, 0], beams=2)
