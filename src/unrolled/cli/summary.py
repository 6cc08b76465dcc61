"""``unrolled summary RUN``: draw the network, folded and unrolled, and count its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import RunFolder, parse
from unrolled.models.summary import summarise
from unrolled.tasks import load


@dataclass(frozen=True)
class Arguments:
    """Draw a run's network, folded and unrolled, and count its parameters."""

    run: RunFolder
    """Run folder."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    task = load(parse(Arguments, argv, prog=prog).run)
    print(summarise(task.model))
    return 0
