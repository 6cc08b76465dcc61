"""``unrolled bench serve RUN``: a server under load."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unrolled.bench.serving.measure import ServeBenchmark, ServeLoad
from unrolled.bench.serving.table import print_serving, write_serving
from unrolled.cli.arguments import RunFolder, parse
from unrolled.engine import Precision
from unrolled.extras import require_extra
from unrolled.terminal import Terminal


@dataclass(frozen=True)
class ServeArguments:
    """Start ``unrolled serve RUN``, and measure it under load: many texts at the same time.

    Each text is compared with the text that the model writes alone with the same seed. Half of the streams
    ask for a text in one request, a quarter continue a session, and a quarter continue from a state that the
    client keeps. Then the same is measured without batches, and for requests that score a text. For a
    classifier, only requests with one answer are measured.
    """

    run: RunFolder
    """Run folder of a language model of characters, or of a classifier of texts."""

    load: ServeLoad = field(default_factory=ServeLoad)

    precision: Precision = "float32"
    """Precision of the products."""

    out: str = ""
    """Folder for serve.json, which contains all results and replaces an earlier file."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command. Returns 1 if a text was wrong, or a request failed."""
    args = parse(ServeArguments, argv, prog=prog)
    require_extra("serve", "bench serve")
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    benchmark = ServeBenchmark(args.run, args.load, args.precision)
    result = benchmark.measure(lambda task: print(f"{task} …", file=sys.stderr, flush=True))
    print_serving(result, console)
    if args.out:
        folder = Path(args.out)
        folder.mkdir(parents=True, exist_ok=True)
        console.print(f"written: {write_serving(result, folder)}")
    return 0 if all(side.is_right for side in result.sides) else 1
