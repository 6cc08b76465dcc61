"""Gates and states over time, and how long the gates keep a state."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.activation_saturation import constant_units
from unrolled.diagnostics.activations import live_values
from unrolled.diagnostics.gradients import QUANTILES, Floats
from unrolled.diagnostics.passes import Pass
from unrolled.short_repr import short_repr


@short_repr
@dataclass(frozen=True, eq=False)
class GateCourse:
    """One gate over time: the mean over the rows of each unit, and of these the mean and quantiles.

    Each array is (T,), NaN at steps where every row is padding.
    """

    layer: str
    gate: str
    mean: Floats
    low: Floats
    """The 10% quantile over the units."""
    median: Floats
    high: Floats
    """The 90% quantile over the units."""


@short_repr
@dataclass(frozen=True, eq=False)
class StateCourse:
    """The Euclidean norm of one state over time: mean and quantiles over the rows.

    Each array is (T,), NaN at steps where every row is padding.
    """

    layer: str
    state: str
    mean: Floats
    low: Floats
    """The 10% quantile over the rows."""
    median: Floats
    high: Floats
    """The 90% quantile over the rows."""
    constant: NDArray[np.int64]
    """Units that have one and the same value at every step of every row, rounding aside."""


@short_repr
@dataclass(frozen=True, eq=False)
class TimeConstants:
    """After how many steps the gate that keeps the old state leaves 1/e of it, τ = −1 / ln(mean gate).

    With c_t = f_t ⊙ c_{t−1} + … (an LSTM) or h_t = z_t ⊙ h_{t−1} + … (a GRU), a gate at its mean ḡ leaves
    ḡⁿ = e^(−n/τ) after n steps (compare Tallec & Ollivier 2018). What zoneout keeps besides is not
    counted.
    """

    layer: str
    gate: str
    mean_gate: Floats
    """Of each unit over all steps and rows, (units,)."""
    steps: Floats
    """τ of each unit, (units,): 0 for a gate that is always 0, infinite for one that is always 1."""

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """The units at 10%, 50% and 90% of the distribution of τ."""
        low, median, high = np.quantile(self.steps, QUANTILES, method="inverted_cdf").tolist()
        return low, median, high


def gate_courses(p: Pass) -> tuple[GateCourse, ...]:
    """Return every gate of the trace over time, those of a user's own cell too.

    The trace of Elman's and Jordan's network holds ``preactivation`` and ``hidden``. What a cell traces in
    another form than (T, B, units) is left out.
    """
    return tuple(_gate(p, name, values) for name, values in p.gates.items() if values.dim() == 3)


def state_courses(p: Pass) -> tuple[StateCourse, ...]:
    """Return the norms of every state over time."""
    return tuple(_state(p, name, values) for name, values in p.states.items())


def time_constants(p: Pass) -> TimeConstants | None:
    """Return what the gate that keeps the state implies; None for a cell without one."""
    gate = p.cell.retaining_gate
    if gate is None:
        return None
    mean = live_values(p, p.gates[gate]).mean(0)
    with np.errstate(divide="ignore"):
        return TimeConstants(p.name, gate, mean, 1 / np.abs(np.log(mean)))


def _gate(p: Pass, name: str, values: Tensor) -> GateCourse:
    live, there = _live(p)
    array = np.where(live[:, :, None], values.double().cpu().numpy()[there], 0.0)
    units = array.sum(1) / live.sum(1, keepdims=True)
    low, median, high = np.quantile(units, QUANTILES, axis=1)
    mean, low, median, high = (_spread(part, there) for part in (units.mean(1), low, median, high))
    return GateCourse(p.name, name, mean, low, median, high)


def _state(p: Pass, name: str, values: Tensor) -> StateCourse:
    live, there = _live(p)
    norms = np.linalg.norm(values.double().cpu().numpy()[there], axis=-1)
    norms = np.where(live, norms, np.nan)
    low, median, high = np.nanquantile(norms, QUANTILES, axis=1)
    mean, low, median, high = (_spread(part, there) for part in (np.nanmean(norms, 1), low, median, high))
    return StateCourse(p.name, name, mean, low, median, high, constant_units(live_values(p, values)))


def _live(p: Pass) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are live at the steps where any is (S, B), and which steps these are (T,)."""
    live: NDArray[np.bool_] = p.live.cpu().numpy()
    there: NDArray[np.bool_] = np.asarray(live.any(1))
    return live[there], there


def _spread(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """Return values (S,) of the steps that are there over all T steps, NaN elsewhere."""
    found = np.full(len(there), np.nan)
    found[there] = values
    return found
