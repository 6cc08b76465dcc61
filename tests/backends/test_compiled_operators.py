"""The operators of the compiled loop: their shapes, their gradients, and what they refuse."""

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
    # torch's own notice, of what it imports by itself
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
]

NAMES = ("elman-layer-norm", "jordan", "lstm", "lstm-everything", "gru-after", "gru-before")
LENGTHS = [4, 2, 1]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ragged": {"lengths": LENGTHS, "reverse": True},
    "checkpoints": {"checkpoint": 2},
}


def arguments(
    problem: Problem,
    lengths: list[int] | None = None,
    reverse: bool = False,
    checkpoint: int = 0,
    save: bool = True,
) -> tuple[Any, ...]:
    """Return what the operator takes for a problem."""
    p, x = dict(problem.p), problem.x
    masks = {k: m for k, m in (problem.masks or {}).items() if isinstance(m, Tensor)}
    spec = encoded_spec(problem.cell, tuple(p), tuple(masks), (0.0,) * len(problem.state), reverse, False)
    rows = None if lengths is None else check_lengths(lengths, *x.shape[:2])
    return x, list(p.values()), list(problem.state), list(masks.values()), rows, None, spec, save, checkpoint


def detached(given: tuple[Any, ...], requires_grad: bool) -> tuple[Any, ...]:
    """Return the arguments as leaves."""

    def leaf(t: Tensor) -> Tensor:
        return t.detach().requires_grad_(requires_grad)

    x, weights, states, *rest = given
    return leaf(x), [leaf(w) for w in weights], [leaf(s) for s in states], *rest


def problem_of(name: str) -> Problem:
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
def test_the_layer_is_a_proper_operator(name: str, options: str) -> None:
    given = detached(arguments(problem_of(name), **OPTIONS[options]), requires_grad=True)
    opcheck(torch.ops.unrolled.layer.default, given)


@pytest.mark.parametrize("name", ["lstm-everything", "elman-layer-norm", "gru-before"])
def test_the_layer_over_rows_of_a_table_is_a_proper_operator(name: str) -> None:
    problem = problem_of(name)
    _, _, states, masks, lengths, _, *rest = arguments(problem, **OPTIONS["ragged"])
    p = {n: w for n, w in problem.p.items() if n not in ("weight_ih", "weight_ln_ih", "bias_ih")}
    tokens = torch.arange(problem.x.shape[0] * problem.x.shape[1]).view(problem.x.shape[:2]) % 3
    table = problem.cell.project(problem.x[0, :1].expand(3, -1), problem.p).contiguous()
    drawn = tuple(k for k, m in (problem.masks or {}).items() if isinstance(m, Tensor))
    spec = encoded_spec(problem.cell, tuple(p), drawn, (0.0,) * len(problem.state), True, False)
    given = (table, list(p.values()), states, masks, lengths, tokens, spec, *rest[1:])
    opcheck(torch.ops.unrolled.layer.default, detached(given, requires_grad=True))


@pytest.mark.parametrize("save", [False, True])
def test_inference_is_a_proper_operator(save: bool) -> None:
    given = detached(arguments(problem_of("lstm"), LENGTHS, save=save), requires_grad=False)
    opcheck(torch.ops.unrolled.layer.default, given)


@pytest.mark.parametrize(
    ("name", "needs"),
    [("jordan", "all"), ("lstm-everything", "all"), ("lstm", "some"), ("gru-before", "some")],
)
def test_its_gradient_is_a_proper_operator(name: str, needs: str) -> None:
    options = OPTIONS["ragged"] if needs == "all" else {}
    given = detached(arguments(problem_of(name), **options), requires_grad=False)
    results = torch.ops.unrolled.layer(*given)
    x, weights, states, masks, lengths, tokens, spec, _, checkpoint = given
    wanted = [needs == "all" or i % 2 == 0 for i in range(1 + len(weights) + len(states))]
    above = [torch.ones_like(s) for s in states]
    known = [needs == "all" or i == 0 for i in range(len(states))]
    opcheck(
        torch.ops.unrolled.layer_backward.default,
        (
            torch.ones_like(results[0]),
            above[: sum(known)],
            known,
            x,
            weights,
            states,
            masks,
            lengths,
            tokens,
            [results[0], *results[1 + len(states) :]],
            spec,
            checkpoint,
            wanted,
        ),
    )


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_the_operator_gives_the_bits_of_the_eager_pass(name: str, options: dict[str, Any]) -> None:
    """An eager pass takes a shorter way past the dispatcher to the same kernels."""
    problem = problem_of(name)
    of_pass = {k: v for k, v in options.items() if k != "checkpoint"}
    if "checkpoint" in options:
        of_pass["checkpoint_every"] = options["checkpoint"]
    eager = outcome(problem.compiled(**of_pass), problem.leaves)
    y, *rest = torch.ops.unrolled.layer(*arguments(problem, **options))
    ours = outcome(Unrolled(y, tuple(rest[: len(problem.state)])), problem.leaves)
    assert all(torch.equal(a, b) for a, b in zip(ours, eager, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_operator_has_the_second_derivatives_of_the_eager_pass(name: str) -> None:
    def slope_of(y: Tensor, problem: Problem) -> list[Tensor]:
        (slope,) = torch.autograd.grad(y.square().sum(), problem.x, create_graph=True)
        return list(torch.autograd.grad(slope.square().sum(), problem.leaves))

    problem = problem_of(name)
    ours = slope_of(torch.ops.unrolled.layer(*arguments(problem))[0], problem)
    expected = slope_of(problem.compiled().y, problem)
    assert all(torch.equal(a, b) for a, b in zip(ours, expected, strict=True))


def test_a_gradient_of_a_pass_that_kept_nothing_is_an_error() -> None:
    problem = make_problem(case_named("lstm"))
    y, *_ = torch.ops.unrolled.layer(*arguments(problem, save=False))
    with pytest.raises(BackendError, match="save=False"):
        y.sum().backward()


@pytest.mark.parametrize("which", ["weights", "states", "masks"])
def test_tensors_that_the_kernels_cannot_read_are_errors(which: str) -> None:
    given = list(arguments(problem_of("lstm")))
    index = {"weights": 1, "states": 2, "masks": 3}[which]
    for wrong in (
        given[index][0].t() if which != "masks" else given[index][0].transpose(0, 1),
        given[index][0].float(),
    ):
        tensors = [wrong, *given[index][1:]]
        with pytest.raises(BackendError, match="needs contiguous CPU tensors of one dtype"):
            torch.ops.unrolled.layer(*given[:index], tensors, *given[index + 1 :])


@pytest.mark.parametrize(
    "start", [{"forget_bias": float("inf")}, {"forget_bias": float("nan")}, {"chrono": 9}]
)
def test_options_that_only_start_parameters_make_no_other_pass(start):
    cell = LSTM(**start, peepholes=True, recurrent_init="orthogonal")
    spec = encoded_spec(cell, ("weight_ih", "weight_hh"), (), (0.0, 0.0), False, False)
    assert spec == encoded_spec(
        LSTM(peepholes=True), ("weight_ih", "weight_hh"), (), (0.0, 0.0), False, False
    )
    assert decode(spec).cell == LSTM(peepholes=True)
