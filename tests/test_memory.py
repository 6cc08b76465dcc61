"""Memory that a step frees is there for the next one."""

import os
import platform

import pytest
import torch

from unrolled.memory import keep_freed_memory

resource = pytest.importorskip("resource", reason="page faults are counted by POSIX")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc's allocator that is told")
@pytest.mark.skipif(any(name.startswith("MALLOC_") for name in os.environ), reason="the user has told it")
@pytest.mark.parametrize(("blocks", "megabytes"), [(40, 1), (5, 8), (2, 20)])
def test_what_is_freed_comes_back_without_page_faults(blocks, megabytes):
    keep_freed_memory()

    def step():
        return [torch.zeros(megabytes << 20, dtype=torch.uint8) for _ in range(blocks)]

    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        step()
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    pages = blocks * (megabytes << 20) // resource.getpagesize()
    assert faults < pages  # handed back each time it would be ten times as many
