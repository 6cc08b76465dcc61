"""The paired bootstrap compared with cases of known results."""

import numpy as np
import pytest

from unrolled.experiments import significance
from unrolled.experiments.significance import join_seeds, paired_bootstrap
from unrolled.tasks.base.outcome import ItemLosses


def units(losses, weights=None):
    losses = np.asarray(losses, float)
    weights = np.ones(len(losses)) if weights is None else np.asarray(weights, float)
    return ItemLosses(np.arange(len(losses)), losses, weights)


def test_equal_models_have_no_difference():
    losses = np.random.default_rng(0).normal(3, 1, 50)
    result = paired_bootstrap(units(losses), units(losses))
    assert (result.mean, result.low, result.high, result.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_clear_difference_is_significant():
    rng = np.random.default_rng(1)
    hard = rng.normal(10, 5, 200)  # difficulty that both models share cancels out
    ours, theirs = units(hard), units(hard + 0.5 + rng.normal(0, 0.5, 200))
    result = paired_bootstrap(ours, theirs)
    assert result.mean == pytest.approx(-0.5, abs=0.1)
    assert result.low < result.mean < result.high < 0
    assert result.p < 0.001
    reversed_difference = paired_bootstrap(theirs, ours)
    assert (reversed_difference.mean, reversed_difference.low, reversed_difference.high) == pytest.approx(
        (-result.mean, -result.high, -result.low)
    )
    assert reversed_difference.p == result.p


def test_symmetric_differences_are_not_significant():
    signs = np.tile([1.0, -1.0], 50)
    result = paired_bootstrap(units(signs), units(np.zeros(100)))
    assert result.mean == 0
    assert result.p > 0.9
    # A mean of 100 signs has the standard deviation 1/10.
    assert (result.low, result.high) == pytest.approx((-0.196, 0.196), abs=0.021)


def test_the_loss_is_a_mean_over_predictions_not_items(monkeypatch):
    monkeypatch.setattr(significance, "MIN_BLOCKS", 0)
    result = paired_bootstrap(units([2.0, 30.0], [1, 9]), units([1.0, 12.0], [1, 9]))
    assert result.mean == pytest.approx(19 / 10)
    # A draw has the first item twice, both, or the second twice: (1, 1), (1, 9), (9, 9) predictions.
    assert result.low == pytest.approx(1.0)
    assert result.high == pytest.approx(2.0)


def test_the_interval_covers_the_true_mean():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        difference = rng.normal(0.3, 1.0, 60)
        result = paired_bootstrap(units(difference), units(np.zeros(60)), samples=400)
        covered += result.low <= 0.3 <= result.high
    assert 0.88 <= covered / 200 <= 0.99


def test_p_values_of_equal_models_are_uniform():
    rng = np.random.default_rng(3)
    p = [
        paired_bootstrap(units(rng.normal(0, 1, 60)), units(np.zeros(60)), samples=400).p for _ in range(200)
    ]
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.12
    assert 0.35 <= np.mean(np.array(p) < 0.5) <= 0.65


def test_blocks_account_for_correlated_neighbours():
    # Ten consecutive values are equal: there are 20 independent values, not 200.
    difference = np.repeat(np.random.default_rng(4).normal(0.0, 1.0, 20), 10)
    single = paired_bootstrap(units(difference), units(np.zeros(200)))
    blocked = paired_bootstrap(units(difference), units(np.zeros(200)), block=10)
    assert single.mean == blocked.mean
    assert blocked.high - blocked.low > 2 * (single.high - single.low)
    assert blocked.p > single.p


def test_a_block_of_all_items_draws_all(monkeypatch):
    monkeypatch.setattr(significance, "MIN_BLOCKS", 0)
    difference = np.random.default_rng(5).normal(0, 1, 30)
    result = paired_bootstrap(units(difference), units(np.zeros(30)), block=99)
    assert result.low == pytest.approx(difference.mean())
    assert result.high == pytest.approx(difference.mean())


def test_blocks_wrap_around(monkeypatch):
    monkeypatch.setattr(significance, "MIN_BLOCKS", 0)
    # Two blocks of 2 items, cut to 3 items, with a uniform start: every item is equally likely.
    drawn = paired_bootstrap(units([3.0, 0.0, 0.0]), units([0.0, 0.0, 0.0]), block=2, samples=20_000)
    assert drawn.mean == 1.0
    assert (drawn.low, drawn.high) == (0.0, 2.0)


def test_the_bootstrap_is_reproducible(monkeypatch):
    rng = np.random.default_rng(6)
    ours, theirs = units(rng.normal(0, 1, 40)), units(rng.normal(0, 1, 40))
    first = paired_bootstrap(ours, theirs)
    assert paired_bootstrap(ours, theirs) == first
    # The same in several pieces, with a bound on memory.
    monkeypatch.setattr(significance, "MAX_DRAWN", 40 * 7)
    assert paired_bootstrap(ours, theirs) == first


@pytest.mark.parametrize(("count", "block"), [(1, 1), (9, 1), (19, 6), (59, 6)])
def test_too_few_items_or_blocks_have_no_interval(count, block):
    result = paired_bootstrap(units(np.full(count, 2.0)), units(np.full(count, 1.5)), block=block)
    assert result.mean == pytest.approx(0.5)
    assert np.isnan([result.low, result.high, result.p]).all()


@pytest.mark.parametrize(("count", "block"), [(10, 1), (60, 6)])
def test_ten_items_or_blocks_have_an_interval(count, block):
    result = paired_bootstrap(units(np.full(count, 2.0)), units(np.full(count, 1.5)), block=block)
    assert (result.low, result.high) == pytest.approx((0.5, 0.5))


def test_different_items_are_refused():
    ours = units([1.0, 2.0])
    with pytest.raises(AssertionError):
        paired_bootstrap(ours, ItemLosses(np.array([0, 2]), ours.losses, ours.weights))
    with pytest.raises(AssertionError):
        paired_bootstrap(ours, units([1.0, 2.0], [1, 2]))


def test_seeds_are_averaged_item_by_item():
    result = join_seeds([units([1.0, 2.0], [3, 4]), units([3.0, 2.5], [3, 4])])
    np.testing.assert_allclose(result.losses, [2.0, 2.25])
    np.testing.assert_array_equal(result.weights, [3, 4])


def test_folds_are_concatenated():
    parts = [
        ItemLosses.one_each([1.0, 0.0], np.array([3, 0])),
        ItemLosses.one_each([1.0, 1.0], np.array([2, 1])),
    ]
    result = join_seeds(parts)
    np.testing.assert_array_equal(result.items, [0, 1, 2, 3])
    np.testing.assert_array_equal(result.losses, [0, 1, 1, 1])
    np.testing.assert_array_equal(result.weights, 1)


def test_the_weight_of_an_item_must_not_depend_on_the_seed():
    with pytest.raises(AssertionError):
        join_seeds([units([1.0], [3]), units([1.0], [4])])
