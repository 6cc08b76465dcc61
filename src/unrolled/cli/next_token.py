"""``unrolled next RUN --prompt TEXT``: the distribution of the next token."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from unrolled.cli.arguments import RunFolder, parse, utf8
from unrolled.console import print_table
from unrolled.tasks import LanguageModel
from unrolled.tasks.base.show_notes import show_notes
from unrolled.terminal import Terminal


@dataclass(frozen=True)
class Arguments:
    """Show the most probable next tokens after a prompt."""

    run: RunFolder
    """Run folder."""

    prompt: str = ""
    """Text before the token; without it a text begins."""

    top: int = 10
    """How many tokens to show."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    prompt = utf8(args.prompt)
    lm = LanguageModel.load(args.run)
    show_notes(lm.prompt_notes(prompt))
    table = Table("token", "probability", "")
    found = lm.next(prompt, args.top)
    for token, p in found:
        table.add_row(Text(repr(token)), f"{p:.4f}", "█" * round(40 * p))
    print_table(table, Terminal())
    if len(found) < lm.tokenizer.size:
        rest = 1 - sum(p for _, p in found)
        print(f"{lm.tokenizer.size - len(found):,} other tokens: {rest:.4f} together (--top)")
    return 0
