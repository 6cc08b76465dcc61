"""``unrolled evaluate RUN --data FILE``: score a text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.cli.arguments import RunFolder, parse
from unrolled.tasks import LanguageModel


@dataclass(frozen=True)
class Arguments:
    """Score a text with a trained model, read in one pass with the state carried."""

    run: RunFolder
    """Run folder."""

    data: str
    """Text: a file, a folder, or a data set such as @ptb/test."""

    json: bool = False
    """Print JSON for programs."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    score = LanguageModel.load(args.run).evaluate(args.data, progress=True)
    print(json.dumps(score.to_json(), indent=1) if args.json else score)
    return 0
