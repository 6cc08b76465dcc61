"""Optimizers, their saved state, and the weight average of nt-asgd."""

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from unrolled.errors import ConfigError
from unrolled.training import OptimizerConfig
from unrolled.training.average import MovingAverage, TriggeredAverage
from unrolled.training.gradients import clip_gradients
from unrolled.training.optimizer import (
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
    scaled_step,
)

CONFIGS = [
    OptimizerConfig("sgd", lr=0.1),
    OptimizerConfig("sgd", lr=0.1, momentum=0.9),
    OptimizerConfig("rmsprop", lr=0.01),
    OptimizerConfig("rmsprop", lr=0.01, momentum=0.9),
    OptimizerConfig("adam", lr=0.01),
    OptimizerConfig("adamw", lr=0.01, weight_decay=0.1),
    OptimizerConfig("nt-asgd", lr=0.1, momentum=0.5),
]


def make_net():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def train(net, optimizer, steps):
    for x in steps:
        optimizer.zero_grad()
        net(x).square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.optimizer}-{c.momentum}")
def test_optimizer_state_round_trip_is_exact(config):
    data = torch.randn(9, 5, 3)
    uninterrupted = make_net()
    train(uninterrupted, make_optimizer(config, list(uninterrupted.parameters())), data)

    first = make_net()
    optimizer = make_optimizer(config, list(first.parameters()))
    train(first, optimizer, data[:4])
    saved = {name: t.clone() for name, t in optimizer_tensors(optimizer).items()}

    second = make_net()
    second.load_state_dict(first.state_dict())
    optimizer = make_optimizer(config, list(second.parameters()))
    restore_optimizer(optimizer, saved)
    train(second, optimizer, data[4:])
    for a, b in zip(uninterrupted.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def one_update(config, w, g):
    p = nn.Parameter(torch.tensor([w], dtype=torch.float64))
    p.grad = torch.tensor([g], dtype=torch.float64)
    make_optimizer(config, [p]).step()
    return float(p.detach())


def test_first_updates_by_hand():
    assert one_update(OptimizerConfig("sgd", lr=0.1), 1.0, 2.0) == pytest.approx(0.8)
    assert one_update(OptimizerConfig("nt-asgd", lr=0.1), 1.0, 2.0) == pytest.approx(0.8)
    assert one_update(OptimizerConfig("adam", lr=0.1), 1.0, 2.0) == pytest.approx(0.9)
    decayed = OptimizerConfig("adamw", lr=0.1, weight_decay=0.5)
    assert one_update(decayed, 1.0, 2.0) == pytest.approx(1.0 * (1 - 0.1 * 0.5) - 0.1)
    # RMSprop: the running square is 0.01 g², so that the first step is lr / 0.1.
    assert one_update(OptimizerConfig("rmsprop", lr=0.1), 1.0, 2.0) == pytest.approx(0.0, abs=1e-6)


# -- clipped updates -------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 0.37])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.optimizer}-{c.momentum}")
def test_scaled_step_equals_a_step_with_scaled_gradients(config, factor):
    tested_net, expected_net = make_net().double(), make_net().double()
    tested_optimizer = make_optimizer(config, list(tested_net.parameters()))
    expected_optimizer = make_optimizer(config, list(expected_net.parameters()))
    for x in torch.randn(5, 6, 3, dtype=torch.float64):
        for net in (tested_net, expected_net):
            net.zero_grad()
            net(x).square().sum().backward()
        for p in expected_net.parameters():
            p.grad.mul_(factor)
        scaled_step(tested_optimizer, factor)
        expected_optimizer.step()
        assert [g["lr"] for g in tested_optimizer.param_groups] == [config.lr]
    for a, b in zip(tested_net.parameters(), expected_net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("clip_norm", [0.0, 0.5, 1e9])
def test_clipping_equals_torch(clip_norm, dtype):
    config = OptimizerConfig("sgd", lr=0.1, clip_norm=clip_norm)
    tested_net, expected_net = make_net().to(dtype), make_net().to(dtype)
    optimizer = make_optimizer(config, list(tested_net.parameters()))
    plain = torch.optim.SGD(expected_net.parameters(), lr=0.1)
    for x in torch.randn(20, 6, 3, dtype=dtype):
        for net in (tested_net, expected_net):
            net.zero_grad()
            net(x).square().sum().backward()
        norm, factor = clip_gradients(config, list(tested_net.parameters()))
        scaled_step(optimizer, factor)
        expected = nn.utils.clip_grad_norm_(expected_net.parameters(), clip_norm or torch.inf)
        plain.step()
        assert norm == pytest.approx(float(expected), rel=1e-5)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    for a, b in zip(tested_net.parameters(), expected_net.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=20),
    st.sampled_from([0.0, 0.01, 100.0]),
    st.sampled_from(["sgd", "nt-asgd"]),
)
def test_sparse_update_equals_the_dense_one(tokens, clip_norm, kind):
    config = OptimizerConfig(kind, lr=0.5, clip_norm=clip_norm)
    tables, norms = [], []
    for sparse in (True, False):
        generator = torch.Generator().manual_seed(2)
        table = nn.Parameter(torch.randn(7, 3, dtype=torch.float64, generator=generator))
        initial = table.detach().clone()
        embedded = nn.functional.embedding(torch.tensor(tokens), table, sparse=sparse)
        (embedded * torch.randn(embedded.shape, dtype=torch.float64, generator=generator)).sum().backward()
        assert table.grad.is_sparse == sparse
        norm, factor = clip_gradients(config, [table])
        scaled_step(make_optimizer(config, [table]), factor)
        unused = [row for row in range(7) if row not in tokens]
        assert torch.equal(table.detach()[unused], initial[unused])
        tables.append(table)
        norms.append(norm)
    torch.testing.assert_close(tables[0], tables[1], rtol=1e-12, atol=1e-14)
    assert norms[0] == pytest.approx(norms[1], rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": 0.0}, "lr=0.0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"optimizer": "adam", "momentum": 0.9}, "momentum is not an option of optimizer='adam'"),
        ({"optimizer": "sgd", "weight_decay": 0.1}, "weight_decay is an option of adamw.*use l2"),
        ({"clip_norm": -1.0}, "clip_norm=-1.0: must be at least 0"),
        ({"decay": 0.0}, "decay=0.0"),
        ({"average_after": 0}, "average_after=0: must be at least 1"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        OptimizerConfig(**options)


# -- nt-asgd ---------------------------------------------------------------------------------------


def averaging_start(scores, n):
    """Index of the validation that starts averaging, or None."""
    average = TriggeredAverage([nn.Parameter(torch.zeros(1))], n)
    started = [average.record_validation(score) for score in scores]
    assert sum(started) <= 1
    assert average.active == any(started)
    return started.index(True) if any(started) else None


def reference_start(scores, n):
    """The rule of the AWD-LSTM code: worse than the best score, leaving out the n scores before this one."""
    for t, score in enumerate(scores):
        before = scores[:t]
        if len(before) > n and score > min(before[:-n]):
            return t
    return None


@given(st.lists(st.integers(0, 6).map(float), max_size=12), st.integers(1, 5))
def test_averaging_starts_as_in_awd_lstm(scores, n):
    assert averaging_start(scores, n) == reference_start(scores, n)


def test_averaging_start_by_hand():
    # With n = 2 the score at t is compared with the best of those up to t − 3.
    assert averaging_start([5, 4, 3, 3.5, 3.6, 3.7], 2) == 5
    assert averaging_start([5, 4, 3, 2, 1, 0], 2) is None
    assert averaging_start([1, 2], 5) is None


def test_the_mean_covers_all_weights_since_the_trigger():
    rng = random.Random(0)
    weights = nn.Parameter(torch.zeros(2, 3, dtype=torch.float64))
    bias = nn.Parameter(torch.zeros(3, dtype=torch.float64))
    average = TriggeredAverage([weights, bias], 1)
    snapshots: list[list[torch.Tensor]] = []

    def move():
        with torch.no_grad():
            weights.copy_(torch.tensor([[rng.gauss(0, 1) for _ in range(3)] for _ in range(2)]))
            bias.copy_(torch.tensor([rng.gauss(0, 1) for _ in range(3)]))
        average.update()
        snapshots.append([weights.detach().clone(), bias.detach().clone()])

    move()
    assert not average.active
    for score in (1.0, 1.0, 2.0):
        move()
        average.record_validation(score)
    assert average.active
    first_averaged = len(snapshots) - 1  # the weights at the trigger are the first of the mean
    for _ in range(7):
        move()
    for position, mean in enumerate(average.mean):
        expected = torch.stack([s[position] for s in snapshots[first_averaged:]]).mean(0)
        torch.testing.assert_close(mean, expected)
    assert average.count == 8


def test_swapping_twice_changes_nothing():
    p = nn.Parameter(torch.tensor([1.0, 2.0]))
    average = TriggeredAverage([p], 1)
    average.swap()
    assert p.tolist() == [1.0, 2.0]
    for score in (0.0, 0.0, 1.0):
        average.record_validation(score)
    with torch.no_grad():
        p.copy_(torch.tensor([3.0, 6.0]))
    average.update()
    average.swap()
    assert p.tolist() == [2.0, 4.0]
    average.swap()
    assert p.tolist() == [3.0, 6.0]
    assert average.mean[0].tolist() == [2.0, 4.0]


# -- the moving average ------------------------------------------------------------------------------


def test_moving_average_follows_its_documented_recursion():
    w = torch.nn.Parameter(torch.zeros(3))
    average, expected = MovingAverage([w], 0.6), None
    for n in range(12):
        with torch.no_grad():
            w.copy_(torch.randn(3))
        average.update()
        d = min(0.6, (1 + n) / (10 + n))
        expected = w.detach().clone() if expected is None else d * expected + (1 - d) * w.detach()
        torch.testing.assert_close(average.mean[0], expected)
    saved = w.detach().clone()
    average.swap()
    torch.testing.assert_close(w.detach(), expected)
    average.swap()
    torch.testing.assert_close(w.detach(), saved)


def test_two_averages_are_refused():
    with pytest.raises(ConfigError, match="has its own average"):
        OptimizerConfig(optimizer="nt-asgd", moving_average=0.9)
    with pytest.raises(ConfigError, match=r"moving_average=1\.0: must lie in"):
        OptimizerConfig(moving_average=1.0)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"9.exp_avg": torch.zeros(2, 3)}, "fits no parameter"),
        ({"x.exp_avg": torch.zeros(2, 3)}, "not a whole number"),
        ({"0.exp_avg": torch.zeros(3, 3)}, "fits no parameter"),
        ({"0.exp_avg": torch.zeros(())}, "fits no parameter"),
        ({"0.step": torch.zeros(()), "0.exp_avg": torch.zeros(2, 3)}, "exp_avg_sq of parameter 0 is missing"),
    ],
)
def test_state_of_another_model_is_refused(tensors, message):
    optimizer = make_optimizer(OptimizerConfig("adam"), [nn.Parameter(torch.zeros(2, 3))])
    with pytest.raises(ValueError, match=message):
        restore_optimizer(optimizer, tensors)


def test_automatic_optimizer_follows_the_options() -> None:
    assert OptimizerConfig().method == "adam"
    assert OptimizerConfig(momentum=0.9).method == "sgd"
    assert OptimizerConfig(weight_decay=0.1).method == "adamw"
    assert OptimizerConfig(optimizer="rmsprop", momentum=0.9).method == "rmsprop"
    with pytest.raises(ConfigError, match="momentum is not an option of optimizer='adamw'"):
        OptimizerConfig(momentum=0.9, weight_decay=0.1)
