"""Lyapunov exponents: how fast small changes of the state grow or fade in the long run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.jacobian import Place, jacobians, push
from unrolled.diagnostics.passes import Pass
from unrolled.errors import ShapeError
from unrolled.short_repr import short_repr

STEPS_TOGETHER = 32
FEW, SMALL = 4, 512
"""A state above 512 is large; a quarter of its size is few directions."""
Move = Callable[[Tensor], Tensor]
WARM = 12
"""Steps that a row needs at least: ten after a warm-up of a tenth."""
EDGE = 0.01
"""Nats a step: an exponent within this of zero neither fades nor grows for a hundred steps."""
ERRORS = 2
"""Standard errors within which an exponent cannot be told from zero."""


@short_repr
@dataclass(frozen=True, eq=False)
class Lyapunov:
    """Exponents of one layer and direction along its input, in nats a step, the largest first.

    ``history`` (T, K) is ln of the growth of each direction at each step; exponents are its means after the
    warm-up. ``error`` (K,) is the standard error of each, from the means of ten parts of the run.
    """

    layer: str
    exponents: Floats
    error: Floats
    history: Floats
    warm_up: int

    @property
    def regime(self) -> Literal["contracting", "edge", "chaotic"]:
        """The regime of the largest exponent: small changes fade, stay, or grow.

        They stay where the exponent is within :data:`EDGE` of zero, or within two standard errors.
        """
        largest = self.exponents[0]
        if abs(largest) <= max(EDGE, ERRORS * self.error[0]):
            return "edge"
        return "contracting" if largest < 0 else "chaotic"

    @property
    def steps_to_e(self) -> float:
        """Steps in which a change shrinks (or grows) by a factor e, 1/|λ₁|."""
        return float(1 / max(abs(self.exponents[0]), np.finfo(float).tiny))


def lyapunov(p: Pass, row: int = 0, count: int | None = 16, warm_up: int | None = None) -> Lyapunov:
    """Return the largest exponents of a layer driven by its input along one row.

    Orthonormal directions are carried along by the step Jacobians and made orthonormal again by a QR
    decomposition at every step; the logarithms of R's diagonal are averaged (Benettin et al. 1980; for
    recurrent networks: Vogt et al. 2022, doi:10.3389/fams.2022.818799). A layer above the first is driven by
    the one below, whose exponents are its own: together they are those of the whole stack.

    Args:
        p: the pass.
        row: which row of the batch; the longer, the better.
        count: how many exponents, K; None is all N.
        warm_up: steps that are left out at the beginning, until the directions have settled; None is a tenth.

    Raises:
        ShapeError: if the row is shorter than ten steps after the warm-up.
    """
    path = p.steps_of(row)
    left_out = len(path) // 10 if warm_up is None else warm_up
    if len(path) - left_out < 10:
        raise ShapeError(
            f"row {row} of {p.name} has {len(path)} steps, {left_out} of them warm-up: exponents need at "
            "least ten more"
        )
    kept = min(count or p.state_size, p.state_size)
    generator = torch.Generator().manual_seed(0)
    like = p.before[0]
    start = torch.randn(p.state_size, kept, generator=generator, dtype=torch.float64).to(like.dtype)
    history = (
        torch.stack(list(_growth(p, [(t, row) for t in path], start)))
        .double()
        .clamp_min(np.finfo(float).tiny)
        .log()
        .numpy()
    )
    settled = history[left_out:]
    parts = np.array([part.mean(0) for part in np.array_split(settled, 10)])
    order = np.argsort(-settled.mean(0), kind="stable")
    exponents, error = settled.mean(0), parts.std(0, ddof=1) / np.sqrt(len(parts))
    return Lyapunov(p.name, exponents[order], error[order], history[:, order], left_out)


def _growth(p: Pass, places: list[Place], start: Tensor) -> Iterator[Tensor]:
    """Yield by how much each of the directions (N, K) grows at each step, (K,)."""
    directions = torch.linalg.qr(start).Q
    for begin in range(0, len(places), STEPS_TOGETHER):
        part = places[begin : begin + STEPS_TOGETHER]
        # Few directions of a large state are carried along for less than its Jacobian costs.
        if start.shape[1] * FEW <= len(start) and len(start) > SMALL:
            moves: list[Move] = [partial(push, p, place) for place in part]
        else:
            moves = [jacobian.matmul for jacobian in jacobians(p, part)]
        for move in moves:
            directions, r = torch.linalg.qr(move(directions))
            yield r.diagonal().abs()
