"""The operators of the compiled loop: shapes, gradients and errors."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.library import opcheck

from numerics import Problem, all_masks, case_named, make_problem, needs_extension
from parity import outcome
from unrolled.backends import Unrolled
from unrolled.backends.ragged import check_lengths
from unrolled.backends.spec import decode, encoded_spec
from unrolled.cells import LSTM
from unrolled.errors import BackendError

pytestmark = [
    needs_extension,
    # a warning of torch about a module that torch itself imports
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]

NAMES = ("elman-layer-norm", "jordan", "lstm", "lstm-everything", "gru-after", "gru-before")
LENGTHS = [4, 2, 1]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ragged": {"lengths": LENGTHS, "reverse": True},
    "checkpoints": {"checkpoint": 2},
}


def make_operator_arguments(
    problem: Problem,
    lengths: list[int] | None = None,
    reverse: bool = False,
    checkpoint: int = 0,
    save: bool = True,
) -> tuple[Any, ...]:
    """Return the arguments of the operator for a problem."""
    p, x = dict(problem.p), problem.x
    masks = {k: m for k, m in (problem.masks or {}).items() if isinstance(m, Tensor)}
    spec = encoded_spec(problem.cell, tuple(p), tuple(masks), (0.0,) * len(problem.state), reverse, False)
    rows = None if lengths is None else check_lengths(lengths, *x.shape[:2])
    return x, list(p.values()), list(problem.state), list(masks.values()), rows, None, spec, save, checkpoint


def make_leaves(operator_arguments: tuple[Any, ...], requires_grad: bool) -> tuple[Any, ...]:
    """Return the arguments as leaves."""

    def leaf(t: Tensor) -> Tensor:
        return t.detach().requires_grad_(requires_grad)

    x, weights, states, *rest = operator_arguments
    return leaf(x), [leaf(w) for w in weights], [leaf(s) for s in states], *rest


def make_masked_problem(name: str) -> Problem:
    return all_masks(make_problem(case_named(name)))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("elman-layer-norm", "plain"),
        ("jordan", "ragged"),
        ("lstm", "checkpoints"),
        ("lstm-everything", "ragged"),
        ("gru-before", "plain"),
    ],
)
def test_the_layer_operator_passes_opcheck(name: str, options: str) -> None:
    operator_arguments = make_leaves(
        make_operator_arguments(make_masked_problem(name), **OPTIONS[options]), requires_grad=True
    )
    opcheck(torch.ops.unrolled.layer.default, operator_arguments)


@pytest.mark.parametrize("name", ["lstm-everything", "elman-layer-norm", "gru-before"])
def test_the_layer_operator_over_a_table_passes_opcheck(name: str) -> None:
    problem = make_masked_problem(name)
    _, _, states, masks, lengths, _, *rest = make_operator_arguments(problem, **OPTIONS["ragged"])
    p = {n: w for n, w in problem.p.items() if n not in ("weight_ih", "weight_ln_ih", "bias_ih")}
    tokens = torch.arange(problem.x.shape[0] * problem.x.shape[1]).view(problem.x.shape[:2]) % 3
    table = problem.cell.project(problem.x[0, :1].expand(3, -1), problem.p).contiguous()
    mask_names = tuple(k for k, m in (problem.masks or {}).items() if isinstance(m, Tensor))
    spec = encoded_spec(problem.cell, tuple(p), mask_names, (0.0,) * len(problem.state), True, False)
    operator_arguments = (table, list(p.values()), states, masks, lengths, tokens, spec, *rest[1:])
    opcheck(torch.ops.unrolled.layer.default, make_leaves(operator_arguments, requires_grad=True))


@pytest.mark.parametrize("save", [False, True])
def test_the_layer_operator_passes_opcheck_in_inference(save: bool) -> None:
    operator_arguments = make_leaves(
        make_operator_arguments(make_masked_problem("lstm"), LENGTHS, save=save), requires_grad=False
    )
    opcheck(torch.ops.unrolled.layer.default, operator_arguments)


@pytest.mark.parametrize(
    ("name", "gradients_for"),
    [("jordan", "all"), ("lstm-everything", "all"), ("lstm", "some"), ("gru-before", "some")],
)
def test_the_backward_operator_passes_opcheck(name: str, gradients_for: str) -> None:
    options = OPTIONS["ragged"] if gradients_for == "all" else {}
    operator_arguments = make_leaves(
        make_operator_arguments(make_masked_problem(name), **options), requires_grad=False
    )
    results = torch.ops.unrolled.layer(*operator_arguments)
    x, weights, states, masks, lengths, tokens, spec, _, checkpoint = operator_arguments
    needs_gradient = [gradients_for == "all" or i % 2 == 0 for i in range(1 + len(weights) + len(states))]
    state_gradients = [torch.ones_like(s) for s in states]
    has_state_gradient = [gradients_for == "all" or i == 0 for i in range(len(states))]
    opcheck(
        torch.ops.unrolled.layer_backward.default,
        (
            torch.ones_like(results[0]),
            state_gradients[: sum(has_state_gradient)],
            has_state_gradient,
            x,
            weights,
            states,
            masks,
            lengths,
            tokens,
            [results[0], *results[1 + len(states) :]],
            spec,
            checkpoint,
            needs_gradient,
        ),
    )


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_operator_gives_the_bits_of_an_eager_pass(name: str, options: dict[str, Any]) -> None:
    """An eager pass calls the same kernels without the dispatcher."""
    problem = make_masked_problem(name)
    pass_options = {k: v for k, v in options.items() if k != "checkpoint"}
    if "checkpoint" in options:
        pass_options["checkpoint_every"] = options["checkpoint"]
    eager = outcome(problem.compiled(**pass_options), problem.leaves)
    y, *rest = torch.ops.unrolled.layer(*make_operator_arguments(problem, **options))
    actual = outcome(Unrolled(y, tuple(rest[: len(problem.state)])), problem.leaves)
    assert all(torch.equal(a, b) for a, b in zip(actual, eager, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_operator_gives_the_second_derivatives_of_an_eager_pass(name: str) -> None:
    def second_gradient(y: Tensor, problem: Problem) -> list[Tensor]:
        (gradient,) = torch.autograd.grad(y.square().sum(), problem.x, create_graph=True)
        return list(torch.autograd.grad(gradient.square().sum(), problem.leaves))

    problem = make_masked_problem(name)
    actual = second_gradient(torch.ops.unrolled.layer(*make_operator_arguments(problem))[0], problem)
    expected = second_gradient(problem.compiled().y, problem)
    assert all(torch.equal(a, b) for a, b in zip(actual, expected, strict=True))


def test_backward_without_saved_values_is_an_error() -> None:
    problem = make_problem(case_named("lstm"))
    y, *_ = torch.ops.unrolled.layer(*make_operator_arguments(problem, save=False))
    with pytest.raises(BackendError, match="save=False"):
        y.sum().backward()


@pytest.mark.parametrize("argument_group", ["weights", "states", "masks"])
def test_noncontiguous_tensors_and_other_dtypes_are_refused(argument_group: str) -> None:
    operator_arguments = list(make_operator_arguments(make_masked_problem("lstm")))
    index = {"weights": 1, "states": 2, "masks": 3}[argument_group]
    for tensor in (
        operator_arguments[index][0].t()
        if argument_group != "masks"
        else operator_arguments[index][0].transpose(0, 1),
        operator_arguments[index][0].float(),
    ):
        tensors = [tensor, *operator_arguments[index][1:]]
        with pytest.raises(BackendError, match="needs contiguous CPU tensors of one dtype"):
            torch.ops.unrolled.layer(*operator_arguments[:index], tensors, *operator_arguments[index + 1 :])


@pytest.mark.parametrize(
    "initialisation", [{"forget_bias": float("inf")}, {"forget_bias": float("nan")}, {"chrono": 9}]
)
def test_initialisation_options_do_not_change_the_spec(initialisation):
    cell = LSTM(**initialisation, peepholes=True, recurrent_init="orthogonal")
    spec = encoded_spec(cell, ("weight_ih", "weight_hh"), (), (0.0, 0.0), False, False)
    assert spec == encoded_spec(
        LSTM(peepholes=True), ("weight_ih", "weight_hh"), (), (0.0, 0.0), False, False
    )
    assert decode(spec).cell == LSTM(peepholes=True)
