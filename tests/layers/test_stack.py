"""Stacks of layers: residual connections, carried states, traces and input forms."""

from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

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
    default_path,
    layer_state,
    make_layer,
    uniform,
)
from unrolled.layers import Recurrent


def single_layers(stack: Recurrent, case: Case, **options: Any) -> list[Recurrent]:
    """Return each layer of a stack as a separate layer."""
    layers = []
    for i in range(stack.num_layers):
        size = stack.input_size if i == 0 else stack.num_directions * stack.output_size
        layer = make_layer(
            case, input_size=size, hidden_size=stack.hidden_size, bidirectional=stack.bidirectional, **options
        )
        layer_state_dict = {
            name.replace(f"_l{i}", "_l0"): p for name, p in stack.state_dict().items() if f"_l{i}" in name
        }
        layer.load_state_dict(layer_state_dict, strict=True)
        layers.append(layer)
    return layers


@pytest.mark.thin(13)
@pytest.mark.parametrize("lengths", [None, [3, 5, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_a_stack_equals_its_layers_in_sequence(
    backend: str, case: Case, residual: bool, bidirectional: bool, lengths: list[int] | None
) -> None:
    stack = make_layer(
        case, num_layers=3, residual=residual, bidirectional=bidirectional, backend=backend, seed=3
    )
    x = uniform(5, 3, 2, seed=1)
    states = layer_state(stack, 3)
    y, final = stack(x, as_hidden(states), lengths=lengths)
    directions = stack.num_directions
    finals = []
    for i, layer in enumerate(single_layers(stack, case, backend=backend)):
        own_states = tuple(s[i * directions : (i + 1) * directions] for s in states)
        out, last = layer(x, as_hidden(own_states), lengths=lengths)
        finals.append(as_tuple(last))
        x = out + x if residual and i else out
    assert_all_close([y], [x])
    for actual, parts in zip(as_tuple(final), zip(*finals, strict=True), strict=True):
        assert_all_close([actual], [torch.cat(parts)])
    assert stack.explain().paths == [backend] * 3


@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_carrying_the_state_equals_one_long_pass(backend: str, case: Case) -> None:
    layer = make_layer(case, num_layers=2, backend=backend)
    x = uniform(7, 3, 2, seed=1)
    full_y, full_final = layer(x, as_hidden(layer_state(layer, 3)))
    for first in (1, 4):
        first_y, state = layer(x[:first], as_hidden(layer_state(layer, 3)))
        second_y, final = layer(x[first:], state)
        assert_all_close([torch.cat([first_y, second_y])], [full_y])
        assert_all_close(as_tuple(final), as_tuple(full_final))


@pytest.mark.parametrize("unbatched", [False, True])
@pytest.mark.parametrize("skip", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_with_skip_the_state_includes_the_last_outputs(case: Case, skip: int, unbatched: bool) -> None:
    layer = make_layer(case, num_layers=2, skip=skip)
    x = uniform(6, 1, 2, seed=1)
    x = x[:, 0] if unbatched else x
    full_y, full_final = layer(x)
    outputs, state = [], None
    for begin, end in ((0, 1), (1, 2), (2, 6)):
        y_of_piece, state = layer(x[begin:end], state)
        outputs.append(y_of_piece)
    assert_all_close([torch.cat(outputs)], [full_y])
    assert_all_close(as_tuple(state), full_final)
    assert_all_close([full_final[-1][1]], [full_y[-skip:]])
    assert len(full_final) == len(case.cell.state_names) + 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_default_past_is_zero_except_for_the_initial_h(case: Case) -> None:
    layer = make_layer(case, skip=3)
    h, *c = layer_state(layer, 2)
    past = torch.stack([torch.zeros_like(h), torch.zeros_like(h), h], dim=1)
    x = uniform(4, 2, 2, seed=1)
    y_without_past, _ = layer(x, as_hidden((h, *c)))
    assert_all_close([y_without_past], [layer(x, (h, *c, past))[0]])
    past[0, 0] = 1.0
    assert not torch.allclose(y_without_past, layer(x, (h, *c, past))[0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, [3, 5, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_trace_equals_forward_and_has_every_layer(
    case: Case, lengths: list[int] | None, bidirectional: bool
) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=bidirectional)
    x = uniform(5, 3, 2, seed=1)
    hidden = as_hidden(layer_state(layer, 3))
    y, final = layer(x, hidden, lengths=lengths)
    paths_before = layer.explain().paths
    traced = layer.trace(x, hidden, lengths=lengths)
    assert_all_close([traced.output], [y])
    assert_all_close(as_tuple(traced.state), as_tuple(final))
    suffixes = ("", "_reverse") if bidirectional else ("",)
    assert list(traced.layers) == [f"l{i}{s}" for i in (0, 1) for s in suffixes]
    top = [traced.layers[f"l1{s}"]["h"] for s in suffixes]
    assert_all_close([torch.cat(top, dim=-1)], [y])
    rows = [(i, s) for i in (0, 1) for s in suffixes]
    for k, (i, suffix) in enumerate(rows):
        states = traced.layers[f"l{i}{suffix}"]
        for name, value in zip(case.cell.state_names, as_tuple(final), strict=True):
            for b in range(3):
                length = 5 if lengths is None else lengths[b]
                last = 0 if suffix else length - 1
                assert_all_close([states[name][last, b]], [value[k, b]])
                assert (states[name][length:, b] == 0).all()
    assert layer.explain().paths == ["reference", "reference"]
    assert paths_before == [default_path(case)] * 2


def test_the_explanation_of_trace_names_the_reason() -> None:
    layer = make_layer(case_named("lstm"))
    layer.trace(uniform(2, 1, 2, seed=0))
    assert str(layer.explain()).startswith("l0: reference (")
    assert str(layer.explain()).endswith("; torch's loop does not expose its inner states (trace))")
    with pytest.raises(ur.errors.BackendError, match=r"'aten'.*trace.*use backend='auto' or 'reference'"):
        make_layer(case_named("lstm"), backend="aten").trace(uniform(2, 1, 2, seed=0))


@pytest.mark.thin(13)
@pytest.mark.parametrize("input_form", ["batch_first", "unbatched", "packed"])
@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_every_input_form_gives_equal_results(backend: str, case: Case, input_form: str) -> None:
    options = {"num_layers": 2, "bidirectional": True, "backend": backend}
    layer = make_layer(case, batch_first=input_form == "batch_first", **options)
    plain = make_layer(case, **options)
    x = uniform(5, 3, 2, seed=1)
    states = layer_state(layer, 3)
    if input_form == "batch_first":
        y, final = layer(x.transpose(0, 1), as_hidden(states))
        y, lengths, rows = y.transpose(0, 1), None, slice(None)
    elif input_form == "unbatched":
        y, final = layer(x[:, 1], as_hidden(tuple(s[:, 1] for s in states)))
        y, final = y[:, None], as_hidden(tuple(s[:, None] for s in as_tuple(final)))
        lengths, rows = None, slice(1, 2)
    else:
        lengths, rows = [3, 5, 2], slice(None)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        y, final = layer(packed, as_hidden(states))
        y, _ = pad_packed_sequence(y)
    expected, expected_final = plain(
        x[:, rows], as_hidden(tuple(s[:, rows] for s in states)), lengths=lengths
    )
    assert_all_close([y], [expected])
    assert_all_close(as_tuple(final), as_tuple(expected_final))


@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_the_default_state_is_zero(backend: str, case: Case) -> None:
    layer = make_layer(case, num_layers=2, backend=backend)
    x = uniform(4, 3, 2, seed=1)
    zero_state = tuple(torch.zeros_like(s) for s in layer_state(layer, 3))
    (y, final), (expected, expected_final) = layer(x), layer(x, as_hidden(zero_state))
    assert_all_close([y, *as_tuple(final)], [expected, *as_tuple(expected_final)])


@pytest.mark.parametrize("backend", BACKENDS)
def test_tensors_of_the_caller_are_not_modified(backend: str) -> None:
    skip = 2 if backend == "reference" else 0
    layer = make_layer(case_named("lstm"), num_layers=2, skip=skip, residual=True, backend=backend)
    x, states = uniform(4, 3, 2, seed=1), layer_state(layer, 3, past=bool(skip))
    copies = [t.clone() for t in (x, *states)]
    layer(x.requires_grad_(), states, lengths=[4, 2, 1])[0].sum().backward()
    assert all(torch.equal(a, b) for a, b in zip((x, *states), copies, strict=True))
