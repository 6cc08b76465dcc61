"""Activations inside a layer, and the distribution of their derivatives σ′."""

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
    """Values of one nonlinearity of one layer and direction at all N steps and rows that are not padding.

    ``name`` is the name in the trace (``"hidden"``, ``"i"``, …), ``"tanh(c)"`` for the cell state of an LSTM,
    or ``"output"`` for a Jordan network.
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
    """Distribution of σ′ of one nonlinearity over all steps, rows and units.

    Each step back through time multiplies the gradient by σ′ (Pascanu et al. 2013, eq. 5). Values far below
    the maximum (1 for tanh and relu, 1/4 for sigmoid) make gradients vanish.
    """

    layer: str
    name: str
    kind: Kind
    edges: Floats
    """Edges of the bins, from 0 to the largest possible value, (bins + 1,)."""
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
    """Mean of each unit, (units,)."""


def activations(p: Pass) -> tuple[Activation, ...]:
    """Return every known nonlinearity of a pass, with its derivative.

    For the hidden layer of Elman and Jordan networks, σ′(a) is computed from the preactivation. For a gate it
    is computed from its value g: g (1 − g) for sigmoid, 1 − g² for tanh, and thus 0 if the gate is rounded to
    0 or ±1. The tanh of an LSTM's cell state and the output of a Jordan network are included only if the
    trace has them: not with layer normalisation of c or zoneout. The result is empty for a cell with a custom
    ``step``.
    """
    gates = [_gate_activation(p, declaration) for declaration in p.cell.gate_activations]
    states = [
        _state_activation(p, declaration)
        for declaration in p.cell.state_activations
        if f"zoneout_{declaration.value or declaration.preactivation}" not in p.masks
    ]
    return (*gates, *states)


def slopes(p: Pass) -> tuple[SlopeDistribution, ...]:
    """Return the distribution of σ′ of every nonlinearity in :func:`activations`."""
    return tuple(_distribution(a) for a in activations(p))


def live_values(p: Pass, values: Tensor) -> Floats:
    """Return the values (T, B, units) at all steps and rows that are not padding, (N, units)."""
    array: Floats = values[p.live].double().cpu().numpy()
    return array


def slope_of_value(kind: Kind, value: Floats) -> Floats:
    """Return σ′(a) from the value σ(a)."""
    if kind == "sigmoid":
        return value * (1 - value)
    return 1 - value**2 if kind == "tanh" else (value > 0).astype(np.float64)


def slope_of_preactivation(kind: Kind, a: Floats) -> Floats:
    """Return σ′(a), accurate also where σ is flat."""
    if kind == "relu":
        return (a > 0).astype(np.float64)
    # sigmoid′(a) = e^−|a| / (1 + e^−|a|)², and tanh′(a) = 4 sigmoid′(2a).
    tail = np.exp(-np.abs(a) * (2 if kind == "tanh" else 1))
    slope: Floats = tail / (1 + tail) ** 2
    return 4 * slope if kind == "tanh" else slope


def _gate_activation(p: Pass, declaration: TracedActivation) -> Activation:
    if not declaration.preactivation:
        return _from_value(p, declaration, p.gates[declaration.value])
    slopes = slope_of_preactivation(declaration.kind, live_values(p, p.gates[declaration.preactivation]))
    return Activation(
        p.name, declaration.name, declaration.kind, live_values(p, p.gates[declaration.value]), slopes
    )


def _state_activation(p: Pass, declaration: TracedActivation) -> Activation:
    if declaration.value:
        return _from_value(p, declaration, p.states[declaration.value])
    return _from_value(
        p, declaration, NONLINEARITIES[declaration.kind](p.states[declaration.preactivation].double())
    )


def _from_value(p: Pass, declaration: TracedActivation, values: Tensor) -> Activation:
    outputs = live_values(p, values)
    return Activation(
        p.name, declaration.name, declaration.kind, outputs, slope_of_value(declaration.kind, outputs)
    )


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
