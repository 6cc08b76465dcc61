"""Tables of results for the terminal."""

from collections.abc import Callable, Sequence
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.bench.plan import Group
from unrolled.bench.result import Report, Result
from unrolled.bench.timing import PAIRS, geometric_mean
from unrolled.console import print_table
from unrolled.wording import counted

Column = tuple[str, Callable[[Result], str]]
MEGABYTE = 1e6


def print_machine(report: Report, console: Console) -> None:
    """Print the machine and its ceilings."""
    m = report.machine
    counts = f"{counted(int(m['threads']), 'thread')} on {counted(int(m['cores']), 'core')}"
    versions = f"torch {m['torch']} ({m['torch_instruction_set']}), unrolled {m['unrolled']}"
    console.print(f"{m['processor']}, {counts}, {versions}; {m['extension']}; {m['waiting']}")
    for ceiling in report.ceilings:
        console.print(str(ceiling))


def print_group(group: Group, results: Sequence[Result], report: Report, console: Console) -> None:
    """Print the table of a group and its summary."""
    print_table(_table(group.title, _speed(group, report), results), console)
    if report.kind == "step":
        print_table(_table("", _memory_and_loss(group), results), console)
    console.print(summarise(results) + (f"; {group.note}" if group.note else ""))


def _table(title: str, columns: Sequence[Column], results: Sequence[Result]) -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for number, (head, _) in enumerate(columns):
        table.add_column(head, justify="right" if number else "left")
    for result in results:
        table.add_row(*(text(result) for _, text in columns))
    return table


def summarise(results: Sequence[Result]) -> str:
    """Return one line with the geometric mean of the ratios and the worst ratio."""
    worst = min(results, key=lambda r: r.ratio)
    mean = geometric_mean(r.ratio for r in results)
    pairs = len(worst.pairs.ours)
    warning = f" (fewer than {PAIRS}: for a first look only)" if pairs < PAIRS else ""
    text = f"medians of {pairs} pairs{warning}"
    rates = [rate for r in results for rate in r.pairs.ceiling]
    if rates:
        text += f"; ceiling during the run: median {median(rates):.0f} GFLOP/s"
    if len(results) > 1:
        text = f"geometric mean of ratios {mean:.2f}, worst {worst.ratio:.2f} at {worst.case}; {text}"
    return text


def _speed(group: Group, report: Report) -> list[Column]:
    columns: list[Column] = [
        ("T,B,I,H" if report.kind == "layers" else "model", lambda r: r.case),
        ("ours ms", lambda r: _milliseconds(r.ours)),
        (f"{group.peer} ms", lambda r: _milliseconds(r.theirs)),
        ("ratio", lambda r: f"{r.ratio:.2f}"),
    ]
    if report.kind != "layers":
        columns.append(("tokens/s", lambda r: f"{r.tokens / r.ours:,.0f}"))
    return [
        *columns,
        ("GFLOP/s", lambda r: f"{r.gflops:.1f}"),
        ("of ceiling", lambda r: f"{report.share_of_ceiling(r):.1%}"),
        ("path", lambda r: r.path),
    ]


def _memory_and_loss(group: Group) -> list[Column]:
    return [
        ("model", lambda r: r.case),
        ("ours peak MB", lambda r: _megabytes(r, "ours")),
        (f"{group.peer} peak MB", lambda r: _megabytes(r, "theirs")),
        ("ours loss", lambda r: f"{r.extra['loss_ours']:.4f}"),
        (f"{group.peer} loss", lambda r: f"{r.extra['loss_theirs']:.4f}"),
        ("largest difference", lambda r: f"{r.extra['loss_difference']:.1e}"),
        ("updates", lambda r: f"{r.extra['updates']:.0f}"),
    ]


def _milliseconds(seconds: float) -> str:
    milliseconds = 1e3 * seconds
    return f"{milliseconds:.1f}" if milliseconds >= 10 else f"{milliseconds:#.3g}"


def _megabytes(result: Result, which: str) -> str:
    value = result.extra.get(f"peak_bytes_{which}")
    return "–" if value is None else f"{value / MEGABYTE:.0f}"
