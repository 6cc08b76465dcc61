"""``unrolled explain RUN``: which code runs each layer, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import RunFolder, parse
from unrolled.layers import Recurrent
from unrolled.tasks import LanguageModel
from unrolled.threads import choose_threads


@dataclass(frozen=True)
class Arguments:
    """Tell which path runs each layer of a trained model and why, and how threads are used."""

    run: RunFolder
    """Run folder."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    lm = LanguageModel.load(parse(Arguments, argv, prog=prog).run)
    training, use = (_paths(lm.model.recurrent, training=training) for training in (True, False))
    if training == use:
        print(f"in training and in use\n{use}")
    else:
        print(f"in training\n{training}\nin use\n{use}")
    print(f"threads\n  {choose_threads(lm.config.training.threads)}")
    return 0


def _paths(recurrent: Recurrent, *, training: bool) -> str:
    """Return a line a layer. Dropouts inside the loop act in training alone, and not every path has them."""
    recurrent.train(training)
    return "\n".join(f"  {line}" for line in str(recurrent.explain()).splitlines())
