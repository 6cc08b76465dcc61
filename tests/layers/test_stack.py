"""Stacks: residual connections, states carried over calls, traces, the forms of the input."""

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
    """Return each layer of a stack as a layer of its own."""
    layers = []
    for i in range(stack.num_layers):
        size = stack.input_size if i == 0 else stack.num_directions * stack.output_size
        layer = make_layer(
            case, input_size=size, hidden_size=stack.hidden_size, bidirectional=stack.bidirectional, **options
        )
        own = {name.replace(f"_l{i}", "_l0"): p for name, p in stack.state_dict().items() if f"_l{i}" in name}
        layer.load_state_dict(own, strict=True)
        layers.append(layer)
    return layers


@pytest.mark.parametrize("lengths", [None, [3, 5, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_a_stack_is_its_layers_one_on_another(
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
        mine = tuple(s[i * directions : (i + 1) * directions] for s in states)
        out, last = layer(x, as_hidden(mine), lengths=lengths)
        finals.append(as_tuple(last))
        x = out + x if residual and i else out
    assert_all_close([y], [x])
    for ours, parts in zip(as_tuple(final), zip(*finals, strict=True), strict=True):
        assert_all_close([ours], [torch.cat(parts)])
    assert stack.explain().paths == [backend] * 3


@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_a_state_carried_over_calls_is_running_on(backend: str, case: Case) -> None:
    layer = make_layer(case, num_layers=2, backend=backend)
    x = uniform(7, 3, 2, seed=1)
    whole, whole_final = layer(x, as_hidden(layer_state(layer, 3)))
    for first in (1, 4):
        one, state = layer(x[:first], as_hidden(layer_state(layer, 3)))
        two, final = layer(x[first:], state)
        assert_all_close([torch.cat([one, two])], [whole])
        assert_all_close(as_tuple(final), as_tuple(whole_final))


@pytest.mark.parametrize("unbatched", [False, True])
@pytest.mark.parametrize("skip", [2, 3])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_with_skip_the_state_holds_the_last_outputs_and_is_carried(
    case: Case, skip: int, unbatched: bool
) -> None:
    layer = make_layer(case, num_layers=2, skip=skip)
    x = uniform(6, 1, 2, seed=1)
    x = x[:, 0] if unbatched else x
    whole, whole_final = layer(x)
    pieces, state = [], None
    for begin, end in ((0, 1), (1, 2), (2, 6)):
        piece, state = layer(x[begin:end], state)
        pieces.append(piece)
    assert_all_close([torch.cat(pieces)], [whole])
    assert_all_close(as_tuple(state), whole_final)
    assert_all_close([whole_final[-1][1]], [whole[-skip:]])
    assert len(whole_final) == len(case.cell.state_names) + 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_without_a_past_the_steps_before_are_zero_but_for_the_initial_h(case: Case) -> None:
    layer = make_layer(case, skip=3)
    h, *c = layer_state(layer, 2)
    past = torch.stack([torch.zeros_like(h), torch.zeros_like(h), h], dim=1)
    x = uniform(4, 2, 2, seed=1)
    implied, _ = layer(x, as_hidden((h, *c)))
    assert_all_close([implied], [layer(x, (h, *c, past))[0]])
    past[0, 0] = 1.0
    assert not torch.allclose(implied, layer(x, (h, *c, past))[0])


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths", [None, [3, 5, 1]], ids=["full", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_trace_is_forward_and_shows_every_layer(
    case: Case, lengths: list[int] | None, bidirectional: bool
) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=bidirectional)
    x = uniform(5, 3, 2, seed=1)
    hidden = as_hidden(layer_state(layer, 3))
    y, final = layer(x, hidden, lengths=lengths)
    ran = layer.explain().paths
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
    assert ran == [default_path(case)] * 2


def test_trace_says_why_it_ran_on_the_reference() -> None:
    layer = make_layer(case_named("lstm"))
    layer.trace(uniform(2, 1, 2, seed=0))
    assert str(layer.explain()).startswith("l0: reference (")
    assert str(layer.explain()).endswith("; torch's loop does not expose its inner states (trace))")
    with pytest.raises(ur.errors.BackendError, match=r"'aten'.*trace.*use backend='auto' or 'reference'"):
        make_layer(case_named("lstm"), backend="aten").trace(uniform(2, 1, 2, seed=0))


@pytest.mark.parametrize("form", ["batch_first", "unbatched", "packed"])
@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_every_form_of_the_input_is_the_same_computation(backend: str, case: Case, form: str) -> None:
    options = {"num_layers": 2, "bidirectional": True, "backend": backend}
    layer = make_layer(case, batch_first=form == "batch_first", **options)
    plain = make_layer(case, **options)
    x = uniform(5, 3, 2, seed=1)
    states = layer_state(layer, 3)
    if form == "batch_first":
        y, final = layer(x.transpose(0, 1), as_hidden(states))
        y, lengths, rows = y.transpose(0, 1), None, slice(None)
    elif form == "unbatched":
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
def test_no_state_is_a_state_of_zeros(backend: str, case: Case) -> None:
    layer = make_layer(case, num_layers=2, backend=backend)
    x = uniform(4, 3, 2, seed=1)
    zeros = tuple(torch.zeros_like(s) for s in layer_state(layer, 3))
    (y, final), (expected, expected_final) = layer(x), layer(x, as_hidden(zeros))
    assert_all_close([y, *as_tuple(final)], [expected, *as_tuple(expected_final)])


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_caller_s_tensors_are_never_written_to(backend: str) -> None:
    skip = 2 if backend == "reference" else 0
    layer = make_layer(case_named("lstm"), num_layers=2, skip=skip, residual=True, backend=backend)
    x, states = uniform(4, 3, 2, seed=1), layer_state(layer, 3, past=bool(skip))
    copies = [t.clone() for t in (x, *states)]
    layer(x.requires_grad_(), states, lengths=[4, 2, 1])[0].sum().backward()
    assert all(torch.equal(a, b) for a, b in zip((x, *states), copies, strict=True))
