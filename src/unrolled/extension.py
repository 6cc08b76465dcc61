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
"""Threads that a kernel takes."""

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


def _share_threads() -> str:
    """Let the core run on the threads that torch has, and return which were found."""
    if core is None:
        return "none"
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    return str(core.use_openmp_of(str(library)))


threads_from = _share_threads()
"""Whose threads the core runs on; without any it uses the calling thread alone."""


bfloat16_kernels: bool = core is not None and core.has_bfloat16()
"""Whether the kernels in use multiply bfloat16."""


def buffer(t: Tensor) -> tuple[int, int]:
    """Return the address of a tensor's first number and the bytes of its memory from there on.

    The caller keeps the tensor alive while a kernel uses the address.
    """
    return t.data_ptr(), int(t.untyped_storage().nbytes() - t.storage_offset() * t.element_size())


def own_buffer(t: Tensor) -> tuple[int, int]:
    """Return the same, faster, of a contiguous tensor that this package has made."""
    return t.data_ptr(), t.nbytes


def call_kernel(kernel: Callable[[Any, int, int], None], args: Any, arithmetic: int) -> None:
    """Run a kernel on the threads that torch has.

    Raises:
        ShapeError: if the arguments do not fit together, or not into the memory of their tensors.
    """
    try:
        kernel(args, arithmetic, min(torch.get_num_threads(), MOST_THREADS))
    except ValueError as error:
        raise ShapeError(str(error)) from error


def kernels() -> str:
    """Return the name of the kernels in use."""
    return "none" if core is None else str(core.current_kernels())


def use_kernels(name: str) -> None:
    """Use the kernels of another instruction set, one of ``core.kernel_sets()``."""
    global bfloat16_kernels
    assert core is not None
    core.use_kernels(name)
    bfloat16_kernels = core.has_bfloat16()


def describe() -> str:
    """Return one line on the extension, its kernels and its threads."""
    if core is None:
        return "compiled core: absent"
    return f"compiled core: present ({core.current_kernels()} kernels, threads: {threads_from})"
