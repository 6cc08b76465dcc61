"""Load a trained model for a command: into the native runtime if it can do the job, else under torch."""

from pathlib import Path
from typing import Any

from unrolled.config import require
from unrolled.engine import Precision as Precision  # the commands take their option from here
from unrolled.engine.core import is_built
from unrolled.tasks.base.spec import TaskSpec


def load_trained(run: str, spec: TaskSpec, precision: Precision, *, needs_torch: str = "") -> Any:
    """Load the model of a run folder: the runtime of its task, or else the task itself.

    Args:
        run: run folder.
        spec: task that the folder must hold.
        precision: precision of the products.
        needs_torch: what the runtime cannot do, for messages; empty if it can do the job.

    Raises:
        ConfigError: if the model runs under torch and the precision is not float32.
        RunError: if the folder is not a run of this task, or is damaged.
    """
    if is_built() and not needs_torch:
        from unrolled.runtime.load import load_runtime

        return load_runtime(Path(run), spec, precision)
    reason = f"{needs_torch} needs torch" if needs_torch else "there is no compiled extension"
    require(precision == "float32", f"--precision {precision}: {reason}, and torch computes in float32 only")
    return spec.task_class.load(run)
