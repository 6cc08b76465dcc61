"""``unrolled resume RUN``: go on with a run that was stopped."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.report import print_result
from unrolled.tasks import run_type


@dataclass(frozen=True)
class Arguments:
    """Go on with a run that was stopped; it ends as if it never was."""

    run: RunFolder
    """Run folder."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    folder = Path(parse(Arguments, argv, prog=prog).run)
    try:
        task = run_type(folder).resume(folder)
    except KeyboardInterrupt:
        print(f"\nstopped; go on with: unrolled resume {folder}", file=sys.stderr)
        raise
    print_result(task, folder)
    return 0
