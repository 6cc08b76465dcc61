"""``unrolled resume RUN``: go on with a run that was stopped."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.report import print_result
from unrolled.cli.train import watch_option
from unrolled.tasks import run_type


@dataclass(frozen=True)
class Arguments:
    """Go on with a run that was stopped; it ends as if it never was."""

    run: RunFolder
    """Run folder."""

    watch: bool = False
    """Look inside the training from here on; see unrolled train."""

    watch_every: int = 0
    """Updates from look to look; 0 is 200, or more where looking would take over 3% of the time."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    folder, watch = Path(args.run), watch_option(args.watch, args.watch_every)
    try:
        task = run_type(folder).resume(folder, watch=watch)
    except KeyboardInterrupt:
        print(f"\nstopped; go on with: unrolled resume {folder}", file=sys.stderr)
        raise
    print_result(task, folder)
    return 0
