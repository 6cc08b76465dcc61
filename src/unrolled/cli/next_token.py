"""``unrolled next RUN --prompt TEXT``: the distribution of the next token."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from unrolled.cli.arguments import RunFolder, parse
from unrolled.console import print_table
from unrolled.tasks import LanguageModel
from unrolled.terminal import Terminal


@dataclass(frozen=True)
class Arguments:
    """Show the most probable next tokens after a prompt."""

    run: RunFolder
    """Run folder."""

    prompt: str = ""
    """Text before the token."""

    top: int = 10
    """How many tokens to show."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    table = Table("token", "probability", "")
    for token, p in LanguageModel.load(args.run).next(args.prompt, args.top):
        table.add_row(Text(repr(token)), f"{p:.4f}", "█" * round(40 * p))
    print_table(table, Terminal())
    return 0
