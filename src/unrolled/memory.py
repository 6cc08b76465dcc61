"""Memory that one pass frees and the next one needs again."""

import functools

import torch

LARGEST = (32 << 20) - (64 << 10)
"""Just under the largest block that glibc's threshold adapts to (mallopt(3), M_MMAP_THRESHOLD)."""


@functools.cache
def keep_freed_memory() -> None:
    """Have the C library keep what a pass frees, up to 64 MB of it, for the next pass.

    A pass of a layer, or a step of training, allocates and frees activations and gradients of many megabytes.
    By default glibc hands much of that back to the system, and getting it anew costs a page fault for every
    4 KB: many times what it costs to write there. Its thresholds follow the largest block that was ever
    freed, so that freeing one such block, once a process, settles it. Other allocators are left as they are,
    and so is a glibc whose thresholds the user has set. Blocks above 32 MB are still handed back.
    """
    torch.empty(LARGEST, dtype=torch.uint8, device="cpu")  # whatever the default device is
