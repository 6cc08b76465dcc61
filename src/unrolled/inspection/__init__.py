"""A trained run looked at from inside: findings, how it was trained, and what it writes."""

from pathlib import Path
from typing import Any

from unrolled.config import with_options
from unrolled.inspection.run import Extent, RunInspection, inspect_run
from unrolled.tasks import Task, load

__all__ = ["Extent", "RunInspection", "inspect", "inspect_run"]


def inspect(run: str | Path | Task[Any, Any], data: str | Path | None = None, **extent: int) -> RunInspection:
    """Look at a trained model from inside: gradients and states through time, with a verdict.

    ``inspect("RUN", "other.txt").report("report.html")`` writes what was found as a page.

    Args:
        run: a run folder, or a trained task.
        data: in the forms that ``evaluate`` takes; None is what was held out in training.
        extent: how much is looked at; options of :class:`Extent`.

    Raises:
        ConfigError: if the model has no recurrent layers, or an option is wrong.
        DataError: if the data cannot be used.
        RunError: if there is no such run.
    """
    task = run if isinstance(run, Task) else load(run)
    name = type(task).__name__ if isinstance(run, Task) else Path(run).resolve().name
    return inspect_run(task, data, name=name, extent=with_options(Extent(), extent, "inspect"))
