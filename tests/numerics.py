"""Helpers of the numerical tests: cells by name, random problems, and comparisons."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from unrolled.backends import Unrolled, compiled_layer, unroll
from unrolled.backends.ragged import Lengths, check_lengths
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan, MinLSTM
from unrolled.extension import core
from unrolled.layers import Recurrent

needs_extension = pytest.mark.skipif(core is None, reason="the package is installed without its extension")
COMPILED = pytest.param("compiled", marks=needs_extension)
TORCH_BACKENDS = ("aten", "reference")
BACKENDS = (COMPILED, *TORCH_BACKENDS)
"""Every backend path, by name: for tests whose numbers hold on all of them."""
KERNEL_SETS = tuple(core.kernel_sets()) if core else ()
"""The instruction sets of the compiled loop that run on this processor, fastest first."""


@dataclass(frozen=True)
class Case:
    """A cell with the options that determine its parameters."""

    name: str
    cell: Cell
    bias: bool = True
    proj_size: int = 0

    def __str__(self) -> str:
        return self.name


CASES = (
    Case("elman-tanh", Elman()),
    Case("elman-relu", Elman(nonlinearity="relu")),
    Case("elman-sigmoid", Elman(nonlinearity="sigmoid")),
    Case("elman-no-bias", Elman(), bias=False),
    Case("elman-layer-norm", Elman(layer_norm=True)),
    Case("jordan", Jordan()),
    Case("jordan-narrow", Jordan(output_features=2, output_nonlinearity="identity")),
    Case("jordan-wide", Jordan(output_features=4, output_nonlinearity="sigmoid"), bias=False),
    Case("lstm", LSTM()),
    Case("lstm-no-bias", LSTM(), bias=False),
    Case("lstm-projection", LSTM(), proj_size=2),
    Case("lstm-peepholes", LSTM(peepholes=True)),
    Case("lstm-layer-norm", LSTM(layer_norm=True)),
    Case("lstm-everything", LSTM(peepholes=True, layer_norm=True), proj_size=2),
    Case("gru-after", GRU()),
    Case("gru-before", GRU(reset="before")),
    Case("gru-no-bias", GRU(reset="before"), bias=False),
    Case("gru-layer-norm", GRU(layer_norm=True)),
    Case("gru-before-layer-norm", GRU(reset="before", layer_norm=True)),
    Case("minlstm", MinLSTM()),
    Case("minlstm-no-bias", MinLSTM(), bias=False),
    Case("minlstm-layer-norm", MinLSTM(layer_norm=True)),
)
"""Every cell, and every option that changes its equations."""

TORCH_CASES = tuple(
    case
    for case in CASES
    if case.name
    in {
        "elman-tanh",
        "elman-relu",
        "elman-no-bias",
        "lstm",
        "lstm-no-bias",
        "lstm-projection",
        "gru-after",
    }
)
"""The cases that torch has a kernel for."""

PATHS = (
    *(pytest.param("compiled", case, id=f"compiled-{case}", marks=needs_extension) for case in CASES),
    *(pytest.param("reference", case, id=f"reference-{case}") for case in CASES),
    *(pytest.param("aten", case, id=f"aten-{case}") for case in TORCH_CASES),
)
"""Every backend path with every case that it supports."""

MORE_CASES = (
    Case("elman-layer-norm-no-bias", Elman(layer_norm=True), bias=False),
    Case("jordan-layer-norm", Jordan(layer_norm=True, nonlinearity="sigmoid", output_nonlinearity="relu")),
    Case("jordan-linear", Jordan(nonlinearity="relu", output_nonlinearity="identity"), bias=False),
    Case("lstm-peepholes-no-bias", LSTM(peepholes=True), bias=False, proj_size=1),
    Case("lstm-layer-norm-no-bias", LSTM(layer_norm=True), bias=False),
    Case("lstm-layer-norm-peepholes", LSTM(peepholes=True, layer_norm=True)),
    Case("gru-after-no-bias", GRU(), bias=False),
    Case("gru-layer-norm-no-bias", GRU(layer_norm=True), bias=False),
    Case("gru-before-layer-norm-no-bias", GRU(reset="before", layer_norm=True), bias=False),
)
"""More combinations of options; ``CASES`` has each option once."""


def case_named(name: str) -> Case:
    """Return one of ``CASES``."""
    return next(case for case in CASES if case.name == name)


def default_path(case: Case) -> str:
    """Return the path that ``backend="auto"`` chooses for a whole sequence on the CPU."""
    if core is not None:
        return "compiled"
    return "aten" if case in TORCH_CASES else "reference"


def widened(case: Case, hidden_size: int) -> Case:
    """Return the case for another H; the recurrent size grows with H but stays odd, to fill no vector."""
    if case.proj_size:
        return replace(case, proj_size=min(hidden_size // 2 | 1, hidden_size - 1))
    if isinstance(case.cell, Jordan) and case.cell.output_features:
        size = max(1, (hidden_size + case.cell.output_features - 3) | 1)
        return replace(case, cell=replace(case.cell, output_features=size))
    return case


def generator(seed: int) -> torch.Generator:
    """Return a new random generator."""
    return torch.Generator().manual_seed(seed)


def uniform(
    *shape: int, seed: int, low: float = -1.0, high: float = 1.0, dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return random numbers that depend on the seed only."""
    return torch.rand(shape, generator=generator(seed), dtype=dtype) * (high - low) + low


def scatter_parameters(parameters: Sequence[Tensor], seed: int) -> None:
    """Fill tensors in place, with values large enough that every term of an equation matters."""
    source = generator(seed)
    with torch.no_grad():
        for p in parameters:
            p.uniform_(-0.9, 0.9, generator=source)


@dataclass(frozen=True)
class Problem:
    """The arguments of :func:`unrolled.unroll`, in float64 and requiring gradients."""

    cell: Cell
    x: Tensor
    state: tuple[Tensor, ...]
    p: dict[str, Tensor]
    skip: int = 0
    past: Tensor | None = None
    masks: dict[str, Tensor | float] | None = None

    def run(self, **options: object) -> Unrolled:
        """Run the loop."""
        arguments = {"skip": self.skip, "past": self.past, "masks": self.masks} | options
        return unroll(self.cell, self.x, self.state, self.p, **arguments)  # type: ignore[arg-type]

    def compiled(self, lengths: Lengths | None = None, **options: object) -> Unrolled:
        """Run the compiled loop."""
        arguments: dict = {"masks": self.masks} | options
        if lengths is not None:
            arguments["lengths"] = check_lengths(lengths, *self.x.shape[:2])
        return Unrolled(*compiled_layer(self.cell, self.x, self.state, self.p, **arguments))

    def to(self, dtype: torch.dtype) -> "Problem":
        """Return the same numbers in another dtype."""
        masks = None
        if self.masks is not None:
            masks = {name: m.to(dtype) if isinstance(m, Tensor) else m for name, m in self.masks.items()}
        problem = replace(self, masks=masks)
        return problem.of(
            [leaf.detach().to(dtype).requires_grad_(leaf.requires_grad) for leaf in self.leaves]
        )

    @property
    def leaves(self) -> list[Tensor]:
        """Tensors to differentiate by: the input, the states, the past and the parameters."""
        past = [] if self.past is None else [self.past]
        return [self.x, *self.state, *past, *self.p.values()]

    def of(self, leaves: Sequence[Tensor]) -> "Problem":
        """Return the same problem with other tensors instead of ``leaves``."""
        remaining = iter(leaves)
        return replace(
            self,
            x=next(remaining),
            state=tuple(next(remaining) for _ in self.state),
            past=None if self.past is None else next(remaining),
            p={name: next(remaining) for name in self.p},
        )

    def row(self, b: int, length: int) -> "Problem":
        """Return row b alone, without its padding."""
        masks = None
        if self.masks is not None:
            masks = {
                name: m[:length, b : b + 1].contiguous() if isinstance(m, Tensor) else m
                for name, m in self.masks.items()
            }
        return replace(
            self,
            x=self.x[:length, b : b + 1],
            state=tuple(s[b : b + 1] for s in self.state),
            past=None if self.past is None else self.past[:, b : b + 1],
            masks=masks,
        )


def make_problem(
    case: Case,
    *,
    steps: int = 4,
    batch: int = 3,
    input_size: int = 2,
    hidden_size: int = 3,
    skip: int = 0,
    past: bool = False,
    seed: int = 0,
) -> Problem:
    """Return a problem with random input, parameters and states, each state different.

    Matrices of many columns are drawn narrower, so that a rounding error does not grow from step to step.
    """
    cell, proj = case.cell, case.proj_size
    shapes = cell.shapes(input_size, hidden_size, bias=case.bias, proj_size=proj)
    if skip:
        shapes["weight_skip"] = (shapes["weight_ih"][0], cell.output_size(hidden_size, proj))
    widths = {name: 0.9 * min(1.0, math.sqrt(6 / shape[-1])) for name, shape in shapes.items() if shape[1:]}
    p = {
        name: uniform(*shape, seed=seed + 100 + i, low=-widths.get(name, 0.9), high=widths.get(name, 0.9))
        for i, (name, shape) in enumerate(shapes.items())
    }
    state = tuple(
        uniform(batch, size, seed=seed + 10 + i) for i, size in enumerate(cell.state_sizes(hidden_size, proj))
    )
    before = None
    if past:
        before = uniform(skip, *state[0].shape, seed=seed + 20)
        before[-1] = state[0]
    x = uniform(steps, batch, input_size, seed=seed)
    problem = Problem(cell, x, state, p, skip, before)
    for leaf in problem.leaves:
        leaf.requires_grad_()
    return problem


def all_masks(problem: Problem, hidden_size: int = 3, seed: int = 50) -> Problem:
    """Return the problem with random values for every mask that its cell supports, as in training."""
    steps, batch = problem.x.shape[:2]
    masks: dict[str, Tensor | float] = {
        "candidate": (uniform(steps, batch, hidden_size, seed=seed) > 0).double() * 2
    }
    for i, (name, s) in enumerate(zip(problem.cell.state_names, problem.state, strict=True)):
        drawn = uniform(steps, batch, s.shape[1], seed=seed + 1 + i) > 0.2
        masks[f"zoneout_{name}"] = drawn.double()
    return replace(problem, masks=masks)


def make_layer(
    case: Case,
    *,
    input_size: int = 2,
    hidden_size: int = 3,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    **options: object,
) -> Recurrent:
    """Return a layer of the cell with large random parameters."""
    layer = Recurrent(
        input_size,
        hidden_size,
        bias=case.bias,
        proj_size=case.proj_size,
        dtype=dtype,
        cell=case.cell,
        **options,  # type: ignore[arg-type]
    )
    scatter_parameters(list(layer.parameters()), seed)
    return layer


def layer_state(layer: Recurrent, batch: int, *, seed: int = 1, past: bool = False) -> tuple[Tensor, ...]:
    """Return random initial states of a layer, each different, in its dtype."""
    rows = layer.num_layers * layer.num_directions
    dtype = next(layer.parameters()).dtype
    sizes = layer.cell.state_sizes(layer.hidden_size, layer.proj_size)
    states = [uniform(rows, batch, size, seed=seed + i, dtype=dtype) for i, size in enumerate(sizes)]
    if past:
        before = uniform(rows, layer.skip, batch, layer.output_size, seed=seed + 9, dtype=dtype)
        before[:, -1] = states[0]
        states.append(before)
    return tuple(states)


def as_hidden(states: tuple[Tensor, ...]) -> Tensor | tuple[Tensor, ...]:
    """Return states as a layer takes and returns them: a single state is not in a tuple."""
    return states if len(states) > 1 else states[0]


def as_tuple(hidden: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Undo :func:`as_hidden`."""
    return hidden if isinstance(hidden, tuple) else (hidden,)


def weighted_sum(outputs: Sequence[Tensor], seed: int = 77) -> Tensor:
    """Return a scalar whose gradient with respect to every output element is random."""
    return torch.stack(
        [(out * uniform(*out.shape, seed=seed + i, dtype=out.dtype)).sum() for i, out in enumerate(outputs)]
    ).sum()


def assert_all_close(
    ours: Sequence[Tensor], expected: Sequence[Tensor], *, rtol: float = 1e-10, atol: float = 1e-11
) -> None:
    """Compare lists of tensors, their dtypes and shapes included."""
    for a, b in zip(ours, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol)
