"""The C allocator: keep freed memory for reuse by the next pass."""

import functools

import torch

LARGEST = (32 << 20) - (64 << 10)
"""Bytes: just below the largest value of glibc's dynamic threshold (mallopt(3), M_MMAP_THRESHOLD)."""


@functools.cache
def keep_freed_memory() -> None:
    """Make the C library keep up to 64 MB of freed memory for the next pass, instead of returning it.

    A forward and backward pass allocates and frees activations and gradients of many megabytes. By default
    glibc returns much of that memory to the system, and allocating it again costs a page fault for every 4
    KB, many times the cost of writing to it. glibc raises its thresholds to the size of the largest block
    that was ever freed, so freeing one large block, once per process, is enough. Other allocators are not
    affected, nor is glibc if the user has set its thresholds. Blocks above 32 MB are still returned to the
    system.
    """
    torch.empty(LARGEST, dtype=torch.uint8, device="cpu")  # even if the default device is another one
