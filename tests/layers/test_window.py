"""Windows over time, checked against loops and convolutions, with the interface of recurrent layers."""

import itertools
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import grad, gradcheck

from numerics import assert_all_close, scatter_parameters, uniform, weighted_sum
from property_settings import examples
from unrolled.errors import BackendError, ConfigError, ShapeError
from unrolled.layers import Window

SIGMA = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
SHAPES = [(4,), (3, 1), (2, 3), (1, 2, 1), (1,)]
"""Windows of the layers: feed-forward, time-delay, mixed, and a window of one step."""


def make_window(windows: tuple[int, ...], **options: Any) -> Window:
    layer = Window(2, 3, windows, **options).double()
    scatter_parameters(list(layer.parameters()), 0)
    return layer


def make_inputs(steps: int = 6, rows: int = 3) -> Tensor:
    return uniform(steps, rows, 2, seed=1)


def run_by_loop(layer: Window, x: Tensor) -> Tensor:
    """Return the output for one row (T, I), with every sum of the equation written out."""
    h = list(x)
    for number, n in enumerate(layer.windows):
        layer_below, h = h, []
        for t in range(len(x)):
            pasts = [torch.zeros_like(layer_below[0]) if t < k else layer_below[t - k] for k in range(n)]
            sides = []
            for suffix in ("", "_reverse") if layer.bidirectional else ("",):
                if suffix:
                    pasts = [
                        torch.zeros_like(layer_below[0]) if t + k >= len(x) else layer_below[t + k]
                        for k in range(n)
                    ]
                blocks = layer.get_parameter(f"weight_l{number}{suffix}").split(len(layer_below[0]), 1)
                bias = layer.get_parameter(f"bias_l{number}{suffix}")
                total = bias + sum((W @ past for W, past in zip(blocks, pasts, strict=True)), bias * 0)
                sides.append(SIGMA[layer.nonlinearity](total))
            h.append(torch.cat(sides) + (layer_below[t] if layer.residual and number else 0))
    return torch.stack(h)


@pytest.mark.parametrize("windows", SHAPES)
@pytest.mark.parametrize("nonlinearity", SIGMA)
@pytest.mark.parametrize("options", [{}, {"bidirectional": True}, {"residual": True}])
def test_every_step_follows_its_equation(windows: tuple, nonlinearity: Any, options: dict) -> None:
    layer = make_window(windows, nonlinearity=nonlinearity, **options)
    x = make_inputs().requires_grad_()
    y, _ = layer(x)
    expected = torch.stack([run_by_loop(layer, x[:, b]) for b in range(3)], 1)
    assert y.shape == (6, 3, layer.num_directions * layer.output_size)
    assert_all_close([y], [expected])
    leaves = [x, *layer.parameters()]
    assert_all_close(grad(weighted_sum([y]), leaves), grad(weighted_sum([expected]), leaves))


@pytest.mark.parametrize("windows", [(3, 3), (5, 1), (2, 4, 3)])
def test_a_layer_equals_a_causal_convolution(windows: tuple) -> None:
    layer, x = make_window(windows), make_inputs(9)
    h = x.permute(1, 2, 0)  # (B, I, T)
    for number, n in enumerate(windows):
        blocks = layer.get_parameter(f"weight_l{number}").view(3, n, -1)
        conv = torch.nn.Conv1d(h.shape[1], 3, n).double()
        with torch.no_grad():
            conv.weight.copy_(blocks.flip(1).transpose(1, 2))
            conv.bias.copy_(layer.get_parameter(f"bias_l{number}"))
        h = torch.tanh(conv(F.pad(h, (n - 1, 0))))
    assert_all_close([layer(x)[0]], [h.permute(2, 0, 1)])


@pytest.mark.parametrize("options", [{}, {"bidirectional": True}])
def test_gradients_of_first_and_second_order(options: dict) -> None:
    layer, x = make_window((3, 2), **options), make_inputs(4, 2).requires_grad_()
    _, final = layer(x)
    before = tuple(uniform(*s.shape, seed=5 + i).requires_grad_() for i, s in enumerate(final))
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Tensor, *other_leaves: Tensor) -> tuple[Tensor, ...]:
        parameters = dict(zip(names, other_leaves[len(before) :], strict=True))
        call = (x, other_leaves[: len(before)])
        y, single_final = torch.func.functional_call(layer, parameters, call, {"lengths": [4, 2]})
        return (y, *single_final)

    leaves = (x, *before, *layer.parameters())
    assert gradcheck(run, leaves)
    assert torch.autograd.gradgradcheck(run, leaves)


@pytest.mark.parametrize("windows", SHAPES)
def test_the_context_grows_with_depth_and_is_causal(windows: tuple) -> None:
    x = make_inputs(9, 1).requires_grad_()
    y, _ = make_window(windows)(x)
    has_gradient = grad(y[7].sum(), x)[0].abs().sum((1, 2)) > 0
    context_steps = sum(n - 1 for n in windows)
    assert has_gradient.tolist() == [7 - context_steps <= t <= 7 for t in range(9)]


@pytest.mark.parametrize("windows", SHAPES)
@examples(12)
@given(data=st.data())
def test_carrying_the_state_equals_one_pass(windows: tuple, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 9))
    cuts = sorted(data.draw(st.sets(st.integers(1, steps), max_size=steps)))
    layer, x = make_window(windows), make_inputs(steps).requires_grad_()
    full_y, final = layer(x)
    state: tuple[Tensor, ...] | None = None
    outputs = []
    for begin, end in itertools.pairwise([0, *cuts, *([steps] if steps not in cuts else [])]):
        y, state = layer(x[begin:end], state)
        outputs.append(y)
    assert_all_close([torch.cat(outputs), *(state or ())], [full_y, *final])
    assert [tuple(s.shape) for s in final] == [
        (n - 1, 3, layer.input_size if number == 0 else 3) for number, n in enumerate(windows) if n > 1
    ]
    full_results = [full_y, *final]
    stepwise_results = [torch.cat(outputs), *(state or ())]
    leaves = [x, *layer.parameters()]
    assert_all_close(grad(weighted_sum(stepwise_results), leaves), grad(weighted_sum(full_results), leaves))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("windows", SHAPES)
@examples(12)
@given(data=st.data())
def test_ragged_rows_equal_single_rows(windows: tuple, bidirectional: bool, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    layer, x = make_window(windows, bidirectional=bidirectional), make_inputs(6, len(lengths))
    _, state_shapes = layer(x)
    before = tuple(uniform(*s.shape, seed=5 + i) for i, s in enumerate(state_shapes))
    for b, length in enumerate(lengths):
        x[length:, b] = torch.nan  # padding
    y, final = layer(x, before, lengths=lengths)
    for b, length in enumerate(lengths):
        rows = slice(b, b + 1)
        single_y, single_final = layer(x[:length, rows], tuple(s[..., rows, :] for s in before))
        padded = F.pad(single_y, (0, 0, 0, 0, 0, 6 - length))
        assert_all_close([y[:, rows], *(s[..., rows, :] for s in final)], [padded, *single_final])
    gradients = grad(weighted_sum([y, *final]), list(layer.parameters()), materialize_grads=True)
    assert all(g.isfinite().all() for g in gradients)


@pytest.mark.parametrize("windows", SHAPES)
@examples(20)
@given(data=st.data())
def test_resets_equal_separate_runs(windows: tuple, data: st.DataObject) -> None:
    steps, rows = data.draw(st.integers(2, 8)), 2
    flags = st.lists(st.booleans(), min_size=rows, max_size=rows)
    reset_mask = torch.tensor(data.draw(st.lists(flags, min_size=steps, max_size=steps)))
    split_step = data.draw(st.integers(1, steps - 1))
    layer, x = make_window(windows), make_inputs(steps, rows)
    before = layer(uniform(5, rows, 2, seed=9))[1]
    first, state = layer(x[:split_step], before, reset_mask=reset_mask[:split_step])
    second, final = layer(x[split_step:], state, reset_mask=reset_mask[split_step:])
    y = torch.cat([first, second])
    for b in range(rows):
        row = slice(b, b + 1)
        starts = [0, *(t for t in reset_mask[:, b].nonzero().flatten().tolist() if t > 0), steps]
        piece_state: Any = None if reset_mask[0, b] else tuple(s[..., row, :] for s in before)
        for begin, end in itertools.pairwise(starts):
            single_y, piece_state = layer(x[begin:end, row], piece_state if begin == 0 else None)
            assert_all_close([y[begin:end, row]], [single_y])
        assert_all_close([s[..., row, :] for s in final], piece_state)


def test_a_reset_removes_nonfinite_states() -> None:
    layer, x = make_window((3, 2)), make_inputs(4)
    damaged = tuple(torch.full_like(s, torch.nan) for s in layer(x)[1])
    reset_mask = torch.zeros(4, 3, dtype=torch.bool)
    reset_mask[0] = True
    y, final = layer(x, damaged, reset_mask=reset_mask)
    assert_all_close([y, *final], [layer(x)[0], *layer(x)[1]])


def test_rows_of_a_state_can_be_selected() -> None:
    layer, x = make_window((3, 1, 2)), make_inputs(5, 4)
    _, state = layer(x[:3])
    rows = torch.tensor([2, 0, 0])
    y, _ = layer(x[3:, rows], tuple(s.index_select(-2, rows) for s in state))
    assert_all_close([y], [layer(x)[0][3:, rows]])


@pytest.mark.parametrize("windows", [(1,), (1, 1)])
def test_windows_of_one_step_have_no_state(windows: tuple) -> None:
    layer, x = make_window(windows), make_inputs()
    y, final = layer(x)
    assert final == ()
    assert_all_close([layer(x, ())[0]], [y])


def test_dropout_applies_between_layers_in_training() -> None:
    layer, x = Window(2, 400, (2, 1), "relu", dropout=0.5), torch.rand(3, 1, 2)
    with torch.no_grad():
        layer.weight_l0.fill_(1.0)
        layer.weight_l1.copy_(torch.eye(400))
        layer.bias_l0.fill_(1.0)
        layer.bias_l1.zero_()
    dropped_fraction = (layer(x)[0] == 0).float().mean()
    assert 0.4 < dropped_fraction < 0.6
    assert (layer.eval()(x)[0] > 0).all()
    locked = Window(2, 400, (1, 1), "relu", locked=0.5)
    locked.load_state_dict(layer.state_dict() | {"weight_l0": layer.weight_l0[:, :2]})
    is_zero = locked(x)[0] == 0
    assert 0.4 < is_zero.float().mean() < 0.6
    assert (is_zero == is_zero[:1]).all()


def test_weights_are_initialised_as_in_a_linear_layer() -> None:
    layer = Window(10, 50, (4, 3))
    for name, fan_in in (("l0", 40), ("l1", 150)):
        for kind in ("weight", "bias"):
            p = layer.get_parameter(f"{kind}_{name}")
            assert 0.8 / fan_in**0.5 < p.abs().max() <= 1 / fan_in**0.5
    assert layer.weight_l0.shape == (50, 40)


def test_the_state_does_not_keep_the_sequence_in_memory() -> None:
    _, (state,) = Window(2, 3, (4,))(torch.rand(1000, 1, 2))
    assert state.untyped_storage().nbytes() == state.numel() * 4


def test_repr_and_explain() -> None:
    layer = Window(2, 3, (4, 1), "relu", residual=True)
    assert str(layer) == "Window(2, 3, windows=(4, 1), nonlinearity=relu, residual=True)"
    assert layer.explain().paths == ["aten", "aten"]
    assert "l0: aten (each window of 4 steps" in str(layer.explain())
    assert (layer.num_layers, layer.num_directions, layer.output_size) == (2, 1, 3)
    assert layer.dtype == torch.float32


def test_only_full_precision_is_accepted() -> None:
    layer = Window(2, 3, (4,))
    for precision in ("full", "auto"):
        layer.precision = precision
        assert layer.precision == precision
    with pytest.raises(ConfigError, match=r"precision='bfloat16' .* compute in float32"):
        layer.precision = "bfloat16"
    with pytest.raises(BackendError, match="precision='half' is not one of"):
        layer.precision = "half"


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((2, 3, ()), {}, "num_layers must be greater than zero"),
        ((0, 3, (2,)), {}, "input_size must be greater than zero"),
        ((2, 3, (2, 0)), {}, r"windows=\(2, 0\): each must be a positive number of steps"),
        ((2, 3, (2,), "sine"), {}, "nonlinearity='sine' is not one of tanh, relu, sigmoid"),
        ((2, 3, (2, 2)), {"dropout": 1.5}, "dropout must be a number"),
        ((2, 3, (2, 2)), {"locked": 1.0}, "locked=1.0"),
    ],
)
def test_invalid_options_are_refused(arguments: tuple, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Window(*arguments, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"input": torch.rand(4, 2)}, r"input must be \(time, batch, 2\), got \(4, 2\)"),
        ({"input": torch.rand(4, 3, 5)}, "input_size is 2"),
        ({"input": torch.rand(0, 3, 2)}, "no time steps"),
        ({"input": torch.rand(4, 3, 2).double()}, "convert one of them"),
        ({"lengths": [4, 5, 1]}, "lengths must lie in 1..4"),
        ({"lengths": [4, 4]}, "one length per row"),
        ({"state": (torch.rand(2, 3, 2),)}, r"must have shapes \[\(2, 3, 2\), \(1, 3, 5\)\], got"),
        ({"state": torch.rand(2, 3, 2)}, "must have shapes"),
        ({"state": (torch.rand(2, 3, 2).double(), torch.rand(1, 3, 5))}, "the state is torch.float64"),
        ({"reset_mask": torch.zeros(4, 3)}, "reset_mask must be bool"),
        ({"reset_mask": torch.zeros(3, 4, dtype=torch.bool)}, "reset_mask must be bool"),
        ({"reset_mask": torch.zeros(4, 3, dtype=torch.bool), "lengths": [4, 4, 4]}, "reset_mask= needs"),
    ],
)
def test_mismatched_inputs_are_refused(call: dict, message: str) -> None:
    layer = Window(2, 5, (3, 2))
    with pytest.raises(ShapeError, match=message):
        layer(**{"input": torch.rand(4, 3, 2)} | call)


def test_bidirectional_windows_refuse_resets() -> None:
    with pytest.raises(ShapeError, match="reset_mask= needs one direction"):
        Window(2, 3, (2,), bidirectional=True)(
            torch.rand(4, 3, 2), reset_mask=torch.zeros(4, 3, dtype=torch.bool)
        )
