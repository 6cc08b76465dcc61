"""The compiled extension, without torch."""

import importlib
import importlib.util
from functools import cache
from types import ModuleType

from unrolled.errors import BackendError


def is_built() -> bool:
    """Return whether the compiled extension is there."""
    return importlib.util.find_spec("unrolled._core") is not None


@cache
def load_core() -> ModuleType:
    """Return the compiled extension.

    Raises:
        BackendError: if it is missing.
    """
    try:
        return importlib.import_module("unrolled._core")
    except ImportError as error:
        raise BackendError(
            f"the runtime needs the compiled extension ({error}): to build it, install a C++ compiler and "
            "run 'pip install --force-reinstall unrolled'"
        ) from error
