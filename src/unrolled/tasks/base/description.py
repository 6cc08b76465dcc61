"""A trained model on disk: what describes it, and its weights."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from unrolled.config import from_dict, to_dict
from unrolled.errors import RunError
from unrolled.reading import MalformedError, convert
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.facts import Result
from unrolled.tasks.base.weight_budget import check_fit
from unrolled.training import CHECKPOINT, MODEL
from unrolled.training.files import read_json, read_shapes, read_tensors, write_json
from unrolled.version import __version__

C = TypeVar("C")


def write_description(
    folder: Path, task: str, config: Any, facts: dict[str, Any], vocabularies: dict[str, Any]
) -> None:
    """Write ``config.json`` first, then what else is needed beside the weights, by file name."""
    run_folder.write_config(folder, task, __version__, vocabularies, config=to_dict(config), facts=facts)
    for name, values in vocabularies.items():
        write_json(folder / name, values)


def read_description(folder: Path, task: str, kind: type[C], facts: type) -> tuple[C, dict[str, Any]]:
    """Read configuration and facts that :func:`write_description` wrote.

    Args:
        folder: of the run.
        task: its word.
        kind: of the configuration.
        facts: type of the facts that a model of this task relies on.

    Raises:
        RunError: if the folder is not a run of this task, is damaged, or of another format.
        ConfigError: if ``config.json`` holds a wrong key, type or value.
    """
    values = run_folder.read_config(folder)
    if values["task"] != task:
        raise RunError(f"{folder}: holds a run of task {values['task']!r}, not {task!r}")
    path = folder / run_folder.CONFIG
    for key in ("config", "facts"):
        if not isinstance(values.get(key), dict):
            raise RunError(f"{path}: damaged (no {key!r}); restore it from a copy")
    try:
        convert(values["facts"], facts)
    except MalformedError as error:
        raise RunError(f"{path}: damaged (facts: {error}); restore it from a copy") from None
    return from_dict(kind, values["config"], str(path)), values["facts"]


def read_result(path: Path) -> dict[str, Any]:
    """Read the figures of a training.

    Raises:
        RunError: if they are missing or damaged.
    """
    values = read_json(path)
    try:
        convert(values, Result)
    except MalformedError as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy") from None
    return values


def check_weights(folder: Path, name: str, build: Callable[[], nn.Module]) -> None:
    """Compare the weights of a run with the model that it describes, before the model takes memory.

    Args:
        folder: of the run.
        name: of the file of weights; a checkpoint that is missing is left to its reader.
        build: makes the model.

    Raises:
        RunError: if they do not fit, or their file is missing or damaged.
    """
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
    stopped = (folder / CHECKPOINT).exists() or not run_folder.begun(folder)
    if not path.exists() and stopped:
        raise RunError(
            f"{path}: missing; if training was stopped before its first validation, go on with: "
            f"unrolled resume {folder}"
        )


def read_weights(folder: Path, model: nn.Module) -> None:
    """Load ``model.safetensors`` into a model and set it to evaluation.

    Raises:
        RunError: if the file is missing, damaged, or does not fit the model.
    """
    path = folder / MODEL
    _require_model(folder)
    weights, _ = read_tensors(path, checksum=run_folder.is_marked(folder))
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise RunError(f"{path}: damaged ({name} is not finite); restore it from a copy or train again")
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise RunError(
            f"{path}: does not fit {run_folder.CONFIG} ({detail}); restore both from one copy"
        ) from None
    model.eval()
