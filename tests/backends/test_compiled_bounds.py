"""Checks of the compiled loop before it accesses memory, in Python and again in C++."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import unrolled as ur
from numerics import CASES, Case, all_masks, case_named, make_problem, needs_extension, uniform
from unrolled.backends.arguments import (
    Operands,
    allocate,
    allocate_gradients,
    make_arguments,
    set_gradients,
    set_outputs,
    set_saved,
)
from unrolled.backends.compiled_steps import CompiledStep
from unrolled.backends.spec import decode, encoded_spec
from unrolled.errors import BackendError, ShapeError
from unrolled.extension import buffer, core
from unrolled.layers.softmax_loss import linear_cross_entropy

pytestmark = needs_extension

LENGTHS = [4, 2, 3]
SIZES = ("T", "B", "I", "H", "R", "V", "checkpoint")
ARRAYS = ("initial", "final", "masks", "states", "vectors", "dinitial", "dfinal", "dvectors", "zoneout")
ArrayEntry = tuple[str, int | None]
"""A field of LayerArgs, and the index if the field is an array."""


@dataclass
class Call:
    """Arguments of a pass for C++, and the tensors that keep their memory alive."""

    args: Any
    tensors: list[Tensor]
    step: CompiledStep

    def run(self, backward: bool = False) -> None:
        (core.layer_backward if backward else core.layer_forward)(self.args, 1, 1)  # type: ignore[union-attr]

    @property
    def buffers(self) -> dict[str, tuple[int, int]]:
        """Every memory buffer by its name in error messages."""
        fields = [n for n in dir(self.args) if not n.startswith("_") and n not in ARRAYS]
        values = {n: getattr(self.args, n) for n in fields} | {n: self.get(n) for n in self.entries}
        return {n: v for n, v in values.items() if isinstance(v, tuple) and v[0]}

    @property
    def entries(self) -> dict[str, ArrayEntry]:
        """Entries of arrays by their names in error messages."""
        entries: dict[str, ArrayEntry] = {}
        for k, state in enumerate(self.step.states):
            entries |= {
                f"{state}0": ("initial", k),
                f"{state}_n": ("final", k),
                f"mask_{state}": ("masks", k),
            }
            entries |= {f"d{state}0": ("dinitial", k), f"d{state}_n": ("dfinal", k)}
            entries |= {f"states of {state}": ("states", k), f"zoneout_{state}": ("zoneout", k)}
        for k, name in enumerate(self.step.vectors):
            entries |= {name: ("vectors", k), f"d{name}": ("dvectors", k)}
        return entries

    def get(self, name: str) -> Any:
        field, k = self.entries.get(name, (name, None))
        value = getattr(self.args, field)
        return value if k is None else value[k]

    def set(self, name: str, value: Any) -> None:
        field, k = self.entries.get(name, (name, None))
        if k is not None:
            array = getattr(self.args, field)
            array[k] = value
            value = array
        setattr(self.args, field, value)


def make_call(case: Case, *, checkpoint: int = 0, masks: bool = True, tokens: bool = False) -> Call:
    """Return the arguments of a forward and backward pass with all optional inputs."""
    problem = make_problem(case)
    problem = all_masks(problem) if masks else problem
    mask_values = problem.masks or {}
    unused_weights = ("weight_ih", "bias_ih", "weight_ln_ih") if tokens else ()
    p = {n: w.detach() for n, w in problem.p.items() if n not in unused_weights}
    spec = encoded_spec(case.cell, tuple(p), tuple(mask_values), (0.0,) * len(problem.state), False, False)
    s = decode(spec)
    x, token_ids = problem.x.detach(), None
    if tokens:
        x, token_ids = uniform(5, len(problem.p["weight_ih"]), seed=3), torch.tensor([[0, 4, 2]] * 4)
    mask_tensors = [m for m in mask_values.values() if isinstance(m, Tensor)]
    states = [state.detach() for state in problem.state]
    o = Operands(x, list(p.values()), states, mask_tensors, torch.tensor(LENGTHS), token_ids)
    args = make_arguments(o, s, checkpoint)
    results = allocate(o, s, True, checkpoint)
    set_outputs(args, results, s)
    set_saved(args, [results[0], *results[1 + len(states) :]], s, checkpoint)
    gradients = allocate_gradients(o, [True] * (1 + len(p) + len(states)))
    set_gradients(args, gradients, s)
    output_gradients = [torch.ones_like(t) for t in results[: 1 + len(states)]]
    args.dy, args.dy_time, args.dy_row = buffer(output_gradients[0]), *output_gradients[0].stride()[:2]
    args.dfinal = [buffer(d) for d in output_gradients[1:]]
    tensors = [
        *o.weights,
        *states,
        *mask_tensors,
        x,
        *results,
        *gradients,
        *output_gradients,
        o.lengths,
        token_ids,
    ]
    return Call(args, tensors, s.step)  # type: ignore[arg-type]


@pytest.mark.parametrize("checkpoint", [0, 2])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_memory_that_is_too_short_is_refused_for_every_tensor(case: Case, checkpoint: int) -> None:
    call = make_call(case, checkpoint=checkpoint)
    call.run()
    call.run(backward=True)
    backward_alone = {"dx", "dh0", "dc0", "dy", "dh_n", "dc_n"}
    assert {"x", "y", "h0", "weight_ih", "lengths", "dx", "mask_h"} <= set(call.buffers)
    assert ("weight_hh" in call.buffers) == case.cell.recurrent
    for name, (address, size) in call.buffers.items():
        call.set(name, (address, size - 8))
        passes = [True] if name in backward_alone or name.startswith(("dw", "db", "dp")) else [False, True]
        if name in ("h_n", "c_n"):
            passes = [False]
        for backward in passes:
            with pytest.raises(ValueError, match=rf"unrolled kernel: {name} needs"):
                call.run(backward)
        call.set(name, (address, size))


def test_memory_of_table_and_tokens_is_checked() -> None:
    call = make_call(case_named("gru-after"), tokens=True)
    call.run()
    call.run(backward=True)
    for name in ("x", "tokens"):
        address, size = call.buffers[name]
        call.set(name, (address, size - 8))
        with pytest.raises(ValueError, match=f"unrolled kernel: {name} needs"):
            call.run()
        call.set(name, (address, size))


@pytest.mark.parametrize("name", ["x", "y", "h0", "weight_ih", "weight_hh", "h_n", "c_n", "c0"])
def test_missing_memory_is_refused(name: str) -> None:
    call = make_call(case_named("lstm"))
    call.set(name, (0, 0))
    with pytest.raises(ValueError, match=f"{name} is missing"):
        call.run()


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("lstm", "gates"),
        ("lstm", "states of c"),
        ("gru-after", "extra"),
        ("gru-layer-norm", "norms"),
        ("gru-layer-norm", "input_norms"),
        ("jordan", "hidden"),
    ],
)
def test_backward_needs_the_saved_values_of_forward(case: str, name: str) -> None:
    call = make_call(case_named(case))
    call.set(name, (0, 0))
    with pytest.raises(ValueError, match=f"{name} is missing: backward needs the values that forward stored"):
        call.run(backward=True)


@pytest.mark.parametrize("length", [0, -1, 5, 2**40, -(2**63)])
@pytest.mark.parametrize("backward", [False, True])
def test_a_length_outside_the_steps_is_refused(length: int, backward: bool) -> None:
    call = make_call(case_named("gru-after"))
    lengths = torch.tensor([4, length, 3])
    call.args.lengths = buffer(lengths)
    with pytest.raises(ValueError, match=r"a length must lie in 1\.\.4"):
        call.run(backward)


@pytest.mark.parametrize("token", [-1, 5, 2**40])
@pytest.mark.parametrize("backward", [False, True])
def test_a_token_outside_the_table_is_refused(token: int, backward: bool) -> None:
    call = make_call(case_named("gru-after"), tokens=True)
    tokens = torch.tensor([[0, token, 2]] * 4)
    call.args.tokens = buffer(tokens)
    with pytest.raises(ValueError, match=r"a token must lie in 0\.\.4"):
        call.run(backward)


@pytest.mark.parametrize("value", [-1, 2**31, 2**62, -(2**63)])
@pytest.mark.parametrize("name", SIZES)
def test_an_invalid_size_is_refused(name: str, value: int) -> None:
    call = make_call(case_named("gru-after"), tokens=name == "V")
    setattr(call.args, name, value)
    with pytest.raises(ValueError, match="unrolled kernel: "):
        call.run()


@pytest.mark.parametrize(
    ("name", "value"),
    [("x_time", 2**40), ("x_row", -1), ("y_time", 1 << 62), ("y_row", -6), ("dy_time", 100), ("dy_row", -1)],
)
def test_a_stride_outside_the_memory_is_refused(name: str, value: int) -> None:
    call = make_call(case_named("lstm"))
    setattr(call.args, name, value)
    with pytest.raises(ValueError, match="unrolled kernel: "):
        call.run(backward=name.startswith("d"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cell", 99),
        ("cell", -1),
        ("nonlinearity", 9),
        ("output_nonlinearity", -3),
        ("zoneout_h", 1.5),
        ("zoneout_h", float("nan")),
        ("zoneout_c", -0.1),
    ],
)
def test_an_invalid_option_is_refused(name: str, value: float) -> None:
    call = make_call(case_named("lstm"))
    call.set(name, value)
    with pytest.raises(ValueError, match=f"unrolled kernel: {name} must lie in"):
        call.run()


@pytest.mark.parametrize(
    "array", ["initial", "masks", "vectors", "final", "states", "dinitial", "dfinal", "dvectors"]
)
def test_more_entries_than_the_cell_has_are_refused(array: str) -> None:
    call = make_call(case_named("gru-after"))
    entries = getattr(call.args, array)
    entries[3] = call.get("y")
    setattr(call.args, array, entries)
    with pytest.raises(ValueError, match=rf"{array}\[3\] must be absent: gru_after has only"):
        call.run(backward=array.startswith("d"))


def test_an_array_refuses_too_many_entries() -> None:
    call = make_call(case_named("lstm"))
    with pytest.raises(ValueError, match="initial holds at most 4 entries, got 5"):
        call.args.initial = [(0, 0)] * 5


def test_a_missing_vector_of_a_group_is_refused() -> None:
    call = make_call(case_named("lstm-peepholes"))
    call.set("weight_peephole_f", (0, 0))
    with pytest.raises(ValueError, match="weight_peephole_f is missing"):
        call.run()


def test_an_invalid_output_size_is_refused() -> None:
    call = make_call(case_named("gru-after"))
    call.args.R, call.args.weight_out = 2, call.args.y
    with pytest.raises(ValueError, match="R must be H"):
        call.run()


@pytest.mark.parametrize("threads", [0, -1, 1 << 20])
def test_an_invalid_number_of_threads_is_refused(threads: int) -> None:
    with pytest.raises(ValueError, match="threads must lie in"):
        core.layer_forward(make_call(case_named("lstm")).args, 1, threads)  # type: ignore[union-attr]


def test_unaligned_memory_is_refused() -> None:
    call = make_call(case_named("lstm"))
    address, size = call.buffers["h0"]
    call.set("h0", (address + 1, size))
    with pytest.raises(ValueError, match="h0 is not aligned"):
        call.run()


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_the_memory_of_the_softmax_is_checked(precision: torch.dtype) -> None:
    assert core is not None
    n, f, v = 6, 3, 5
    tensors = {
        "h": torch.rand(n, f),
        "weight": torch.rand(v, f),
        "bias": torch.rand(v),
        "row_weights": torch.ones(n),
        "loss": torch.zeros(()),
        "nats": torch.zeros(n),
        "dh": torch.zeros(n, f),
        "dweight": torch.zeros(v, f),
        "dbias": torch.zeros(v),
    }
    tensors = {name: t.to(precision) for name, t in tensors.items()}
    targets = torch.tensor([0, 1, 2, 3, 4, -100])
    args = core.SoftmaxArgs()
    args.N, args.F, args.V, args.h_row = n, f, v, f
    for name, t in (tensors | {"targets": targets}).items():
        setattr(args, name, buffer(t))
    arithmetic = 1 if precision == torch.float64 else 0
    core.softmax(args, arithmetic, 1)
    for name, t in (tensors | {"targets": targets}).items():
        setattr(args, name, (t.data_ptr(), t.nbytes - 4))
        with pytest.raises(ValueError, match=rf"unrolled kernel: {name} needs"):
            core.softmax(args, arithmetic, 1)
        setattr(args, name, buffer(t))
    for target in (5, -1, 2**40):
        other = torch.tensor([0, 1, target, 3, 4, -100])
        args.targets = buffer(other)
        with pytest.raises(ValueError, match=r"a target must lie in 0\.\.4"):
            core.softmax(args, arithmetic, 1)


# -- lengths owned by the caller ---------------------------------------------------------------------------


def make_column() -> Tensor:
    return torch.tensor([[4, 123_456_789], [2, 987_654_321], [3, 5]])[:, 0]


def make_expanded() -> Tensor:
    return torch.tensor([3]).expand(3)


@pytest.mark.parametrize(
    "lengths",
    [
        make_column,
        make_expanded,
        lambda: torch.tensor([3, 9, 2, 9, 4])[::2].flip(0),
        lambda: np.array([[4, 7], [2, 7], [3, 7]])[:, 0],
        lambda: np.array([3, 2, 4], dtype=np.int32)[::-1].copy(),
        lambda: torch.tensor([4, 2, 3], dtype=torch.uint8),
        lambda: (4, 2, 3),
    ],
)
def test_lengths_may_have_any_layout(lengths: Callable[[], Any]) -> None:
    row_lengths = lengths()
    problem = make_problem(case_named("lstm"))
    actual, expected = problem.compiled(row_lengths), problem.run(lengths=[int(n) for n in row_lengths])
    torch.testing.assert_close(actual.y, expected.y)
    torch.testing.assert_close(actual.state, expected.state)


@pytest.mark.parametrize("value", [1, 100_000_000, -5])
def test_overwritten_lengths_do_not_affect_backward(value: int) -> None:
    memory = np.array(LENGTHS)
    problem = make_problem(case_named("gru-after"))
    (expected,) = torch.autograd.grad(problem.compiled(LENGTHS).y.sum(), problem.x)
    y = problem.compiled(torch.from_numpy(memory)).y
    memory[:] = value
    (gradient,) = torch.autograd.grad(y.sum(), problem.x)
    assert torch.equal(gradient, expected)


@pytest.mark.parametrize(
    "lengths",
    [[2**70, 1, 1], ["4", "2", "3"], [[4], [2], [3]], [4, 2], [4j, 2, 3], [4.0, 2.0, 3.0], None, [None] * 3],
)
def test_invalid_lengths_are_refused(lengths: Any) -> None:
    problem = make_problem(case_named("gru-after"))
    with pytest.raises(ShapeError, match="lengths"):
        problem.compiled([] if lengths is None else lengths)


# -- layouts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1, 5), (1, 3, 5), (4, 1, 5), (4, 1, 1), (1, 1, 1)])
def test_axes_of_size_one_may_have_any_stride(shape: tuple[int, int, int]) -> None:
    """Like a convolution's output (N, C, T), transposed to (N, T, C): each axis may be of size one."""
    channels = shape[1]
    torch_layer = torch.nn.LSTM(channels, 4, batch_first=True)
    layer = ur.LSTM(channels, 4, batch_first=True)
    layer.load_state_dict(torch_layer.state_dict())
    x = uniform(*shape, seed=1, dtype=torch.float32).transpose(1, 2).requires_grad_()
    expected, _ = torch_layer(x)
    (torch_gradient,) = torch.autograd.grad(expected.square().sum(), x)
    y, _ = layer(x)
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(gradient, torch_gradient)


def test_negated_views_are_read_correctly() -> None:
    layer = ur.GRU(2, 3)
    z = torch.complex(uniform(4, 3, 2, seed=1), uniform(4, 3, 2, seed=2)).to(torch.complex64)
    for x in (z.conj().imag, torch._neg_view(uniform(4, 3, 2, seed=3, dtype=torch.float32))):
        assert x.is_neg()
        y, _ = layer(x)
        expected, _ = layer(x.resolve_neg().contiguous())
        torch.testing.assert_close(y, expected)


def test_the_operator_refuses_invalid_tensors() -> None:
    problem = make_problem(case_named("gru-after"))
    spec = encoded_spec(problem.cell, tuple(problem.p), (), (0.0,), False, False)
    weights = [w.detach() for w in problem.p.values()]
    state = [problem.state[0].detach()]

    def call(x: Tensor, weights: list[Tensor], lengths: Tensor | None = None) -> None:
        states = [s.to(x.dtype) for s in state]
        torch.ops.unrolled.layer(x, weights, states, [], lengths, None, spec, False, 0)

    x = problem.x.detach()
    call(x, weights, torch.tensor([[4, 9], [2, 9], [3, 9]])[:, 0])
    with pytest.raises(BackendError, match="contiguous CPU tensors of one dtype"):
        call(x, [w.float() for w in weights])
    with pytest.raises(BackendError, match="float32 or float64"):
        call(x.half(), [w.half() for w in weights])
    with pytest.raises(ShapeError, match="lengths must lie in"):
        call(x, weights, torch.tensor([4, 5, 3]))


def test_the_loss_accepts_noncontiguous_targets() -> None:
    """The kernel reads a contiguous copy of the targets that the public function has checked."""
    h, w = torch.rand(70, 3), torch.rand(5, 3)
    targets = torch.randint(5, (70, 2))[:, 0]
    loss, _ = linear_cross_entropy(h, w, None, targets)
    expected = torch.nn.functional.cross_entropy(h @ w.T, targets, reduction="sum")
    torch.testing.assert_close(loss, expected)
