"""Lyapunov exponents: long-run growth rates of small changes of the state."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.jacobian import Place, jacobian_times, jacobians
from unrolled.diagnostics.passes import Pass
from unrolled.errors import ShapeError
from unrolled.short_repr import short_repr
from unrolled.wording import counted

CHUNK_STEPS = 32
FEW_DIRECTIONS, LARGE_STATE = 4, 512
"""For a state of more than 512 numbers and at most a quarter as many directions, Jacobians are not formed."""
Propagate = Callable[[Tensor], Tensor]
MIN_STEPS = 12
"""Minimum length of a row: ten steps after a warm-up of a tenth."""
EDGE = 0.01
"""In nats per step: changes with an exponent this close to zero neither fade nor grow for a hundred steps."""
STANDARD_ERRORS = 2
"""An exponent within this many standard errors of zero is not distinguishable from zero."""


@short_repr
@dataclass(frozen=True, eq=False)
class Lyapunov:
    """Lyapunov exponents of one layer and direction along its input, in nats per step, the largest first.

    ``history`` (T, K) is the log growth of each direction at each step. The exponents are its means after the
    warm-up. ``error`` (K,) is their standard error, from the means of ten parts of the run.
    """

    layer: str
    exponents: Floats
    error: Floats
    history: Floats
    warm_up: int

    @property
    def regime(self) -> Literal["contracting", "edge", "chaotic"]:
        """Regime of the largest exponent: small changes fade, persist, or grow.

        They persist ("edge") if the exponent is within :data:`EDGE` or two standard errors of zero.
        """
        largest = self.exponents[0]
        if abs(largest) <= max(EDGE, STANDARD_ERRORS * self.error[0]):
            return "edge"
        return "contracting" if largest < 0 else "chaotic"

    @property
    def steps_to_e(self) -> float:
        """Number of steps in which a change shrinks or grows by a factor e, 1/|λ₁|."""
        return float(1 / max(abs(self.exponents[0]), np.finfo(float).tiny))


def lyapunov(p: Pass, row: int = 0, count: int | None = 16, warm_up: int | None = None) -> Lyapunov:
    """Return the largest Lyapunov exponents of a layer driven by its input along one row.

    The step Jacobians propagate orthonormal directions, which a QR decomposition makes orthonormal again
    after every step. The logarithms of R's diagonal are averaged (Benettin et al. 1980; for recurrent
    networks: Vogt et al. 2022, doi:10.3389/fams.2022.818799). A layer above the first is driven by the layer
    below; the exponents of all layers together are those of the whole stack.

    Args:
        p: the pass.
        row: row of the batch; a longer row gives better estimates.
        count: number of exponents, K; None computes all N.
        warm_up: number of initial steps to skip until the directions have settled; None skips a tenth.

    Raises:
        ShapeError: if the row is shorter than ten steps after the warm-up.
    """
    path = p.steps_of(row)
    skipped = len(path) // 10 if warm_up is None else warm_up
    if len(path) - skipped < 10:
        raise ShapeError(
            f"row {row} of {p.name} has {counted(len(path), 'step')}, {skipped} of them warm-up: exponents "
            "need at least ten more"
        )
    exponent_count = min(count or p.state_size, p.state_size)
    generator = torch.Generator().manual_seed(0)
    state = p.before[0]
    start = torch.randn(p.state_size, exponent_count, generator=generator, dtype=torch.float64).to(
        state.dtype
    )
    history = (
        torch.stack(list(_growth(p, [(t, row) for t in path], start)))
        .double()
        .clamp_min(np.finfo(float).tiny)
        .log()
        .numpy()
    )
    settled = history[skipped:]
    parts = np.array([part.mean(0) for part in np.array_split(settled, 10)])
    order = np.argsort(-settled.mean(0), kind="stable")
    exponents, error = settled.mean(0), parts.std(0, ddof=1) / np.sqrt(len(parts))
    return Lyapunov(p.name, exponents[order], error[order], history[:, order], skipped)


def _growth(p: Pass, places: list[Place], start: Tensor) -> Iterator[Tensor]:
    """Yield the growth factor of each of the directions (N, K) at each step, (K,)."""
    directions = torch.linalg.qr(start).Q
    for begin in range(0, len(places), CHUNK_STEPS):
        part = places[begin : begin + CHUNK_STEPS]
        # For few directions of a large state, products are cheaper than the full Jacobian.
        if start.shape[1] * FEW_DIRECTIONS <= len(start) and len(start) > LARGE_STATE:
            propagators: list[Propagate] = [partial(jacobian_times, p, place) for place in part]
        else:
            propagators = [jacobian.matmul for jacobian in jacobians(p, part)]
        for propagate in propagators:
            directions, r = torch.linalg.qr(propagate(directions))
            yield r.diagonal().abs()
