"""``unrolled predict RUN --data FILE``: predict for each item of a file with a trained model."""

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.reading import ReadingOptions, apply_reading_options
from unrolled.cli.trained import Precision, load_trained
from unrolled.config import require
from unrolled.storage.output import check_output, parse_output_path, write_output
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.runs import spec_of_run

if TYPE_CHECKING:
    from unrolled.tasks import Task
    from unrolled.tasks.base.runtime import Runtime

    Model = Task[Any, Any] | Runtime[Any, Any]

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

    precision: Precision = "float32"
    """Precision of the products; bfloat16 and int8 are faster."""

    top: int = 0
    """Number of most probable labels to write; 0: the probabilities of all labels. Classifiers only."""


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(args.top >= 0, f"--top {args.top}: must not be negative")
    out = "" if args.out == STREAM else args.out
    if out:
        check_output(parse_output_path(out))
    model = _load(args)
    with _data_file(args.data) as data:
        if not out:
            _write(model, data, sys.stdout, args)
            return 0
        text = io.StringIO()
        _write(model, data, text, args)
    write_output(Path(out), text.getvalue().encode("utf-8"))
    return 0


def _load(args: Arguments) -> "Model":
    """Load a model with the options that tell how to read the file."""
    spec = spec_of_run(Path(args.run))
    needs_torch = "" if spec.import_runtime is not None and "predict" in spec.used_by else spec.verb
    model: Model = load_trained(args.run, spec, args.precision, needs_torch=needs_torch)
    model.config = apply_reading_options(model.config, args.reading, spec.verb)
    return model


def _write(model: "Model", data: str, out: TextIO, args: Arguments) -> None:
    """Write the predictions as a table, or in the task's own format if it has no table."""
    table = model.predict_table(data, top=args.top)
    if table is None:
        require(not args.top, f"--top {args.top}: is for classifiers only")
        model.predict_file(data, out)
        return
    show_notes(table.notes)
    table.write(out, args.out)


@contextlib.contextmanager
def _data_file(data: str) -> Iterator[str]:
    """Yield the name of the data file. Standard input is copied to a temporary file."""
    if data != STREAM:
        yield data
        return
    import tempfile

    raw = sys.stdin.buffer.read()
    with tempfile.TemporaryDirectory(prefix="unrolled-") as folder:
        extension = ".jsonl" if raw.lstrip().startswith(b"{") else ""
        path = Path(folder) / f"standard-input{extension}"
        path.write_bytes(raw)
        yield str(path)
