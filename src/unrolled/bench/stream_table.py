"""Table and file of ``unrolled bench stream``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from unrolled.bench.machine import describe_machine
from unrolled.bench.stream import PERCENTILES, StreamResult, reference_of
from unrolled.console import print_table
from unrolled.training.tensor_files import write_json

RESULTS = "stream.json"


def print_streams(point: str, results: Sequence[StreamResult], console: Console) -> None:
    """Print the table of one model."""
    reference = reference_of(results)
    table = Table(title=f"V,E,H,L = {point}", title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    heads = ("side", "tokens/s", f"to {reference.side}", "steps/s", *(f"p{p} µs" for p in PERCENTILES))
    for number, head in enumerate((*heads, "MB a step", "of bandwidth", "difference")):
        table.add_column(head, justify="right" if number else "left")
    for result in results:
        table.add_row(
            result.side,
            f"{1 / median(result.generated):,.0f}",
            f"{result.ratio_to(reference):.2f}",
            f"{1 / median(result.stepped):,.0f}",
            *(f"{1e6 * result.percentile(p):.1f}" for p in PERCENTILES),
            f"{result.megabytes:.2f}" if result.megabytes else "–",
            f"{result.share_of_bandwidth():.0%}" if result.megabytes else "–",
            f"{result.difference:.1e}",
        )
    print_table(table, console)


def write_streams(results: Mapping[str, Sequence[StreamResult]], folder: Path) -> Path:
    """Write all measured times, by point, to ``stream.json``. Returns its path."""
    path = folder / RESULTS
    values = {point: [asdict(result) for result in sides] for point, sides in results.items()}
    write_json(path, {"machine": describe_machine(), "results": values})
    return path
