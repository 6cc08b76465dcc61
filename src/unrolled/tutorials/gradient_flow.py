"""Measure how the gradient of a network shrinks or grows on its way back through time."""

import copy
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.findings.reach import VANISHED
from unrolled.diagnostics.gradients import Floats, gradients
from unrolled.diagnostics.passes import Recording
from unrolled.diagnostics.products import products
from unrolled.diagnostics.recording import record
from unrolled.synthetic.model import ProblemNetwork
from unrolled.synthetic.problems import SyntheticBatch

ROWS, PRODUCT_ROWS = 16, 4
"""Sequences for gradients, and for the more costly products of Jacobians."""
SEED = 2**62
"""Seed of the sequences for measurements; training never uses it."""


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """Gradient of the last loss with respect to earlier states, and the factor and bound of one step."""

    distance: NDArray[np.int64]
    """Steps back from the last state, 0 … T − 1."""
    norm: Floats
    """Median over the rows of ‖∂E/∂state‖, for an LSTM the larger of h and c, (T,)."""
    factor: float
    """Factor per step: ‖J_t … J_1‖^(1/n) over the whole sequence, median over the rows."""
    bound: float | None
    """Upper bound ‖U‖ max σ′ of that factor for an Elman network, else None."""

    @property
    def remaining(self) -> float:
        """Norm at the longest distance as a fraction of the norm at distance 0."""
        return float(self.norm[-1] / self.norm[0])

    @property
    def reach(self) -> int | None:
        """Steps back from which the norm stays below 1/1000 of that at distance 0; None if it does not."""
        above = np.flatnonzero(self.norm >= VANISHED * self.norm[0])
        first = int(above[-1]) + 1
        return first if first < len(self.norm) else None

    @property
    def reach_text(self) -> str:
        """The reach as text for a table: "12", or "over 100"."""
        return f"over {len(self.norm) - 1}" if self.reach is None else str(self.reach)


def record_pass(model: ProblemNetwork, batch: SyntheticBatch | None = None) -> Recording:
    """Record a forward pass in float64: gradients over a hundred steps underflow in float32."""
    model64 = copy.deepcopy(model).double()
    sample = model.problem.draw(ROWS, SEED) if batch is None else batch
    target: Tensor = sample.target.double() if sample.target.is_floating_point() else sample.target
    return record(model64, lambda: model64.losses(SyntheticBatch(sample.x.double(), target)))


def measure_gradient_flow(model: ProblemNetwork) -> GradientFlow:
    """Measure the gradient of the last loss with respect to all earlier states."""
    recording = record_pass(model)
    curves = gradients(recording).curves()
    norm = np.max([c.median for c in curves], axis=0)
    (layer,) = recording.passes
    rows = min(PRODUCT_ROWS, ROWS)
    jacobians = products(layer, [(len(norm) - 1, row) for row in range(rows)])
    factor = math.exp(float(jacobians.median()[-1]) / int(jacobians.distances[-1]))
    bound = None if jacobians.log_a_priori is None else math.exp(jacobians.log_a_priori)
    return GradientFlow(curves[0].distance, norm, factor, bound)
