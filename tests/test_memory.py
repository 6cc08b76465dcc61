"""Memory that a pass frees is there for the next one."""

import os
import platform
import subprocess
import sys

import pytest
import torch

import unrolled
from numerics import needs_extension
from unrolled.memory import keep_freed_memory

resource = pytest.importorskip("resource", reason="page faults are counted by POSIX")
pytestmark = [
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc's allocator that is told"),
    pytest.mark.skipif(any(n.startswith("MALLOC_") for n in os.environ), reason="the user has told it"),
]

KEPT = """
import ctypes, resource, torch
from unrolled.memory import keep_freed_memory
keep_freed_memory()

def step():
    return [torch.zeros({megabytes} << 20, dtype=torch.uint8) for _ in range({blocks})]
"""
IN_HEAP = """
sbrk = ctypes.CDLL(None).sbrk
sbrk.argtypes, sbrk.restype = [ctypes.c_ssize_t], ctypes.c_void_p
print(max(t.data_ptr() for t in step()) < sbrk(0))
"""
FAULTS = """
for _ in range(10):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def printed(script: str, blocks: int, megabytes: int) -> str:
    """Return what a process of its own prints: what a heap does depends on all that was ever in it."""
    code = KEPT.format(blocks=blocks, megabytes=megabytes) + script
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("blocks", "megabytes"), [(5, 8), (1, 31)])
def test_blocks_come_from_the_heap_and_not_from_the_system(blocks: int, megabytes: int) -> None:
    assert printed(IN_HEAP, blocks, megabytes) == "True"


@pytest.mark.parametrize(("blocks", "megabytes"), [(40, 1), (5, 8), (2, 20)])
def test_what_is_freed_comes_back_without_page_faults(blocks: int, megabytes: int) -> None:
    """Ten steps, once a few have settled where blocks lie."""
    pages = blocks * (megabytes << 20) // resource.getpagesize()  # of a step
    assert int(printed(FAULTS, blocks, megabytes)) < pages / 10


@needs_extension
def test_the_first_pass_of_a_layer_sees_to_it() -> None:
    keep_freed_memory.cache_clear()
    unrolled.RNN(3, 4)(torch.zeros(2, 1, 3))
    assert keep_freed_memory.cache_info().currsize == 1
