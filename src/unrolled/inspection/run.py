"""A trained model looked at from inside."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from unrolled.config import to_dict
from unrolled.diagnostics import Diagnosis, diagnose
from unrolled.diagnostics.diagnosis import Stage, replace_lyapunov
from unrolled.errors import ConfigError
from unrolled.inspection.extent import Extent
from unrolled.inspection.long_row import LongRow, long_exponents, read_long_row
from unrolled.inspection.losses import JobLosses
from unrolled.inspection.memory import Memory, memory_of
from unrolled.inspection.samples import samples_of
from unrolled.layers import Recurrent
from unrolled.models.summary import summarise
from unrolled.short_repr import short_repr
from unrolled.tasks import Task


@short_repr
@dataclass(frozen=True, eq=False)
class RunInspection:
    """All that an inspection computes about a trained model on data."""

    name: str
    source: str
    """Where the data came from."""
    task: Task[Any, Any]
    diagnosis: Diagnosis
    tokens: list[list[str]] | None
    """Names of the steps of each row, or None."""
    long: LongRow | None
    """None where steps are not tokens, or there are fewer than two."""
    memory: Memory | None
    """Of language models alone."""
    samples: str
    """Text that the model writes; "" where it writes none."""
    drawing: str
    """The network as text."""

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
    """Look at a trained model from inside, on data or on the held-out data of training.

    Args:
        task: the trained model.
        data: in the forms that its ``evaluate`` takes; None takes the held-out data of training.
        name: title of the report; by default the name of the task's class.
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
    losses, model = JobLosses(job, sample.batch), cast(Any, task.model)
    losses()  # sets losses.last
    times, layers = losses.last.times, losses.last.layers
    samples = extent.samples or None
    diagnosis = diagnose(model, losses, times=times, layers=layers, samples=samples, stage=stage)
    tell("one long row")
    long = read_long_row(task, data, extent.long_steps, layers) if sample.tokens is not None else None
    if long is not None:
        diagnosis = replace_lyapunov(diagnosis, long_exponents(long, layers))
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
