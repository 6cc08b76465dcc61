"""``unrolled predict RUN --data FILE``: what a trained model says of each item of a file."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli.arguments import RunFolder, parse
from unrolled.storage.output import check_output, named_file, write_output
from unrolled.tasks import load


@dataclass(frozen=True)
class Arguments:
    """Predict for each item of a file with a trained model."""

    run: RunFolder
    """Run folder."""

    data: str = ""
    """Items in the form that the model was trained on; labels are not needed. A forecaster goes on from its
    training data without it."""

    out: str = ""
    """File to write; without it predictions are printed."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    if args.out:
        check_output(named_file(args.out))
    task = load(args.run)
    if not args.out:
        task.predict_file(args.data, sys.stdout)
        return 0
    text = io.StringIO()
    task.predict_file(args.data, text)
    write_output(Path(args.out), text.getvalue().encode("utf-8"))
    return 0
