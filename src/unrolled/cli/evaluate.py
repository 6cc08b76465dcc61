"""``unrolled evaluate RUN --data FILE``: score data that the model has not seen."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.arguments import RunFolder, named_data, parse
from unrolled.cli.reading import ReadingOptions, read_as
from unrolled.tasks import load


@dataclass(frozen=True)
class Arguments:
    """Score data with a trained model of any task."""

    run: RunFolder
    """Run folder."""

    data: str
    """In the form that the model was trained on: a file, a folder, or a data set such as @ptb/test."""

    reading: ReadingOptions = field(default_factory=ReadingOptions)

    json: bool = False
    """Print JSON for programs."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    task = load(args.run)
    read_as(task, args.reading)
    score = task.evaluate(named_data(args.data), progress=True)
    print(json.dumps(score.to_json(), indent=1) if args.json else score)
    return 0
