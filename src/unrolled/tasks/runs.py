"""Trained models of any task, by their run folder."""

from pathlib import Path
from typing import Any

from unrolled.errors import RunError
from unrolled.tasks.base import folder as run_folder
from unrolled.tasks.base.task import Task
from unrolled.tasks.registry import find_spec


def run_type(run: str | Path) -> type[Task[Any, Any]]:
    """Return the class of the task that a run folder holds.

    Raises:
        RunError: if the folder is not a run, is damaged, or of another format.
    """
    folder = Path(run)
    verb = run_folder.read_config(folder)["task"]
    spec = find_spec(verb)
    if spec is None:
        raise RunError(f"{folder}: holds a run of task {verb!r}, which this unrolled does not know; upgrade")
    return spec.tool


def load(run: str | Path) -> Any:
    """Read a trained model of any task.

    Raises:
        RunError: if the folder is not a run, is damaged, or of another format.
    """
    return run_type(run).load(run)
