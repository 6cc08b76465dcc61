"""Saturated units and gates: values near an end of the range, where gradients vanish."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.diagnostics.activations import Activation, Kind, activations
from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.passes import Pass
from unrolled.errors import ConfigError
from unrolled.short_repr import short_repr

EDGE = 0.1
"""Fraction of the range at each end that counts as saturated (Karpathy, Johnson & Fei-Fei 2015)."""
SAME = 1e-6
"""Relative difference below which values count as equal: about ten times the rounding of float32."""


@short_repr
@dataclass(frozen=True, eq=False)
class Saturation:
    """Fraction of steps at which each unit of one nonlinearity is saturated.

    A unit is left-saturated below 10% of the range, and right-saturated above 90%: for a sigmoid below 0.1
    and above 0.9, as in Karpathy, Johnson & Fei-Fei (2015, arXiv:1506.02078), for a tanh below −0.8 and above
    0.8. There σ′ is at most 36% of its largest value. A relu is left-saturated at 0 and never
    right-saturated.
    """

    layer: str
    name: str
    kind: Kind
    left: Floats
    """Fraction of the steps of all rows, (units,)."""
    right: Floats
    """Fraction of the steps of all rows, (units,)."""
    always: NDArray[np.int64]
    """Units saturated (on either side) at every step of every row."""
    dead: NDArray[np.int64]
    """ReLU units that are 0 at every step of every row: they learn nothing from this batch."""
    constant: NDArray[np.int64]
    """Units with the same value at every step of every row, up to rounding."""

    @property
    def share_left(self) -> float:
        """Left-saturated fraction of all steps, rows and units."""
        return float(self.left.mean())

    @property
    def share_right(self) -> float:
        """Right-saturated fraction of all steps, rows and units."""
        return float(self.right.mean())


def saturation(p: Pass, edge: float = EDGE) -> tuple[Saturation, ...]:
    """Return the saturation of every known nonlinearity of a pass.

    Args:
        p: the pass.
        edge: fraction of the range at each end that counts as saturated; 0.005 is |tanh| > 0.99.

    Raises:
        ConfigError: if edge is not between 0 and 0.5.
    """
    if not 0 < edge < 0.5:
        raise ConfigError(f"edge={edge}: must be a fraction of the range between 0 and 0.5")
    return tuple(_saturation(a, edge) for a in activations(p))


def constant_units(values: Floats) -> NDArray[np.int64]:
    """Return the units of values (N, units) that never change; none if N is 1."""
    if len(values) < 2:
        return np.zeros(0, np.int64)
    spread = np.ptp(values, axis=0)
    units: NDArray[np.int64] = np.flatnonzero(spread <= SAME * np.abs(values).max(0))
    return units


def _saturation(a: Activation, edge: float) -> Saturation:
    if a.kind == "relu":
        left, right = a.slopes == 0, np.zeros(a.values.shape, bool)
    else:
        position = (a.values + 1) / 2 if a.kind == "tanh" else a.values
        left, right = position < edge, position > 1 - edge
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
