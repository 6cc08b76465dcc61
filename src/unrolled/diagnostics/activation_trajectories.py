"""Gates and states over time, and the time constants of the gates."""

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
class GateTrajectory:
    """One gate over time: mean and quantiles over the units.

    The gate of each unit is first averaged over the rows. Each array is (T,), NaN at steps where all rows are
    padding.
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
class StateTrajectory:
    """Euclidean norm of one state over time: mean and quantiles over the rows.

    Each array is (T,), NaN at steps where all rows are padding.
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
    """Units with the same value at every step of every row, up to rounding."""


@short_repr
@dataclass(frozen=True, eq=False)
class TimeConstants:
    """Time constants of the retaining gate, in steps: τ = −1 / ln(mean gate).

    With c_t = f_t ⊙ c_{t−1} + … (LSTM) or h_t = z_t ⊙ h_{t−1} + … (GRU), a gate at its mean ḡ retains ḡⁿ =
    e^(−n/τ) of the state after n steps, and 1/e after τ steps (compare Tallec & Ollivier 2018). The effect of
    zoneout is not included.
    """

    layer: str
    gate: str
    mean_gate: Floats
    """Mean of the gate of each unit over all steps and rows, (units,)."""
    steps: Floats
    """τ of each unit, (units,): 0 if the gate is always 0, infinite if it is always 1."""

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """The 10%, 50% and 90% quantiles of τ over the units."""
        low, median, high = np.quantile(self.steps, QUANTILES, method="inverted_cdf").tolist()
        return low, median, high


def gate_trajectories(p: Pass) -> tuple[GateTrajectory, ...]:
    """Return every gate of the trace over time, including those of custom cells.

    The trace of Elman and Jordan networks has ``preactivation`` and ``hidden``. Traced values of another
    shape than (T, B, units) are left out.
    """
    return tuple(_gate_course(p, name, values) for name, values in p.gates.items() if values.dim() == 3)


def state_trajectories(p: Pass) -> tuple[StateTrajectory, ...]:
    """Return the norm of every state over time."""
    return tuple(_state_course(p, name, values) for name, values in p.states.items())


def time_constants(p: Pass) -> TimeConstants | None:
    """Return the time constants of the retaining gate; None for a cell without one."""
    gate = p.cell.retaining_gate
    if gate is None:
        return None
    mean = live_values(p, p.gates[gate]).mean(0)
    with np.errstate(divide="ignore"):
        return TimeConstants(p.name, gate, mean, 1 / np.abs(np.log(mean)))


def _gate_course(p: Pass, name: str, values: Tensor) -> GateTrajectory:
    live, live_steps = _live_rows(p)
    array = np.where(live[:, :, None], values.double().cpu().numpy()[live_steps], 0.0)
    units = array.sum(1) / live.sum(1, keepdims=True)
    low, median, high = np.quantile(units, QUANTILES, axis=1)
    mean, low, median, high = (_to_all_steps(part, live_steps) for part in (units.mean(1), low, median, high))
    return GateTrajectory(p.name, name, mean, low, median, high)


def _state_course(p: Pass, name: str, values: Tensor) -> StateTrajectory:
    live, live_steps = _live_rows(p)
    norms = np.linalg.norm(values.double().cpu().numpy()[live_steps], axis=-1)
    norms = np.where(live, norms, np.nan)
    low, median, high = np.nanquantile(norms, QUANTILES, axis=1)
    mean, low, median, high = (
        _to_all_steps(part, live_steps) for part in (np.nanmean(norms, 1), low, median, high)
    )
    return StateTrajectory(p.name, name, mean, low, median, high, constant_units(live_values(p, values)))


def _live_rows(p: Pass) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the live rows at the steps with any live row, (S, B), and the mask of these steps, (T,)."""
    live: NDArray[np.bool_] = p.live.cpu().numpy()
    live_steps: NDArray[np.bool_] = np.asarray(live.any(1))
    return live[live_steps], live_steps


def _to_all_steps(values: Floats, live_steps: NDArray[np.bool_]) -> Floats:
    """Return values (S,) at the S masked of all T steps, NaN elsewhere."""
    all_steps = np.full(len(live_steps), np.nan)
    all_steps[live_steps] = values
    return all_steps
