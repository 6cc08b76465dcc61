"""``unrolled score RUN --data FILE``: the log-probability of each sentence, line or token of a text."""

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli.arguments import RunFolder, data_source, parse
from unrolled.storage.output import check_output, get_extension, parse_output_path, write_output
from unrolled.tasks import LanguageModel
from unrolled.tasks.lm.text_scores import Row, RowUnit

HEADS = ("document", "line", "tokens", "unknown", "log_probability", "mean", "perplexity", "text")


@dataclass(frozen=True)
class Arguments:
    """Score the parts of a text with a language model. Prints a table with, for each part, the sum and the
    mean of the tokens' natural log-probabilities, the perplexity and the number of unknown tokens.
    """

    run: RunFolder
    """Run folder."""

    data: str
    """Text: a file, a folder, several (a.txt,b.txt), a pattern ('books/*.txt'), or a data set."""

    per: RowUnit = "sentence"
    """sentence: each line is scored independently. line: the lines are scored as one running text. token:
    like line, with one row for each token."""

    out: str = ""
    """File to write: .csv or .tsv; .gz compresses it. Without --out, tab-separated lines are printed."""

    overwrite: bool = False
    """Replace the file of --out."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    if args.out:
        check_output(parse_output_path(args.out), overwrite=args.overwrite)
    rows = LanguageModel.load(args.run).score_parts(data_source(args.data), args.per, progress=True)
    table = _table(rows, "," if get_extension(args.out) == ".csv" else "\t")
    if args.out:
        write_output(Path(args.out), table.encode("utf-8", "surrogatepass"))
    else:
        sys.stdout.write(table)
    return 0


def _table(rows: Iterable[Row], separator: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(HEADS)
    for row in rows:
        numbers = (f"{row.log_probability:.6f}", f"{row.mean:.6f}", f"{row.perplexity:.4f}")
        writer.writerow([row.document, row.line, row.tokens, row.unknown, *numbers, row.text])
    return text.getvalue()
