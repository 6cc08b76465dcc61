"""A ragged batch equals its rows, run separately."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import grad

from numerics import (
    BACKENDS,
    CASES,
    PATHS,
    Case,
    all_masks,
    as_hidden,
    as_tuple,
    assert_all_close,
    case_named,
    layer_state,
    make_layer,
    make_problem,
    uniform,
    weighted_sum,
)
from property_settings import examples
from unrolled.backends.ragged import check_lengths, live_steps, reverse_time
from unrolled.errors import ShapeError

LENGTHS = [2, 5, 1, 4]
STEPS = 6  # longer than any row


def fill_padding(x: Tensor, lengths: list[int], padding_value: float = 1e3) -> Tensor:
    """Return x with its padding overwritten."""
    x = x.detach().clone()
    for b, length in enumerate(lengths):
        x[length:, b] = padding_value
    return x.requires_grad_()


@pytest.mark.thin(13)
@pytest.mark.parametrize("masked", [False, True], ids=["plain", "masks"])
@pytest.mark.parametrize("skip", [0, 2, 3])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_loop_on_a_ragged_batch_equals_single_rows(
    case: Case, reverse: bool, skip: int, masked: bool
) -> None:
    problem = make_problem(case, steps=STEPS, batch=4, skip=skip, past=bool(skip))
    problem = problem.of([fill_padding(problem.x, LENGTHS), *problem.leaves[1:]])
    if masked:
        problem = all_masks(problem)
    ragged = problem.run(lengths=LENGTHS, reverse=reverse, trace=True)
    outputs, row_results = [], []
    for b, length in enumerate(LENGTHS):
        single = problem.row(b, length).run(reverse=reverse, trace=True)
        outputs += [ragged.y[:length, b], *(s[b] for s in ragged.state)]
        row_results += [single.y[:, 0], *(s[0] for s in single.state)]
        if skip:
            outputs.append(ragged.past[:, b])  # type: ignore[index]
            row_results.append(single.past[:, 0])  # type: ignore[index]
        assert (ragged.y[length:, b] == 0).all()
        for name, value in ragged.trace.items():
            assert_all_close([value[:length, b]], [single.trace[name][:, 0]])
            assert (value[length:, b] == 0).all(), name
    assert_all_close(outputs, row_results)
    leaves = problem.leaves
    assert_all_close(grad(weighted_sum(outputs), leaves), grad(weighted_sum(row_results), leaves), atol=1e-9)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_a_layer_on_a_ragged_batch_equals_single_rows(backend: str, case: Case, bidirectional: bool) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=bidirectional, backend=backend)
    x = fill_padding(uniform(STEPS, 4, 2, seed=1), LENGTHS)
    states = [s.requires_grad_() for s in layer_state(layer, 4)]
    y, final = layer(x, as_hidden(tuple(states)), lengths=LENGTHS)
    assert layer.explain().paths == [backend] * 2
    outputs, row_results = [], []
    for b, length in enumerate(LENGTHS):
        row = as_hidden(tuple(s[:, b : b + 1] for s in states))
        single_y, single_final = layer(x[:length, b : b + 1], row)
        outputs += [y[:length, b], *(s[:, b] for s in as_tuple(final))]
        row_results += [single_y[:, 0], *(s[:, 0] for s in as_tuple(single_final))]
        assert (y[length:, b] == 0).all()
    assert y.shape[0] == STEPS
    assert_all_close(outputs, row_results)
    leaves = [x, *states, *layer.parameters()]
    actual, expected = grad(weighted_sum(outputs), leaves), grad(weighted_sum(row_results), leaves)
    assert_all_close(actual, expected, atol=1e-9)
    assert (actual[0][3:, 0] == 0).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_stack_on_a_ragged_batch_equals_single_rows(case: Case) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=True, skip=2, residual=True)
    x = fill_padding(uniform(STEPS, 4, 2, seed=1), LENGTHS)
    states = layer_state(layer, 4, past=True)
    y, final = layer(x, states, lengths=LENGTHS)
    for b, length in enumerate(LENGTHS):
        h, *c, past = states
        row = (*(s[:, b : b + 1] for s in (h, *c)), past[:, :, b : b + 1])
        single_y, (*single_states, single_past) = layer(x[:length, b : b + 1], row)
        assert_all_close([y[:length, b]], [single_y[:, 0]])
        assert (y[length:, b] == 0).all()
        *final_states, final_past = final
        assert_all_close([s[:, b] for s in final_states], [s[:, 0] for s in single_states])
        assert_all_close([final_past[:, :, b]], [single_past[:, :, 0]])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", [case_named("lstm"), case_named("gru-after")], ids=str)
@examples(25)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=6), data=st.data())
def test_permuting_rows_permutes_results(
    case: Case, backend: str, lengths: list[int], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(lengths))))
    layer = make_layer(case, bidirectional=True, backend=backend)
    x = uniform(max(lengths), len(lengths), 2, seed=3)
    states = layer_state(layer, len(lengths))
    y, final = layer(x, as_hidden(states), lengths=lengths)
    permuted_y, permuted_final = layer(
        x[:, order],
        as_hidden(tuple(s[:, order] for s in states)),
        lengths=[lengths[b] for b in order],
    )
    assert_all_close([permuted_y], [y[:, order]])
    assert_all_close(as_tuple(permuted_final), [s[:, order] for s in as_tuple(final)])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_lengths_may_be_a_list_or_a_tensor_of_any_integer_type(batch_first: bool, backend: str) -> None:
    layer = make_layer(case_named("lstm"), batch_first=batch_first, backend=backend)
    x = uniform(3, 4, 2, seed=5)
    lengths = [2, 4, 1] if batch_first else [2, 3, 1, 3]
    expected, (h, c) = layer(x, lengths=lengths)
    length_types = [
        torch.tensor(lengths),
        torch.tensor(lengths, dtype=torch.int32),
        tuple(lengths),
    ]
    for lengths_argument in length_types:
        y, final = layer(x, lengths=lengths_argument)
        assert torch.equal(y, expected)
        assert torch.equal(final[0], h)
        assert torch.equal(final[1], c)
    after_the_end = expected[2, 1:] if batch_first else expected[1:, 2]
    assert (after_the_end == 0).all()
    before_the_end = expected[2, 0] if batch_first else expected[0, 2]
    assert (before_the_end != 0).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_full_lengths_equal_no_lengths(backend: str) -> None:
    layer = make_layer(case_named("gru-after"), bidirectional=True, backend=backend)
    x = uniform(4, 3, 2, seed=5)
    y, h = layer(x)
    ragged_y, ragged_h = layer(x, lengths=[4, 4, 4])
    assert_all_close([ragged_y, ragged_h], [y, h])


@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_nan_in_the_padding_is_not_read(backend: str, case: Case) -> None:
    layer = make_layer(case, num_layers=2, bidirectional=True, backend=backend)
    x = uniform(STEPS, 4, 2, seed=1)
    results = []
    for padding_value in (0.0, float("nan")):
        padded = fill_padding(x, LENGTHS, padding_value)
        y, final = layer(padded, lengths=LENGTHS)
        outputs = [y, *as_tuple(final)]
        leaves = [padded, *layer.parameters()]
        results.append([*outputs, *grad(weighted_sum(outputs), leaves)])
    with_zeros, with_nan = results
    assert_all_close(with_nan, with_zeros)


# The helper functions.


def test_reverse_time_reverses_each_row_within_its_length() -> None:
    x = torch.arange(8).view(4, 2)
    assert reverse_time(x, None).t().tolist() == [[6, 4, 2, 0], [7, 5, 3, 1]]
    assert reverse_time(x, torch.tensor([3, 1])).t().tolist() == [[4, 2, 0, 6], [1, 3, 5, 7]]
    deep = x[:, :, None].expand(4, 2, 3)
    assert torch.equal(
        reverse_time(deep, torch.tensor([3, 1]))[:, :, 2],
        reverse_time(x, torch.tensor([3, 1])),
    )


@given(
    lengths=st.lists(st.integers(1, 5), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_reversing_twice_is_the_identity(lengths: list[int], seed: int) -> None:
    x = uniform(5, len(lengths), 2, seed=seed)
    row_lengths = torch.tensor(lengths)
    assert torch.equal(reverse_time(reverse_time(x, row_lengths), row_lengths), x)


def test_live_steps() -> None:
    live = live_steps(torch.tensor([2, 0, 3]), 3, torch.device("cpu"))
    assert live.t().tolist() == [[True, True, False], [False] * 3, [True] * 3]


def test_check_lengths_gives_a_detached_int64_tensor() -> None:
    lengths_tensor = check_lengths((3, 1), 3, 2)
    assert lengths_tensor.dtype == torch.int64
    assert lengths_tensor.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3, 2], r"lengths has shape \(2,\), but the batch has 3 rows"),
        ([[3, 2, 1]], r"lengths has shape \(1, 3\), but the batch has 3 rows"),
        ([3, 0, 1], r"lengths must lie in 1\.\.4 .* got 0\.\.3"),
        ([3, 5, 1], r"lengths must lie in 1\.\.4 .* got 1\.\.5"),
        ([3, -2, 1], r"lengths must lie in 1\.\.4 .* got -2\.\.3"),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_mismatched_lengths_are_refused(lengths: list[int], message: str, backend: str) -> None:
    with pytest.raises(ShapeError, match=message):
        check_lengths(lengths, 4, 3)
    layer = make_layer(case_named("lstm"), backend=backend)
    with pytest.raises(ShapeError, match=message):
        layer(uniform(4, 3, 2, seed=0), lengths=lengths)


@pytest.mark.parametrize("lengths", [[2.0, 1.0], [True, True]])
def test_lengths_must_be_integers(lengths: list[float]) -> None:
    with pytest.raises(ShapeError, match="lengths must be integers"):
        check_lengths(lengths, 3, 2)


@pytest.mark.parametrize(("backend", "case"), PATHS)
def test_a_row_of_nan_is_zero_after_its_end_and_affects_no_other(backend: str, case: Case) -> None:
    layer = make_layer(case, backend=backend, bidirectional=True)
    x = uniform(STEPS, 4, 2, seed=1)
    expected, _ = layer(x, lengths=LENGTHS)
    x[0, 0] = torch.nan
    y, _ = layer(x, lengths=LENGTHS)
    assert y[: LENGTHS[0], 0].isnan().any()
    assert (y[LENGTHS[0] :, 0] == 0).all()
    torch.testing.assert_close(y[:, 1:], expected[:, 1:])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_trace_is_zero_after_the_end_of_a_row_of_nan(case: Case) -> None:
    x = uniform(STEPS, 4, 2, seed=1)
    x[0, 0] = torch.nan
    trace = make_layer(case).trace(x, lengths=LENGTHS)
    for values in (*trace.layers["l0"].values(), *trace.entered["l0"].values()):
        assert (values[LENGTHS[0] :, 0].nan_to_num(1.0) == 0).all() or values is trace.entered["l0"]["x"]
