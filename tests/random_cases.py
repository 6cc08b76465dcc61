"""Compare random layers on the compiled loop with the reference path in float64: ``make cases``.

The seed of a case determines everything: the cell and its options, sizes, lengths, dtype, threads and
instruction set. ``python tests/random_cases.py --cases 1 --seed 1234`` runs only case 1234.
"""

import argparse
import math
import random
import sys
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from numerics import (
    CASES,
    KERNEL_SETS,
    MORE_CASES,
    Case,
    as_hidden,
    as_tuple,
    generator,
    layer_state,
    make_layer,
    uniform,
    widened,
)
from unrolled import RecurrentDrop, extension
from unrolled.layers import Recurrent

WITHIN = {"float64": 1e-9, "float32": 1e-3, "bfloat16": 0.15}
"""Largest allowed difference, relative to the largest value of a tensor (at least 1)."""
NORMALISED_BFLOAT16 = 0.2
"""The same with layer normalisation, which amplifies rounding errors if there are few units."""


@dataclass(frozen=True)
class RandomCase:
    """A layer, its input, and the options of the run."""

    seed: int
    cell: Case
    sizes: tuple[int, int, int, int]
    """T, B, I, H."""
    lengths: list[int] | None
    arithmetic: str
    threads: int
    kernels: str
    options: dict[str, Any]
    """Options of the layer on both paths."""
    checkpoint_every: int | str | None
    training: bool


def draw(seed: int) -> RandomCase:
    """Return the case of a seed."""
    r = random.Random(seed)
    hidden = r.choice((1, 2, 3, r.randint(4, 20), r.randint(4, 40), r.randint(60, 140)))
    wide = hidden >= 60  # with few rows, threads split the units of a row
    batch = r.choice((1, 2, 3)) if wide else r.choice((0, 1, r.randint(2, 8), r.randint(2, 60)))
    steps = r.choice((1, 2, r.randint(3, 9)))
    cell = widened(r.choice([c for c in CASES + MORE_CASES if hidden > 1 or not c.proj_size]), hidden)
    skip = r.choice((0, 0, 0, 0, 2, 3))  # unsupported by the compiled loop: the layer takes another path
    kernels = r.choice(KERNEL_SETS)
    arithmetic = r.choice(("float64", "float64", "float32", "bfloat16"))
    if arithmetic == "bfloat16" and (skip or kernels != "avx512bf16"):
        arithmetic = "float32"
    zoneout, zoneout_cell, candidate = (r.choice((0.0, 0.0, 0.3)) for _ in range(3))
    drop = RecurrentDrop(
        zoneout=zoneout,
        zoneout_cell=zoneout_cell if "c" in cell.cell.state_names else 0.0,
        candidate=candidate,
    )
    return RandomCase(
        seed=seed,
        cell=cell,
        sizes=(steps, batch, r.choice((1, 2, r.randint(3, 40))), hidden),
        lengths=[r.randint(1, steps) for _ in range(batch)] if r.random() < 0.5 else None,
        arithmetic=arithmetic,
        threads=r.choice((1, 2, 3, 4)),
        kernels=kernels,
        options={
            "num_layers": r.choice((1, 1, 2)),
            "bidirectional": r.random() < 0.4,
            "batch_first": r.random() < 0.3,
            "skip": skip,
            "drop": drop,
        },
        checkpoint_every=None if skip else r.choice((None, None, 1, 2, 5, "auto")),
        # Training masks are drawn in the dtype of the layer, so both paths agree in float64 only.
        training=arithmetic == "float64" and r.random() < 0.5,
    )


def difference(case: RandomCase) -> float:
    """Return the largest difference from the reference relative to the tolerance: at most 1 if correct."""
    extension.use_kernels(case.kernels)
    torch.set_num_threads(case.threads)
    single = case.arithmetic != "float64"
    ours = _run(
        case,
        dtype=torch.float32 if single else torch.float64,
        precision="bfloat16" if case.arithmetic == "bfloat16" else "full",
        backend="auto" if case.options["skip"] else "compiled",
        checkpoint_every=case.checkpoint_every,
    )
    expected = _run(case, dtype=torch.float64, backend="reference")
    if case.arithmetic == "bfloat16" or (single and _has_kinks(case)):
        # Near a kink, a unit may be off in one precision and on in the other, with another gradient.
        ours, expected = ours[:1], expected[:1]
    within = WITHIN[case.arithmetic]
    if case.arithmetic == "bfloat16" and case.cell.cell.layer_norm:
        within = NORMALISED_BFLOAT16
    return max(map(_distance, ours, expected)) / within


def _run(case: RandomCase, *, dtype: torch.dtype, **options: Any) -> list[Tensor]:
    """Return y, the final states, and the gradients of the input, the initial states and the parameters.

    All numbers are drawn in float64, so that they are the same for every dtype.
    """
    layer = _layer(case, **options)
    steps, batch, inputs, _ = case.sizes
    x = uniform(steps, batch, inputs, seed=case.seed).to(dtype)
    x = (x.transpose(0, 1) if layer.batch_first else x).requires_grad_()
    state = layer_state(layer, batch, seed=case.seed + 1, past=bool(layer.skip))
    state = tuple(s.to(dtype).requires_grad_() for s in state)
    layer = layer.to(dtype)
    torch.manual_seed(case.seed)
    lengths = None if case.lengths is None else torch.tensor(case.lengths, dtype=torch.int64)
    y, final = layer(x, as_hidden(state), lengths=lengths)
    outputs = [y, *as_tuple(final)]
    leaves = [x, *state, *layer.parameters()]
    upstream = [uniform(*out.shape, seed=case.seed + 77 + i).to(dtype) for i, out in enumerate(outputs)]
    gradients = torch.autograd.grad(outputs, leaves, upstream, materialize_grads=True)
    return [t.detach() for t in (*outputs, *gradients)]


def _layer(case: RandomCase, **options: Any) -> Recurrent:
    sizes = {"input_size": case.sizes[2], "hidden_size": case.sizes[3]}
    layer = make_layer(case.cell, **sizes, **case.options, **options).train(case.training)
    source = generator(case.seed)
    with torch.no_grad():
        for p in layer.parameters():
            # Matrices with many columns get smaller values, so that rounding errors do not grow.
            width = 0.9 * min(1.0, math.sqrt(6 / p.shape[-1])) if p.dim() > 1 else 0.9
            p.copy_((2 * torch.rand(p.shape, generator=source, dtype=torch.float64) - 1) * width)
    return layer


def _distance(ours: Tensor, expected: Tensor) -> float:
    if ours.shape != expected.shape:
        return math.inf
    if not expected.numel():
        return 0.0
    distance = float((ours.double() - expected).abs().max())
    return math.inf if math.isnan(distance) else distance / max(1.0, float(expected.abs().max()))


def _has_kinks(case: RandomCase) -> bool:
    names = ("nonlinearity", "output_nonlinearity")
    return any(getattr(case.cell.cell, name, "") == "relu" for name in names)


def main() -> int:
    """Run the cases; return 1 if any of them differs."""
    parser = argparse.ArgumentParser(description="Hold random layers to the reference path in float64.")
    parser.add_argument("--cases", type=int, default=7000)
    parser.add_argument("--seed", type=int, default=0, help="of the first case; the next has the next")
    args = parser.parse_args()
    wrong = 0
    for seed in range(args.seed, args.seed + args.cases):
        case = draw(seed)
        ratio = difference(case)
        if ratio > 1:
            wrong += 1
            print(f"differs by {ratio:.3g} times what is allowed: {case}", file=sys.stderr)
    sets = " ".join(KERNEL_SETS)
    print(f"{args.cases} cases from seed {args.seed}, {wrong} differ; instruction sets: {sets}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
