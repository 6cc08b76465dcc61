"""What a lesson measures of a network: how its gradient fares on the way back."""

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
from unrolled.synthetic.model import Solver
from unrolled.synthetic.problems import SyntheticBatch

ROWS, PRODUCT_ROWS = 16, 4
SEED = 2**62
"""Of the sequences that are looked at: none that is trained on."""


@dataclass(frozen=True, eq=False)
class WayBack:
    """The gradient of the last loss over the distance back, and the Jacobians that make it."""

    distance: NDArray[np.int64]
    """0 … T − 1."""
    norm: Floats
    """Median over the rows of ‖∂E/∂state‖, of an LSTM the larger of h and c; (T,)."""
    factor: float
    """‖J_t … J_1‖^(1/n) over the whole sequence, the median over rows: the most that one step
    multiplies by."""
    bound: float | None
    """‖U‖ max σ′, of a plain Elman network."""

    @property
    def left(self) -> float:
        """The share of the gradient at its own step that is left at the longest distance."""
        return float(self.norm[-1] / self.norm[0])

    @property
    def reach(self) -> int | None:
        """Steps back at which less than 1/1000 is left for good; None where more is left at the longest."""
        above = np.flatnonzero(self.norm >= VANISHED * self.norm[0])
        first = int(above[-1]) + 1
        return first if first < len(self.norm) else None

    @property
    def reach_words(self) -> str:
        """The same for a table."""
        return f"over {len(self.norm) - 1}" if self.reach is None else str(self.reach)


def recorded(model: Solver, batch: SyntheticBatch | None = None) -> Recording:
    """Record a pass in float64: gradients over a hundred steps leave the range of float32."""
    exact = copy.deepcopy(model).double()
    drawn = model.problem.draw(ROWS, SEED) if batch is None else batch
    target: Tensor = drawn.target.double() if drawn.target.is_floating_point() else drawn.target
    return record(exact, lambda: exact.losses(SyntheticBatch(drawn.x.double(), target)))


def way_back(model: Solver) -> WayBack:
    """Measure how the gradient of the last loss fares on its way back."""
    recording = recorded(model)
    curves = gradients(recording).curves()
    norm = np.max([c.median for c in curves], axis=0)
    (layer,) = recording.passes
    rows = min(PRODUCT_ROWS, ROWS)
    multiplied = products(layer, [(len(norm) - 1, row) for row in range(rows)])
    factor = math.exp(float(multiplied.median()[-1]) / int(multiplied.distances[-1]))
    bound = None if multiplied.log_a_priori is None else math.exp(multiplied.log_a_priori)
    return WayBack(curves[0].distance, norm, factor, bound)
