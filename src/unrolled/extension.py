"""The compiled extension, or None and the reason if it could not be imported."""

import importlib
import warnings
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

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
    """Return the address of a contiguous tensor and its number of bytes, as a kernel is told them.

    The caller keeps the tensor alive while a kernel uses the address.
    """
    return t.data_ptr(), t.nbytes


def strided_buffer(t: Tensor) -> tuple[int, int]:
    """Return the address of a tensor of any strides and the bytes of its memory from there on."""
    if t.is_contiguous():
        return buffer(t)
    return t.data_ptr(), int(t.untyped_storage().nbytes() - t.storage_offset() * t.element_size())


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
