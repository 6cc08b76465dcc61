"""``unrolled vectors neighbours``: the words with the most similar vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from rich.table import Table
from rich.text import Text

from unrolled.cli.arguments import decode_argument, parse
from unrolled.cli.plain import Positional
from unrolled.cli.vectors_source import open_vectors
from unrolled.config import require
from unrolled.console import print_table
from unrolled.terminal import Terminal
from unrolled.text.neighbours import nearest_words


@dataclass(frozen=True)
class Arguments:
    """Show the words whose vectors are nearest to a word's vector, by cosine similarity."""

    source: Annotated[str, Positional("FILE|RUN")]
    """File of word vectors, or the run folder of a model over words."""

    word: str
    """Word whose neighbours are shown."""

    top: int = 10
    """Number of words to show."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(args.top >= 1, f"top={args.top}: must be at least 1")
    table = Table("word", "cosine", "")
    for word, cosine in nearest_words(*open_vectors(args.source), decode_argument(args.word), args.top):
        table.add_row(Text(word), f"{cosine:.3f}", "█" * round(40 * max(cosine, 0)))
    print_table(table, Terminal())
    return 0
