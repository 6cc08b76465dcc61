"""``unrolled predict RUN --data FILE``: what a trained model says of each item of a file."""

import contextlib
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.reading import ReadingOptions, read_as
from unrolled.config import require
from unrolled.storage.output import check_output, named_file, write_output
from unrolled.tasks import Task, load
from unrolled.tasks.base.show_notes import show_notes

STREAM = "-"
"""As a file: standard input, or standard output."""


@dataclass(frozen=True)
class Arguments:
    """Predict for each item of a file with a trained model."""

    run: RunFolder
    """Run folder."""

    data: str = ""
    """Items in the form that the model was trained on; labels are not needed. - reads standard input. A
    forecaster goes on from its training data without it."""

    out: str = ""
    """File to write: a table is CSV, or by the ending .tsv or .jsonl; .gz behind it packs the file. Without
    it, or with -, predictions are printed."""

    reading: ReadingOptions = field(default_factory=ReadingOptions)

    top: int = 0
    """Write so many of the most probable labels; 0 writes the probability of each. Classifiers only."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(args.top >= 0, f"--top {args.top}: must not be negative")
    out = "" if args.out == STREAM else args.out
    if out:
        check_output(named_file(out))
    task = load(args.run)
    read_as(task, args.reading)
    with _named(args.data) as data:
        if not out:
            _write(task, data, sys.stdout, args)
            return 0
        text = io.StringIO()
        _write(task, data, text, args)
    write_output(Path(out), text.getvalue().encode("utf-8"))
    return 0


def _write(task: Task[Any, Any], data: str, out: TextIO, args: Arguments) -> None:
    """Write the predictions of a task in its own form, or as a table."""
    table = task.predict_table(data, top=args.top)
    if table is None:
        require(not args.top, f"--top {args.top}: is for classifiers")
        task.predict_file(data, out)
        return
    show_notes(table.notes)
    table.write(out, args.out)


@contextlib.contextmanager
def _named(data: str) -> Iterator[str]:
    """Yield the name of a file; standard input is kept in one while it is read."""
    if data != STREAM:
        yield data
        return
    raw = sys.stdin.buffer.read()
    with tempfile.TemporaryDirectory(prefix="unrolled-") as folder:
        ending = ".jsonl" if raw.lstrip().startswith(b"{") else ""
        path = Path(folder) / f"standard-input{ending}"
        path.write_bytes(raw)
        yield str(path)
