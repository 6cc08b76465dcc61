"""The nonlinearities inside a layer, and the distribution of their derivatives σ′."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unrolled.cells import GRU, LSTM, Elman, Jordan
from unrolled.diagnostics.gradients import QUANTILES, Floats
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.products import STEEPEST

Kind = Literal["tanh", "sigmoid", "relu"]
BINS = 50
GATES: dict[object, dict[str, Kind]] = {
    LSTM.step: {"i": "sigmoid", "f": "sigmoid", "g": "tanh", "o": "sigmoid"},
    GRU.step: {"r": "sigmoid", "z": "sigmoid", "n": "tanh"},
}
"""By the method that computes them: the gates in the trace, and what each of them is."""


@dataclass(frozen=True, eq=False)
class Activation:
    """One nonlinearity of one layer and direction at all N steps of all rows that are not padding.

    ``name`` is that of the trace (``"hidden"``, ``"i"``, …), ``"tanh(c)"`` of an LSTM's cell, or ``"output"``
    of Jordan's network.
    """

    layer: str
    name: str
    kind: Kind
    values: Floats
    """σ(a), (N, units)."""
    slopes: Floats
    """σ′(a), (N, units)."""


@dataclass(frozen=True, eq=False)
class SlopeDistribution:
    """σ′ of one nonlinearity over all steps, rows and units.

    Every step back through time multiplies the gradient by σ′ (Pascanu et al. 2013, eq. 5): what is far below
    the largest possible value, 1 for tanh and relu, 1/4 for sigmoid, lets gradients vanish.
    """

    layer: str
    name: str
    kind: Kind
    edges: Floats
    """Of the bins, from 0 to the largest possible value, (bins + 1,)."""
    counts: NDArray[np.int64]
    """(bins,)"""
    mean: float
    low: float
    """The 10% quantile."""
    median: float
    high: float
    """The 90% quantile."""
    largest: float
    unit_mean: Floats
    """The mean of each unit, (units,)."""


def activations(p: Pass) -> tuple[Activation, ...]:
    """Return every nonlinearity of a pass that is known, with its derivative.

    σ′(a) of Elman's and Jordan's hidden layer comes from the preactivation. That of a gate comes from its
    value g: g (1 − g) for sigmoid, 1 − g² for tanh; this is 0 where the gate was rounded to 0 or ±1.
    The tanh of an LSTM's cell state and the output of Jordan's network are there only where the trace holds
    them: not with layer normalisation of c or zoneout. Of a cell whose ``step`` is a user's own nothing is
    known: there are none.
    """
    step = type(p.cell).step
    found = [_from_value(p, name, kind, p.gates[name]) for name, kind in GATES.get(step, {}).items()]
    if step is Elman.step:
        found += _hidden(p)
    if type(p.cell) is Jordan and "zoneout_h" not in p.masks and p.cell.output_nonlinearity in STEEPEST:
        found.append(_from_value(p, "output", p.cell.output_nonlinearity, p.states["h"]))  # type: ignore[arg-type]
    if type(p.cell) is LSTM and "zoneout_c" not in p.masks and not p.cell.layer_norm:
        found.append(_from_value(p, "tanh(c)", "tanh", p.states["c"].double().tanh()))
    return tuple(found)


def slopes(p: Pass) -> tuple[SlopeDistribution, ...]:
    """Return the distribution of σ′ of every nonlinearity that :func:`activations` knows."""
    return tuple(_distribution(a) for a in activations(p))


def live_values(p: Pass, values: Tensor) -> Floats:
    """Return values (T, B, units) of all steps of all rows that are not padding, (N, units)."""
    found: Floats = values[p.live].double().cpu().numpy()
    return found


def slope_of_value(kind: Kind, value: Floats) -> Floats:
    """Return σ′(a) for the value σ(a)."""
    if kind == "sigmoid":
        return value * (1 - value)
    return 1 - value**2 if kind == "tanh" else (value > 0).astype(np.float64)


def slope_of_preactivation(kind: Kind, a: Floats) -> Floats:
    """Return σ′(a), without loss of digits where σ is flat."""
    if kind == "relu":
        return (a > 0).astype(np.float64)
    # sigmoid′(a) = e^−|a| / (1 + e^−|a|)², and tanh′(a) = 4 sigmoid′(2a).
    tail = np.exp(-np.abs(a) * (2 if kind == "tanh" else 1))
    slope: Floats = tail / (1 + tail) ** 2
    return 4 * slope if kind == "tanh" else slope


def _hidden(p: Pass) -> list[Activation]:
    assert isinstance(p.cell, Elman)
    kind = p.cell.nonlinearity
    found = slope_of_preactivation(kind, live_values(p, p.gates["preactivation"]))
    return [Activation(p.name, "hidden", kind, live_values(p, p.gates["hidden"]), found)]


def _from_value(p: Pass, name: str, kind: Kind, values: Tensor) -> Activation:
    found = live_values(p, values)
    return Activation(p.name, name, kind, found, slope_of_value(kind, found))


def _distribution(a: Activation) -> SlopeDistribution:
    steepest = STEEPEST[a.kind]
    counts, edges = np.histogram(np.minimum(a.slopes, steepest), BINS, (0.0, steepest))
    low, median, high = (float(q) for q in np.quantile(a.slopes, QUANTILES))
    return SlopeDistribution(
        layer=a.layer,
        name=a.name,
        kind=a.kind,
        edges=edges,
        counts=counts,
        mean=float(a.slopes.mean()),
        low=low,
        median=median,
        high=high,
        largest=float(a.slopes.max()),
        unit_mean=a.slopes.mean(0),
    )
