"""One long row: its states over the tokens, and the features that its units track."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.diagnostics import Recording, lyapunov, record
from unrolled.diagnostics.gradients import is_in_module
from unrolled.diagnostics.lyapunov import MIN_STEPS, Lyapunov
from unrolled.diagnostics.tracking import Tracking, track_row
from unrolled.inspection.losses import JobLosses
from unrolled.short_repr import short_repr
from unrolled.tasks import Task


@short_repr
@dataclass(frozen=True, eq=False)
class LongRow:
    """Recording of one row that is longer than the others."""

    recording: Recording
    tokens: tuple[str, ...]
    tracking: dict[str, Tracking]
    """Tracking by layer and state, as in ``"recurrent.l0 c"``."""


def read_long_row(task: Task[Any, Any], data: str | Path | None, steps: int, layers: str) -> LongRow | None:
    """Record one row and correlate units with its text.

    Args:
        task: a trained task whose steps are tokens.
        data: data in the forms that ``evaluate`` takes; None uses the held-out data of training.
        steps: maximum length of the row.
        layers: name of the submodule to analyse; "" is the whole model.

    Returns:
        The recording; None if there are fewer than two tokens, or a layer does not have one step per token.
    """
    job, sample = task.sample(data, rows=1, steps=steps)
    assert sample.tokens is not None
    recording = record(task.model, JobLosses(job, sample.batch))
    tokens = tuple(sample.tokens[0])
    if len(tokens) < 2:
        return None
    passes = [p for p in recording.passes if is_in_module(p.name, layers)]
    if any(int(p.live[:, 0].sum()) != len(tokens) for p in passes):
        return None
    names = [(p, state) for p in passes for state in p.states]
    tracking = {f"{p.name} {state}": track_row(p, tokens, state=state) for p, state in names}
    return LongRow(recording, tokens, tracking)


def long_row_exponents(row: LongRow, layers: str) -> list[Lyapunov]:
    """Return the Lyapunov exponents along the row, for each layer with enough steps."""
    passes = [p for p in row.recording.passes if is_in_module(p.name, layers)]
    return [lyapunov(p) for p in passes if int(p.live[:, 0].sum()) >= MIN_STEPS]
