"""The compiled extension, or None and the reason if it could not be imported."""

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import ShapeError

MOST_THREADS = 4096
"""Largest number of threads that a kernel accepts."""

core: ModuleType | None
try:
    core = importlib.import_module("unrolled._core")
except ImportError as error:
    core = None
    warnings.warn(
        f"unrolled runs without its compiled extension ({error}): layers use torch's own kernels or "
        "Python. To build it, install a C++ compiler and run 'pip install --force-reinstall unrolled'",
        RuntimeWarning,
        stacklevel=2,
    )


def _share_threads() -> str:
    """Make the extension use torch's OpenMP threads; return the name of the runtime that was found."""
    if core is None:
        return "none"
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    return str(core.use_openmp_of(str(library)))


openmp_runtime = _share_threads()
"""Runtime whose threads the extension uses; without one it runs on the calling thread alone."""


bfloat16_kernels: bool = core is not None and core.has_bfloat16()
"""True if the current kernels can multiply in bfloat16."""


def buffer(t: Tensor) -> tuple[int, int]:
    """Return the address of a tensor's first element and the number of bytes from there to its storage's end.

    The caller must keep the tensor alive while a kernel uses the address.
    """
    return t.data_ptr(), int(t.untyped_storage().nbytes() - t.storage_offset() * t.element_size())


def contiguous_buffer(t: Tensor) -> tuple[int, int]:
    """Return the same as :func:`buffer`, faster, for a contiguous tensor that this package allocated."""
    return t.data_ptr(), t.nbytes


def call_kernel(kernel: Callable[[Any, int, int], None], args: Any, arithmetic: int) -> None:
    """Run a kernel with as many threads as torch uses.

    Raises:
        ShapeError: if the shapes of the arguments do not match, or exceed the memory of their tensors.
    """
    try:
        kernel(args, arithmetic, min(torch.get_num_threads(), MOST_THREADS))
    except ValueError as error:
        raise ShapeError(str(error)) from error


def kernels() -> str:
    """Return the name of the current set of kernels."""
    return "none" if core is None else str(core.current_kernels())


def use_kernels(name: str) -> None:
    """Switch to the kernels of another instruction set, one of ``core.kernel_sets()``."""
    global bfloat16_kernels
    assert core is not None
    core.use_kernels(name)
    bfloat16_kernels = core.has_bfloat16()


def describe() -> str:
    """Return one line that describes the extension, its kernels and its threads."""
    if core is None:
        return "compiled core: absent"
    return f"compiled core: present ({core.current_kernels()} kernels, threads: {openmp_runtime})"
