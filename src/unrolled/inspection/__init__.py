"""Inspection of a trained run: diagnostics, training history, samples of its output, and a report page."""

from pathlib import Path
from typing import Any

from unrolled.config import with_options
from unrolled.errors import ConfigError
from unrolled.inspection.extent import InspectionConfig
from unrolled.inspection.report import write_report
from unrolled.inspection.run import RunInspection, inspect_run
from unrolled.renamed import renamed_names
from unrolled.tasks import Task, load

__all__ = ["InspectionConfig", "RunInspection", "inspect", "inspect_run", "write_report"]

__getattr__ = renamed_names(__name__, {"Extent": "InspectionConfig"})


def __dir__() -> list[str]:
    return sorted(__all__)


def inspect(run: str | Path | Task[Any, Any], data: str | Path | None = None, **extent: int) -> RunInspection:
    """Analyse gradients and states of a trained model through time, with verdicts.

    ``write_report(inspect("RUN", "other.txt"), "report.html")`` writes the result as a page. For a module of
    your own, see :func:`unrolled.diagnostics.diagnose`.

    Args:
        run: a run folder, or a trained task.
        data: data in the forms that ``evaluate`` takes; None uses the held-out data of training.
        extent: options of :class:`InspectionConfig`: how much to analyse.

    Raises:
        ConfigError: if ``run`` is neither a run nor a task, the model has no recurrent layers, or an option
            is invalid.
        DataError: if the data cannot be used.
        RunError: if the run does not exist.
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
    return inspect_run(task, data, name=name, extent=with_options(InspectionConfig(), extent, "inspect"))
