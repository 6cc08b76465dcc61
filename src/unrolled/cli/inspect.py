"""``unrolled inspect RUN``: analyse gradients and states of a trained model through time, as a page."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.cli.arguments import RunFolder, parse
from unrolled.cli.verdicts import print_verdicts
from unrolled.inspection import InspectionConfig, inspect_run
from unrolled.inspection.run_page import run_page
from unrolled.pages import write_figures, write_numbers, write_page
from unrolled.pages.check import check_page
from unrolled.pages.page import page_bytes
from unrolled.storage.folder import check_folder
from unrolled.storage.output import check_output, parse_output_path
from unrolled.storage.report import check_may_replace_report
from unrolled.tasks import load
from unrolled.tasks.base.folder import REPORT
from unrolled.training.progress_display import staged_bar
from unrolled.wording import counted


@dataclass(frozen=True)
class Arguments:
    """Analyse gradients and states of a trained model through time: numbers, plots and findings.

    The result is one HTML page that needs no network.
    """

    run: RunFolder
    """Run folder."""

    data: str = ""
    """Data to analyse, in the same form as for evaluate; by default the held-out data of the training."""

    out: str = ""
    """Page to write; by default report.html in the run folder."""

    figures: str = ""
    """Folder for the figures as PNG and SVG files, for papers."""

    numbers: str = ""
    """JSON file for all numbers."""

    check: bool = False
    """Open the page in headless Chromium and check for errors; needs pip install 'unrolled[browser]'."""

    extent: InspectionConfig = field(default_factory=InspectionConfig)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    out = parse_output_path(args.out) if args.out else Path(args.run) / REPORT
    for path in filter(None, (args.out, args.numbers)):
        check_output(parse_output_path(path))
    if args.figures:
        check_folder(Path(args.figures))
    task = load(args.run)
    if not args.out:
        check_may_replace_report(out)
        check_output(out)
    with staged_bar(shown=True) as stage:
        inspection = inspect_run(
            task, args.data or None, name=Path(args.run).resolve().name, extent=args.extent, stage=stage
        )
        stage("drawing")
        page = run_page(inspection)
        if args.out:
            write_page(page, out)
        else:
            write_atomically(out, page_bytes(page))
        if args.figures:
            write_figures(page, Path(args.figures))
        if args.numbers:
            write_numbers(page, Path(args.numbers))
    print_verdicts(page.verdicts)
    print(f"report: {out}")
    return _check_in_browser(out) if args.check else 0


def _check_in_browser(path: Path) -> int:
    problems = check_page(path, None)
    for problem in problems:
        print(problem, file=sys.stderr)
    print("browser: " + (counted(len(problems), "problem") if problems else "no problems"))
    return 1 if problems else 0
