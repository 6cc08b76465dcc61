"""``unrolled evaluate RUN --data FILE``: score a trained model on new data."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from unrolled.cli.arguments import RunFolder, data_source, parse
from unrolled.cli.reading import ReadingOptions, apply_reading_options
from unrolled.tasks import load


@dataclass(frozen=True)
class Arguments:
    """Score data with a trained model of any task."""

    run: RunFolder
    """Run folder."""

    data: str
    """Data in the same form as for training: a file, a folder, or a data set such as @ptb/test."""

    reading: ReadingOptions = field(default_factory=ReadingOptions)

    json: bool = False
    """Print JSON."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    task = load(args.run)
    task.config = apply_reading_options(task.config, args.reading, task.spec.verb)
    score = task.evaluate(data_source(args.data), progress=True)
    print(json.dumps(score.to_json(), indent=1) if args.json else score)
    return 0
