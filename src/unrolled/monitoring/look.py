"""One look inside a model in training: how far back gradients reach, and which units are saturated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.diagnostics.activation_saturation import saturation
from unrolled.diagnostics.activations import activations
from unrolled.diagnostics.gradients import within
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.diagnostics.recording import record
from unrolled.training import Job, StepLosses, Update
from unrolled.training.job import Carried

ROWS = 8
"""Rows of a batch that a look takes."""
DISTANCES = (0, 1, 2, 3, 5, 8, 12, 20, 32, 50, 80, 125, 200, 320, 500, 800, 1250, 2000, 3200, 5000, 8000)
"""Steps back whose gradients are logged."""
SHOWN_VALUES = 10_000
"""Numbers in a histogram, at most."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Look:
    """Numbers from a few rows of one batch, computed in evaluation mode."""

    norms: Mapping[str, Mapping[int, float]]
    """By layer and state, as in ``"recurrent.l0 h"``, and by distance d: the mean over rows of
    ‖∂E_t/∂state_(t−d)‖, E_t the last loss of the row. Of layers that run backwards the first loss, and d
    steps ahead."""
    saturation: Mapping[str, tuple[float, float]]
    """By layer and gate, as in ``"recurrent.l0 f"``: the share of values at the lower and the upper end."""
    values: Mapping[str, Floats]
    """By layer and gate: a sample of the values."""


def look(job: Job[Any], update: Update) -> Look:
    """Look at the first rows of an update's batch; the model and all random numbers stay as they are."""
    batch, state = job.first_rows(update.batch, ROWS), first_states(update.carried, ROWS)
    found: list[StepLosses] = []

    def run() -> Tensor:
        found.append(job.step_losses(batch, state))
        return found[-1].losses

    recording = record(job.model, run)
    ends = [s for p in recording.passes for s in saturation(p)]
    return Look(
        _reach(recording, found[0]),
        {f"{s.layer} {s.name}": (s.share_left, s.share_right) for s in ends},
        {f"{a.layer} {a.name}": some(a.values) for p in recording.passes for a in activations(p)},
    )


def first_states(state: Carried, rows: int) -> Carried:
    """Return the carried states, each (…, B, size), of the first rows."""
    return None if state is None else tuple(s[..., :rows, :] for s in state)


def some(values: Floats) -> Floats:
    """Return at most :data:`SHOWN_VALUES` numbers, evenly taken out of all."""
    flat = values.reshape(-1)
    return flat[:: max(1, -(-len(flat) // SHOWN_VALUES))]


def _reach(recording: Recording, found: StepLosses) -> dict[str, dict[int, float]]:
    if found.times is None:
        return {}
    inside = [p for p in recording.passes if within(p.name, found.layers)]
    times = found.times.reshape(len(found.losses), -1).expand(found.losses.shape)
    counted = (recording.losses.detach() != 0) & (times >= 0)
    reached: dict[str, dict[int, float]] = {}
    for reverse in (False, True):
        passes = [p for p in inside if p.reverse == reverse]
        if passes and bool(counted.any()):
            reached |= _reach_of(passes, _ends(recording.losses, times, counted, reverse=reverse))
    return reached


@dataclass(frozen=True, eq=False)
class _Ends:
    """One loss of each row, (B,), and the step that it belongs to, (B,); −1 for rows without any."""

    losses: Tensor
    times: Tensor


def _ends(losses: Tensor, times: Tensor, counted: Tensor, *, reverse: bool) -> _Ends:
    """Return the last loss of each row, or the first.

    A layer that runs backwards ends at the first step, to which a single loss of the row then belongs.
    """
    far = torch.iinfo(times.dtype).max
    which = (
        times.masked_fill(~counted, far).argmin(0) if reverse else times.masked_fill(~counted, -1).argmax(0)
    )
    rows = torch.arange(times.shape[1])
    steps = times[which, rows]
    if reverse and len(times) == 1:
        steps = torch.zeros_like(steps)
    return _Ends(losses[which, rows], steps.masked_fill(~counted.any(0), -1))


def _reach_of(passes: Sequence[Pass], ends: _Ends) -> dict[str, dict[int, float]]:
    """Differentiate the losses of all rows at once, for each state of passes of one direction."""
    wanted = [(p, name) for p in passes for name in p.probes]
    probes = [probe for p, name in wanted for probe in p.probes[name]]
    total = (ends.losses * (ends.times >= 0)).sum()
    parts = iter(torch.autograd.grad(total, probes, retain_graph=True, materialize_grads=True))
    found = {}
    for p, name in wanted:
        gradient = torch.cat([next(parts) for _ in p.probes[name]])
        gaps = ends.times - torch.arange(len(gradient))[:, None]
        gaps = (-gaps if p.reverse else gaps).masked_fill(~p.live | (ends.times < 0), -1)
        found[f"{p.name} {name}"] = _by_distance(gaps, torch.linalg.vector_norm(gradient, dim=-1))
    return found


def _by_distance(gaps: Tensor, norms: Tensor) -> dict[int, float]:
    """Return the mean of the norms (T, B) at each of :data:`DISTANCES` that some row has."""
    found = {}
    for distance in DISTANCES:
        there = norms[gaps == distance]
        if len(there):
            found[distance] = float(there.mean())
    return found
