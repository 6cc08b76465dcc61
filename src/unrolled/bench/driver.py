"""Carries out a plan: the ceiling first, then group by group, each shown and saved as soon as it is done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console

from unrolled.bench.ceiling import measure_ceilings, rates_of
from unrolled.bench.machine import describe_machine
from unrolled.bench.plan import Group
from unrolled.bench.plot import PICTURE, plot_report
from unrolled.bench.progress import group_bar
from unrolled.bench.result import RESULTS, Report, read_report, write_report
from unrolled.bench.tables import print_group, print_machine
from unrolled.errors import RunError
from unrolled.storage.folder import clear_unfinished, list_folder
from unrolled.storage.lock import FolderLock
from unrolled.storage.regular import check_replaceable
from unrolled.training.waiting import spinner


def carry_out(
    kind: str, options: dict[str, Any], groups: Sequence[Group], folder: Path | None, console: Console
) -> Report:
    """Measure everything with the current number of threads.

    Args:
        kind: layers, step or generate.
        options: what was asked for, for the record.
        groups: what to measure.
        folder: where ``bench.json`` and ``bench.png`` go, made if it is missing; None writes nothing.
        console: where tables go.

    Raises:
        RunError: if the folder cannot be made or written to.
        BenchError: if a comparison means nothing.
    """
    with nullcontext() if folder is None else claim(folder):
        return _measure(kind, options, groups, folder, console)


def _measure(
    kind: str, options: dict[str, Any], groups: Sequence[Group], folder: Path | None, console: Console
) -> Report:
    with spinner("measuring this machine's matrix products", shown=True):
        ceilings = measure_ceilings()
    rates = rates_of(ceilings)
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
def claim(folder: Path) -> Iterator[None]:
    """Make the folder before anything is measured in vain, and keep other commands out of it.

    Raises:
        RunError: if it holds another program's ``bench.json`` or ``bench.png``, or cannot be made or locked.
    """
    present = list_folder(folder)
    if PICTURE in present and RESULTS not in present:
        raise RunError(f"{folder / PICTURE}: is not of a benchmark; move it away, or give another --out")
    check_replaceable(folder, (RESULTS, PICTURE))
    if RESULTS in present:
        try:
            read_report(folder / RESULTS)
        except RunError as error:
            raise RunError(f"{error}; it stays: give another --out, or move it away") from error
    with FolderLock(folder):
        clear_unfinished(folder)
        yield
