"""``unrolled resume RUN``: go on with a run that was stopped, or train a finished one further."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.report import print_result
from unrolled.cli.train import watch_option
from unrolled.tasks import run_type
from unrolled.tasks.base.folder import read_config
from unrolled.training.length import NewEnd

COSINE = (
    "the learning rate goes on as in a run of the new length (--schedule cosine), so it rises first: the "
    "end is not that of a run that was so long from the start"
)


@dataclass(frozen=True)
class Arguments:
    """Go on with a run that was stopped; it ends as if it never was. With --epochs, --max-steps or --minutes
    a finished run is trained further.
    """

    run: RunFolder
    """Run folder."""

    epochs: int = 0
    """New end: passes over the training data in all. Each of these replaces all limits of the run."""

    max_steps: int = 0
    """New end: updates in all."""

    minutes: float = 0.0
    """New end: minutes of training in all."""

    watch: bool = False
    """Look inside the training from here on; see unrolled train."""

    watch_every: int = 0
    """Updates from look to look; 0 is 200, or more where looking would take over 3% of the time."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    folder, watch = Path(args.run), watch_option(args.watch, args.watch_every)
    until = NewEnd(args.epochs, args.max_steps, args.minutes)
    if until.given and _follows_length(folder):
        print(COSINE, file=sys.stderr)
    try:
        task = run_type(folder).resume(folder, until=until, watch=watch)
    except KeyboardInterrupt:
        print(f"\nstopped; go on with: unrolled resume {shlex.quote(str(folder))}", file=sys.stderr)
        raise
    print_result(task, folder)
    return 0


def _follows_length(folder: Path) -> bool:
    """Tell whether the learning rate of a run depends on its length."""
    optimizer = read_config(folder).get("config", {}).get("optimizer", {})
    return isinstance(optimizer, dict) and optimizer.get("schedule") == "cosine"
