"""Analysis of a model in training on a few rows: reach of gradients, and saturation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.activation_saturation import saturation
from unrolled.diagnostics.activations import activations
from unrolled.diagnostics.gradients import is_in_module
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.diagnostics.recording import record
from unrolled.training import Job, StepLosses, StepStats
from unrolled.training.job import CarriedState

ROWS = 8
"""Number of rows of a batch to analyse."""
DISTANCES = (0, 1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 125, 200, 320, 500, 800, 1250, 2000, 3200, 5000, 8000)
"""Distances in steps at which gradient norms are logged."""
MAX_SAMPLE = 10_000
"""Maximum number of values in a histogram."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StepAnalysis:
    """Results from a few rows of one batch, computed in evaluation mode."""

    norms: Mapping[str, Mapping[int, float]]
    """Mean over rows of ‖∂E_t/∂state_(t−d)‖, by layer and state, as in ``"recurrent.l0 h"``, and by distance
    d. E_t is the last loss of the row; for backward layers the first loss, with states d steps ahead."""
    saturation: Mapping[str, tuple[float, float]]
    """Fraction of values at the lower and the upper end, by layer and gate, as in ``"recurrent.l0 f"``."""
    values: Mapping[str, Floats]
    """Sample of the values, by layer and gate."""


def analyse_step(job: Job[Any], stats: StepStats) -> StepAnalysis:
    """Analyse the first rows of a step's batch. Does not change the model or any RNG state."""
    batch, state = job.first_rows(stats.batch, ROWS), first_states(stats.carried, ROWS)
    results: list[StepLosses] = []

    def run() -> Tensor:
        results.append(job.step_losses(batch, state))
        return results[-1].losses

    recording = record(job.model, run)
    saturations = [s for p in recording.passes for s in saturation(p)]
    return StepAnalysis(
        _gradient_norms(recording, results[0]),
        {f"{s.layer} {s.name}": (s.share_left, s.share_right) for s in saturations},
        {f"{a.layer} {a.name}": subsample(a.values) for p in recording.passes for a in activations(p)},
    )


def first_states(state: CarriedState, rows: int) -> CarriedState:
    """Return the carried states, each (…, B, size), of the first rows."""
    return None if state is None else tuple(s[..., :rows, :] for s in state)


def subsample(values: Floats) -> Floats:
    """Return at most :data:`MAX_SAMPLE` values, taken at even intervals."""
    flat = values.reshape(-1)
    return flat[:: max(1, -(-len(flat) // MAX_SAMPLE))]


def _gradient_norms(recording: Recording, step_losses: StepLosses) -> dict[str, dict[int, float]]:
    if step_losses.times is None:
        return {}
    module_passes = [p for p in recording.passes if is_in_module(p.name, step_losses.layers)]
    times = step_losses.times.reshape(len(step_losses.losses), -1).expand(step_losses.losses.shape)
    has_loss = (recording.losses.detach() != 0) & (times >= 0)
    norms: dict[str, dict[int, float]] = {}
    for reverse in (False, True):
        passes = [p for p in module_passes if p.reverse == reverse]
        if passes and bool(has_loss.any()):
            norms |= _norms_by_distance(
                passes, _select_losses(recording.losses, times, has_loss, reverse=reverse)
            )
    return norms


@dataclass(frozen=True, eq=False)
class _RowLosses:
    """One loss per row, (B,), and the step that it belongs to, (B,); −1 for rows without a loss."""

    losses: Tensor
    times: Tensor


def _select_losses(losses: Tensor, times: Tensor, has_loss: Tensor, *, reverse: bool) -> _RowLosses:
    """Return the last loss of each row; for backward layers the first one.

    A backward layer ends at the first step, to which a single loss of the row then belongs.
    """
    far = torch.iinfo(times.dtype).max
    index = (
        times.masked_fill(~has_loss, far).argmin(0) if reverse else times.masked_fill(~has_loss, -1).argmax(0)
    )
    rows = torch.arange(times.shape[1])
    steps = times[index, rows]
    if reverse and len(times) == 1:
        steps = torch.zeros_like(steps)
    return _RowLosses(losses[index, rows], steps.masked_fill(~has_loss.any(0), -1))


def _norms_by_distance(passes: Sequence[Pass], row_losses: _RowLosses) -> dict[str, dict[int, float]]:
    """Differentiate one loss per row with respect to each state, for passes of one direction."""
    states = [(p, name) for p in passes for name in p.probes]
    probes = [probe for p, name in states for probe in p.probes[name]]
    total = (row_losses.losses * (row_losses.times >= 0)).sum()
    parts = iter(torch.autograd.grad(total, probes, retain_graph=True, materialize_grads=True))
    norms = {}
    for p, name in states:
        gradient = torch.cat([next(parts) for _ in p.probes[name]])
        gaps = row_losses.times - torch.arange(len(gradient))[:, None]
        gaps = (-gaps if p.reverse else gaps).masked_fill(~p.live | (row_losses.times < 0), -1)
        norms[f"{p.name} {name}"] = _by_distance(gaps, torch.linalg.vector_norm(gradient, dim=-1))
    return norms


def _by_distance(gaps: Tensor, norms: Tensor) -> dict[int, float]:
    """Return the mean of the norms (T, B) at each of :data:`DISTANCES` that occurs."""
    means = {}
    for distance in DISTANCES:
        norms_at_distance = norms[gaps == distance]
        if len(norms_at_distance):
            means[distance] = float(norms_at_distance.mean())
    return means
