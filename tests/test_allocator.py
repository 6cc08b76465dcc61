"""Memory freed by one pass is reused by the next without page faults."""

import os
import platform
import subprocess
import sys

import pytest
import torch

import unrolled
from numerics import needs_extension
from unrolled.allocator import keep_freed_memory

resource = pytest.importorskip("resource", reason="page faults are counted by POSIX")
pytestmark = [
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is configured"),
    pytest.mark.skipif(
        any(n.startswith("MALLOC_") for n in os.environ), reason="the user has configured the allocator"
    ),
]

SETUP = """
import ctypes, resource, torch
from unrolled.allocator import keep_freed_memory
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


def run_script(script: str, blocks: int, megabytes: int) -> str:
    """Run the script in a new process and return its stdout: a heap depends on all earlier allocations."""
    code = SETUP.format(blocks=blocks, megabytes=megabytes) + script
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("blocks", "megabytes"), [(5, 8), (1, 31)])
def test_blocks_are_allocated_on_the_heap(blocks: int, megabytes: int) -> None:
    assert run_script(IN_HEAP, blocks, megabytes) == "True"


@pytest.mark.parametrize(("blocks", "megabytes"), [(40, 1), (5, 8), (2, 20)])
def test_freed_memory_is_reused_without_page_faults(blocks: int, megabytes: int) -> None:
    """Counts the page faults of ten steps after ten warm-up steps."""
    pages = blocks * (megabytes << 20) // resource.getpagesize()  # pages used by one step
    assert int(run_script(FAULTS, blocks, megabytes)) < pages / 10


@needs_extension
def test_the_first_pass_of_a_layer_configures_the_allocator() -> None:
    keep_freed_memory.cache_clear()
    unrolled.RNN(3, 4)(torch.zeros(2, 1, 3))
    assert keep_freed_memory.cache_info().currsize == 1
