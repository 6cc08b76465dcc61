"""``unrolled learn exploding``."""

from collections.abc import Sequence

from unrolled.cli.lessons import teach
from unrolled.tutorials.exploding import LESSON


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    return teach(LESSON, argv, prog)
