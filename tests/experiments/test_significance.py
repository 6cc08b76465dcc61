"""The paired bootstrap beside cases whose answer is known."""

import numpy as np
import pytest

from unrolled.experiments import significance
from unrolled.experiments.significance import join_seeds, paired_bootstrap
from unrolled.tasks.base.outcome import Units


def units(losses, weights=None):
    losses = np.asarray(losses, float)
    weights = np.ones(len(losses)) if weights is None else np.asarray(weights, float)
    return Units(np.arange(len(losses)), losses, weights)


def test_equal_models_do_not_differ():
    losses = np.random.default_rng(0).normal(3, 1, 50)
    found = paired_bootstrap(units(losses), units(losses))
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_clear_difference_is_not_chance():
    rng = np.random.default_rng(1)
    hard = rng.normal(10, 5, 200)  # what is hard for both does not count
    ours, theirs = units(hard), units(hard + 0.5 + rng.normal(0, 0.5, 200))
    found = paired_bootstrap(ours, theirs)
    assert found.mean == pytest.approx(-0.5, abs=0.1)
    assert found.low < found.mean < found.high < 0
    assert found.p < 0.001
    back = paired_bootstrap(theirs, ours)
    assert (back.mean, back.low, back.high) == pytest.approx((-found.mean, -found.high, -found.low))
    assert back.p == found.p


def test_differences_without_a_direction_are_chance():
    signs = np.tile([1.0, -1.0], 50)
    found = paired_bootstrap(units(signs), units(np.zeros(100)))
    assert found.mean == 0
    assert found.p > 0.9
    # A mean of 100 signs has the standard deviation 1/10.
    assert (found.low, found.high) == pytest.approx((-0.196, 0.196), abs=0.021)


def test_the_loss_is_a_mean_over_predictions_not_items(monkeypatch):
    monkeypatch.setattr(significance, "MIN_BLOCKS", 0)
    found = paired_bootstrap(units([2.0, 30.0], [1, 9]), units([1.0, 12.0], [1, 9]))
    assert found.mean == pytest.approx(19 / 10)
    # The draws are both of one kind or one of each: (1, 1), (1, 9), (9, 9) predictions.
    assert found.low == pytest.approx(1.0)
    assert found.high == pytest.approx(2.0)


def test_the_interval_covers_the_true_mean():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        difference = rng.normal(0.3, 1.0, 60)
        found = paired_bootstrap(units(difference), units(np.zeros(60)), samples=400)
        covered += found.low <= 0.3 <= found.high
    assert 0.88 <= covered / 200 <= 0.99


def test_equal_models_are_told_apart_by_chance_alone():
    rng = np.random.default_rng(3)
    p = [
        paired_bootstrap(units(rng.normal(0, 1, 60)), units(np.zeros(60)), samples=400).p for _ in range(200)
    ]
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.12
    assert 0.35 <= np.mean(np.array(p) < 0.5) <= 0.65


def test_blocks_see_what_neighbours_have_in_common():
    # Ten in a row are alike: there are 20 things to draw, not 200.
    difference = np.repeat(np.random.default_rng(4).normal(0.0, 1.0, 20), 10)
    single = paired_bootstrap(units(difference), units(np.zeros(200)))
    joined = paired_bootstrap(units(difference), units(np.zeros(200)), block=10)
    assert single.mean == joined.mean
    assert joined.high - joined.low > 2 * (single.high - single.low)
    assert joined.p > single.p


def test_a_block_as_long_as_all_draws_all(monkeypatch):
    monkeypatch.setattr(significance, "MIN_BLOCKS", 0)
    difference = np.random.default_rng(5).normal(0, 1, 30)
    found = paired_bootstrap(units(difference), units(np.zeros(30)), block=99)
    assert found.low == pytest.approx(difference.mean())
    assert found.high == pytest.approx(difference.mean())


def test_a_block_goes_round_the_end(monkeypatch):
    monkeypatch.setattr(significance, "MIN_BLOCKS", 0)
    # Blocks of 2 of 3 items, two of them cut to 3: from each start alike, so that each item counts alike.
    drawn = paired_bootstrap(units([3.0, 0.0, 0.0]), units([0.0, 0.0, 0.0]), block=2, samples=20_000)
    assert drawn.mean == 1.0
    assert (drawn.low, drawn.high) == (0.0, 2.0)


def test_the_same_again(monkeypatch):
    rng = np.random.default_rng(6)
    ours, theirs = units(rng.normal(0, 1, 40)), units(rng.normal(0, 1, 40))
    first = paired_bootstrap(ours, theirs)
    assert paired_bootstrap(ours, theirs) == first
    # In pieces, where memory is bounded.
    monkeypatch.setattr(significance, "MAX_DRAWN", 40 * 7)
    assert paired_bootstrap(ours, theirs) == first


@pytest.mark.parametrize(("count", "block"), [(1, 1), (9, 1), (19, 6), (59, 6)])
def test_too_few_items_or_blocks_have_no_interval(count, block):
    found = paired_bootstrap(units(np.full(count, 2.0)), units(np.full(count, 1.5)), block=block)
    assert found.mean == pytest.approx(0.5)
    assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.parametrize(("count", "block"), [(10, 1), (60, 6)])
def test_ten_items_or_blocks_have_one(count, block):
    found = paired_bootstrap(units(np.full(count, 2.0)), units(np.full(count, 1.5)), block=block)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_other_items_are_refused():
    ours = units([1.0, 2.0])
    with pytest.raises(AssertionError):
        paired_bootstrap(ours, Units(np.array([0, 2]), ours.losses, ours.weights))
    with pytest.raises(AssertionError):
        paired_bootstrap(ours, units([1.0, 2.0], [1, 2]))


def test_seeds_are_averaged_item_by_item():
    found = join_seeds([units([1.0, 2.0], [3, 4]), units([3.0, 2.5], [3, 4])])
    np.testing.assert_allclose(found.losses, [2.0, 2.25])
    np.testing.assert_array_equal(found.weights, [3, 4])


def test_folds_stand_side_by_side():
    parts = [Units.one_each([1.0, 0.0], np.array([3, 0])), Units.one_each([1.0, 1.0], np.array([2, 1]))]
    found = join_seeds(parts)
    np.testing.assert_array_equal(found.items, [0, 1, 2, 3])
    np.testing.assert_array_equal(found.losses, [0, 1, 1, 1])
    np.testing.assert_array_equal(found.weights, 1)


def test_an_item_has_one_weight_whatever_the_seed():
    with pytest.raises(AssertionError):
        join_seeds([units([1.0], [3]), units([1.0], [4])])
