"""``unrolled resume RUN``: continue a run that was stopped, or train a finished run further."""

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
from unrolled.training.stopping import NewLimits

COSINE_NOTE = (
    "the learning rate continues as in a run of the new length (--schedule cosine), so it rises first: the "
    "result differs from that of a run with this length from the start"
)


@dataclass(frozen=True)
class Arguments:
    """Continue a run that was stopped. The result is the same as without the interruption. With --epochs,
    --max-steps or --minutes, train a finished run further.
    """

    run: RunFolder
    """Run folder."""

    epochs: int = 0
    """New end: total epochs. Any of these three options replaces all limits of the run."""

    max_steps: int = 0
    """New end: total updates."""

    minutes: float = 0.0
    """New end: total minutes of training."""

    watch: bool = False
    """Record diagnostics of the training from here on; see unrolled train."""

    watch_every: int = 0
    """Record every N updates; 0: every 200, or less often if recording takes more than 3% of the time."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    folder, watch = Path(args.run), watch_option(args.watch, args.watch_every)
    until = NewLimits(args.epochs, args.max_steps, args.minutes)
    if until.given and _depends_on_length(folder):
        print(COSINE_NOTE, file=sys.stderr)
    try:
        task = run_type(folder).resume(folder, until=until, watch=watch)
    except KeyboardInterrupt:
        print(f"\nstopped; continue with: unrolled resume {shlex.quote(str(folder))}", file=sys.stderr)
        raise
    print_result(task, folder)
    return 0


def _depends_on_length(folder: Path) -> bool:
    """Return whether the learning rate schedule of a run depends on its length."""
    optimizer = read_config(folder).get("config", {}).get("optimizer", {})
    return isinstance(optimizer, dict) and optimizer.get("schedule") == "cosine"
