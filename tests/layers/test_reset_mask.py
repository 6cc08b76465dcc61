"""Resets within a pass: a row with resets equals its pieces, each run from a zero state."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import grad
from torch.nn.utils.rnn import pack_padded_sequence

import unrolled as ur
from numerics import (
    BACKENDS,
    CASES,
    PATHS,
    Case,
    as_hidden,
    as_tuple,
    assert_all_close,
    case_named,
    layer_state,
    make_layer,
    uniform,
    weighted_sum,
)
from property_settings import examples
from unrolled.errors import ShapeError
from unrolled.layers import Recurrent

RUNS = [pytest.param(*p.values, 0, id=f"{p.id}-0", marks=p.marks) for p in PATHS]
RUNS += [pytest.param("reference", case, 2, id=f"reference-{case}-2") for case in CASES]


def run_in_pieces(
    layer: Recurrent, x: Tensor, reset_mask: Tensor, states: tuple[Tensor, ...]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return output and final state of one row (T, 1, I), calling the layer once for each piece."""
    starts = [0, *(int(t) for t in reset_mask.nonzero().flatten() if t > 0)]
    outputs: list[Tensor] = []
    for begin, end in zip(starts, [*starts[1:], len(x)], strict=True):
        y, final = layer(x[begin:end], None if reset_mask[begin] else as_hidden(states))
        states = as_tuple(final)
        outputs.append(y)
    return torch.cat(outputs), states


@pytest.mark.thin(3)
@pytest.mark.parametrize(("backend", "case", "skip"), RUNS)
@examples(8)
@given(data=st.data())
def test_resets_equal_separate_runs_of_the_pieces(
    backend: str, case: Case, skip: int, data: st.DataObject
) -> None:
    steps, batch = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    flags = st.lists(st.booleans(), min_size=batch, max_size=batch)
    reset_mask = torch.tensor(data.draw(st.lists(flags, min_size=steps, max_size=steps)))
    layer = make_layer(case, num_layers=2, skip=skip, backend=backend)
    x = uniform(steps, batch, 2, seed=1).requires_grad_()
    states = tuple(s.requires_grad_() for s in layer_state(layer, batch, past=bool(skip)))
    y, final = layer(x, as_hidden(states), reset_mask=reset_mask)
    actual, expected = [], []
    for b in range(batch):
        rows = slice(b, b + 1)
        row_y, row_final = run_in_pieces(
            layer, x[:, rows], reset_mask[:, b], tuple(s[..., rows, :] for s in states)
        )
        actual += [y[:, rows], *(s[..., rows, :] for s in as_tuple(final))]
        expected += [row_y, *row_final]
    assert_all_close(actual, expected)
    leaves = [x, *states, *layer.parameters()]
    assert_all_close(
        grad(weighted_sum(actual), leaves, materialize_grads=True),
        grad(weighted_sum(expected), leaves, materialize_grads=True),
    )
    assert layer.explain().paths == [backend] * 2


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", [case_named("lstm"), case_named("gru-after")], ids=str)
def test_a_reset_removes_nonfinite_states(case: Case, backend: str, value: float) -> None:
    layer = make_layer(case, backend=backend)
    x = uniform(3, 2, 2, seed=1)
    damaged = tuple(torch.full_like(s, value) for s in layer_state(layer, 2))
    reset_mask = torch.zeros(3, 2, dtype=torch.bool)
    reset_mask[0] = True
    assert_all_close([layer(x, as_hidden(damaged), reset_mask=reset_mask)[0]], [layer(x)[0]])


def test_resets_follow_the_axes_of_the_input() -> None:
    layer, batch_first_layer = (make_layer(case_named("lstm"), batch_first=b) for b in (False, True))
    x = uniform(4, 3, 2, seed=1)
    reset_mask = torch.zeros(4, 3, dtype=torch.bool)
    reset_mask[2, 1] = True
    y, final = layer(x, reset_mask=reset_mask)
    first_y, first_final = batch_first_layer(x.transpose(0, 1), reset_mask=reset_mask.t())
    assert_all_close([first_y.transpose(0, 1), *first_final], [y, *final])
    without_reset, _ = layer(x)
    changed = ~torch.isclose(y, without_reset).all(-1)
    assert changed.tolist() == [[False] * 3, [False] * 3, [False, True, False], [False, True, False]]


@pytest.mark.parametrize("backend", BACKENDS)
def test_weight_and_locked_dropout_have_one_mask_despite_resets(backend: str) -> None:
    drop = ur.RecurrentDrop(weight=0.5, locked=0.5)
    layer = ur.RNN(9, 9, 2, "relu", bias=False, drop=drop, backend=backend, dtype=torch.float64)
    with torch.no_grad():
        for name, p in layer.named_parameters():
            p.copy_(torch.eye(9) if "ih" in name else torch.ones(9, 9) / 8)
    x, reset_mask = torch.ones(6, 1, 9).double(), torch.zeros(6, 1, dtype=torch.bool)
    reset_mask[3] = True
    y, _ = layer(x, reset_mask=reset_mask)
    assert_all_close([y[3:]], [y[:3]])  # the same input from the same state through the same masks
    assert not torch.equal(layer(x, reset_mask=reset_mask)[0], y)


def test_mismatched_resets_are_refused() -> None:
    x, reset_mask = torch.zeros(4, 3, 2), torch.zeros(4, 3, dtype=torch.bool)
    with pytest.raises(ShapeError, match=r"\(4, 3\), one value for each .*, got torch\.bool \(3, 4\)"):
        ur.GRU(2, 5)(x, reset_mask=reset_mask.t())
    with pytest.raises(ShapeError, match="reset_mask= needs one direction"):
        ur.GRU(2, 5, bidirectional=True)(x, reset_mask=reset_mask)
    with pytest.raises(ShapeError, match="no lengths"):
        ur.GRU(2, 5)(x, reset_mask=reset_mask, lengths=[4, 3, 2])
    with pytest.raises(ShapeError, match="no lengths"):
        ur.GRU(2, 5)(pack_padded_sequence(x, [4, 3, 2]), reset_mask=reset_mask)
    with pytest.raises(ShapeError, match="a batch axis"):
        ur.GRU(2, 5)(x[:, 0], reset_mask=reset_mask[:, :1])


def test_a_trace_with_resets_is_complete() -> None:
    layer = ur.LSTM(3, 4, num_layers=2)
    x, reset_mask = uniform(6, 2, 3, seed=1, dtype=torch.float32), torch.zeros(6, 2, dtype=torch.bool)
    reset_mask[2, 0] = reset_mask[5, 1] = True
    traced = layer.trace(x, reset_mask=reset_mask)
    output, (_, c) = layer(x, reset_mask=reset_mask)
    torch.testing.assert_close(traced.output, output)
    torch.testing.assert_close(traced.layers["l1"]["h"], output)
    torch.testing.assert_close(traced.layers["l0"]["c"][-1], c[0])
    assert {v.shape for values in traced.layers.values() for v in values.values()} == {(6, 2, 4)}


def test_resets_must_be_bool_for_every_step_and_row() -> None:
    layer = ur.GRU(3, 4, batch_first=True)
    x = torch.zeros(2, 6, 3)
    for mask in (torch.zeros(6, dtype=torch.bool), torch.zeros(6, 2, dtype=torch.bool), torch.zeros(2, 6)):
        with pytest.raises(ShapeError, match=r"reset_mask must be bool of shape \(2, 6\), one value"):
            layer(x, reset_mask=mask)
