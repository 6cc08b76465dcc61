"""Environment variables of all tests: the same width, terminal, locale and time zone on every machine."""

import os
import time

# The suite passes without the extension too; this silences the warning in the processes that it starts.
WITHOUT_EXTENSION = "ignore:unrolled runs without its compiled extension:RuntimeWarning"
FIXED = {
    "COLUMNS": "80",
    "LINES": "25",
    "TERM": "xterm-256color",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    # for processes that tests start
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
UNSET = (
    # how rich and tyro detect a terminal and its colours
    "NO_COLOR",
    "FORCE_COLOR",
    "COLORTERM",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
    "JUPYTER_COLUMNS",
    "JUPYTER_LINES",
    # how Python encodes its output
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    # where matplotlib looks for its configuration
    "MATPLOTLIBRC",
    "MPLBACKEND",
)


def fix_environment() -> None:
    """Set the variables that tests depend on, for this process and those it starts."""
    for name in UNSET:
        os.environ.pop(name, None)
    os.environ.update(FIXED)
    time.tzset()
