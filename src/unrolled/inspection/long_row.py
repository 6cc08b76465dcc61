"""One long row: its states over the tokens, and what its units follow."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.diagnostics import Recording, lyapunov, record
from unrolled.diagnostics.gradients import within
from unrolled.diagnostics.lyapunov import WARM, Lyapunov
from unrolled.diagnostics.tracking import Tracking, track_row
from unrolled.inspection.losses import JobLosses
from unrolled.short_repr import short_repr
from unrolled.tasks import Task


@short_repr
@dataclass(frozen=True, eq=False)
class LongRow:
    """One row read for longer than the others, and the passes over it."""

    recording: Recording
    tokens: tuple[str, ...]
    tracking: dict[str, Tracking]
    """By layer and state, as in ``"recurrent.l0 c"``."""


def read_long_row(task: Task[Any, Any], data: str | Path | None, steps: int, layers: str) -> LongRow | None:
    """Read one row and correlate units with its text.

    Args:
        task: the trained model, of a task whose steps are tokens.
        data: in the forms that its ``evaluate`` takes; None takes the held-out data of training.
        steps: length of the row, at most.
        layers: the module whose layers are looked at; "" is all of them.

    Returns:
        None if there are fewer than two tokens, or the steps of a layer are not those of the tokens.
    """
    job, sample = task.sample(data, rows=1, steps=steps)
    assert sample.tokens is not None
    recording = record(task.model, JobLosses(job, sample.batch))
    tokens = tuple(sample.tokens[0])
    if len(tokens) < 2:
        return None
    passes = [p for p in recording.passes if within(p.name, layers)]
    if any(int(p.live[:, 0].sum()) != len(tokens) for p in passes):
        return None
    names = [(p, state) for p in passes for state in p.states]
    tracking = {f"{p.name} {state}": track_row(p, tokens, state=state) for p, state in names}
    return LongRow(recording, tokens, tracking)


def long_exponents(row: LongRow, layers: str) -> list[Lyapunov]:
    """Return the Lyapunov exponents along a row of each layer that takes enough steps."""
    passes = [p for p in row.recording.passes if within(p.name, layers)]
    return [lyapunov(p) for p in passes if int(p.live[:, 0].sum()) >= WARM]
