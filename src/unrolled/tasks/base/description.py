"""Read and write a trained model: its description (``config.json``), artifacts and weights."""

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from unrolled.config import from_dict, to_dict
from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.artifacts import Artifacts, Stored
from unrolled.tasks.base.data_info import DataInfo, Result
from unrolled.tasks.base.old_versions import add_old_defaults, artifacts_entry, rename_old_options
from unrolled.tasks.base.spec import TaskSpec
from unrolled.training import CHECKPOINT, MODEL
from unrolled.training.tensor_files import read_arrays, read_json, read_shapes, read_tensors, write_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn


class Description(NamedTuple):
    """Contents of ``config.json``."""

    config: Any
    artifacts: dict[str, Any]
    """Small values; see :class:`Stored`."""
    data_info: dict[str, Any]


def write_description(
    folder: Path, spec: TaskSpec, config: Any, stored: Stored, data_info: dict[str, Any]
) -> None:
    """Write ``config.json``, then the files of the artifacts."""
    from unrolled.version import __version__  # reading a model does not need it, and it takes 20 ms

    parts = {"config": to_dict(config), "artifacts": stored.values, "facts": data_info}
    run_folder.write_config(folder, spec.verb, __version__, stored.files, **parts)
    for name, values in stored.files.items():
        write_json(folder / name, values)


def read_description(folder: Path, spec: TaskSpec) -> Description:
    """Read ``config.json`` as :func:`write_description` or an earlier version wrote it.

    Raises:
        RunError: if the folder is not a run of this task, is damaged, or has an unsupported format.
        ConfigError: if ``config.json`` has an unknown key or a wrong type or value.
    """
    values = run_folder.read_config(folder)
    if values["task"] != spec.verb:
        raise RunError(f"{folder}: holds a run of task {values['task']!r}, not {spec.verb!r}")
    path = folder / run_folder.CONFIG
    config, data_info, artifacts = values.get("config"), values.get("facts"), artifacts_entry(values)
    for key, part in (("config", config), ("facts", data_info), ("artifacts", artifacts)):
        if not isinstance(part, dict):
            raise RunError(f"{path}: damaged (no {key!r}); restore it from a copy")
    try:
        convert(data_info, DataInfo)
    except MalformedError as error:
        raise RunError(f"{path}: damaged (facts: {error}); restore it from a copy") from None
    config = add_old_defaults(rename_old_options(values["config"], spec.renamed_options), spec.old_defaults)
    return Description(from_dict(spec.config, config, str(path)), artifacts, values["facts"])


def read_artifacts(folder: Path, spec: TaskSpec, description: Description) -> Artifacts:
    """Read the artifacts of a model from its description and from files.

    Raises:
        RunError: if something is missing or damaged.
    """
    run_folder.check_artifact_files(folder, run_folder.read_config(folder))
    try:
        artifacts = spec.artifacts.read(description.artifacts, folder)
        artifacts.check(description.config)
    except MalformedError as error:
        raise RunError(f"{folder}: damaged ({error}); restore it from a copy") from None
    except ValueError as error:
        raise RunError(f"{folder}: damaged ({error!r}); restore it from a copy") from error
    return artifacts


def read_result(path: Path) -> dict[str, Any]:
    """Read ``result.json``: scores and cost of a training.

    Raises:
        RunError: if the file is missing or damaged.
    """
    values = read_json(path)
    try:
        convert(values, Result)
    except MalformedError as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy") from None
    return values


def check_weights(folder: Path, name: str, build: "Callable[[], nn.Module]") -> None:
    """Check that the weights of a run fit its model, before the model takes memory.

    Args:
        folder: run folder.
        name: file of the weights; a missing checkpoint is not an error here, its reader reports it.
        build: builds the model.

    Raises:
        RunError: if the weights do not fit, or their file is missing or damaged.
    """
    from unrolled.tasks.base.weight_budget import check_fit

    path, prefix = folder / name, ""
    if name == CHECKPOINT:
        prefix = "model."
        if not os.path.isfile(path):
            return
    else:
        _require_model(folder)
    shapes = read_shapes(path)
    try:
        check_fit(build, {n[len(prefix) :]: s for n, s in shapes.items() if n.startswith(prefix)})
    except MalformedError as error:
        raise RunError(
            f"{path}: does not fit {run_folder.CONFIG} ({error}); restore both from one copy"
        ) from None


def _require_model(folder: Path) -> None:
    path = folder / MODEL
    may_be_unfinished = (folder / CHECKPOINT).exists() or not run_folder.begun(folder)
    if not path.exists() and may_be_unfinished:
        raise RunError(
            f"{path}: missing; if training was stopped before its first validation, continue with: "
            f"unrolled resume {shlex.quote(str(folder))}"
        )


def read_weight_arrays(folder: Path) -> "dict[str, NDArray[np.float32]]":
    """Read ``model.safetensors`` as float32 arrays, without torch.

    Raises:
        RunError: if the file is missing or damaged.
    """
    import numpy as np

    path = folder / MODEL
    _require_model(folder)
    arrays = read_arrays(path, checksum=run_folder.is_marked(folder))
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise _not_finite(path, name)
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}


def _not_finite(path: Path, name: str) -> RunError:
    return RunError(f"{path}: damaged ({name} is not finite); restore it from a copy or train again")


def read_weights(folder: Path, model: "nn.Module") -> None:
    """Load ``model.safetensors`` into a model and set the model to evaluation mode.

    Raises:
        RunError: if the file is missing, damaged, or does not fit the model.
    """
    path = folder / MODEL
    _require_model(folder)
    weights, _ = read_tensors(path, checksum=run_folder.is_marked(folder))
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise _not_finite(path, name)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise RunError(
            f"{path}: does not fit {run_folder.CONFIG} ({detail}); restore both from one copy"
        ) from None
    model.eval()
