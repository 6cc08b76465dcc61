"""Output of the command line after training."""

import shlex
from pathlib import Path
from typing import Any

from unrolled.tasks import Task
from unrolled.terminal import Terminal
from unrolled.wording import counted


def print_result(task: Task[Any, Any], folder: Path) -> None:
    """Print the cost of the training, the scores of the task, and the paths of its files."""
    console = Terminal(highlight=False, soft_wrap=True)
    result = task.result
    if result.get("better_baseline"):
        console.print(result["better_baseline"], style="bold")
    console.print(
        f"{counted(result['steps'], 'update')} ({counted(result['epochs'], 'epoch')}) in "
        f"{result['training_seconds']:.0f} s of training, {result['tokens_per_second']:,} "
        f"{task.rate_unit}s/s on {counted(result['threads'], 'thread')}"
    )
    if "tokens_with_vectors" in task.data_info:
        count = task.data_info["tokens_with_vectors"]
        console.print(f"word vectors: {counted(count, 'token')} of the vocabulary found in the file")
    next_command = task.spec.print_scores(task, console)
    console.rule(style="dim")
    console.print(f"run folder: {folder}", markup=False)
    plots = "\n            ".join(map(str, sorted((folder / "plots").glob("*.png"))))
    if plots:
        console.print(f"plots:      {plots}", markup=False)
    console.print(f"next:       {next_command.format(run=shlex.quote(str(folder)))}", markup=False)
