"""A trained model on disk: what describes it, and its weights."""

from pathlib import Path
from typing import Any, TypeVar

from torch import nn

from unrolled.config import from_dict, to_dict
from unrolled.errors import RunError
from unrolled.tasks import folder as run_folder
from unrolled.training import CHECKPOINT, MODEL
from unrolled.training.files import read_tensors, write_json
from unrolled.version import __version__

C = TypeVar("C")


def write_description(
    folder: Path, task: str, config: Any, facts: dict[str, Any], vocabularies: dict[str, Any]
) -> None:
    """Write ``config.json`` first, then what else is needed beside the weights, by file name."""
    run_folder.write_config(folder, task, __version__, vocabularies, config=to_dict(config), facts=facts)
    for name, values in vocabularies.items():
        write_json(folder / name, values)


def read_description(folder: Path, task: str, kind: type[C]) -> tuple[C, dict[str, Any]]:
    """Read configuration and facts that :func:`write_description` wrote.

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
    return from_dict(kind, values["config"], str(path)), values["facts"]


def read_weights(folder: Path, model: nn.Module) -> None:
    """Load ``model.safetensors`` into a model and set it to evaluation.

    Raises:
        RunError: if the file is missing, damaged, or does not fit the model.
    """
    path = folder / MODEL
    stopped = (folder / CHECKPOINT).exists() or not run_folder.begun(folder)
    if not path.exists() and stopped:
        raise RunError(
            f"{path}: missing; if training was stopped before its first validation, go on with: "
            f"unrolled resume {folder}"
        )
    weights, _ = read_tensors(path)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise RunError(
            f"{path}: does not fit {run_folder.CONFIG} ({detail}); restore both from one copy"
        ) from None
    model.eval()
