"""Units and gates that sit at an end of their range, where gradients do not pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.diagnostics.activations import Activation, Kind, activations
from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.passes import Pass
from unrolled.errors import ConfigError
from unrolled.short_repr import short_repr

EDGE = 0.1
"""Share of the range of a nonlinearity that counts as its end (Karpathy, Johnson & Fei-Fei 2015)."""
SAME = 1e-6
"""Values within this share of their size are the same: float32 rounds to about a tenth of it."""


@short_repr
@dataclass(frozen=True, eq=False)
class Saturation:
    """How much of the time each unit of one nonlinearity is saturated.

    Left is below 10% of the range, right above 90%: a sigmoid below 0.1 or above 0.9, as in Karpathy, Johnson
    & Fei-Fei (2015, arXiv:1506.02078), and so a tanh below −0.8 or above 0.8. σ′ is there at
    most 36% of its largest value. A relu is left-saturated at 0 and never on the right.
    """

    layer: str
    name: str
    kind: Kind
    left: Floats
    """Fraction of the steps of all rows, (units,)."""
    right: Floats
    """Fraction of the steps of all rows, (units,)."""
    always: NDArray[np.int64]
    """Units that are saturated, on either side, at every step of every row."""
    dead: NDArray[np.int64]
    """Units of a relu that are 0 at every step of every row: they learn nothing from this batch."""
    constant: NDArray[np.int64]
    """Units that have one and the same value everywhere, rounding aside."""

    @property
    def share_left(self) -> float:
        """Share of all steps, rows and units."""
        return float(self.left.mean())

    @property
    def share_right(self) -> float:
        """Share of all steps, rows and units."""
        return float(self.right.mean())


def saturation(p: Pass, edge: float = EDGE) -> tuple[Saturation, ...]:
    """Return the saturation of every nonlinearity of a pass that is known.

    Args:
        p: the pass.
        edge: share of the range that counts as its end, on each side; 0.005 is |tanh| > 0.99.

    Raises:
        ConfigError: if edge is not between 0 and 0.5.
    """
    if not 0 < edge < 0.5:
        raise ConfigError(f"edge={edge}: the end of a range must be a share of it between 0 and 0.5")
    return tuple(_saturation(a, edge) for a in activations(p))


def constant_units(values: Floats) -> NDArray[np.int64]:
    """Return the units of values (N, units) that never change; none where N is 1."""
    if len(values) < 2:
        return np.zeros(0, np.int64)
    spread = np.ptp(values, axis=0)
    found: NDArray[np.int64] = np.flatnonzero(spread <= SAME * np.abs(values).max(0))
    return found


def _saturation(a: Activation, edge: float) -> Saturation:
    if a.kind == "relu":
        left, right = a.slopes == 0, np.zeros(a.values.shape, bool)
    else:
        place = (a.values + 1) / 2 if a.kind == "tanh" else a.values
        left, right = place < edge, place > 1 - edge
    always = np.flatnonzero((left | right).all(0))
    return Saturation(
        layer=a.layer,
        name=a.name,
        kind=a.kind,
        left=left.mean(0),
        right=right.mean(0),
        always=always,
        dead=always if a.kind == "relu" else always[:0],
        constant=constant_units(a.values),
    )
