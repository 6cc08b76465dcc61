"""A trained run looked at from inside: its numbers, how it was trained, samples of its output, and a page."""

from pathlib import Path
from typing import Any

from unrolled.config import with_options
from unrolled.errors import ConfigError
from unrolled.inspection.extent import Extent
from unrolled.inspection.report import write_report
from unrolled.inspection.run import RunInspection, inspect_run
from unrolled.tasks import Task, load

__all__ = ["Extent", "RunInspection", "inspect", "inspect_run", "write_report"]


def __dir__() -> list[str]:
    return sorted(__all__)


def inspect(run: str | Path | Task[Any, Any], data: str | Path | None = None, **extent: int) -> RunInspection:
    """Look at a trained model from inside: gradients and states through time, with verdicts.

    ``write_report(inspect("RUN", "other.txt"), "report.html")`` writes the result as a page. For a module of
    your own, see :func:`unrolled.diagnostics.diagnose`.

    Args:
        run: a run folder, or a trained task.
        data: in the forms that ``evaluate`` takes; None takes the held-out data of training.
        extent: how much is looked at; options of :class:`Extent`.

    Raises:
        ConfigError: if ``run`` is neither, the model has no recurrent layers, or an option is wrong.
        DataError: if the data cannot be used.
        RunError: if there is no such run.
    """
    if isinstance(run, Task):
        task, name = run, type(run).__name__
    elif isinstance(run, str | Path):
        task, name = load(run), Path(run).resolve().name
    else:
        raise ConfigError(
            f"inspect takes a run folder or a trained task, not a {type(run).__name__}; for a module call "
            "unrolled.diagnostics.diagnose(model, run)"
        )
    return inspect_run(task, data, name=name, extent=with_options(Extent(), extent, "inspect"))
