"""``unrolled next RUN --prompt TEXT``: the distribution of the next token."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from unrolled.cli.arguments import RunFolder, decode_argument, parse
from unrolled.cli.trained import Precision, load_trained
from unrolled.console import print_table
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.lm.spec import SPEC
from unrolled.terminal import Terminal


@dataclass(frozen=True)
class Arguments:
    """Show the most probable next tokens after a prompt."""

    run: RunFolder
    """Run folder."""

    prompt: str = ""
    """Text before the token. Empty: the beginning of a text."""

    top: int = 10
    """How many tokens to show."""

    precision: Precision = "float32"
    """Precision of the products."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    prompt = decode_argument(args.prompt)
    lm = load_trained(args.run, SPEC, args.precision)
    show_notes(lm.prompt_notes(prompt))
    table = Table("token", "probability", "")
    next_tokens = lm.next(prompt, args.top)
    for token, p in next_tokens:
        table.add_row(Text(repr(token)), f"{p:.4f}", "█" * round(40 * p))
    print_table(table, Terminal())
    if len(next_tokens) < lm.tokenizer.size:
        remaining = 1 - sum(p for _, p in next_tokens)
        print(f"{lm.tokenizer.size - len(next_tokens):,} other tokens: {remaining:.4f} together (--top)")
    return 0
