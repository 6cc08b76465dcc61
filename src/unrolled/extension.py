"""The compiled core, or the news that it is not there."""

import importlib
import warnings
from types import ModuleType

core: ModuleType | None
try:
    core = importlib.import_module("unrolled._core")
except ImportError as error:
    core = None
    warnings.warn(
        f"unrolled runs without its compiled extension ({error}): layers use torch's own kernels or "
        "Python. A C++ compiler and 'pip install --force-reinstall unrolled' bring it back",
        RuntimeWarning,
        stacklevel=2,
    )


def describe() -> str:
    """Return one line on the extension and the processor's vector instructions."""
    if core is None:
        return "compiled core: absent"
    return f"compiled core: present ({', '.join(core.instruction_sets()) or 'baseline'})"
