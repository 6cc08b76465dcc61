"""``unrolled predict RUN --data FILE``: predict for each item of a file with a trained model."""

import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.reading import ReadingOptions, apply_reading_options
from unrolled.config import require
from unrolled.storage.output import check_output, parse_output_path, write_output
from unrolled.tasks import Task, load
from unrolled.tasks.base.show_notes import show_notes

STREAM = "-"
"""File name for standard input or standard output."""


@dataclass(frozen=True)
class Arguments:
    """Predict for each item of a file with a trained model."""

    run: RunFolder
    """Run folder."""

    data: str = ""
    """Items in the same form as for training; labels are not needed. - reads standard input. Without --data,
    a forecaster continues its training data."""

    out: str = ""
    """File to write. Tables are CSV, or TSV or JSON Lines with the extension .tsv or .jsonl; .gz compresses.
    Without --out, or with -, predictions are printed."""

    reading: ReadingOptions = field(default_factory=ReadingOptions)

    top: int = 0
    """Number of most probable labels to write; 0: the probabilities of all labels. Classifiers only."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(args.top >= 0, f"--top {args.top}: must not be negative")
    out = "" if args.out == STREAM else args.out
    if out:
        check_output(parse_output_path(out))
    task = load(args.run)
    apply_reading_options(task, args.reading)
    with _data_file(args.data) as data:
        if not out:
            _write(task, data, sys.stdout, args)
            return 0
        text = io.StringIO()
        _write(task, data, text, args)
    write_output(Path(out), text.getvalue().encode("utf-8"))
    return 0


def _write(task: Task[Any, Any], data: str, out: TextIO, args: Arguments) -> None:
    """Write the predictions as a table, or in the task's own format if it has no table."""
    table = task.predict_table(data, top=args.top)
    if table is None:
        require(not args.top, f"--top {args.top}: is for classifiers only")
        task.predict_file(data, out)
        return
    show_notes(table.notes)
    table.write(out, args.out)


@contextlib.contextmanager
def _data_file(data: str) -> Iterator[str]:
    """Yield the name of the data file. Standard input is copied to a temporary file."""
    if data != STREAM:
        yield data
        return
    raw = sys.stdin.buffer.read()
    with tempfile.TemporaryDirectory(prefix="unrolled-") as folder:
        extension = ".jsonl" if raw.lstrip().startswith(b"{") else ""
        path = Path(folder) / f"standard-input{extension}"
        path.write_bytes(raw)
        yield str(path)
