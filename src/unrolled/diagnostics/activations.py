"""The nonlinearities inside a layer, and the distribution of their derivatives σ′."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unrolled.cells.declarations import TracedActivation
from unrolled.cells.nonlinearities import NONLINEARITIES
from unrolled.diagnostics.gradients import QUANTILES, Floats
from unrolled.diagnostics.passes import Pass
from unrolled.diagnostics.products import STEEPEST
from unrolled.short_repr import short_repr

Kind = Literal["tanh", "sigmoid", "relu"]
BINS = 50


@short_repr
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


@short_repr
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
    gates = [_of_gate(p, declared) for declared in p.cell.gate_activations]
    states = [
        _of_state(p, declared)
        for declared in p.cell.state_activations
        if f"zoneout_{declared.value or declared.preactivation}" not in p.masks
    ]
    return (*gates, *states)


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


def _of_gate(p: Pass, declared: TracedActivation) -> Activation:
    if not declared.preactivation:
        return _from_value(p, declared, p.gates[declared.value])
    slopes = slope_of_preactivation(declared.kind, live_values(p, p.gates[declared.preactivation]))
    return Activation(p.name, declared.name, declared.kind, live_values(p, p.gates[declared.value]), slopes)


def _of_state(p: Pass, declared: TracedActivation) -> Activation:
    if declared.value:
        return _from_value(p, declared, p.states[declared.value])
    return _from_value(p, declared, NONLINEARITIES[declared.kind](p.states[declared.preactivation].double()))


def _from_value(p: Pass, declared: TracedActivation, values: Tensor) -> Activation:
    found = live_values(p, values)
    return Activation(p.name, declared.name, declared.kind, found, slope_of_value(declared.kind, found))


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
