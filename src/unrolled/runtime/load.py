"""Open a run folder without torch."""

from pathlib import Path
from typing import Any

from unrolled.engine import Precision
from unrolled.errors import ConfigError, RunError
from unrolled.tasks.base.description import (
    read_artifacts,
    read_description,
    read_result,
    read_weight_arrays,
)
from unrolled.tasks.base.folder import RESULT
from unrolled.tasks.base.runtime import Runtime
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.runs import spec_of_run


def load(run: str | Path, precision: Precision = "float32") -> Runtime[Any, Any]:
    """Load a trained model of any task into the native runtime.

    Args:
        run: run folder.
        precision: precision of the products. ``"float32"``; ``"bfloat16"``: weights and inputs of products
            rounded, sums in float32; ``"int8"``: weights with one scale for each output, inputs with one
            scale for each step, sums in int32.

    Raises:
        RunError: if the folder is not a run, is damaged, or has an unsupported format.
        ConfigError: if the task has no runtime, or for an unknown precision.
        BackendError: if the compiled extension is missing.
    """
    folder = Path(run)
    return load_runtime(folder, spec_of_run(folder), precision)


def load_runtime(folder: Path, spec: TaskSpec, precision: Precision = "float32") -> Runtime[Any, Any]:
    """Load a run of a given task; see :func:`load`.

    Raises:
        RunError: also if the folder is a run of another task.
    """
    if spec.import_runtime is None:
        raise ConfigError(f"{folder}: a model of {spec.verb} has no runtime; load it with unrolled.load")
    description = read_description(folder, spec)
    runtime_type = spec.import_runtime()
    artifacts = read_artifacts(folder, spec, description)
    weights = read_weight_arrays(folder)
    result = folder / RESULT
    facts = (description.data_info, read_result(result) if result.exists() else {})
    try:
        return runtime_type(description.config, artifacts, weights, precision, *facts)
    except RunError as error:
        raise RunError(f"{folder}: {error}") from None
