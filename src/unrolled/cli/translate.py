"""``unrolled translate RUN``: an output for each line, with a trained translator."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.cli.arguments import RunFolder, parse
from unrolled.data import read_sources, text_lines
from unrolled.errors import DataError
from unrolled.extras import require_extra
from unrolled.tasks.translate.task import Translator


@dataclass(frozen=True)
class Arguments:
    """Write an output for each line of a text: its translation, its summary, what the model has learned."""

    run: RunFolder
    """Run folder."""

    data: str = ""
    """Text with a source on each line, or a table as in training, of which the source column is read;
    without it lines are read from standard input."""

    n_best: int = 1
    """Outputs for each line, best first; more than one are printed with number of the line and score."""

    beams: int | None = None
    """Hypotheses kept at every step; 1 is greedy. Without it as in training, and so for the others."""

    normalisation: float | None = None
    """α of score = log p / length^α, by which outputs are ranked."""

    block_repeats: int | None = None
    """No sequence of so many tokens comes twice in an output; 0 lets all pass."""

    length_ratio: float | None = None
    """An output has at most so many tokens for each of the source, and 10."""

    copy_unknown: bool | None = None
    """Write the word of the source to which most attention goes where <unk> is the best word."""

    plot_attention: str = ""
    """Folder for a picture of the attention of each line, by its number."""


SEARCH = ("beams", "normalisation", "block_repeats", "length_ratio", "copy_unknown")


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    if args.plot_attention:
        require_extra("plots", "--plot-attention")
    translator = Translator.load(args.run)
    options = {name: getattr(args, name) for name in SEARCH if getattr(args, name) is not None}
    if args.data:
        lines = read_sources(args.data, translator.config.corpus.form)
    else:
        lines = text_lines(_standard_input())
    found = translator.translate_n_best(lines, n_best=args.n_best, progress=bool(args.data), **options)
    for number, outputs in enumerate(found, 1):
        for output in outputs:
            print(output.text if args.n_best == 1 else f"{number}\t{output.score:.4f}\t{output.text}")
    if args.plot_attention:
        for number, line in enumerate(lines, 1):
            if line.strip():
                translator.plot_attention(line, Path(args.plot_attention) / f"{number}.png", **options)
    return 0


def _standard_input() -> str:
    """Return what comes in, strictly UTF-8 whatever the terminal's encoding."""
    raw = sys.stdin.buffer.read()
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"standard input is not UTF-8 (byte 0x{raw[error.start]:02x} on line {line})"
        ) from None
    if not text.strip():
        raise DataError("standard input is empty; give a source on each line, or --data FILE")
    return text
