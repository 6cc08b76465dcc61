"""Writes an inspection or a diagnosis as a page."""

from pathlib import Path

from unrolled.diagnostics import Diagnosis
from unrolled.inspection.run import RunInspection
from unrolled.storage.output import check_output, parse_output_path

MODULE_TITLE = "Through time"


def write_report(looked: RunInspection | Diagnosis, path: str | Path, title: str = "") -> Path:
    """Write an inspection as one page that opens in a browser; return its path.

    Args:
        looked: the result of :func:`unrolled.inspect` or :func:`unrolled.diagnostics.diagnose`.
        path: the HTML file; an existing file is replaced.
        title: title of the page; by default the name of the run, or "Through time" for a module.

    Raises:
        RunError: if the page cannot be written.
    """
    path = parse_output_path(path)
    check_output(path)
    # Imported here, because they load matplotlib and jinja2, which the diagnostics do not need.
    from unrolled.inspection.run_page import run_page
    from unrolled.pages import write_page
    from unrolled.pages.diagnosis import diagnosis_page

    if isinstance(looked, RunInspection):
        page = run_page(looked, title)
    else:
        page = diagnosis_page(looked, title or MODULE_TITLE)
    write_page(page, path)
    return path
