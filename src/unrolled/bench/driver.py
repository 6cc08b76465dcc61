"""Runs a benchmark: the ceiling first, then one group after the other, each printed and saved when done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console

from unrolled.bench.ceiling import measure_ceilings, rate_functions
from unrolled.bench.machine import describe_machine
from unrolled.bench.plan import Group
from unrolled.bench.plot import PICTURE, plot_report
from unrolled.bench.progress import group_bar
from unrolled.bench.result import RESULTS, Report, read_report, write_report
from unrolled.bench.tables import print_group, print_machine
from unrolled.errors import RunError
from unrolled.storage.folder import list_folder, remove_temporary_files
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.training.progress_display import spinner


def run_benchmark(
    kind: str, options: dict[str, Any], groups: Sequence[Group], folder: Path | None, console: Console
) -> Report:
    """Measure everything with the current number of threads.

    Args:
        kind: layers, step or generate.
        options: the options of the command, to be saved in the report.
        groups: what to measure.
        folder: folder for ``bench.json`` and ``bench.png``, created if it does not exist. None writes no
            files.
        console: console for the tables.

    Raises:
        RunError: if the folder cannot be created or written to.
        BenchError: if a measurement fails.
    """
    with nullcontext() if folder is None else lock_output_folder(folder):
        return _measure(kind, options, groups, folder, console)


def _measure(
    kind: str, options: dict[str, Any], groups: Sequence[Group], folder: Path | None, console: Console
) -> Report:
    with spinner("measuring this machine's matrix products", shown=True):
        ceilings = measure_ceilings()
    rates = rate_functions(ceilings)
    report = Report(kind, options, describe_machine(), ceilings)
    print_machine(report, console)
    for group in groups:
        results = []
        with group_bar(group.title, len(group.tasks)) as begin:
            for task in group.tasks:
                begin(task.label)
                results.append(task.run(rates))
        report.results += results
        print_group(group, results, report, console)
        if folder:
            write_report(report, folder)
    if folder:
        written = folder / RESULTS, plot_report(report, folder)
        console.print(f"written: {' and '.join(str(path) for path in written)}")
    return report


@contextmanager
def lock_output_folder(folder: Path) -> Iterator[None]:
    """Create and lock the folder, so that an unusable folder is an error before anything is measured.

    Raises:
        RunError: if the folder has a ``bench.json`` or ``bench.png`` of another program, or cannot be created
            or locked.
    """
    file_names = list_folder(folder)
    if PICTURE in file_names and RESULTS not in file_names:
        raise RunError(
            f"{folder / PICTURE}: was not written by a benchmark; move it away, or choose another --out"
        )
    check_replaceable(folder, (RESULTS, PICTURE))
    if RESULTS in file_names:
        try:
            read_report(folder / RESULTS)
        except RunError as error:
            raise RunError(f"{error}; it was not replaced: choose another --out, or move it away") from error
    with FolderLock(folder):
        remove_temporary_files(folder)
        yield
