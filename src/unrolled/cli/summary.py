"""``unrolled summary RUN``: the network, folded and unrolled, and its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import RunFolder, parse
from unrolled.models.summary import summarise
from unrolled.tasks import LanguageModel


@dataclass(frozen=True)
class Arguments:
    """Draw a run's network, folded and unrolled, and count its parameters."""

    run: RunFolder
    """Run folder."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    lm = LanguageModel.load(parse(Arguments, argv, prog=prog).run)
    print(summarise(lm.model))
    return 0
