"""``unrolled explain RUN``: show which backend runs each layer, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from unrolled.cli.arguments import RunFolder, parse
from unrolled.models.summary import path_lines
from unrolled.tasks import load
from unrolled.threads import choose_threads


@dataclass(frozen=True)
class Arguments:
    """Show which backend runs each layer of a trained model and why, and how threads are used."""

    run: RunFolder
    """Run folder."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    task = load(parse(Arguments, argv, prog=prog).run)
    training, inference = (_paths(task.model, training=training) for training in (True, False))
    if training == inference:
        print(f"in training and in use\n{training}")
    else:
        print(f"in training\n{training}\nin use\n{inference}")
    print(f"threads\n  {choose_threads(task.config.training.threads)}")
    return 0


def _paths(model: nn.Module, *, training: bool) -> str:
    """Return one line for each layer.

    Training and inference can differ: dropout inside the loop is active only in training, and not every
    backend supports it.
    """
    model.train(training)
    return "\n".join(path_lines(model))
