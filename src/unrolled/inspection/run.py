"""All that an inspection computes about a trained model on data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from unrolled.config import require_at_least, to_dict
from unrolled.diagnostics import Diagnosis, Recording, diagnose, lyapunov, record
from unrolled.diagnostics.diagnosis import Stage, replace_lyapunov
from unrolled.diagnostics.gradients import within
from unrolled.diagnostics.lyapunov import WARM
from unrolled.diagnostics.tracking import Tracking, track_row
from unrolled.errors import ConfigError
from unrolled.inspection.memory import Memory, memory_of
from unrolled.inspection.samples import samples_of
from unrolled.layers import Recurrent
from unrolled.models.summary import summarise
from unrolled.tasks import Task
from unrolled.training import Job
from unrolled.training.job import StepLosses


@dataclass(frozen=True)
class Extent:
    """How much is looked at."""

    rows: int = 16
    """Items or windows in the gradient matrices."""

    steps: int = 200
    """Steps of each, at most."""

    long_steps: int = 1000
    """Steps of the one long row whose states are drawn and along which Lyapunov exponents are taken."""

    samples: int = 0
    """Steps and rows at which Jacobians are computed; 0 takes 64, and fewer where states are large."""

    targets: int = 300
    """Tokens whose loss is measured with less and less context; language models only."""

    def __post_init__(self) -> None:
        require_at_least(self, {"rows": 1, "steps": 1, "long_steps": 1, "samples": 0, "targets": 1})


@dataclass(frozen=True, eq=False)
class LongRow:
    """One row read for longer: its tokens and what its units follow."""

    recording: Recording
    tokens: tuple[str, ...]
    tracking: dict[str, Tracking]
    """By layer and state, as in ``"recurrent.l0 c"``."""


@dataclass(frozen=True, eq=False)
class RunInspection:
    """A trained model, looked at on data."""

    name: str
    source: str
    task: Task[Any, Any]
    diagnosis: Diagnosis
    tokens: list[list[str]] | None
    long: LongRow | None
    """None where steps have no names, or there are fewer than two."""
    memory: Memory | None
    """None but for language models."""
    samples: str
    """Text that the model writes; "" where it writes none."""
    drawing: str

    @property
    def config(self) -> dict[str, Any]:
        """The run's configuration."""
        values: dict[str, Any] = to_dict(self.task.config)
        return values


def inspect_run(
    task: Task[Any, Any],
    data: str | Path | None = None,
    *,
    name: str = "",
    extent: Extent | None = None,
    stage: Stage | None = None,
) -> RunInspection:
    """Look at a trained model from inside, on data or on what was held out.

    Args:
        task: the trained model.
        data: in the forms that its ``evaluate`` takes; None is the held-out data of training.
        name: what the report calls the model.
        extent: how much is looked at.
        stage: called with the name of each step as it begins, for a progress bar.

    Raises:
        ConfigError: if the model has no recurrent layers.
        DataError: if the data cannot be used.
    """
    extent = extent or Extent()
    if not any(isinstance(m, Recurrent) for m in task.model.modules()):
        raise ConfigError(
            "this network reads windows and keeps no state: there is nothing to see through time; unrolled "
            "summary draws it"
        )
    tell = stage or (lambda what: None)
    tell("reading")
    job, sample = task.sample(data, rows=extent.rows, steps=extent.steps)
    losses, model = _Losses(job, sample.batch), cast(Any, task.model)
    losses()  # says what they belong to
    diagnosis = diagnose(
        model,
        losses,
        times=losses.seen.times,
        layers=losses.seen.layers,
        samples=extent.samples or None,
        stage=stage,
    )
    tell("one long row")
    long = _long_row(task, data, extent, losses.seen.layers) if sample.tokens is not None else None
    if long is not None:
        diagnosis = replace_lyapunov(diagnosis, _exponents(long.recording, losses.seen.layers))
    tell("memory in practice")
    memory = memory_of(task, data, extent.targets)
    tell("samples")
    return RunInspection(
        name=name or type(task).__name__,
        source=sample.source,
        task=task,
        diagnosis=diagnosis,
        tokens=sample.tokens,
        long=long,
        memory=memory,
        samples=samples_of(task, sample),
        drawing=summarise(model),
    )


class _Losses:
    """Runs a job on one batch; keeps what the losses belong to."""

    def __init__(self, job: Job[Any], batch: Any) -> None:
        self._job, self._batch = job, batch
        self.seen: StepLosses

    def __call__(self) -> torch.Tensor:
        self.seen = self._job.step_losses(self._batch, None)
        return self.seen.losses


def _long_row(task: Task[Any, Any], data: Any, extent: Extent, layers: str) -> LongRow | None:
    job, sample = task.sample(data, rows=1, steps=extent.long_steps)
    assert sample.tokens is not None
    recording = record(task.model, _Losses(job, sample.batch))
    tokens = tuple(sample.tokens[0])
    if len(tokens) < 2:
        return None
    passes = [p for p in recording.passes if within(p.name, layers)]
    if any(int(p.live[:, 0].sum()) != len(tokens) for p in passes):
        return None
    names = [(p, state) for p in passes for state in p.states]
    tracking = {f"{p.name} {state}": track_row(p, tokens, state=state) for p, state in names}
    return LongRow(recording, tokens, tracking)


def _exponents(recording: Recording, layers: str) -> Sequence[Any]:
    passes = [p for p in recording.passes if within(p.name, layers)]
    return [lyapunov(p) for p in passes if int(p.live[:, 0].sum()) >= WARM]
