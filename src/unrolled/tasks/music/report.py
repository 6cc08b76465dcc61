"""The printed scores of a music model and its baselines."""

from rich.console import Console
from rich.table import Table

from unrolled.console import print_table
from unrolled.tasks.music.score import BASELINES
from unrolled.tasks.music.task import MusicModel
from unrolled.wording import counted


def print_scores(task: MusicModel, console: Console) -> str:
    """Print the scores; return the command to try next."""
    table = Table(title="negative log-likelihood, nats per step over 88 keys", title_justify="left")
    table.add_column("model")
    parts = [part for part in ("valid", "test") if part in task.result]
    for part in parts:
        score = task.result[part]
        title = {"valid": "held out", "test": "test"}[part]
        size = f"{counted(score['pieces'], 'piece')}, {counted(score['steps'], 'step')}"
        table.add_column(f"{title} ({size})", justify="right")
    for name, label in BASELINES.items():
        table.add_row(label, *(f"{task.result['baselines'][part][name]:.3f}" for part in parts))
    table.add_row(f"this {task.config.cell.name}", *(f"{task.result[part]['nll']:.3f}" for part in parts))
    if parts:
        print_table(table, console)
    return "unrolled compose {run} --out piece.mid"
