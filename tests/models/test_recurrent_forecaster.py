"""Forecasting networks, checked against plain loops, and the gradients of every weight."""

import pytest
import torch
from torch.autograd import gradcheck
from torch.func import functional_call

from unrolled.models import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecast_outputs import GaussianOutput, PointOutput, QuantileOutput
from unrolled.models.forecaster import DirectForecaster, RecursiveForecaster
from unrolled.models.music import RecurrentMusicModel
from unrolled.models.summary import summarise

NETWORK = (CellConfig(), StackConfig(hidden=5), DropoutConfig())


def make_recursive(known=2, output=None):
    return RecursiveForecaster(known, output or PointOutput(), *NETWORK).double()


def make_direct(past=1, known=2, horizon=3, output=None):
    return DirectForecaster(past, known, horizon, output or PointOutput(), *NETWORK).double()


def random_numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_roll_out_feeds_back_its_own_forecasts():
    model, x, known = make_recursive(), random_numbers(6, 2, 3), random_numbers(4, 2, 2, seed=1)
    y, state = model(x)
    z = model.roll_out(y[-1], state, known, draw=False)
    extended_input = x
    for k in range(4):
        y, _ = model(extended_input)
        torch.testing.assert_close(z[:, k], y[-1, :, 0])
        if k < 3:
            extended_input = torch.cat([extended_input, torch.cat([y[-1], known[k + 1]], -1)[None]])


def test_drawn_paths_differ_and_follow_the_seed():
    model = make_recursive(output=GaussianOutput())
    y, state = model(random_numbers(6, 3, 3))

    def draw(seed):
        torch.manual_seed(seed)
        return model.roll_out(y[-1], state, random_numbers(5, 3, 2), draw=True)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_direct_forecasts_depend_only_on_the_last_state():
    model = make_direct(output=QuantileOutput((0.1, 0.9)))
    x, known = random_numbers(6, 2, 4), random_numbers(6 + 2, 2, 2, seed=1)
    y, _ = model(x, known)
    assert y.shape == (6, 2, 3, 2)
    h, _ = model.read(x)
    for t in range(6):
        torch.testing.assert_close(y[t], model.forecast_horizon(h[t], known[t : t + 3]))


def test_step_k_of_a_direct_forecast_reads_only_covariates_of_step_k():
    model, x, known = make_direct(), random_numbers(6, 1, 4), random_numbers(8, 1, 2, seed=1)
    y, _ = model(x, known)
    known[4] += 1.0  # covariates of step 6 (steps count from 1; known starts at the second)
    changed = (model(x, known)[0] != y)[..., 0, :, 0]
    assert changed.nonzero().tolist() == [[2, 2], [3, 1], [4, 0]]


def test_forecasters_without_covariates():
    assert make_direct(past=0, known=0)(random_numbers(4, 2, 1), torch.empty(6, 2, 0))[0].shape == (
        4,
        2,
        3,
        1,
    )
    assert make_recursive(known=0)(random_numbers(4, 2, 1))[0].shape == (4, 2, 1)


def as_function_of_weights(model, run):
    """Return the model's output as a function of its weights, and the weights."""
    names, weights = zip(*model.named_parameters(), strict=True)

    def function(*values):
        return run(lambda *a: functional_call(model, dict(zip(names, values, strict=True)), a))

    return function, tuple(w.detach().clone().requires_grad_() for w in weights)


@pytest.mark.parametrize("kind", ["recursive", "direct", "piano"])
def test_gradients_of_every_weight(kind):
    torch.manual_seed(3)
    if kind == "recursive":
        model = make_recursive(output=GaussianOutput())
        x, target = random_numbers(4, 2, 3), random_numbers(4, 2, seed=1)
        function, weights = as_function_of_weights(model, lambda call: model.output.loss(call(x)[0], target))
    elif kind == "direct":
        model = make_direct(output=QuantileOutput((0.2, 0.7)))
        x, known, target = (
            random_numbers(4, 2, 4),
            random_numbers(6, 2, 2, seed=2),
            random_numbers(4, 2, 3, seed=1),
        )
        function, weights = as_function_of_weights(
            model, lambda call: model.output.loss(call(x, known)[0], target)
        )
    else:
        model = RecurrentMusicModel(3, *NETWORK).double()
        x = (random_numbers(4, 2, 3) > 0).double()
        function, weights = as_function_of_weights(model, lambda call: call(x)[0])
    assert gradcheck(function, weights)


def test_summaries_list_the_parts_from_output_to_input():
    assert "known_(t+k)" in summarise(make_direct())
    assert "x_t = (z_(t-1), known_t)" in summarise(make_recursive())
    assert "88 keys of step t + 1" in summarise(RecurrentMusicModel(88, *NETWORK))


def test_nats_of_a_piano_roll_are_summed_over_keys_and_end_with_a_row():
    model = RecurrentMusicModel(4, *NETWORK).double()
    x, target = ((random_numbers(5, 2, 4, seed=s) > 0).double() for s in (0, 1))
    nats = model.nats(x, target, torch.tensor([5, 3]))
    assert nats[3:, 1].tolist() == [0, 0]
    p = torch.sigmoid(model(x[:3, 1:])[0])
    by_hand = -torch.log(torch.where(target[:3, 1:] > 0, p, 1 - p)).sum(-1)
    torch.testing.assert_close(nats[:3, 1:], by_hand)
