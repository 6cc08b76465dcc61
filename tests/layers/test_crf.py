"""The conditional random field, checked against the sum over all tag sequences."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from property_settings import examples
from unrolled.errors import ShapeError
from unrolled.layers.crf import LinearChainCRF


def make_crf(tags, seed=0):
    torch.manual_seed(seed)
    crf = LinearChainCRF(tags).double()
    for p in crf.parameters():
        p.data.normal_()
    return crf


def score_all_sequences(crf, emissions):
    """Return the score of every tag sequence for one row (T, K), by definition."""
    scores = {}
    for y in itertools.product(range(crf.tags), repeat=len(emissions)):
        s = crf.start[y[0]] + crf.end[y[-1]] + sum(emissions[t, y_t] for t, y_t in enumerate(y))
        scores[y] = s + sum(crf.transition[a, b] for a, b in itertools.pairwise(y))
    return scores


@examples(40)
@given(st.integers(1, 4), st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(0, 10**6))
def test_all_methods_against_enumeration(tags, lengths, seed):
    crf = make_crf(tags, seed)
    sizes = torch.tensor(lengths)
    emissions = 2 * torch.randn(max(lengths), len(lengths), tags, dtype=torch.float64)
    y = torch.randint(tags, emissions.shape[:2])
    y[torch.arange(len(y))[:, None] >= sizes] = -1  # padding of any kind
    total, score, nll = (
        crf.log_partition(emissions, sizes),
        crf.score(emissions, y, sizes),
        crf(emissions, y, sizes),
    )
    best = crf.best(emissions, sizes)
    for b, n in enumerate(lengths):
        scores = score_all_sequences(crf, emissions[:n, b])
        log_total = torch.stack(list(scores.values())).logsumexp(0)
        torch.testing.assert_close(total[b], log_total)
        torch.testing.assert_close(score[b], scores[tuple(y[:n, b].tolist())])
        torch.testing.assert_close(nll[b], log_total - score[b])
        assert tuple(best[:n, b].tolist()) == max(scores, key=lambda k: scores[k])
        assert (best[n:, b] == 0).all()


def test_gradients():
    crf, lengths = make_crf(3), torch.tensor([4, 1, 2])
    emissions = torch.randn(4, 3, 3, dtype=torch.float64, requires_grad=True)
    tags = torch.randint(3, (4, 3))
    assert gradcheck(lambda e, *_: crf(e, tags, lengths), (emissions, *crf.parameters()))


def test_without_transitions_the_loss_is_a_softmax_per_word():
    crf, lengths = LinearChainCRF(5).double(), torch.tensor([3, 2])
    emissions, tags = torch.randn(3, 2, 5, dtype=torch.float64), torch.randint(5, (3, 2))
    word_losses = -emissions.log_softmax(-1).gather(2, tags[..., None]).squeeze(2)
    expected = torch.stack([word_losses[:3, 0].sum(), word_losses[:2, 1].sum()])
    torch.testing.assert_close(crf(emissions, tags, lengths), expected)


@pytest.mark.parametrize(
    ("shape", "lengths", "message"),
    [
        ((3, 2, 4), [3, 2], r"emissions \(T, B, 5\)"),
        ((3, 2), [3, 2], r"emissions \(T, B, 5\)"),
        ((3, 2, 5), [3], r"lengths \(B,\)"),
        ((3, 2, 5), [3, 0], r"lengths must lie in 1\.\.3"),
        ((3, 2, 5), [4, 1], r"lengths must lie in 1\.\.3"),
    ],
)
def test_wrong_sizes_of_emissions_and_lengths_are_refused(shape, lengths, message):
    with pytest.raises(ShapeError, match=message):
        LinearChainCRF(5).log_partition(torch.zeros(shape), torch.tensor(lengths))


EMISSIONS, TAGS, LENGTHS = torch.zeros(4, 2, 3), torch.zeros(4, 2, dtype=torch.long), torch.tensor([4, 2])


@pytest.mark.parametrize(
    ("emissions", "tags", "lengths", "message"),
    [
        (EMISSIONS[0], TAGS, LENGTHS, "emissions"),
        (EMISSIONS[..., :2], TAGS, LENGTHS, "emissions"),
        (EMISSIONS.long(), TAGS, LENGTHS, "floating type"),
        (EMISSIONS[:0], TAGS[:0], LENGTHS, "no time steps"),
        (EMISSIONS, TAGS[:2], LENGTHS, r"tags must be int64 \(4, 2\)"),
        (EMISSIONS, TAGS[:, :1], LENGTHS, r"tags must be int64 \(4, 2\)"),
        (EMISSIONS, TAGS.float(), LENGTHS, "tags must be int64"),
        (EMISSIONS, TAGS + 3, LENGTHS, r"tags must lie in 0\.\.2, got 3"),
        (EMISSIONS, TAGS - 1, LENGTHS, r"tags must lie in 0\.\.2, got -1"),
        (EMISSIONS, TAGS, LENGTHS[:1], "lengths"),
        (EMISSIONS, TAGS, LENGTHS.float(), "lengths integers"),
        (EMISSIONS, TAGS, LENGTHS - 4, r"lengths must lie in 1\.\.4"),
        (EMISSIONS, TAGS, LENGTHS + 1, r"lengths must lie in 1\.\.4"),
    ],
)
def test_mismatched_arguments_are_refused(emissions, tags, lengths, message):
    with pytest.raises(ShapeError, match=message):
        LinearChainCRF(3)(emissions, tags, lengths)


def test_padding_may_hold_any_tag():
    tags = TAGS.clone()
    tags[2:, 1] = 99
    torch.testing.assert_close(
        LinearChainCRF(3)(EMISSIONS, tags, LENGTHS), LinearChainCRF(3)(EMISSIONS, TAGS, LENGTHS)
    )


def test_lengths_may_have_any_integer_dtype():
    crf = LinearChainCRF(3)
    torch.testing.assert_close(crf(EMISSIONS, TAGS, LENGTHS.to(torch.uint8)), crf(EMISSIONS, TAGS, LENGTHS))
