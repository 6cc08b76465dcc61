"""What the numerical tests share: cells by name, random problems, and formulas in plain Python."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.layers import Recurrent
from unrolled.recurrence import Unrolled, unroll

TORCH_BACKENDS = ("aten", "reference")


@dataclass(frozen=True)
class Case:
    """A cell with the options that decide which parameters it has."""

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
"""Those that torch has a kernel for."""


def case_named(name: str) -> Case:
    """Return one of ``CASES``."""
    return next(case for case in CASES if case.name == name)


def generator(seed: int) -> torch.Generator:
    """Return a source of random numbers of its own."""
    return torch.Generator().manual_seed(seed)


def uniform(
    *shape: int, seed: int, low: float = -1.0, high: float = 1.0, dtype: torch.dtype = torch.float64
) -> Tensor:
    """Return random numbers that depend on the seed alone."""
    return torch.rand(shape, generator=generator(seed), dtype=dtype) * (high - low) + low


def scatter_parameters(parameters: Sequence[Tensor], seed: int) -> None:
    """Fill tensors in place, wide enough that every term of an equation shows."""
    source = generator(seed)
    with torch.no_grad():
        for p in parameters:
            p.uniform_(-0.9, 0.9, generator=source)


@dataclass(frozen=True)
class Problem:
    """All that :func:`unrolled.unroll` needs, in float64 and with gradients."""

    cell: Cell
    x: Tensor
    state: tuple[Tensor, ...]
    p: dict[str, Tensor]
    skip: int = 0
    past: Tensor | None = None
    masks: dict[str, Tensor | float] | None = None

    def run(self, **options: object) -> Unrolled:
        """Run the loop."""
        given = {"skip": self.skip, "past": self.past, "masks": self.masks} | options
        return unroll(self.cell, self.x, self.state, self.p, **given)  # type: ignore[arg-type]

    @property
    def leaves(self) -> list[Tensor]:
        """What gradients are taken of: the input, the states, the past and the parameters."""
        past = [] if self.past is None else [self.past]
        return [self.x, *self.state, *past, *self.p.values()]

    def of(self, leaves: Sequence[Tensor]) -> "Problem":
        """Return the same problem with other tensors in place of ``leaves``."""
        rest = iter(leaves)
        return replace(
            self,
            x=next(rest),
            state=tuple(next(rest) for _ in self.state),
            past=None if self.past is None else next(rest),
            p={name: next(rest) for name in self.p},
        )

    def row(self, b: int, length: int) -> "Problem":
        """Return row b alone, without its padding."""
        masks = None
        if self.masks is not None:
            masks = {
                name: m[:length, b : b + 1] if isinstance(m, Tensor) else m for name, m in self.masks.items()
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
    """Return a problem with random input, parameters and states, each state different."""
    cell, proj = case.cell, case.proj_size
    shapes = cell.shapes(input_size, hidden_size, bias=case.bias, proj_size=proj)
    if skip:
        shapes["weight_skip"] = shapes["weight_hh"]
    p = {
        name: uniform(*shape, seed=seed + 100 + i, low=-0.9, high=0.9)
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
    """Return the problem with every mask that its cell knows, drawn as in training."""
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
    """Return a layer of the cell, its parameters drawn wide."""
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
    """Return states in the form that a layer takes and gives: a single one stands alone."""
    return states if len(states) > 1 else states[0]


def as_tuple(hidden: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Return the opposite of :func:`as_hidden`."""
    return hidden if isinstance(hidden, tuple) else (hidden,)


def weighted_sum(outputs: Sequence[Tensor], seed: int = 77) -> Tensor:
    """Return a number whose gradient into every element of every output is random."""
    return torch.stack(
        [(out * uniform(*out.shape, seed=seed + i, dtype=out.dtype)).sum() for i, out in enumerate(outputs)]
    ).sum()


def assert_all_close(
    ours: Sequence[Tensor], expected: Sequence[Tensor], *, rtol: float = 1e-10, atol: float = 1e-11
) -> None:
    """Compare lists of tensors, their dtypes and shapes included."""
    for a, b in zip(ours, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol)


# Formulas in plain Python, on lists of numbers.

Vector = list[float]


def sigmoid(v: float) -> float:
    """Return 1 / (1 + e^-v)."""
    return 1.0 / (1.0 + math.exp(-v))


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "relu": lambda v: max(v, 0.0),
    "sigmoid": sigmoid,
    "identity": lambda v: v,
}


def product(matrix: Tensor, vector: Vector, bias: Tensor | None = None) -> Vector:
    """Return matrix · vector + bias, one multiplication at a time."""
    rows = matrix.tolist()
    shift = [0.0] * len(rows) if bias is None else bias.tolist()
    result = []
    for row, start in zip(rows, shift, strict=True):
        assert len(row) == len(vector)
        total = start
        for weight, value in zip(row, vector, strict=True):
            total += weight * value
        result.append(total)
    return result


def normalise(vector: Vector, gain: Tensor, shift: Tensor | None = None) -> Vector:
    """Return (v − mean) / √(variance + 1e-5) · gain + shift."""
    mean = sum(vector) / len(vector)
    variance = sum((v - mean) ** 2 for v in vector) / len(vector)
    shifts = [0.0] * len(vector) if shift is None else shift.tolist()
    scale = 1.0 / math.sqrt(variance + 1e-5)
    return [(v - mean) * scale * g + s for v, g, s in zip(vector, gain.tolist(), shifts, strict=True)]


def plus(*vectors: Vector) -> Vector:
    """Return the sum of vectors."""
    return [sum(values) for values in zip(*vectors, strict=True)]


def times(*vectors: Vector) -> Vector:
    """Return the elementwise product of vectors."""
    return [math.prod(values) for values in zip(*vectors, strict=True)]


def each(function: Callable[[float], float], vector: Vector) -> Vector:
    """Return the function of every element."""
    return [function(v) for v in vector]
