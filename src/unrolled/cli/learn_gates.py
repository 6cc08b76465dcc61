"""``unrolled learn gates``."""

from collections.abc import Sequence

from unrolled.cli.lessons import teach
from unrolled.tutorials.gates import LESSON


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    return teach(LESSON, argv, prog)
