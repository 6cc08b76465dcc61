"""``unrolled translate RUN``: write the output for each line with a trained translator."""

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.trained import Precision, load_trained
from unrolled.data import split_lines
from unrolled.errors import DataError
from unrolled.extras import require_extra
from unrolled.storage.output import check_output, get_extension, parse_output_path, write_output
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.translate.spec import SPEC

if TYPE_CHECKING:
    from unrolled.tasks.translate.outputs import SourcesWithOutputs
    from unrolled.tasks.translate.translating import Translating

STREAM = "-"
"""File name for standard input or standard output."""
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Arguments:
    """Write the output for each line of a text: for example a translation or a summary."""

    run: RunFolder
    """Run folder."""

    data: str = ""
    """Text with one source on each line, or a table as in training, whose source column is read. Without
    --data, or with -, lines are read from standard input."""

    out: str = ""
    """File to write; without --out, or with -, outputs are printed. The file has lines. If the input is a
    table, or the name ends with .csv, .tsv or .jsonl, it has a table with the columns of the input and the
    output. .gz compresses it."""

    n_best: int = 1
    """Number of outputs for each line, best first. If more than one, the line number and score are written
    too."""

    beams: int | None = None
    """Hypotheses kept at every step; 1: greedy search. By default as in training, but at least --n-best. The
    next options too are by default as in training."""

    normalisation: float | None = None
    """Length normalisation: α in score = log p / length^α, by which outputs are ranked."""

    block_repeats: int | None = None
    """Length in tokens of sequences that may not occur twice in an output; 0: no limit."""

    length_ratio: float | None = None
    """Longest output, in tokens per source token, plus 10; 0: one and a half times the longest output of the
    training, plus 10."""

    copy_unknown: bool | None = None
    """If <unk> is the best word, write the source word with the most attention instead."""

    precision: Precision = "float32"
    """Precision of the products; bfloat16 and int8 are faster."""

    plot_attention: str = ""
    """Folder for attention plots, one for each line, named by line number."""


SEARCH = ("beams", "normalisation", "block_repeats", "length_ratio", "copy_unknown")


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    if args.plot_attention:
        require_extra("plots", "--plot-attention")
    out = "" if args.out == STREAM else args.out
    if out:
        check_output(parse_output_path(out))
    translator: Translating = load_trained(args.run, SPEC, args.precision)
    options = {name: getattr(args, name) for name in SEARCH if getattr(args, name) is not None}
    from_file = args.data not in ("", STREAM)
    sources = Path(args.data) if from_file else split_lines(_standard_input())
    translated = translator.translate_sources(sources, n_best=args.n_best, progress=from_file, **options)
    show_notes(translated.notes)
    if out:
        text = io.StringIO()
        _write(translated, text, out, args.n_best)
        write_output(Path(out), text.getvalue().encode("utf-8"))
    else:
        _write(translated, sys.stdout, out, args.n_best)
    if args.plot_attention:
        _plot(translator, translated, Path(args.plot_attention), options)
    return 0


def _write(translated: "SourcesWithOutputs", out: TextIO, name: str, n_best: int) -> None:
    if translated.sources.table is not None or get_extension(name) in TABLES:
        from unrolled.tasks.translate.outputs import output_table

        output_table(translated, with_scores=n_best > 1).write(out, name)
        return
    for number, outputs in enumerate(translated.outputs, 1):
        for output in outputs:
            text = output.text if n_best == 1 else f"{number}\t{output.score:.4f}\t{output.text}"
            out.write(text + "\n")


def _plot(
    translator: "Translating", translated: "SourcesWithOutputs", folder: Path, options: dict[str, object]
) -> None:
    for number, text in enumerate(translated.sources.texts, 1):
        if text.strip():
            translator.plot_attention(text, folder / f"{number}.png", **options)


def _standard_input() -> str:
    """Read standard input as strict UTF-8, whatever the terminal's encoding."""
    raw = sys.stdin.buffer.read()
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"standard input is not UTF-8 (byte 0x{raw[error.start]:02x} on line {line})"
        ) from None
    if not text.strip():
        raise DataError("standard input is empty; give one source on each line, or --data FILE")
    return text
